"""Where a source goes, and what looks at its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import neo4j
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kg.progress import Progress, silent

if TYPE_CHECKING:
    from ingest.encoders import Encoder

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a source goes: both stores, the graph's name, and the folder for reports."""

    driver: neo4j.Driver
    engine: Engine
    graph: str
    home: Path
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class Tower:
    """An encoder that is loaded when the first picture needs it; `space` is known before."""

    name: str  # as `--encoder` takes it
    space: str
    width: int  # of its features
    load: Callable[[], Encoder]
    reads: bool = False  # whether it has a text tower
    size: int = 224  # pixels of a side that it sees

    @property
    def encode_text(self) -> Callable[[Sequence[str]], NDArray[np.float32]] | None:
        """Return what maps texts to features (N, D); None where there is no text tower."""
        return self.load().encode_text if self.reads else None


def choose_tower(name: str = "lite") -> Tower:
    """Return the tower that `--encoder` names, not loaded yet. Raises DataError."""
    from ingest.encoder_names import LITE, absolute, size_of, space_of, width_of

    @cache
    def made() -> Encoder:
        from ingest.encoders import load_encoder

        return load_encoder(name)

    name = absolute(name)
    return Tower(name, space_of(name), width_of(name) or made().width, made, name != LITE, size_of(name))


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into parts of `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
