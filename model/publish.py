"""A run in the graph: (:Run)-[:MET_NEGATIVE {turn, tier}]->(:Image), the negatives that each turn met last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import neo4j

from kg.graph import Tx, claim
from kg.progress import Progress, silent
from kg.removal import repeat
from model import queries
from model.checkpoint import Manifest
from model.met import Negative, negatives_met

BATCH = 10_000  # relationships a transaction


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication wrote."""

    run: str
    graph: str
    turns: int
    negatives: int  # (:Run)-[:MET_NEGATIVE]->(:Image)
    missing: int  # of images that the graph has no longer


def publish(driver: neo4j.Driver, folder: Path, manifest: Manifest, progress: Progress = silent) -> Published:
    """Write a run and the negatives that its turns met; what was written of it before goes first. Raises DataError."""
    found = sorted(negatives_met(folder, manifest), key=lambda each: each.sha256)
    writer = claim(driver, manifest.graph)
    repeat(writer, queries.FORGET_NEGATIVES, BATCH, id=manifest.id)
    properties = {"negatives": manifest.settings["negatives"], "step": manifest.step, "preset": manifest.shape["name"]}
    writer.run(queries.WRITE_RUN, id=manifest.id, properties=properties)
    written = 0
    with progress("negatives", len(found)) as advance:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            written += writer.write(partial(_write, about={"graph": writer.graph, "id": manifest.id}, batch=batch))
            advance(len(batch))
    turns = len({each.turn for each in found})
    return Published(manifest.id, writer.graph, turns, written, len(found) - written)


def _write(tx: Tx, about: dict[str, str], batch: Sequence[Negative]) -> int:
    by_image: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in batch:
        by_image[each.sha256].append((each.turn, each.tier))
    return int(tx.run(queries.WRITE_NEGATIVES, about, rows=list(by_image.items())).single(strict=True)["written"])
