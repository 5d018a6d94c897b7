"""Where a text names entities: of one fact, and of the whole graph."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.adjacency import Adjacency

_TOKEN = re.compile(r"\w+(?:['\u2019.-]\w+)*")
_SHORT = 3  # letters and digits; a name that short is a code, and counts in its own case only
_LONGEST = 8  # words of a name that is looked for in a text about something else

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Named:
    """A stretch of a text that names the subject or the answer of a fact."""

    start: int
    end: int
    whom: int  # 0: the subject, 1: the answer


class Pair:
    """The names of a fact's two entities, looked for together, so that "Boston" is not found in "Boston College"."""

    __slots__ = ("_owner", "_pattern", "shared")

    def __init__(self, subject: Sequence[str], answer: Sequence[str]) -> None:
        self.shared = not {_folded(name) for name in subject}.isdisjoint(_folded(name) for name in answer)
        self._owner: dict[str, int] = {}
        for whom, names in ((0, subject), (1, answer)):
            for name in names:
                if re.search(r"\w", name):
                    self._owner.setdefault(_folded(name), whom)
        parts = []
        for name in sorted({*subject, *answer}, key=lambda name: (-len(name), name)):
            if re.search(r"\w", name):
                words = r"\s+".join(map(re.escape, name.split()))
                parts.append(words if is_code(name) else f"(?i:{words})")
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)" if parts else r"(?!)")

    def within(self, text: str) -> list[Named]:
        """Return where a text names them, the longest names first where they overlap."""
        return [Named(m.start(), m.end(), self._owner[_folded(m[0])]) for m in self._pattern.finditer(text)]


class Everybody:
    """The names of all entities of a graph, to find one that a text speaks of without being asked to.

    Names without a capital or a digit are common nouns and are not looked for, nor are those of more than eight words.
    """

    __slots__ = ("_names", "_starts")

    def __init__(self, graph: Adjacency) -> None:
        self._names: set[tuple[str, ...]] = set()
        self._starts: dict[str, int] = {}  # first word -> words of the longest name that begins so
        for entity in graph.entities:
            for name in entity.names:
                words = tuple(match[0] for match in _TOKEN.finditer(name))
                if words and len(words) <= _LONGEST and not is_code(name) and (name != name.lower()):
                    self._names.add(words)
                    self._starts[words[0]] = max(self._starts.get(words[0], 0), len(words))

    def within(self, text: str) -> list[str]:
        """Return the names in a text, the longest at each place."""
        found = list(_TOKEN.finditer(text))
        names, i = [], 0
        while i < len(found):
            for length in range(min(self._starts.get(found[i][0], 0), len(found) - i), 0, -1):
                words = tuple(match[0] for match in found[i : i + length])
                if words in self._names:
                    names.append(" ".join(words))
                    i += length - 1
                    break
            i += 1
        return names


def is_code(name: str) -> bool:
    """Say whether a name is so short that it counts in its own case only: "it" does not name Italy's "IT"."""
    return len(re.sub(r"[\W_]", "", name)) <= _SHORT


def masked(text: str, stretches: Iterable[Stretch]) -> str:
    """Return a text with stretches of it taken out, each by a sign that is no letter, as long as what it hides."""
    pieces = list(text)
    for start, end in stretches:
        pieces[start:end] = "\u25a1" * (end - start)
    return "".join(pieces)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
