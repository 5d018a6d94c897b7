"""Whom a picture shows: the entities of the graph's most similar pictures, or nobody that the graph knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kg import vectors
from kg.progress import Progress, silent
from model.gallery import style_of
from retrieval import queries
from retrieval.ground import Reader
from retrieval.timings import spending

if TYPE_CHECKING:
    from PIL import Image

    from ingest.descriptor import Descriptor
    from ingest.encoders import Encoder
    from model.run import Run
    from retrieval.visual_cache import VisualCache

Floats = NDArray[np.float32]

KNOWN = 16  # entities that a picture may show
A_STYLE = 20  # pictures that a drawing style has at least, for its cosines to be standardised
LENIENCE = 0.25  # where the threshold lies between pictures of unknown things (0) and of known ones (1)
SAMPLE = 500  # pictures that the threshold is calibrated on


@dataclass(frozen=True, slots=True)
class Seen:
    """An entity that a picture may show."""

    entity: str
    cosine: float  # with its pictures on average, standardised by style: it tells more than the nearest
    nearest: float  # the cosine with the nearest of them


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of one graph, to be compared with others."""

    engine: Engine
    reader: Reader
    roots: Sequence[Path]
    encoder: Callable[[], Encoder]
    descriptor: Descriptor
    progress: Progress = silent
    run: Run | None = None  # whose <RET> chooses among an entity's images
    cache: VisualCache | None = None  # what the run reads of a picture is drawn towards these

    @cached_property
    def threshold(self) -> float:
        """Return the cosine with the nearest picture below which a picture shows nothing that the graph knows."""
        paths, owners = self.files()
        shas, described = self._described(paths)
        return calibrated(described, [owners[sha] for sha in shas])

    def described(self) -> tuple[list[str], Floats]:
        """Return the descriptors of all the graph's pictures, (N, D); those that pgvector lacks are added to it."""
        return self._described(self.files()[0])

    def _described(self, paths: Mapping[str, str]) -> tuple[list[str], Floats]:
        """Return the descriptors of pictures, given as their paths by sha256, as `described` does."""
        from ingest.features import measured_pictures

        space, width = self.descriptor.space, self.descriptor.width
        with spending("stores"):
            found = vectors.fetch(self.engine, space, list(paths), width)
        lacking = [(sha, path) for sha, path in paths.items() if sha not in found]
        if lacking:
            measured = measured_pictures(
                self.engine, self.reader.graph, self.roots, lacking, self.encoder, self.progress
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
                found |= dict(zip(measured, described, strict=True))
        shas = sorted(found)
        return shas, np.stack([found[sha] for sha in shas]) if shas else np.zeros((0, width), np.float32)

    def measured(self, picture: Image.Image) -> Floats:
        """Measure a picture, (M,)."""
        from ingest.descriptor import measure

        with spending("picture"):
            (measured,) = measure(self.encoder(), [picture])
        return np.asarray(measured, np.float32)

    def read(self, measured: Floats) -> Floats:
        """Return what a run reads of a measured picture (M,): the picture itself, or it and the cache."""
        return self.cache(measured) if self.cache else measured

    def known(self, measured: Floats) -> list[Seen]:
        """Return whom a measured picture may show, best first; nobody where the graph has none that is like it."""
        (described,) = self.descriptor.describe(measured[None])
        seen = self.like(described)
        return seen if any(each.nearest >= self.threshold for each in seen) else []

    def like(self, described: Floats) -> list[Seen]:
        """Return the entities whose pictures are most like a descriptor (D,), best first, as the graph has them now."""
        paths, owners = self.files()
        shas, vectors_of_all = self._described(paths)
        raw = vectors_of_all @ described
        fair = by_style(raw, [style_of(paths[sha]) for sha in shas])
        return ranked([owners[sha] for sha in shas], fair, raw)[:KNOWN]

    def files(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Return path and entities of each picture, by sha256, as the graph has them now."""
        paths: dict[str, str] = {}
        owners: dict[str, list[str]] = {}
        (lists,) = self.reader.rows(queries.PICTURE_LISTS)
        for entity, path, sha in zip(lists["entities"], lists["paths"], lists["shas"], strict=True):
            paths[sha] = path
            owners.setdefault(sha, []).append(entity)
        return paths, owners

    def best(self, question: str, said: str, shown: Floats | None, shas: Sequence[str]) -> list[str]:
        """Order images by what <RET> looks for after a question and its answer; without a run, leave them as they are.

        `shown` is the measured picture (M,) that the question came with.
        """
        if self.run is None or len(shas) < 2:
            return list(shas)
        query = self.run.ret_query_after(question, said, shown)
        space = self._space_of_keys(self.run)
        with spending("stores"):
            nearest = vectors.nearest_of(self.engine, space, query, shas, len(shas))
        if len(nearest) < len(shas) and self._add_keys(self.run, space, set(shas) - {sha for sha, _ in nearest}):
            nearest = vectors.nearest_of(self.engine, space, query, shas, len(shas))
        known = [sha for sha, _ in nearest]
        return [*known, *sorted(set(shas) - set(known))]

    def _space_of_keys(self, run: Run) -> str:
        """Return the space of W_img's map of images: another one once the run is gone on with."""
        weights = run.manifest.files[run.manifest.best or run.manifest.latest]
        return f"ret@{run.manifest.id}-{weights[:8]}"

    def _add_keys(self, run: Run, space: str, shas: Collection[str]) -> bool:
        """Add to pgvector where <RET> looks for images; say whether any of them could be measured."""
        from ingest.features import measured_pictures

        paths = {row["sha256"]: row["path"] for row in self.reader.rows(queries.PICTURES)}
        lacking = {sha: paths[sha] for sha in shas if sha in paths}
        measured = measured_pictures(self.engine, self.reader.graph, self.roots, lacking.items(), self.encoder)
        if measured:
            keys = run.ret_keys(np.stack(list(measured.values())))
            records = vectors.stored(self.engine, _measured(self.encoder()), list(measured))
            own = [records[sha] for sha in measured]
            vectors.store(self.engine, (self.reader.graph, "retrieved"), own, space, keys)
        return bool(measured)


def by_style(cosines: Floats, styles: Sequence[str]) -> Floats:
    """Bring a picture's cosines (N,) with pictures of all drawing styles to one scale.

    A picture is more like all pictures that are drawn in its own way, whomever they show. So the cosines with those of
    a style are standardised among themselves, and brought back to the scale of all. Styles of few pictures go together.
    """
    counts = Counter(styles)
    group = np.array([style if counts[style] >= A_STYLE else "" for style in styles])
    fair = np.array(cosines, np.float32)
    for each in np.unique(group):
        own = cosines[group == each]
        fair[group == each] = (own - own.mean()) / max(float(own.std()), 1e-6)
    return fair * cosines.std() + cosines.mean() if len(cosines) else fair


def ranked(owners: Sequence[Sequence[str]], fair: Floats, raw: Floats) -> list[Seen]:
    """Order entities by the mean of their pictures' standardised cosines; `owners`, `fair` and `raw` by picture."""
    places: dict[str, list[int]] = {}
    for place, entities in enumerate(owners):
        for entity in entities:
            places.setdefault(entity, []).append(place)
    seen = [Seen(entity, float(fair[own].mean()), float(raw[own].max())) for entity, own in places.items()]
    return sorted(seen, key=lambda each: (-each.cosine, each.entity))


def _measured(encoder: Encoder) -> str:
    from ingest.descriptor import measured_space

    return measured_space(encoder)


def calibrated(described: Floats, owners: Sequence[Sequence[str]]) -> float:
    """Place the threshold between what pictures of unknown and of known things reach, by the graph's own (N, D).

    Known: each picture is left out, and nearly all still reach so much with another of the same entity. Unknown: each
    entity is left out, and half of its pictures reach so much with those of others.
    """
    rows = np.unique(np.linspace(0, len(owners) - 1, SAMPLE).astype(int)) if len(owners) else ()
    known, unknown = [], []
    for row in rows:
        cosines = described @ described[row]
        same = np.array([not set(owners[row]).isdisjoint(other) for other in owners])
        if not same.all():
            unknown.append(cosines[~same].max())
        same[row] = False
        if same.any():
            known.append(cosines[same].max())
    low = float(np.median(unknown)) if unknown else 0.0
    high = float(np.quantile(known, 0.05)) if known else 1.0
    return low + LENIENCE * max(high - low, 0.0)
