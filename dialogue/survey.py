"""What must be known of a whole graph to ask more than facts: who is like whom, what is usual, what can be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.adjacency import Adjacency, Side

ALONE = 1.1  # mean number of answers under which a question is taken to have one: what differs from it is wrong
USUAL = 0.3  # share of a type's entities that have a relation, from which an entity without it is worth a question
ENOUGH = 10  # entities of a type before anything is usual for it, and facts of a relation before an answer is
DULL = 0.7  # share of a relation's facts that have one and the same answer, above which asking for it tells nothing


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of one side by relation: whose they are, and which belong to a relation."""

    owner: memoryview  # (R,) run -> entity
    by_relation: memoryview  # (R,) runs in the order of their relations
    start: memoryview  # (relations + 1,) where each relation's runs begin in `by_relation`
    single: bytes  # by relation: 1 if its question has one answer nearly always
    telling: bytes  # by relation: 0 if nearly everything has the same answer, as all accounts are in dollars

    def draw_from(self, relation: int) -> tuple[int, int]:
        """Return where a relation's runs begin in `by_relation`, and how many they are."""
        first = self.start[relation]
        return first, self.start[relation + 1] - first


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A graph as a whole."""

    out: Runs
    into: Runs
    type_of: memoryview  # (N,) the number of each entity's winning type, -1 without one
    usual: Mapping[int, Sequence[int]]  # type -> relations that its entities usually head
    measures: Mapping[str, Mapping[int, float]]  # numeric property -> entity -> number
    measured: Mapping[tuple[str, int], Sequence[int]]  # (property, type) -> entities that have it

    def runs(self, asks_tail: bool) -> Runs:
        """Return the runs of the side on which a question's subject stands."""
        return self.out if asks_tail else self.into


def survey(graph: Adjacency) -> Survey:
    """Look over a graph once."""
    kinds: dict[str, int] = {}
    type_of = np.array(
        [kinds.setdefault(entity.types[0], len(kinds)) if entity.types else -1 for entity in graph.entities], np.int32
    )
    measured: dict[tuple[str, int], list[int]] = {}
    for name, numbers in graph.numbers.items():
        for entity in sorted(numbers):
            measured.setdefault((name, int(type_of[entity])), []).append(entity)
    return Survey(
        out=_runs(graph.outgoing, len(graph.relations)),
        into=_runs(graph.incoming, len(graph.relations)),
        type_of=np.ascontiguousarray(type_of).data,
        usual=_usual(graph, type_of),
        measures=graph.numbers,
        measured={each: found for each, found in measured.items() if len(found) > 1 and each[1] >= 0},
    )


def _runs(side: Side, relations: int) -> Runs:
    owner = np.repeat(np.arange(len(side.runs) - 1, dtype=np.int32), np.diff(side.runs))
    sizes = np.diff(side.run_start)
    count = np.bincount(side.run_relation, minlength=relations)
    answers = np.bincount(side.run_relation, sizes, minlength=relations)
    return Runs(
        owner=owner.data,
        by_relation=np.argsort(side.run_relation, kind="stable").astype(np.int32).data,
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int32).data,
        single=bytes((answers <= ALONE * count).astype(np.uint8).tobytes()),
        telling=_telling(side, answers),
    )


def _telling(side: Side, answers: NDArray[np.number]) -> bytes:
    """Mark the relations of which no one answer is that of nearly all; `answers` are their facts (relations,)."""
    relation = np.repeat(side.run_relation, np.diff(side.run_start)).astype(np.int64)  # (E,)
    pairs, counts = np.unique(relation << 32 | side.neighbour, return_counts=True)
    commonest = np.zeros(len(answers), np.int64)
    np.maximum.at(commonest, pairs >> 32, counts)
    return bytes(((answers < ENOUGH) | (commonest <= DULL * answers)).astype(np.uint8).tobytes())


def _usual(graph: Adjacency, type_of: NDArray[np.int32]) -> dict[int, list[int]]:
    """Return, by type, the relations that enough of its entities are the head of."""
    members = np.bincount(type_of[type_of >= 0], minlength=1)
    runs = graph.outgoing
    owner = np.repeat(type_of, np.diff(runs.runs))  # (R,) the type of each run's entity
    pairs, counts = np.unique(
        owner[owner >= 0].astype(np.int64) * len(graph.relations) + runs.run_relation[owner >= 0], return_counts=True
    )
    usual: dict[int, list[int]] = {}
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        kind, relation = divmod(pair, len(graph.relations))
        if members[kind] >= ENOUGH and count >= USUAL * members[kind]:
            usual.setdefault(kind, []).append(relation)
    return usual
