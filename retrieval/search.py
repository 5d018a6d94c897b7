"""Whom a picture shows: the entities of the graph's most similar pictures, or nobody that the graph knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kg import vectors
from kg.progress import Progress, silent
from retrieval import queries
from retrieval.ground import Reader

if TYPE_CHECKING:
    from PIL import Image

    from ingest.descriptor import Descriptor
    from ingest.encoders import Encoder

Floats = NDArray[np.float32]

NEAREST = 48  # pictures that are looked at for their entities
FALSE_REFUSALS = 0.05  # share of the graph's own pictures, each left out, that would be called unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """An entity that a picture may show, by the most similar of its pictures."""

    entity: str
    cosine: float
    sha256: str


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of one graph, to be compared with others."""

    engine: Engine
    reader: Reader
    root: Path
    encoder: Callable[[], Encoder]
    descriptor: Descriptor
    progress: Progress = silent

    @cached_property
    def threshold(self) -> float:
        """Return the cosine below which a picture shows nothing that the graph knows.

        Calibrated on the graph's own pictures: each is compared with those that are not its near-duplicates.
        """
        shas, described = self.described()
        return calibrated(described, [self.owners[sha] for sha in shas])

    @cached_property
    def owners(self) -> Mapping[str, Sequence[str]]:
        """Map the graph's pictures, by sha256, to the entities that they show."""
        owners: dict[str, list[str]] = {}
        for row in self.reader.rows(queries.PICTURES):
            owners.setdefault(row["sha256"], []).append(row["entity"])
        return owners

    def described(self) -> tuple[list[str], Floats]:
        """Return the descriptors of all the graph's pictures, (N, D); those that pgvector lacks are added to it."""
        from ingest.features import measured_pictures

        rows = self.reader.rows(queries.PICTURES)
        paths = {row["sha256"]: row["path"] for row in rows}
        space, width = self.descriptor.space, self.descriptor.width
        found = vectors.fetch(self.engine, space, list(paths), width)
        lacking = [(sha, path) for sha, path in paths.items() if sha not in found]
        if lacking:
            measured = measured_pictures(
                self.engine, self.reader.graph, self.root, lacking, self.encoder, self.progress
            )
            if measured:
                described = self.descriptor.describe(np.stack(list(measured.values())))
                records = vectors.stored(self.engine, _measured(self.encoder()), list(measured))
                vectors.store(
                    self.engine,
                    (self.reader.graph, "described"),
                    [records[sha] for sha in measured],
                    space,
                    described,
                )
                vectors.build_index(self.engine, space, width)
                found |= dict(zip(measured, described, strict=True))
        shas = sorted(found)
        return shas, np.stack([found[sha] for sha in shas]) if shas else np.zeros((0, width), np.float32)

    def known(self, picture: Image.Image) -> list[Seen]:
        """Return whom a picture may show, best first; nobody where it is like none of the graph's pictures."""
        self.described()  # pictures that came since are among them
        seen = self.seen(picture)
        return seen if seen and seen[0].cosine >= self.threshold else []

    def seen(self, picture: Image.Image) -> list[Seen]:
        """Return the entities whose pictures are most like `picture`, best first."""
        from ingest.descriptor import measure

        (described,) = self.descriptor.describe(measure(self.encoder(), [picture]))
        return self.like(described)

    def like(self, described: Floats) -> list[Seen]:
        """Return the entities whose pictures are most like a descriptor (D,), best first, as the graph has them now."""
        nearest = vectors.nearest(self.engine, self.descriptor.space, described, NEAREST)
        shown = self.reader.shown([sha for sha, _ in nearest])
        best: dict[str, Seen] = {}
        for sha, cosine in nearest:
            for entity in shown.get(sha, ()):
                best.setdefault(entity, Seen(entity, cosine, sha))
        return list(best.values())


def _measured(encoder: Encoder) -> str:
    from ingest.descriptor import measured_space

    return measured_space(encoder)


def calibrated(described: Floats, owners: Sequence[Sequence[str]]) -> float:
    """Return the cosine that all but FALSE_REFUSALS of the pictures (N, D) reach with another of their entity's."""
    if len(described) < 2:
        return 1.0
    cosines = described @ described.T
    np.fill_diagonal(cosines, -1)
    best = [
        max(
            (cosines[i, j] for j in range(len(owners)) if not set(owners[i]).isdisjoint(owners[j]) and j != i),
            default=None,
        )
        for i in range(len(owners))
    ]
    reached = [float(each) for each in best if each is not None]
    return float(np.quantile(reached, FALSE_REFUSALS)) if reached else 0.5
