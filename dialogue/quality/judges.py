"""Filters that judge a dialogue by itself: true, or false with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dialogue.quality import pictures, textbind
from dialogue.quality.rounds import operations, rounds_of
from dialogue.quality.rules import Rule
from dialogue.quality.text import elements, joined, plain
from dialogue.types import Dialogue
from kg.errors import DataError

if TYPE_CHECKING:
    from dialogue.quality.features import Eye
    from dialogue.quality.readability import Reader

Verdict = bool | tuple[bool, str]  # true, or false with a reason


@dataclass(frozen=True, slots=True)
class Line:
    """A dialogue, and where it stands: the file and the line, from 1."""

    file: str
    n: int
    dialogue: Dialogue


class Judge(Protocol):
    """Judges dialogues, many at a time, because models are quicker so."""

    @property
    def rule(self) -> Rule:
        """Return the rule that is judged by."""
        ...

    def judge(self, lines: Sequence[Line]) -> Iterator[Verdict]:
        """Yield a verdict for each dialogue."""
        ...


class Values(Protocol):
    """Measures dialogues: none, one or many values each."""

    def __call__(self, lines: Sequence[Line]) -> Iterator[Sequence[float]]:
        """Yield the values of each dialogue."""
        ...


@dataclass(frozen=True, slots=True)
class Within:
    """Keeps a dialogue if all its values may stay; one that has none to measure stays."""

    rule: Rule
    values: Values

    def judge(self, lines: Sequence[Line]) -> Iterator[Verdict]:
        """Yield a verdict for each dialogue."""
        for values in self.values(lines):
            refused = next((value for value in values if not self.rule.admits(value)), None)
            yield True if refused is None else (False, f"{self.rule.name} is {refused:.4g}")


@dataclass(frozen=True, slots=True)
class TextBind:
    """Keeps what passes TextBind's checks."""

    rule: Rule

    def judge(self, lines: Sequence[Line]) -> Iterator[Verdict]:
        """Yield a verdict for each dialogue: the first reason that is found."""
        for line in lines:
            found = next((reason for reason in textbind.check(line.dialogue) if reason in self.rule.reasons), None)
            yield True if found is None else (False, found)


@dataclass(frozen=True, slots=True)
class Verified:
    """Keeps what `kwk dialogues verify` finds nothing in: `found` is the first reason by file and line."""

    rule: Rule
    found: Mapping[tuple[str, int], str]

    def judge(self, lines: Sequence[Line]) -> Iterator[Verdict]:
        """Yield a verdict for each dialogue."""
        for line in lines:
            reason = self.found.get((line.file, line.n))
            yield True if reason is None else (False, reason)


@dataclass(frozen=True, slots=True)
class Tools:
    """What judges see and read with."""

    root: Path | None = None
    reader: Reader | None = None
    eye: Eye | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # entity -> as answers name it
    found: Mapping[tuple[str, int], str] | None = None  # of verify


def judge_for(rule: Rule, tools: Tools) -> Judge:
    """Return the judge of a rule. Raises DataError if what it needs was not given."""
    if rule.name == "T5":
        return TextBind(rule)
    if rule.name == "V2.facts":
        if tools.found is None:
            raise DataError("V2.facts needs the graph that the dialogues are of; name it with --graph.")
        return Verified(rule, tools.found)
    if rule.name == "V1.text":
        if tools.reader is None:
            raise DataError("V1.text needs a language model; name one with --readability-model.")
        return Within(rule, _Read(tools.reader))
    if rule.name in ("V2.match", "T2"):
        if tools.eye is None or not tools.eye.reads:
            raise DataError(f"{rule.name} needs an encoder with a text tower; name one with --encoder.")
        return Within(rule, _Match(tools.eye, tools.names))
    if rule.name in ("V1.image", "V9"):
        if tools.root is None:
            raise DataError(f"{rule.name} needs the images, and the build names no folder of them.")
        return Within(rule, _Seen(tools.root, rule.name == "V9"))
    return Within(rule, {"V3": _tasks, "V7": _operations, "V8": _elements}[rule.name])


def _tasks(lines: Sequence[Line]) -> Iterator[Sequence[float]]:
    for line in lines:
        yield (len({each.task for each in rounds_of(line.dialogue)}),)


def _operations(lines: Sequence[Line]) -> Iterator[Sequence[float]]:
    for line in lines:
        yield [operations(each.fact) for each in rounds_of(line.dialogue)]


def _elements(lines: Sequence[Line]) -> Iterator[Sequence[float]]:
    for line in lines:
        asked = [each.asked for each in rounds_of(line.dialogue)]
        yield [elements(plain(turn.value), len(turn.images), line.dialogue.lang) for turn in asked]


@dataclass(frozen=True, slots=True)
class _Read:
    reader: Reader

    def __call__(self, lines: Sequence[Line]) -> Iterator[Sequence[float]]:
        texts = [joined([turn.value for turn in line.dialogue.turns]) for line in lines]
        yield from ([score] for score in self.reader.score(texts))


@dataclass(frozen=True, slots=True)
class _Seen:
    root: Path
    complexity: bool
    known: dict[str, list[float]] = field(default_factory=dict)  # sha256 -> its value, none if it can't be read

    def __call__(self, lines: Sequence[Line]) -> Iterator[Sequence[float]]:
        for line in lines:
            images = {image.sha256: image.file for turn in line.dialogue.turns for image in turn.images}
            yield [value for sha, file in images.items() for value in self._value(sha, file)]

    def _value(self, sha: str, file: str) -> list[float]:
        if sha not in self.known:
            place = pictures.below(self.root, file)
            found = pictures.measure(place) if place else None
            # An image that can't be read has no value that could stay.
            value = float("nan") if found is None else found.complexity if self.complexity else found.sharpness
            self.known[sha] = [value]
        return self.known[sha]


@dataclass(frozen=True, slots=True)
class _Match:
    eye: Eye
    names: Mapping[str, str]
    known: dict[tuple[str, str], float] = field(default_factory=dict)

    def __call__(self, lines: Sequence[Line]) -> Iterator[Sequence[float]]:
        shown = [{(i.sha256, i.entity): i.file for turn in x.dialogue.turns for i in turn.images} for x in lines]
        wanted = {key: file for images in shown for key, file in images.items() if key not in self.known}
        files = {sha: file for (sha, _), file in wanted.items()}
        vectors = {sha: row for shas, rows in self.eye.see(files) for sha, row in zip(shas, rows, strict=True)}
        for sha, entity in wanted:
            name = self.names.get(entity)
            if name and sha in vectors:
                self.known[sha, entity] = self.eye.match(vectors[sha], name)
        for images in shown:
            yield [self.known[key] for key in images if key in self.known]
