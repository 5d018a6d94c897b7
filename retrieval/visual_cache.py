"""ImageBind-LLM's training-free visual cache (its section 3.2.3), over pgvector.

A picture that is asked about may be of another kind than those that a run was trained on. What the run reads of it is
drawn towards those of its training images that are most like it: keys are their descriptors, in a space of their own
in pgvector, values their measurements. Only what the adapter reads changes, not what the picture is linked by.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ingest.descriptor import COLOURS, measured_space, measured_width
from ingest.features import measured_pictures
from kg import vectors
from kg.errors import DataError
from kg.progress import Progress, silent
from kg.stores import Stores
from model.gallery import style_of
from model.run import Run
from retrieval import queries
from retrieval.assemble import image_roots
from retrieval.ground import Reader

Floats = NDArray[np.float32]

# As released: k, α, and what cosines are multiplied by before their softmax.
NEIGHBOURS, BALANCE, SHARPNESS = 10, 0.5, 20.0


@dataclass(frozen=True, eq=False)
class VisualCache:
    """The training images of a run as keys and values."""

    engine: Engine
    run: Run
    space: str  # of the keys
    values: str  # the space of the values
    width: int  # of a value

    def __call__(self, measured: Floats, but: Collection[str] = ()) -> Floats:
        """Return a measured picture (M,) drawn towards the training images like it; `but` are kept out, by sha256."""
        (key,) = self.run.describe(measured[None])
        near = vectors.nearest(self.engine, self.space, key, NEIGHBOURS + len(but))
        near = [each for each in near if each[0] not in but][:NEIGHBOURS]
        rows = vectors.fetch(self.engine, self.values, [sha for sha, _ in near], self.width)
        found = [(rows[sha], cosine) for sha, cosine in near if sha in rows]
        if not found:
            return measured
        return enhanced(measured, np.array([cosine for _, cosine in found]), np.stack([row for row, _ in found]))


def enhanced(measured: Floats, cosines: NDArray[np.float64], values: Floats) -> Floats:
    """Return F^e = α·S·F_value + (1 − α)·F of a measurement (M,) (eqs 3 and 4), with values (k, M).

    As released, S is the softmax of the cosines (k,) times 20, and what is added and the sum are of length 1, as F is.
    The colours, which have no length of their own, are mixed as they are.
    """
    weights = np.exp(SHARPNESS * (cosines - cosines.max()))
    drawn = (weights / weights.sum()).astype(np.float32) @ values
    grid = BALANCE * unit(drawn[:-COLOURS]) + (1 - BALANCE) * measured[:-COLOURS]
    colours = BALANCE * drawn[-COLOURS:] + (1 - BALANCE) * measured[-COLOURS:]
    return np.concatenate([unit(grid), colours]).astype(np.float32)


def unit(vector: Floats) -> Floats:
    """Return a vector of length 1 in the same direction."""
    scaled: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return scaled


def open_cache(stores: Stores, run: Run, progress: Progress = silent) -> VisualCache:
    """Return the cache of a run's training images; those that it lacks are added.

    Raises DataError if the run's adapter is no bind network, or none of the images that it was trained on is left.
    """
    check_reads(run)
    reader = Reader(stores.driver, run.manifest.graph)
    encoder = run.tower.load()
    files = {row["sha256"]: row["path"] for row in reader.rows(queries.PICTURES)}
    trained = [(sha, path) for sha, path in files.items() if style_of(path) != run.holdout_style]
    roots = image_roots(reader)
    rows = measured_pictures(stores.engine, reader.graph, roots, trained, run.tower.load, progress) if roots else {}
    if not rows or run.descriptor is None:
        raise DataError(f"'{reader.graph}' has none of the images that {run.manifest.id} was trained on any more.")
    cache = VisualCache(
        stores.engine,
        run,
        f"cache-{run.descriptor.space}",
        measured_space(encoder),
        measured_width(encoder),
    )
    fill(cache, reader.graph, rows)
    return cache


def check_reads(run: Run | None) -> None:
    """Raise DataError if there is no run that reads pictures by a bind network."""
    if run is None:
        raise DataError("--visual-cache changes what a run reads of a picture, and there is none; train one first.")
    if run.preset.adapter != "bind":
        raise DataError(f"--visual-cache is a bind network's; {run.manifest.id} reads by '{run.preset.adapter}'.")


def fill(cache: VisualCache, graph: str, rows: dict[str, Floats]) -> None:
    """Write the keys of measured images that the cache lacks, and index them."""
    there = vectors.held(cache.engine, cache.space)
    lacking: Sequence[str] = [sha for sha in rows if sha not in there]
    if lacking:
        records = vectors.stored(cache.engine, cache.values, lacking)
        keys = cache.run.describe(np.stack([rows[sha] for sha in lacking]))
        vectors.store(cache.engine, (graph, "cached"), [records[sha] for sha in lacking], cache.space, keys)
        vectors.build_index(cache.engine, cache.space, keys.shape[1])
