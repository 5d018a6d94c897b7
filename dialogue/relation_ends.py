"""What stands at the two ends of each relation of a graph: of which types, how many, and how evenly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from dialogue.grammar import noun_of_type
from dialogue.survey import ALONE
from dialogue.words import kind_of
from kg.adjacency import Adjacency, Side

ALL_BUT_FEW = 0.9  # share of a relation's ends that must be of one type for a question to name it
SOME = 0.1  # share of a relation's ends that must be called alike for one of them to be called so
WHOLE = 0.5  # share of a type's entities that a relation leads to, from which each is taken to have its one
_GENERAL = {"person": "person", "group": "organization", "organization": "organization", "place": "place"}


def has_several(graph: Adjacency, side: Side) -> list[bool]:
    """Say of each relation whether its questions from one side often have more than one answer."""
    relations = len(graph.relations)
    asked = np.bincount(side.run_relation, minlength=relations)
    answers = np.bincount(side.run_relation, np.diff(side.run_start), minlength=relations)
    return [bool(each) for each in answers > ALONE * asked]


def is_sole(graph: Adjacency) -> list[bool]:
    """Say of each relation whether its tails have one head each, as most of their type do: the curator of a room.

    A dozen plants that are hybrids of another each are "a hybrid of" it all the same: most plants have none.
    """
    kinds: dict[str, int] = {}
    winning = np.array([kinds.setdefault(e.types[0] if e.types else "", len(kinds)) for e in graph.entities], np.int64)
    members = np.bincount(winning, minlength=1)
    side = graph.incoming
    owner = np.repeat(winning, np.diff(side.runs))  # (R,) the type of each run's entity
    found, counts = np.unique_counts(side.run_relation.astype(np.int64) * len(members) + owner)
    order = np.lexsort((-counts, found // len(members)))  # of each relation, the type that most of its tails have first
    relation, first = np.unique(found[order] // len(members), return_index=True)
    covered = np.zeros(len(graph.relations), bool)
    covered[relation] = counts[order][first] >= WHOLE * members[found[order][first] % len(members)]
    return [bool(whole) and not several for whole, several in zip(covered, has_several(graph, side), strict=True)]


def types_at_ends(graph: Adjacency) -> list[tuple[list[str], list[str]]]:
    """Return the types that a relation's heads and its tails most often have, three at most, by relation.

    Where no type is that of nearly all, a more general noun stands instead, or nothing: funded by a garden, or by an
    institution. Freebase's types overlap, so of these the most frequent stands.
    """
    kinds: dict[str, int] = {}
    winning = np.array([kinds.setdefault(e.types[0] if e.types else "", len(kinds)) for e in graph.entities])
    spoken = [spoken_type(graph, kind) for kind in kinds]
    ends: list[list[list[str]]] = []
    for entities in (graph.triple_heads(), graph.outgoing.neighbour):
        pairs = graph.outgoing.relation.astype(np.int64) * len(kinds) + winning[entities]
        found, counts = np.unique(pairs, return_counts=True)
        by_relation: dict[int, Counter[str]] = defaultdict(Counter)
        for pair, count in zip(found.tolist(), counts.tolist(), strict=True):
            by_relation[pair // len(kinds)][spoken[pair % len(kinds)]] += count
        ends.append([_told(by_relation[i]) for i in range(len(graph.relations))])
    return list(zip(*ends, strict=True))


def nouns_at_ends(graph: Adjacency, nouns: Sequence[str]) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Return, by relation, the nouns that enough of its heads, and of its tails, have; `nouns` are the entities'."""
    numbers: dict[str, int] = {"": 0}
    of = np.array([numbers.setdefault(noun, len(numbers)) for noun in nouns], np.int64)
    words, relation = list(numbers), graph.outgoing.relation.astype(np.int64)
    total = np.bincount(relation, minlength=len(graph.relations))
    ends: list[list[set[str]]] = []
    for entities in (graph.triple_heads(), graph.outgoing.neighbour):
        found, counts = np.unique_counts(relation * len(words) + of[entities])
        enough = found[counts >= SOME * total[found // len(words)]]
        told: list[set[str]] = [set() for _ in graph.relations]
        for each in enough.tolist():
            told[each // len(words)].add(words[each % len(words)])
        ends.append(told)
    return tuple([(frozenset(heads - {""}), frozenset(tails - {""})) for heads, tails in zip(*ends, strict=True)])


def _told(counts: Mapping[str, int]) -> list[str]:
    """Return the most frequent types, or what the types at a mixed end have in common: person, organization, place."""
    first = [kind for kind, _ in Counter(counts).most_common(3) if kind]
    if not first or first[0].startswith("/") or counts[first[0]] >= ALL_BUT_FEW * sum(counts.values()):
        return first
    common = {_GENERAL.get(kind_of(noun_of_type(kind)), "") if kind else "" for kind in counts}
    return [kind for kind in common if kind] if len(common) == 1 else []


def spoken_type(graph: Adjacency, kind: str) -> str:
    """Return a Freebase type as it is, the label of any other type."""
    return kind if kind.startswith("/") else graph.type_labels.get(kind, kind)
