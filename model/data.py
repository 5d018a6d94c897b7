"""Dialogue files to examples: conversations as arrays, with images, entities and relations by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dialogue.serialise import read_dialogues
from dialogue.types import Dialogue
from kg.adjacency import Adjacency
from kg.errors import DataError
from model.anchors import Anchors
from model.encode import Asked, Encoded, encode
from model.gallery import Gallery, Ints
from model.presets import Preset

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A conversation as arrays: images by number in the gallery, entities and relations by number in the graph."""

    ids: Ints  # (L,)
    learned: Bools  # (L,) tokens that are predicted
    named: Bools  # (L,) of these, those that name a knowledge entity
    images: Ints  # in the order in which they stand
    slots: Ints  # (S,) where <KNO> stands
    classes: Ints  # (S,) what each slot asks for: see `relation_class`; -1 where the graph lacks the relation
    rets: Ints  # (T,) where <RET> stands
    anchors: Anchors  # T of them
    turns: tuple[str, ...] = ()  # T ids of the turns that they stand in, as published ones have them


@dataclass(frozen=True, slots=True)
class Index:
    """Numbers by id: what turns a dialogue's ids into those of the graph."""

    entities: Mapping[str, int]
    relations: Mapping[str, int]

    @classmethod
    def of(cls, graph: Adjacency) -> Index:
        """Index a graph."""
        return cls(
            {entity.id: i for i, entity in enumerate(graph.entities)},
            {relation.path: i for i, relation in enumerate(graph.relations)},
        )

    def relation_class(self, asked: Asked) -> int:
        """Return the class of what was asked: 2·relation + (1 if the head is asked for), -1 if it is unknown."""
        relation = self.relations.get(asked.relation, -1)
        return 2 * relation + (asked.direction == "head") if relation >= 0 else -1


def read_split(folder: Path, split: str, most: int | None = None) -> list[Dialogue]:
    """Read the dialogues of a split, at most the first `most`. Raises DataError if there is none."""
    return list(islice(read_dialogues(split_file(folder, split)), most))


def split_file(folder: Path, split: str) -> Path:
    """Return the file of a split. Raises DataError if there is none."""
    path = folder / f"{split}.jsonl"
    if not path.is_file():
        raise DataError(f"There are no dialogues at {path}; `kwk dialogues build` makes them, --dialogues names them.")
    return path


def examples(
    dialogues: Iterable[Dialogue], tokenizer: Tokenizer, preset: Preset, index: Index, gallery: Gallery | None
) -> Iterator[Example]:
    """Encode dialogues. One that shows an image of an entity without any image in the gallery is left out.

    An image that the gallery lacks, because its style is held out, gives way to another of its entity. Where <KNO> is
    a marker alone, nothing is asked of it: its classes are -1.
    """
    for dialogue in dialogues:
        encoded = encode(dialogue, tokenizer, preset.queries, preset.max_length)
        numbers = [_number(index, gallery, each.image.sha256, each.image.entity) for each in encoded.images]
        if min(numbers, default=0) >= 0:
            example = _example(dialogue.id, encoded, index, np.array(numbers, np.int32))
            yield example if preset.kno == "slot" else replace(example, classes=np.full_like(example.classes, -1))


def _number(index: Index, gallery: Gallery | None, sha256: str, entity: str) -> int:
    """Return the number of an image, or of one that stands in for it; -1 if there is none."""
    if gallery is None:
        return -1
    if sha256 in gallery.number:
        return gallery.number[sha256]
    others = gallery.images[index.entities[entity]] if entity in index.entities else ()
    return int(others[int(sha256[:8], 16) % len(others)]) if len(others) else -1


def _example(dialogue: str, encoded: Encoded, index: Index, images: Ints) -> Example:
    named = np.zeros(len(encoded.ids), np.bool_)
    for slot in encoded.slots:
        named[slot.start : slot.end] = True
    by_position = {each.position: number for each, number in zip(encoded.images, images.tolist(), strict=True)}
    targets = [target for target in encoded.targets if target.image.entity in index.entities]
    return Example(
        ids=encoded.ids,
        learned=encoded.mask,
        named=named,
        images=images,
        slots=np.array([slot.position for slot in encoded.slots], np.int32),
        classes=np.array([index.relation_class(slot.asked) for slot in encoded.slots], np.int32),
        rets=np.array([target.position for target in targets], np.int32),
        anchors=Anchors(
            image=np.array([by_position[target.position + 1] for target in targets], np.int32),
            entity=np.array([index.entities[target.image.entity] for target in targets], np.int32),
            relation=np.array(
                [index.relations.get(target.asked.relation, -1) if target.asked else -1 for target in targets], np.int32
            ),
            asks_tail=np.array([bool(target.asked and target.asked.direction == "tail") for target in targets], bool),
            answers=[_answers(target.asked, target.image.entity, index) for target in targets],
            subject=np.array(
                [index.entities.get(target.asked.subject, -1) if target.asked else -1 for target in targets], np.int32
            ),
        ),
        turns=tuple(f"{dialogue}#{target.turn}" for target in targets),
    )


def _answers(asked: Asked | None, entity: str, index: Index) -> Ints:
    ids = {entity, *(asked.answers if asked else ())}
    return np.array(sorted(index.entities[each] for each in ids if each in index.entities), np.int32)
