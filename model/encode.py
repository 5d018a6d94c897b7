"""A conversation to tokens, purely: where images stand, which tokens are learned, where <KNO> and <RET> go.

    <human> Which country has <image>×Q as its flag?<end><model> It is<KNO> Peru. Here is a picture:<RET><image>×Q<end>

`<KNO>` stands before the name of a knowledge entity and the space before it, `<RET>` after the text that tags an
image, in its place. A turn begins with a space, so that a name has the same tokens wherever it stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dialogue.types import IMAGE, Dialogue, Fact, Shown, Turn
from dialogue.wordings import Direction
from kg.errors import DataError
from model.tokens import END_ID, HUMAN_ID, IMAGE_ID, KNO_ID, MODEL_ID, RET_ID


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that a slot or an image answers, by ids."""

    subject: str
    relation: str
    direction: Direction  # of what is asked for
    answers: tuple[str, ...]  # every true answer
    text: str  # what the human said, with <image> where an image stood
    shown: bool  # whether an image showed the subject


@dataclass(frozen=True, slots=True)
class Placed:
    """An image in the sequence: the first of its Q positions."""

    position: int
    image: Shown


@dataclass(frozen=True, slots=True)
class Slot:
    """A knowledge slot: `position` is <KNO>'s, ids[start:end] name the entity."""

    position: int
    start: int
    end: int
    entity: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Target:
    """An image to be retrieved: `position` is <RET>'s. `asked` is None where nothing was asked."""

    position: int
    image: Shown
    asked: Asked | None
    turn: int  # its number in the conversation


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A conversation as a model reads it."""

    ids: NDArray[np.int32]  # (L,)
    mask: NDArray[np.bool_]  # (L,) tokens that are learned: what the model says, <KNO>, <RET> and <end>
    images: tuple[Placed, ...]
    slots: tuple[Slot, ...]
    targets: tuple[Target, ...]


def encode(dialogue: Dialogue, tokenizer: Tokenizer, queries: int = 8, max_length: int = 384) -> Encoded:
    """Encode a whole conversation; last rounds that would pass `max_length` are left out, the first one never."""
    parts = encode_turns(dialogue.turns, tokenizer, queries, dialogue.id)
    length, kept = 0, 0
    for first in range(0, len(parts), 2):
        length += sum(len(part.ids) for part in parts[first : first + 2])
        if kept and length > max_length:
            break
        kept = first + 2
    return join(parts[:kept])


def encode_prompt(turns: Sequence[Turn], tokenizer: Tokenizer, queries: int = 8, max_length: int = 384) -> Encoded:
    """Encode a conversation that the model is to go on with: `<model>` at its end, first turns left out if need be."""
    opening = Encoded(np.array([MODEL_ID], np.int32), np.zeros(1, np.bool_), (), (), ())
    parts = encode_turns(turns, tokenizer, queries, "the conversation")
    length, first = 1, len(parts)
    while first and (length := length + len(parts[first - 1].ids)) <= max_length or first == len(parts) > 0:
        first -= 1
    return join([*parts[first:], opening])


def encode_turns(turns: Sequence[Turn], tokenizer: Tokenizer, queries: int, place: str) -> list[Encoded]:
    """Encode turns one by one, each with positions of its own. Raises DataError where text and images don't match."""
    parts = []
    question: Turn | None = None
    for number, turn in enumerate(turns):
        if turn.value.count(IMAGE) != len(turn.images):
            raise DataError(
                f"A turn of {place} holds {turn.value.count(IMAGE)} times {IMAGE} for {len(turn.images)} images; "
                "build the dialogues again."
            )
        if turn.speaker == "human":
            parts.append(_Turn(tokenizer, queries, number).human(turn))
            question = turn
        else:
            parts.append(_Turn(tokenizer, queries, number).model(turn, question))
    return parts


def join(parts: Sequence[Encoded]) -> Encoded:
    """Put encoded turns after each other."""
    offsets = np.cumsum([0, *(len(part.ids) for part in parts)]).tolist()
    moved = list(zip(parts, offsets, strict=False))
    return Encoded(
        ids=np.concatenate([part.ids for part in parts]),
        mask=np.concatenate([part.mask for part in parts]),
        images=tuple(replace(each, position=each.position + by) for part, by in moved for each in part.images),
        slots=tuple(
            replace(each, position=each.position + by, start=each.start + by, end=each.end + by)
            for part, by in moved
            for each in part.slots
        ),
        targets=tuple(replace(each, position=each.position + by) for part, by in moved for each in part.targets),
    )


