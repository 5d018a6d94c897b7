"""Which negatives each turn's `<RET>` met last while a run was trained: kept for who asks why it errs (K8).

What rows and numbers mean stands in `met.json`, which never changes; what was met is saved with the optimiser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kg.errors import DataError
from model.checkpoint import Manifest, hash_of, read_tensors, write_whole
from model.data import Example
from model.gallery import Gallery, Ints
from model.negatives import Drawn
from model.tiers import NAMES

MET = "met.json"
MOST = 8  # negatives that are kept of what a turn met last


@dataclass(frozen=True, slots=True)
class Negative:
    """An image that a turn met as a negative, and the tier that it was drawn from."""

    turn: str
    sha256: str
    tier: str


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """The negatives that turns met last, images by number in the gallery."""

    rows: Mapping[str, int]  # id of a turn -> its row
    image: Ints  # (T, MOST); -1 where none was met
    tier: NDArray[np.int8]  # (T, MOST) in TIERS

    @classmethod
    def nothing(cls, examples: Sequence[Example]) -> Met:
        """Return what the turns of some conversations have met before the first step."""
        rows = {turn: row for row, turn in enumerate(distinct_turns(examples))}
        return cls(rows, np.full((len(rows), MOST), -1, np.int32), np.zeros((len(rows), MOST), np.int8))

    def note(self, members: Sequence[Example], drawn: Drawn) -> None:
        """Keep what a step's turns met; `drawn` has a row for each of their `<RET>`, in their order.

        Of a turn that shows several images, what the last of them met is kept.
        """
        rows, kept = [self.rows[turn] for each in members for turn in each.turns], min(MOST, drawn.image.shape[1])
        self.image[rows, :kept] = drawn.image[:, :kept]
        self.tier[rows, :kept] = drawn.tier[:, :kept]

    def tensors(self) -> dict[str, Tensor]:
        """Return what is saved."""
        return {"met.image": torch.from_numpy(self.image), "met.tier": torch.from_numpy(self.tier)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up what was saved."""
        self.image[:] = tensors["met.image"].numpy()
        self.tier[:] = tensors["met.tier"].numpy()


def distinct_turns(examples: Sequence[Example]) -> list[str]:
    """Return the ids of the turns in which some conversations' `<RET>` stand, each once."""
    return list(dict.fromkeys(turn for each in examples for turn in each.turns))


def save_names(folder: Path, examples: Sequence[Example], gallery: Gallery) -> dict[str, str]:
    """Write what rows and numbers mean; return the file with its hash."""
    named = {"turns": distinct_turns(examples), "images": gallery.sha256}
    write_whole(folder / MET, json.dumps(named).encode())
    return {MET: hash_of(folder / MET)}


def negatives_met(folder: Path, manifest: Manifest) -> Iterator[Negative]:
    """Yield the negatives that a run's turns met last, no image twice for a turn. Raises DataError if it kept none."""
    if MET not in manifest.files:
        raise DataError(
            f"The run {manifest.id} kept no negatives: --negatives {manifest.settings['negatives']} draws none, or the "
            "run is older than their record; `kwk train --negatives proximity` keeps them."
        )
    named = json.loads((folder / MET).read_text("utf-8"))
    tensors = read_tensors(folder / manifest.training)
    images, tiers = tensors["met.image"].tolist(), tensors["met.tier"].tolist()
    for turn, numbers, kinds in zip(named["turns"], images, tiers, strict=True):
        met = {number: kind for number, kind in zip(numbers, kinds, strict=True) if number >= 0}
        for number, kind in met.items():
            yield Negative(turn, named["images"][number], NAMES[kind])
