"""Instruction diversity (principle 4): communities of words that occur together in the questions of a task."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import networkx as nx  # type: ignore[import-untyped]

LEAST = 2  # questions in which two words have to meet
LARGEST = 20  # words of a question that are paired; the rest adds more pairs than sense

Communities = dict[str, int]  # word -> number of its community


def communities(questions: Sequence[Sequence[str]], seed: int = 0) -> Communities:
    """Part the words of questions into communities (Louvain, by how often two words meet); single words have none."""
    met: Counter[tuple[str, str]] = Counter()
    for question in questions:
        met.update(combinations(sorted(set(question))[:LARGEST], 2))
    graph = nx.Graph()
    graph.add_weighted_edges_from((one, other, n) for (one, other), n in sorted(met.items()) if n >= LEAST)
    found = nx.community.louvain_communities(graph, seed=seed) if graph else []
    ordered = sorted(found, key=lambda members: (-len(members), min(members)))
    return {word: n for n, members in enumerate(ordered) for word in members}


def community_of(question: Sequence[str], known: Mapping[str, int]) -> int | None:
    """Return the community that most words of a question belong to; None if they belong to none."""
    votes = Counter(known[word] for word in question if word in known)
    return min(votes, key=lambda each: (-votes[each], each)) if votes else None
