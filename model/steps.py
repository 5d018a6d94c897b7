"""Which conversations a step learns from, and in which parts: the seed and the step's number alone decide it.

A step is cut into parts of a batch each, which processes share among them. Losses are means over the whole step, which
every process knows without asking the others; so one step is the same whether one process computes it in one part, in
several (gradient accumulation), or many processes do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kg.errors import DataError
from model.anchors import Anchors
from model.batches import Batch, Counts, collate, count, join_anchors, packed
from model.data import Example
from model.gallery import Ints
from model.tokens import FIRST_WORD, PAD_ID

Lay = Callable[[Sequence[Example]], list[list[int]]]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one step learns from: all of it in numbers, and the parts that this process computes."""

    parts: list[Batch]
    anchors: Anchors  # of the whole step
    counts: Counts  # of the whole step


class Order:
    """Which conversations each step sees: every one once an epoch, in an order left to chance."""

    def __init__(self, examples: int, members: int, seed: int) -> None:
        """Arrange `examples` conversations in steps of `members`. Raises DataError if there are none."""
        if not examples:
            raise DataError("No dialogue is left to train on: none has images that the graph still has.")
        self._examples, self._members, self._seed = examples, min(members, examples), seed
        self._epoch = -1
        self._order = np.empty(0, np.int32)
        self.steps_per_epoch = examples // self._members

    def at(self, step: int) -> Ints:
        """Return the conversations of a step."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self._seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(self._examples).astype(np.int32)
        return self._order[place * self._members : (place + 1) * self._members]


def step_of(members: Sequence[Example], batch: int, rank: int = 0, count_of: int = 1, lay: Lay = packed) -> Step:
    """Cut a step into parts of `batch` conversations; process `rank` of `count_of` computes every `count_of`th.

    `lay` says which of a part's conversations share a row.
    """
    begins = np.cumsum([0, *(len(each.rets) for each in members)])[:-1].tolist()
    parts = []
    for start in range(rank * batch, len(members), count_of * batch):
        own = members[start : start + batch]
        parts.append(collate(own, lay(own), begins[start : start + batch]))
    return Step(
        parts, join_anchors([each.anchors for each in members]), sum((count(each) for each in members), Counts())
    )


def forgetful(members: Sequence[Example], share: float, rng: np.random.Generator) -> list[Example]:
    """Hide that share of the words that are not learned, so that a model does not lean on any one of them."""
    forgot = []
    for each in members:
        hidden = (rng.random(len(each.ids)) < share) & ~each.learned & (each.ids >= FIRST_WORD)
        forgot.append(replace(each, ids=np.where(hidden, PAD_ID, each.ids).astype(np.int32)))
    return forgot
