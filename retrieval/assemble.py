"""Put together what answers questions about a graph: stores, encoders, and a trained run where there is one."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.progress import Progress, silent
from kg.stores import Stores
from retrieval import queries
from retrieval.answer import Answerer
from retrieval.conversation import Host
from retrieval.ground import Reader
from retrieval.journal import Journal
from retrieval.link import FREEBASE, Weights
from retrieval.names import NameIndex
from retrieval.opening import Once
from retrieval.relations import Encode, read_relations
from retrieval.run import Believes
from retrieval.search import Pictures
from retrieval.timings import spending
from retrieval.understand import Understanding

if TYPE_CHECKING:
    from ingest.descriptor import Descriptor
    from ingest.encoders import Encoder
    from model.run import Run

log = logging.getLogger(__name__)

REMEMBERED = 100_000  # sentences whose vectors are kept while the process lives
A_QUESTION = 300  # characters; longer ones are hardly asked twice, and 100,000 of them would be gigabytes
OPENING = "The graph's pictures are still being measured: ask about a picture again in a moment."


def open_answerer(
    stores: Stores,
    graph: str,
    home: Path,
    run: Run | None = None,
    progress: Progress = silent,
    visual_cache: bool = False,
) -> Answerer:
    """Return what answers questions about a graph; without a run, relations are told by their wordings alone.

    With `visual_cache` the run reads pictures through it. Raises DataError where no run can.
    """
    from ingest.sentences import minilm

    if visual_cache:
        from retrieval.visual_cache import check_reads

        check_reads(run)
    reader = Reader(stores.driver, graph)
    state = reader.state()
    sentences = minilm()
    relations = read_relations(
        stores.driver, graph, with_progress(sentences.encode, progress), sentences.space, home / "cache"
    )
    understanding = Understanding(
        reader,
        NameIndex(reader.entities()),
        relations,
        remembering(sentences.encode),
        Believes(run, relations) if run else None,
        FREEBASE if relations.freebase else Weights(),
    )
    roots = image_roots(reader)
    return Answerer(
        reader,
        understanding,
        Once(lambda: open_pictures(stores, reader, roots, home, run, progress, visual_cache), OPENING),
        next(iter(roots), None),
        state,
    )


def open_host(
    stores: Stores,
    graph: str,
    home: Path,
    run_name: str | None,
    progress: Progress = silent,
    visual_cache: bool = False,
) -> Host:
    """Return what answers conversations about a graph, with a trained run where there is one, and writes them down."""
    from retrieval.run import choose_run

    run = choose_run(home, graph, run_name)

    def opened() -> Answerer:
        return open_answerer(stores, graph, home, run, progress, visual_cache)

    return Host(opened(), Journal(stores.engine, graph), run.manifest.id if run else None, opened)


def image_roots(reader: Reader) -> list[Path]:
    """Return the folders that the graph's images lie below: the one that relative paths begin at first."""
    rows = reader.rows(queries.GRAPH)
    return [Path(root) for row in rows if row["image_root"] for root in (row["image_root"], *row["other_roots"])]


def open_pictures(
    stores: Stores,
    reader: Reader,
    roots: Sequence[Path],
    home: Path,
    run: Run | None,
    progress: Progress,
    visual_cache: bool = False,
) -> Pictures | None:
    """Return the graph's pictures, None if there are fewer than two that can be compared."""
    from ingest.encoders import effnet_lite0
    from retrieval.visual_cache import open_cache

    rows = reader.rows(queries.PICTURES)
    if not roots or len({row["sha256"] for row in rows}) < 2:
        return None
    if run and run.descriptor:
        cached = open_cache(stores, run, progress) if visual_cache else None
        return Pictures(stores.engine, reader, roots, run.tower.load, run.descriptor, progress, run, cached)
    encoder = cache(effnet_lite0)
    descriptor = fitted(stores, reader, roots, rows, encoder, home, progress)
    return Pictures(stores.engine, reader, roots, encoder, descriptor, progress) if descriptor else None


def fitted(
    stores: Stores,
    reader: Reader,
    roots: Sequence[Path],
    rows: Sequence[dict[str, str]],
    encoder: Callable[[], Encoder],
    home: Path,
    progress: Progress,
) -> Descriptor | None:
    """Return a descriptor fitted on the graph's own pictures; it is kept for as long as they stay the same.

    None where fewer than two of the files can still be read.
    """
    from ingest.descriptor import CELLS, fit, load_descriptor
    from ingest.features import measured_pictures

    digest = hashlib.sha256("".join(f"{row['entity']} {row['sha256']}\n" for row in rows).encode()).hexdigest()[:16]
    file = home / "cache" / f"descriptor-{digest}.safetensors"
    if file.exists():
        return load_descriptor(file)
    files = [(row["sha256"], row["path"]) for row in rows]
    measured = measured_pictures(stores.engine, reader.graph, roots, files, encoder, progress)
    if len(measured) < 2:
        return None
    usable = [row for row in rows if row["sha256"] in measured]
    made = fit(
        np.stack([measured[row["sha256"]] for row in usable]),
        [row["entity"] for row in usable],
        CELLS * encoder().tower.channels,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    made.save(partial)
    partial.replace(file)
    return made


def remembering(encode: Encode) -> Encode:
    """Return `encode` with a memory: a question is compared several times, an evaluation repeats many.

    Several threads may use it: what one forgets another still holds.
    """
    kept: dict[str, NDArray[np.float32]] = {}

    def encoded(texts: Sequence[str]) -> NDArray[np.float32]:
        found = {text: kept.get(text) for text in texts}
        new = [text for text, vector in found.items() if vector is None]
        if new:
            with spending("sentences"):
                made = dict(zip(new, encode(new), strict=True))
            if len(kept) > REMEMBERED:
                kept.clear()
            kept.update((text, vector) for text, vector in made.items() if len(text) <= A_QUESTION)
            found |= made
        return np.stack([vector for text in texts if (vector := found[text]) is not None])

    return encoded


def with_progress(encode: Encode, progress: Progress, chunk: int = 512) -> Encode:
    """Return `encode` with a bar: the wordings of a large graph take a while, once."""

    def encoded(texts: Sequence[str]) -> NDArray[np.float32]:
        parts = []
        with progress("wordings", len(texts)) as advance:
            for start in range(0, len(texts), chunk):
                part = texts[start : start + chunk]
                parts.append(encode(part))
                advance(len(part))
        return np.concatenate(parts)

    return encoded
