"""What a conversation is made of. Offsets count characters of the turn's `value`."""

from dataclasses import dataclass
from typing import Literal, get_args

from dialogue.wordings import Direction as Direction

Format = Literal["T2T", "I2T", "T2I", "I2I"]
Split = Literal["train", "valid", "test"]
Speaker = Literal["human", "model"]
Kind = Literal["fact", "yes_no", "count", "comparison", "multi_hop", "unanswerable"]

FORMATS: tuple[Format, ...] = get_args(Format)  # by number: bit 0, the question shows an image; bit 1, the answer does
SPLITS: tuple[Split, ...] = get_args(Split)
KINDS: tuple[Kind, ...] = get_args(Kind)
IMAGE = "<image>"  # stands in a turn's value where an image is shown


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a turn's value that names an entity: value[start:end]."""

    start: int
    end: int
    entity: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An image in a turn: the file relative to the graph's image root, its content, and the entity it shows."""

    file: str
    sha256: str
    entity: str


@dataclass(frozen=True, slots=True)
class Query:
    """What a round of another kind than `fact` asks, so that the graph alone decides whether its answer is right.

    Followed from a subject, `path` leads to the set of that subject's answers.
    """

    subjects: tuple[str, ...]  # two of a comparison, else one
    path: tuple[tuple[str, Direction], ...]  # relations, and which of their ends is looked for
    claim: str | None = None  # the entity that a question proposes
    by: str | None = None  # the numeric property that a comparison goes by
    values: tuple[float, ...] = ()  # of that property, one a subject
    wins: Literal["larger", "smaller"] | None = None  # which of the values


@dataclass(frozen=True, slots=True)
class Fact:
    """What a model's turn rests on: the triples it states, and every true answer to the question before it."""

    kind: Kind
    triples: tuple[tuple[str, str, str], ...]  # (head, relation, tail); of a fact, each has one answer
    direction: Direction
    answers: tuple[str, ...]  # ids of every true answer, ascending
    value: str  # the answer as the text names it
    slots: tuple[Span, ...]  # where the answers are named; of a fact, in the order of `triples`
    format: Format
    query: Query | None = None  # of every kind but `fact`
    refers: bool = False  # whether the question names its subject by "its" or "this country": the one spoken of before

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return whom the question is about."""
        if self.query is not None:
            return self.query.subjects
        head, _, tail = self.triples[0]
        return (head if self.direction == "tail" else tail,)

    @property
    def relation(self) -> str:
        """Return the relation that is asked about last, or the property that is compared."""
        if self.query is not None:
            return self.query.path[-1][0] if self.query.path else self.query.by or ""
        return self.triples[0][1]

    @property
    def triple(self) -> tuple[str, str, str] | None:
        """Return the one triple, where there is only one."""
        return self.triples[0] if len(self.triples) == 1 else None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says. `value` holds `<image>` once for each of `images`, in their order."""

    speaker: Speaker
    value: str
    images: tuple[Shown, ...] = ()
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation: human and model by turns, the human first."""

    id: str
    graph: str
    lang: str
    strategy: str
    turns: tuple[Turn, ...]
    parallel: str | None = None  # what the same dialogue in other languages shares
