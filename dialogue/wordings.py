"""What is known about asking for a relation: questions both ways, statements, nouns. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Direction = Literal["tail", "head"]  # what is asked for
HELD_OUT = -1  # the form of each direction that is met in tests only


@dataclass(frozen=True, slots=True)
class Question:
    """A question around the known entity: `prefix`, its name, `suffix`."""

    prefix: str
    suffix: str

    @classmethod
    def parse(cls, template: str) -> "Question":
        """Cut a template at its one `{x}`."""
        prefix, hole, suffix = template.partition("{x}")
        if not hole or "{x}" in suffix:
            raise ValueError(f"{template!r} needs {{x}} exactly once")
        return cls(prefix, suffix)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence about a fact: three pieces of text around two names."""

    before: str
    between: str
    after: str
    head_first: bool

    @classmethod
    def parse(cls, template: str) -> "Statement":
        """Cut a template at its `{head}` and `{tail}`."""
        head, tail = template.find("{head}"), template.find("{tail}")
        if template.count("{head}") != 1 or template.count("{tail}") != 1:
            raise ValueError(f"{template!r} needs {{head}} and {{tail}} exactly once each")
        first, second = min(head, tail), max(head, tail)
        return cls(template[:first], template[first + 6 : second], template[second + 6 :], head < tail)


@dataclass(frozen=True, slots=True)
class Asking:
    """One direction: how to ask for it, and what the answer is."""

    forms: tuple[Question, ...]  # the last one is held out
    noun: str  # of one answer: "capital"
    nouns: str  # of several: "capitals"
    kind: str  # person, group, place, organization, work, event, time or thing


@dataclass(frozen=True, slots=True)
class Wordings:
    """How a relation is asked for and stated in one language."""

    relation: str
    lang: str
    tail: Asking  # {x} is the head
    head: Asking  # {x} is the tail
    statements: tuple[Statement, ...]
    written: bool  # by hand, in the lexicon; or made by the grammar

    def asking(self, direction: Direction) -> Asking:
        """Return how the given end of the relation is asked for."""
        return self.tail if direction == "tail" else self.head


def fill(template: Question, name: str) -> str:
    """Return the question with the name of what is known put in."""
    if not template.prefix:
        return _opening(name) + template.suffix
    if name.endswith("?") and template.suffix == "?":  # O Brother, Where Art Thou?
        return template.prefix + name
    return template.prefix + name + template.suffix


def state(template: Statement, head: str, tail: str) -> str:
    """Return the sentence with both names put in."""
    first, second = (head, tail) if template.head_first else (tail, head)
    if not template.before:
        first = _opening(first)
    after = template.after
    if after[:1] == "." and second.endswith((".", "!", "?")):  # Apple Inc.
        after = after[1:]
    return template.before + first + template.between + second + after


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """Join names as one says them: "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return names[0] if names else ""
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def _opening(name: str) -> str:
    """Return a name as it stands at the start of a sentence."""
    return name[:1].upper() + name[1:]
