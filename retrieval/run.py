"""A trained run, as questions are answered with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

    from ingest.descriptor import Descriptor


@dataclass(frozen=True, eq=False)
class Run:
    """A run and its image descriptor."""

    name: str
    descriptor: Descriptor

    def belief(self, question: str, picture: Image.Image | None) -> NDArray[np.float32]:
        """Return a probability for each column of the relations, (2R,)."""
        raise NotImplementedError


def choose_run(home: Path, graph: str, name: str | None) -> Run | None:
    """Return the run that a command means."""
    return None
