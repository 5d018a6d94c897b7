"""Rounds of other kinds than facts: what they ask, what is true, and the words that were found for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dialogue.types import Kind, Span

Image = tuple[int, int]  # an entity, and which of its images


@dataclass(frozen=True, slots=True)
class Derived:
    """A question that is no plain fact, and its answer. Entities, relations and triples by their numbers."""

    kind: Kind
    subjects: tuple[int, ...]
    path: tuple[tuple[int, bool], ...]  # relations, and whether their tails are looked for
    question: str
    reply: str
    value: str
    answers: tuple[int, ...] = ()  # that the text names
    slots: tuple[int, ...] = ()  # where: two offsets for each of `answers`
    triples: tuple[int, ...] = ()
    truths: tuple[int, ...] = ()  # every true answer, ascending
    claim: int | None = None
    by: str | None = None
    values: tuple[float, ...] = ()
    wins: Literal["larger", "smaller"] | None = None
    shown: tuple[Image, ...] = ()  # in the question
    runs: tuple[tuple[bool, int], ...] = ()  # whose answers the text gives away, as (asks for the tail, run)

    @property
    def subject(self) -> int:
        """Return whom the round is about first."""
        return self.subjects[0]

    @property
    def format(self) -> int:
        """Return the format's number: bit 0, the question shows an image."""
        return int(bool(self.shown))

    def spans(self, ids: tuple[str, ...]) -> Iterator[Span]:
        """Yield where the answers are named."""
        for start, end, entity in zip(self.slots[::2], self.slots[1::2], self.answers, strict=True):
            yield Span(start, end, ids[entity])
