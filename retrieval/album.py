"""A graph's images as an evaluation compares them: nothing of a query image or its near-duplicates gives it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.types import Shown
from ingest.descriptor import CELLS, COLOURS, Descriptor, measured_space
from ingest.encoders import Encoder
from ingest.features import measured_pictures
from kg import vectors
from kg.errors import DataError
from kg.progress import Progress
from kg.stores import Stores
from model.gallery import near_duplicates, style_of
from retrieval import queries
from retrieval.ground import Reader
from retrieval.search import KNOWN, Seen, by_style, calibrated, ranked
from retrieval.trials import Trial

if TYPE_CHECKING:
    from retrieval.visual_cache import VisualCache

Floats = NDArray[np.float32]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Album:
    """All images of a graph, by their place in `shas`."""

    shas: tuple[str, ...]
    paths: tuple[str, ...]
    owners: tuple[tuple[str, ...], ...]  # the entities that each shows
    measured: Floats  # (N, M)
    plain: Floats  # (N, C) of length 1: the tower's own embeddings, or its grid's mean where the graph has none of it
    hashes: NDArray[np.uint64]  # (N,) dHashes

    @cached_property
    def styles(self) -> tuple[str, ...]:
        """Return the drawing style of each image."""
        return tuple(style_of(path) for path in self.paths)


def read_album(
    stores: Stores, reader: Reader, roots: Sequence[Path], encoder: Encoder, progress: Progress
) -> Album | None:
    """Read the images that can be measured; None if there are fewer than two."""
    rows = reader.rows(queries.PICTURES)
    paths = {row["sha256"]: row["path"] for row in rows}
    if not roots or len(paths) < 2:
        return None
    measured = measured_pictures(stores.engine, reader.graph, roots, paths.items(), lambda: encoder, progress)
    records = vectors.stored(stores.engine, measured_space(encoder), list(measured))
    plain = vectors.fetch(stores.engine, encoder.space, list(measured), encoder.width)
    if not plain:
        plain = {sha: row[:-COLOURS].reshape(CELLS, -1).mean(axis=0) for sha, row in measured.items()}
    shas = sorted(plain.keys() & measured.keys())
    if len(shas) < 2:
        return None
    owners: dict[str, list[str]] = {}
    for row in rows:
        owners.setdefault(row["sha256"], []).append(row["entity"])
    matrix = np.stack([plain[sha] for sha in shas])
    return Album(
        shas=tuple(shas),
        paths=tuple(paths[sha] for sha in shas),
        owners=tuple(tuple(owners[sha]) for sha in shas),
        measured=np.stack([measured[sha] for sha in shas]),
        plain=matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9),
        hashes=np.array([records[sha].dhash for sha in shas], np.uint64),
    )


@dataclass(frozen=True, eq=False)
class View:
    """An album as one run sees it: the images it was trained on, or those of the style that no fit has seen.

    A query's image is one of `own`. Of the images of a true answer, only those of `own` are in the gallery; the other
    entities' images all are.
    """

    album: Album
    vectors: Floats  # (N, D) descriptors, of length 1
    own: Booleans  # (N,)
    alike: Sequence[NDArray[np.int32]]  # each image's near-duplicates, itself among them
    number: Mapping[str, int]  # sha256 -> place
    by_entity: Mapping[str, Sequence[int]]  # entity -> its images
    threshold: float  # cosine below which a picture is called unknown
    cache: VisualCache | None = None  # what the run reads of a picture is drawn towards these

    def fitting(self, trial: Trial) -> Trial | None:
        """Return a trial with an image of this view; None where its subject has none."""
        if trial.image is None:
            return trial
        place = self.number.get(trial.image.sha256, -1)
        if place >= 0 and self.own[place]:
            return trial
        for place in self.by_entity.get(trial.subject, ()):
            if self.own[place]:
                shown = Shown(self.album.paths[place], self.album.shas[place], trial.subject)
                return replace(trial, turn=replace(trial.turn, images=(shown,)))
        return None

    def place(self, trial: Trial) -> int:
        """Return the place of a trial's image, -1 if it shows none."""
        return self.number[trial.image.sha256] if trial.image else -1

    def read(self, place: int) -> Floats:
        """Return what the run reads of an image, (M,); neither it nor its near-duplicates are in the cache."""
        measured: Floats = self.album.measured[place]
        return self.cache(measured, {self.album.shas[alike] for alike in self.alike[place]}) if self.cache else measured

    def gallery(self, trial: Trial) -> Booleans:
        """Return which images may be an answer: neither the query nor its near-duplicates, of true answers `own`."""
        there = np.ones(len(self.own), np.bool_)
        for answer in trial.answers:
            own = np.array(self.by_entity.get(answer, ()), np.int64)
            there[own] = self.own[own]
        if trial.image:
            there[self.alike[self.place(trial)]] = False
        return there

    def answerable(self, trial: Trial) -> bool:
        """Say whether any image can be right: a territory may have the flag of its state, which is the query itself."""
        if trial.format in ("T2T", "I2T"):
            return True
        there = self.gallery(trial)
        return any(there[place] for answer in trial.answers for place in self.by_entity.get(answer, ()))

    def seen(self, trial: Trial) -> list[Seen] | None:
        """Return whom a trial's image shows, by all images but it and its near-duplicates; None if it has none."""
        if trial.image is None:
            return None
        place = self.place(trial)
        there = np.ones(len(self.own), np.bool_)
        there[self.alike[place]] = False
        raw = self.vectors[there] @ self.vectors[place]
        others = np.flatnonzero(there)
        fair = by_style(raw, [self.album.styles[other] for other in others])
        seen = ranked([self.album.owners[other] for other in others], fair, raw)[:KNOWN]
        return seen if any(each.nearest >= self.threshold for each in seen) else []


def view(
    album: Album, descriptor: Descriptor, holdout: str | None, unseen: bool, cache: VisualCache | None = None
) -> View:
    """Return the seen images of a run, or those of its held-out style. Raises DataError if there are none."""
    described = descriptor.describe(album.measured)
    held_out = np.array([style == holdout for style in album.styles], np.bool_)
    own = held_out if unseen else ~held_out
    if not own.any():
        raise DataError(f"The graph has no image of the style '{holdout}' any more; ingest the images again.")
    by_entity: dict[str, list[int]] = {}
    for place, owners in enumerate(album.owners):
        for entity in owners:
            by_entity.setdefault(entity, []).append(place)
    fitted = np.flatnonzero(~held_out)
    return View(
        album,
        described,
        own,
        near_duplicates(described, album.hashes),
        {sha: place for place, sha in enumerate(album.shas)},
        by_entity,
        calibrated(described[fitted], [album.owners[place] for place in fitted]),
        cache,
    )