class _Turn:
    """One turn as it is being encoded."""

    def __init__(self, tokenizer: Tokenizer, queries: int, number: int) -> None:
        self._tokenizer = tokenizer
        self._queries = queries
        self._number = number
        self._ids: list[int] = []
        self._mask: list[bool] = []
        self._images: list[Placed] = []
        self._slots: list[Slot] = []
        self._targets: list[Target] = []

    def human(self, turn: Turn) -> Encoded:
        """Encode what a human says: nothing of it is learned."""
        self._add([HUMAN_ID], learned=False)
        for text, image in _between_images(turn.value, turn.images):
            self._text(text, learned=False)
            if image:
                self._image(image)
        self._add([END_ID], learned=False)
        return self._encoded()

    def model(self, turn: Turn, question: Turn | None) -> Encoded:
        """Encode what the model says: all of it is learned but the images that it is given back."""
        self._add([MODEL_ID], learned=False)
        fact = turn.fact if turn.fact and turn.fact.kind == "fact" else None  # the others are learned as plain text
        spans = list(fact.slots) if fact else []
        asked = _asked(fact, question)
        start = 0
        for text, image in _between_images(turn.value, turn.images):
            end, done = start + len(text), start
            while spans and spans[0].end <= end:
                span = spans.pop(0)
                before = turn.value[done : span.start]
                self._text(before.removesuffix(" "), learned=True)
                space = " " if before.endswith(" ") else ""
                self._slot(space + turn.value[span.start : span.end], span.entity, asked[len(self._slots)])
                done = span.end
            self._text(turn.value[done:end], learned=True)
            if image:
                self._targets.append(Target(len(self._ids), image, asked[0] if asked else None, self._number))
                self._add([RET_ID], learned=True)
                self._image(image)
            start = end + len(IMAGE)
        self._add([END_ID], learned=True)
        return self._encoded()

    def _slot(self, name: str, entity: str, asked: Asked) -> None:
        opening = " " if len(self._ids) == 1 else ""
        position = len(self._ids)
        self._add([KNO_ID], learned=True)
        self._add(self._tokenizer.encode(opening + name).ids, learned=True)
        self._slots.append(Slot(position, position + 1, len(self._ids), entity, asked))

    def _text(self, text: str, learned: bool) -> None:
        if text:
            opening = " " if len(self._ids) == 1 else ""
            self._add(self._tokenizer.encode(opening + text).ids, learned)

    def _image(self, image: Shown) -> None:
        self._images.append(Placed(len(self._ids), image))
        self._add([IMAGE_ID] * self._queries, learned=False)

    def _add(self, ids: Sequence[int], learned: bool) -> None:
        self._ids += ids
        self._mask += [learned] * len(ids)

    def _encoded(self) -> Encoded:
        return Encoded(
            np.array(self._ids, np.int32),
            np.array(self._mask, np.bool_),
            tuple(self._images),
            tuple(self._slots),
            tuple(self._targets),
        )


def _between_images(value: str, images: Sequence[Shown]) -> Iterator[tuple[str, Shown | None]]:
    """Cut a text at its images: each stretch with the image that follows it, None after the last."""
    return zip(value.split(IMAGE), [*images, None], strict=True)


def _asked(fact: Fact | None, question: Turn | None) -> list[Asked]:
    """Return what was asked, for each of a fact's triples."""
    if fact is None:
        return []
    return [
        Asked(
            subject=head if fact.direction == "tail" else tail,
            relation=relation,
            direction=fact.direction,
            answers=fact.answers,
            text=question.value if question else "",
            shown=fact.format in ("I2T", "I2I"),
        )
        for head, relation, tail in fact.triples
    ]


def asked_in(dialogue: Dialogue) -> Iterator[Asked]:
    """Yield what each of a conversation's model turns was asked."""
    question: Turn | None = None
    for turn in dialogue.turns:
        if turn.speaker == "human":
            question = turn
        elif turn.fact and turn.fact.kind == "fact":
            yield from _asked(turn.fact, question)[:1]
