"""What of dialogues goes into Neo4j, as rows: pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dialogue.serialise import query_json, quote
from dialogue.types import Dialogue, Fact
from kg.types import Triple

Row = list[Any]


@dataclass(slots=True)
class Rows:
    """What one transaction writes.

    What turns lead to stands by entity and by image, since the server then looks each up once and finds the
    relationships of a node together.
    """

    dialogues: list[Row] = field(
        default_factory=list
    )  # id, sha256, split, strategy, language, what its versions share, its turns
    rests: dict[str, list[Row]] = field(default_factory=dict)  # entity -> number of the turn, role, i, triple
    shows: dict[str, list[Row]] = field(default_factory=dict)  # sha256 -> number of the turn, i, entity
    turns: int = 0  # in all dialogues; they are numbered in their order

    @property
    def links(self) -> int:
        """Return how many relationships the rows ask for."""
        return self.turns + sum(len(led) for by in (self.rests, self.shows) for led in by.values())

    def add(self, dialogue: Dialogue, split: str, sha256: str) -> None:
        """Add a dialogue with its turns and all that they lead to."""
        rows, number = list[Row](), self.turns
        for i, turn in enumerate(dialogue.turns):
            fact = turn.fact
            if fact is None:
                rows.append([i, turn.speaker, turn.value, None])
            else:
                keys = [Triple(*triple).key(dialogue.graph) for triple in fact.triples]
                rows.append([i, turn.speaker, turn.value, _said(fact, keys)])
                for entity, role, place, key in rests(fact, keys):
                    self.rests.setdefault(entity, []).append([number + i, role, place, key])
            for n, image in enumerate(turn.images):
                self.shows.setdefault(image.sha256, []).append([self.turns, n, image.entity])
            self.turns += 1
        about = [dialogue.id, sha256, split, dialogue.strategy, dialogue.lang, dialogue.parallel]
        self.dialogues.append([*about, rows])


def _said(fact: Fact, keys: list[str]) -> Row:
    """Return what the fact of a turn is."""
    relations = [relation for _, relation, _ in fact.triples]
    slots = ", ".join([f"[{slot.start}, {slot.end}, {quote(slot.entity)}]" for slot in fact.slots])
    query = None if fact.query is None else query_json(fact.query)
    return [fact.kind, fact.format, fact.direction, keys, relations, f"[{slots}]", query]


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
