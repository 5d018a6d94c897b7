"""Names for blank nodes by what is said of them, so that the same graph, however it is written, gives the same names.

Nodes are told apart by their statements, then by those of their neighbours, and so on (colour refinement). Nodes that
stay alike are, but for rare regular shapes, interchangeable: one is taken, and told apart from the others. Only what
neighbours a class that was split is looked at again, so a list of ten thousand members takes seconds.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256

WITHIN = 3  # steps: what is said so far away goes into a name, so that other files' nodes get other names
Term = tuple[str, str, str]  # subject's, predicate's and object's term


class Colours:
    """The classes of blank nodes that can't be told apart yet; a class is called by its colour."""

    def __init__(self, statements: Iterable[Term]) -> None:
        self.said: dict[str, list[tuple[str, str, str]]] = defaultdict(list)  # node -> (direction, predicate, other)
        for subject, predicate, value in statements:
            if subject.startswith("_:"):
                self.said[subject].append((">", predicate, value))
            if value.startswith("_:"):
                self.said[value].append(("<", predicate, subject))
        self.of = dict.fromkeys(self.said, "")
        self.members: dict[str, set[str]] = {"": set(self.said)}
        self.open = [""]

    def look(self, node: str) -> str:
        """Return what a node is like, by its neighbours' colours."""
        lines = sorted(
            f"{way}{predicate} {'itself' if other == node else '_:' + self.of[other] if other in self.of else other}"
            for way, predicate, other in self.said[node]
        )
        return digest([self.of[node], *lines])

    def refine(self, dirty: set[str]) -> None:
        """Tell apart what differs, from the nodes whose neighbours have changed onwards."""
        while dirty:
            looks: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
            for node in dirty:
                if len(self.members[self.of[node]]) > 1:
                    looks[self.of[node]][self.look(node)].add(node)
            changed: set[str] = set()
            for colour, parts in looks.items():
                if sum(map(len, parts.values())) == len(self.members[colour]):  # the largest part stays what it was
                    parts.pop(max(parts, key=lambda look: (len(parts[look]), look)))
                for look, nodes in parts.items():
                    self.move(nodes, colour, look)
                    changed |= nodes
            dirty = {other for node in changed for _, _, other in self.said[node] if other in self.of}

    def move(self, nodes: set[str], old: str, new: str) -> None:
        """Give nodes a colour of their own."""
        self.members[old] -= nodes
        self.members[new] = nodes
        for node in nodes:
            self.of[node] = new
        if len(nodes) > 1:
            heapq.heappush(self.open, new)

    def tell_apart(self) -> None:
        """Give every node a colour of its own."""
        self.refine(set(self.said))
        while self.open:
            colour = self.open[0]
            alike = self.members[colour]
            if len(alike) < 2:
                heapq.heappop(self.open)
                continue
            one = next(iter(alike))
            self.move({one}, colour, digest([colour, str(len(alike))]))
            self.refine({other for _, _, other in self.said[one] if other in self.of})


def blank_names(statements: Sequence[Term]) -> dict[str, str]:
    """Return a name for every blank node: `_:` and a letter and 32 hex digits."""
    colours = Colours(statements)
    colours.tell_apart()
    for _ in range(WITHIN):  # a colour says how a node differs from the others, and not yet what it is
        colours.of = {node: colours.look(node) for node in colours.of}
    return {node: f"_:b{colour[:32]}" for node, colour in colours.of.items()}


def digest(lines: Sequence[str]) -> str:
    """Return a hash of lines."""
    return sha256("\n".join(lines).encode()).hexdigest()
