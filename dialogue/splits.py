"""Which split a triple's format belongs to: fixed by the triple alone, so that no two builds of a graph mix them.

The formats of a triple spread over the splits 0.6/0.2/0.2, and one of them at least is in train. A triple that touches
no image has T2T alone, which is in train.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dialogue.types import FORMATS
from kg.adjacency import Adjacency
from kg.types import Triple

TRAIN, VALID, TEST, NONE = range(4)  # the first three are the places in types.SPLITS
SHARE_OF_TRAIN = 0.6
NOWHERE = 0xFF  # an entry of the table below: asked in none of the formats
TEXT_ONLY = TRAIN | NONE << 2 | NONE << 4 | NONE << 6


def available(head_shown: bool, tail_shown: bool) -> tuple[int, ...]:
    """Return the numbers of the formats that a triple can have, asked in either direction."""
    if head_shown and tail_shown:
        return (0, 1, 2, 3)
    return (0, 1, 2) if head_shown or tail_shown else (0,)


def spread(key: str, formats: tuple[int, ...]) -> int:
    """Assign a triple's formats to splits; return 2 bits a format, the lowest for T2T.

    `key` is the triple's stable key (40 hex digits); its bits are the only chance there is.
    """
    bits = int(key, 16)
    sure = bits % len(formats)  # this one is in train; the others make up for it
    bits //= len(formats)
    others = len(formats) - 1
    train = (SHARE_OF_TRAIN * len(formats) - 1) / others if others else 1.0
    code = 0
    for number in range(len(FORMATS)):
        if number not in formats:
            split = NONE
        elif number == formats[sure]:
            split = TRAIN
        else:
            bits, chance = divmod(bits, 1 << 20)
            rest = chance / (1 << 20)
            split = TRAIN if rest < train else VALID if rest < (1 + train) / 2 else TEST
        code |= split << 2 * number
    return code


def split_table(graph: Adjacency) -> NDArray[np.uint8]:
    """Return the splits of each triple's formats by the triple's number, (E,): 2 bits a format."""
    shown = shown_in(graph)
    table = np.full(len(graph), TEXT_ONLY, np.uint8)
    if not shown.any():
        return table
    heads, tails, relations = graph.triple_heads(), graph.outgoing.neighbour, graph.outgoing.relation
    for number in np.flatnonzero(shown[heads] | shown[tails]).tolist():
        head, tail = int(heads[number]), int(tails[number])
        triple = Triple(graph.entities[head].id, graph.relations[relations[number]].path, graph.entities[tail].id)
        table[number] = spread(triple.key(graph.graph), available(bool(shown[head]), bool(shown[tail])))
    return table


def shown_in(graph: Adjacency) -> NDArray[np.bool_]:
    """Return which entities have images, (N,)."""
    return np.array([bool(entity.images) for entity in graph.entities], bool)


def in_scope(graph: Adjacency, imaged: bool, relations: Sequence[str]) -> NDArray[np.bool_]:
    """Return which triples a build may ask for, (E,).

    With `imaged` those that join two entities that have images; with relations' paths those of these relations.
    """
    asked = np.ones(len(graph), bool)
    if imaged:
        shown = shown_in(graph)
        asked &= shown[graph.triple_heads()] & shown[graph.outgoing.neighbour]
    if relations:
        asked &= np.array([each.path in relations for each in graph.relations], bool)[graph.outgoing.relation]
    return asked


def formats_in(code: int, split: int) -> list[int]:
    """Return the numbers of the formats that an entry of the table gives to a split."""
    return [number for number in range(len(FORMATS)) if code >> 2 * number & 3 == split]
