"""What of a dialogue goes into Neo4j, as rows: pure functions."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from dialogue.types import Dialogue, Fact, Turn
from kg.types import Triple

Row = list[Any]


def dialogue_row(dialogue: Dialogue, split: str, sha256: str) -> Row:
    """Return id, sha256, split, strategy, language, what its versions share, and its turns."""
    turns = [_turn(i, turn, dialogue.graph) for i, turn in enumerate(dialogue.turns)]
    return [dialogue.id, sha256, split, dialogue.strategy, dialogue.lang, dialogue.parallel, turns]


def _turn(i: int, turn: Turn, graph: str) -> Row:
    """Return number, speaker, text, what the fact is, what the turn rests on and what it shows."""
    shows = [[image.sha256, n, image.entity] for n, image in enumerate(turn.images)]
    if turn.fact is None:
        return [i, turn.speaker, turn.value, None, [], shows]
    fact, keys = turn.fact, [Triple(*triple).key(graph) for triple in turn.fact.triples]
    relations = [relation for _, relation, _ in fact.triples]
    slots = json.dumps([[slot.start, slot.end, slot.entity] for slot in fact.slots])
    query = None if fact.query is None else json.dumps(asdict(fact.query), ensure_ascii=False)
    said = [fact.kind, fact.format, fact.direction, keys, relations, slots, query]
    return [i, turn.speaker, turn.value, said, list(rests(fact, keys)), shows]


def rests(fact: Fact, keys: list[str]) -> Iterator[Row]:
    """Yield what a turn rests on: entity, role, number, and the key of the triple that leads there.

    Subjects come first: who is asked about. Each triple leads on from what was reached to its other end, which is an
    `answer` or, of several hops, a step on the `way`. What a question proposed in vain is the `claim`.
    """
    reached = set(fact.subjects)
    for i, subject in enumerate(fact.subjects):
        yield [subject, "subject", i, None]
    answers = {*fact.answers, *(slot.entity for slot in fact.slots)}
    steps = dict(fact.query.path) if fact.query is not None else {}
    for i, ((head, relation, tail), key) in enumerate(zip(fact.triples, keys, strict=True)):
        onward = steps.get(relation, fact.direction) == "tail"
        if head not in reached or tail not in reached:  # else both ends are known, and the question says which is meant
            onward = head in reached or (onward and tail not in reached)
        end = tail if onward else head
        reached.add(end)
        yield [end, "answer" if end in answers or len(keys) == 1 else "way", i, key]
    claim = fact.query.claim if fact.query is not None else None
    if claim is not None and claim not in reached:
        yield [claim, "claim", 0, None]
