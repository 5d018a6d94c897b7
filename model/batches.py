"""Conversations put together into the rows that a network reads: packed, several in a row, or padded, one in each.

A packed row holds conversations one after another. Attention stays within a conversation and its positions begin at
zero, so its states, and with them its losses, are those that it has in a row of its own; only padding is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.anchors import Anchors
from model.data import Example
from model.gallery import Ints
from model.language import Packing
from model.tokens import PAD_ID

STRETCH = (1.0, 1.25, 1.5, 2.0)  # rows that are tried, as multiples of the longest conversation
ATTENTION = 1 / 2000  # what a token costs more for each token of its row


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of what losses are means over; of a part of a step or of all of it."""

    predicted: int = 0  # tokens that are learned
    named: int = 0  # of these, those that name a knowledge entity
    asked: int = 0  # slots whose relation the graph has
    shown: int = 0  # images that are to be retrieved
    tokens: int = 0  # all, without padding

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Conversations in R rows of L tokens."""

    ids: Tensor  # (R, L) int64
    packing: Packing | None  # None where no row holds more than one conversation
    predicts: Tensor  # (P,) places in the flattened (R·L) whose next token is learned
    next_ids: Tensor  # (P,) that token
    named: Tensor  # (P,) whether it names a knowledge entity
    images: Ints  # (N,) numbers in the gallery, in the order in which they stand
    slots: Tensor  # (S,) places in the flattened (R·L)
    classes: Tensor  # (S,)
    rets: Tensor  # (T,) places in the flattened (R·L)
    anchors: Anchors  # T of them
    of_step: Ints  # (T,) their numbers among the anchors of the whole step
    counts: Counts

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on a device."""
        if device.type == "cpu":
            return self
        moved: dict[str, Any] = {}
        for each in fields(self):
            if isinstance(value := getattr(self, each.name), Tensor | Packing):
                moved[each.name] = value.to(device)
        return replace(self, **moved)


def count(example: Example) -> Counts:
    """Count what the losses of a conversation are means over."""
    return Counts(
        predicted=int(example.learned[1:].sum()),
        named=int((example.named & example.learned)[1:].sum()),
        asked=int((example.classes >= 0).sum()),
        shown=len(example.rets),
        tokens=len(example.ids),
    )


def padded(members: Sequence[Example]) -> list[list[int]]:
    """Give each conversation a row of its own."""
    return [[number] for number in range(len(members))]


def in_one_row(members: Sequence[Example]) -> list[list[int]]:
    """Lay all conversations into one row, where attention costs nothing by a row's length."""
    return [list(range(len(members)))]


def packed(members: Sequence[Example]) -> list[list[int]]:
    """Lay conversations into rows, by number, so that reading them costs least; the same for the same lengths.

    First fit, the longest first, for some lengths of row; a row costs its tokens and what these look at.
    """
    lengths = [len(each.ids) for each in members]
    best: tuple[float, list[list[int]]] | None = None
    for stretch in STRETCH:
        rows = _first_fit(lengths, int(stretch * max(lengths)))
        longest = max(sum(lengths[number] for number in row) for row in rows)
        cost = len(rows) * longest * (1 + ATTENTION * longest)
        if best is None or cost < best[0]:
            best = cost, rows
    assert best is not None  # noqa: S101 - STRETCH is not empty
    return best[1]


def _first_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    rows: list[list[int]] = []
    left: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        row = next((row for row, room in enumerate(left) if room >= lengths[number]), len(rows))
        if row == len(rows):
            rows.append([])
            left.append(capacity)
        rows[row].append(number)
        left[row] -= lengths[number]
    return rows


def collate(members: Sequence[Example], rows: Sequence[Sequence[int]], anchored: Sequence[int] | None = None) -> Batch:
    """Put conversations together in rows of them by number.

    `anchored` says for each where its anchors begin among those of the whole step; without it the batch is the step.
    """
    length = max(sum(len(members[number].ids) for number in row) for row in rows)
    shape = len(rows), length
    ids, positions = np.full(shape, PAD_ID, np.int64), np.zeros(shape, np.int64)
    owners = np.full(shape, -1, np.int64)
    learned, named = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    starts: list[int] = []
    laid = [number for row in rows for number in row]
    for line, row in enumerate(rows):
        start = 0
        for number in row:
            each, part = members[number], slice(start, start + len(members[number].ids))
            ids[line, part], positions[line, part], owners[line, part] = each.ids, np.arange(len(each.ids)), number
            learned[line, part], named[line, part] = each.learned, each.named
            learned[line, start] = False  # nothing before it predicts it
            starts.append(line * length + start)
            start = part.stop
    places = np.flatnonzero(learned) - 1
    parts = [members[number] for number in laid]
    if anchored is None:
        anchored = np.cumsum([0, *(len(each.rets) for each in members)])[:-1].tolist()
    return Batch(
        ids=torch.from_numpy(ids),
        packing=Packing(torch.from_numpy(owners), torch.from_numpy(positions), stretches(members, rows, length))
        if len(rows) < len(members)
        else None,
        predicts=torch.from_numpy(places),
        next_ids=torch.from_numpy(ids.reshape(-1)[places + 1]),
        named=torch.from_numpy(named.reshape(-1)[places + 1]),
        images=_joined([each.images for each in parts]),
        slots=torch.from_numpy(_joined([at + each.slots for at, each in zip(starts, parts, strict=True)])).long(),
        classes=torch.from_numpy(_joined([each.classes for each in parts])).long(),
        rets=torch.from_numpy(_joined([at + each.rets for at, each in zip(starts, parts, strict=True)])).long(),
        anchors=join_anchors([each.anchors for each in parts]),
        of_step=_joined([anchored[number] + np.arange(len(members[number].rets), dtype=np.int32) for number in laid]),
        counts=sum((count(each) for each in parts), Counts()),
    )


def stretches(members: Sequence[Example], rows: Sequence[Sequence[int]], length: int) -> tuple[int, ...]:
    """Return the lengths of conversations in rows, row after row, with what pads a row to `length` as one more."""
    found: list[int] = []
    for row in rows:
        own = [len(members[number].ids) for number in row]
        found += [*own, *([length - sum(own)] if sum(own) < length else [])]
    return tuple(found)


def join_anchors(parts: Sequence[Anchors]) -> Anchors:
    """Put anchors after each other."""
    return Anchors(
        _joined([part.image for part in parts]),
        _joined([part.entity for part in parts]),
        _joined([part.relation for part in parts]),
        np.concatenate([part.asks_tail for part in parts]),
        [answers for part in parts for answers in part.answers],
        _joined([part.subject for part in parts]),
        [key for part in parts for key in part.keys],
    )


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts).astype(np.int32)
