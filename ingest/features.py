"""Measurements of a graph's pictures, computed once and kept in pgvector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ingest.images import Picture, open_pictures
from kg import vectors
from kg.image_roots import place
from kg.progress import Progress, silent
from kg.types import ImageFile

if TYPE_CHECKING:
    from ingest.encoders import Encoder

Floats = NDArray[np.float32]


def measured_pictures(
    engine: Engine,
    graph: str,
    roots: Sequence[Path],
    files: Iterable[tuple[str, str]],
    encoder: Callable[[], Encoder],
    progress: Progress = silent,
) -> dict[str, Floats]:
    """Return the measurements of pictures given as (sha256, path in the graph), by sha256, each (M,) float32.

    What pgvector lacks is measured, from below `roots`, and stored. A picture that no longer decodes, or whose content
    has changed, is left out.
    """
    from ingest.descriptor import measure, measured_space, measured_width

    tower = encoder()
    space, width = measured_space(tower), measured_width(tower)
    paths = dict(files)
    found = vectors.fetch(engine, space, list(paths), width)
    lacking = [place(roots, path) for sha, path in paths.items() if sha not in found]
    files_of = {root: [ImageFile("", path) for own, path in lacking if own == root] for root in roots}
    if not lacking:
        return found
    with progress("measuring", len(lacking)) as advance:
        for batch in chain.from_iterable(open_pictures(root, files) for root, files in files_of.items()):
            pictures = [each for each in batch if isinstance(each, Picture) and each.record.sha256 in paths]
            if pictures:
                measured = measure(tower, [each.pixels for each in pictures])
                records = [each.record for each in pictures]
                vectors.store(engine, (graph, "measured"), records, space, measured)
                # As they will be read back: a run must not depend on whether its pictures were measured before.
                rounded = measured.astype(np.float16).astype(np.float32)
                found |= {record.sha256: row for record, row in zip(records, rounded, strict=True)}
            advance(len(batch))
    return found
