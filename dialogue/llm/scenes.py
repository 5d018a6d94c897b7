"""Lines of dialogue files as they are rewritten: their rounds, who is shown where, and whom no text may name yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialogue.mentions import Names, plain
from dialogue.types import IMAGE
from kg.adjacency import Adjacency

Record = dict[str, Any]
Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """One round of a line: two turns, the fact that they rest on, and who is asked about."""

    asked: Record
    given: Record
    triple: Triple
    direction: str
    subject: str
    answer: str

    @property
    def asks_by_image(self) -> bool:
        """Say whether the question shows its subject."""
        return bool(self.asked["image_list"])

    @property
    def answers_by_image(self) -> bool:
        """Say whether the answer shows what it names."""
        return bool(self.given["image_list"])


def scenes(record: Record) -> list[Scene | None]:
    """Return the rounds of a line; None for one that is not about one fact, or shows more than its two entities."""
    turns = record["conversations"]
    return [_scene(asked, given) for asked, given in zip(turns[::2], turns[1::2], strict=True)]


def _scene(asked: Record, given: Record) -> Scene | None:
    kg = given["kg"]
    if kg["kind"] != "fact" or len(kg["triples"]) != 1 or kg.get("refers"):
        return None
    head, relation, tail = kg["triples"][0]
    subject, answer = (head, tail) if kg["direction"] == "tail" else (tail, head)
    for turn, whom in ((asked, subject), (given, answer)):
        images = turn["kg"]["images"]
        if len(images) > 1 or any(image["entity"] != whom for image in images):
            return None
    return Scene(asked, given, (head, relation, tail), kg["direction"], subject, answer)


class People:
    """Names of a graph's entities by id, and whether texts name them."""

    def __init__(self, graph: Adjacency) -> None:
        self.graph = graph
        self._number = {entity.id: i for i, entity in enumerate(graph.entities)}
        self._names: dict[str, Names] = {}

    def __contains__(self, entity: str) -> bool:
        """Say whether the graph has an entity."""
        return entity in self._number

    def names(self, entity: str) -> tuple[str, ...]:
        """Return all names of an entity, the one that texts use first."""
        return self.graph.entities[self._number[entity]].names

    def kinds(self, entity: str) -> tuple[str, ...]:
        """Return the types of an entity, the winning one first."""
        return self.graph.entities[self._number[entity]].types

    def named(self, entities: Iterator[str] | Sequence[str], text: str) -> bool:
        """Say whether a text names one of some entities."""
        words = plain(text)
        return any(self._aliases(entity).within(words) for entity in entities)

    def _aliases(self, entity: str) -> Names:
        if entity not in self._names:
            self._names[entity] = Names(self.names(entity) if entity in self else ())
        return self._names[entity]


def veiled(record: Record, number: int, given: bool) -> list[str]:
    """Return whom no text may name at a round: who is shown there, or later, by a question.

    `given`: at its answer, by when the round's own question is past.
    """
    turns = record["conversations"][2 * number + (2 if given else 0) :: 2]
    return [image["entity"] for turn in turns for image in turn["kg"]["images"]]


def held_out(wordings: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[tuple[str, str], re.Pattern[str]]:
    """Return, by relation and direction, what matches a question in the wording that is kept for the test."""
    found = {}
    for relation, directions in wordings.items():
        for direction, forms in directions.items():
            before, _, after = forms[-1].partition("{x}")
            bare, bracket, lead = before.partition("[")
            optional = f"(?:{re.escape(lead.removesuffix('] '))} )?" if bracket else ""
            found[relation, direction] = re.compile(f"{re.escape(bare)}{optional}.+?{re.escape(after)}(?:\\s.*)?", re.S)
    return found


def without_image(text: str) -> str:
    """Return a question's text without the picture that may stand before it."""
    return text.removeprefix(f"{IMAGE}\n")
