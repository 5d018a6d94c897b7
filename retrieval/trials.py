"""What a run is judged on: the distinct questions of the test split, each with everything that would be right."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dialogue.serialise import read_dialogues
from dialogue.statistics import held_out_in
from dialogue.types import FORMATS, Fact, Format, Shown, Turn
from dialogue.wordings import Direction
from kg.errors import DataError

Question = tuple[str, str, Direction]  # subject, relation, what is asked for


@dataclass(frozen=True, slots=True)
class Trial:
    """One question of one format: a hit is any true answer, or any image of one."""

    number: int
    subject: str
    relation: str
    direction: Direction
    format: Format
    turn: Turn  # what the human says, with the image
    answers: frozenset[str]
    held_out: bool  # worded in the way that was kept for tests
    target: str | None = None  # sha256 of the image that the dialogue answers with

    @property
    def question(self) -> Question:
        """Return what is asked, however it is worded and shown."""
        return self.subject, self.relation, self.direction

    @property
    def image(self) -> Shown | None:
        """Return the image that shows the subject."""
        return self.turn.images[0] if self.turn.images else None


@dataclass(frozen=True, slots=True)
class Prior:
    """What the training split's answers are, whoever is asked about and whatever is asked."""

    by_relation: Mapping[tuple[str, Direction], Sequence[str]] = field(default_factory=dict)  # commonest first
    by_subject: Mapping[str, Sequence[str]] = field(default_factory=dict)
    overall: Sequence[str] = ()


def read_trials(folder: Path, limit: int | None = None, seed: int = 0) -> list[Trial]:
    """Return the test split's distinct questions: at most `limit` a format in wordings of train, as many in kept ones.

    Raises DataError if there are none.
    """
    held_out = held_out_in(folder)
    found: dict[tuple[Question, Format, bool], Trial] = {}
    for asked, given, fact in rounds(folder / "test.jsonl"):
        head, relation, tail = fact.triples[0]
        question: Question = (head if fact.direction == "tail" else tail), relation, fact.direction
        last, form = held_out(fact, asked.value), fact.format
        if (question, form, last) not in found:
            answers, target = frozenset(fact.answers), target_of(given, fact)
            found[question, form, last] = Trial(len(found), *question, form, asked, answers, last, target)
    if not found:
        raise DataError(f"{folder / 'test.jsonl'} asks nothing; `kwk dialogues build` makes dialogues to be judged on.")
    return sampled(list(found.values()), limit, seed)


def sampled(trials: Sequence[Trial], limit: int | None, seed: int) -> list[Trial]:
    """Draw at most `limit` questions a format in wordings of train, and at most `limit` in kept ones."""
    if limit is None:
        return list(trials)
    chosen: list[Trial] = []
    for form in FORMATS:
        for kept in (False, True):
            own = [trial for trial in trials if trial.format == form and trial.held_out == kept]
            chosen += random.Random(f"{seed} {form} {kept}").sample(own, min(limit, len(own)))  # noqa: S311
    return sorted(chosen, key=lambda trial: trial.number)


def read_prior(folder: Path) -> Prior:
    """Count the answers of the training split, each fact once."""
    by_relation: dict[tuple[str, Direction], Counter[str]] = defaultdict(Counter)
    by_subject: dict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    seen: set[tuple[Question, str]] = set()
    for _, _, fact in rounds(folder / "train.jsonl"):
        for head, relation, tail in fact.triples:
            subject, answer = (head, tail) if fact.direction == "tail" else (tail, head)
            key = (subject, relation, fact.direction), answer
            if key not in seen:
                seen.add(key)
                by_relation[relation, fact.direction][answer] += 1
                by_subject[subject][answer] += 1
                overall[answer] += 1
    return Prior(
        {key: commonest(counts) for key, counts in by_relation.items()},
        {key: commonest(counts) for key, counts in by_subject.items()},
        commonest(overall),
    )


def commonest(counts: Counter[str], most: int = 50) -> list[str]:
    """Return the keys by count, ties by name: the same on every machine."""
    return sorted(counts, key=lambda key: (-counts[key], key))[:most]


def target_of(given: Turn, fact: Fact) -> str | None:
    """Return the sha256 of the image of an answer that an answer shows; None if it shows none."""
    return next((image.sha256 for image in given.images if image.entity in fact.answers), None)


def rounds(path: Path) -> Iterator[tuple[Turn, Turn, Fact]]:
    """Yield each question of a file that asks for a fact in words of its own, its answer, and what that rests on."""
    for dialogue in read_dialogues(path):
        for asked, given in zip(dialogue.turns[::2], dialogue.turns[1::2], strict=False):
            if given.fact is not None and given.fact.kind == "fact" and not given.fact.refers:
                yield asked, given, given.fact
