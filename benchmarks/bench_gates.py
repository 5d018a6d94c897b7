"""Gates on planted sets: what comes through of duplicates, broken files and other entities' pictures.

Memory and time: 100,000 images of 14,951 entities from the stores through the gates and back.
"""

import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import neo4j
import numpy as np
from sqlalchemy import Engine

from benchmarks.planted import Planted, flags, plant
from benchmarks.stores import stores
from ingest.judge import judge
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, choose_tower
from kg import graph, removal, vectors
from kg.progress import bar
from kg.types import Entity, ImageFile, ImageRecord, Source

ENTITIES = int(os.environ.get("KWK_PLANTED_ENTITIES", "60"))
STANDING = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
RETURN e.id AS entity, coalesce(h.path, i.path) AS path, i.sha256 AS sha256, h.gate AS gate, h.reason AS reason,
       h.typicality_rank AS rank
"""


def main() -> None:
    """Measure on the stores of KWK_HOME, in graphs of their own."""
    with stores() as (driver, engine, home):
        bench_large(driver, engine)  # before an encoder is in memory
        for seed, one_source in ((0, False), (1, True)):
            with tempfile.TemporaryDirectory() as scratch:
                planted = plant(flags(folder() / "images"), Path(scratch), ENTITIES, seed, one_source)
                print(told(driver, engine, home, Path(scratch), planted, one_source))


def told(
    driver: neo4j.Driver, engine: Engine, home: Path, root: Path, planted: list[Planted], one_source: bool
) -> str:  # fmt: skip
    """Ingest a planted set with the offline encoder, pass it through the gates and say what came through."""
    removal.remove_graph(driver, engine, "bench-planted")
    tower = choose_tower("lite")
    load(Target(driver, engine, "bench-planted", home, bar), source_of(planted, root), tower)
    summary = judge(driver, engine, "bench-planted", tower, again=True)
    found = outcome(planted, {row["path"]: row for row in graph.read(driver, STANDING, graph="bench-planted")})
    removal.remove_graph(driver, engine, "bench-planted")
    whose = "one other entity" if one_source else "five other entities"
    return (
        f"{ENTITIES} entities, intruders of {whose}: {found['intruders']} among {found['kept']} images in the top 5 "
        f"({found['intruders'] / found['kept']:.2%}), {found['duplicates']} of {found['copies']} duplicates left, "
        f"{found['corrupt']} of {found['broken']} broken files left; gates {summary.seconds:.1f} s"
    )


def source_of(planted: list[Planted], root: Path) -> Source:
    """Return a planted set as a source."""
    return Source(
        "planted",
        entities=[Entity(name, name, (name,)) for name in sorted({each.entity for each in planted})],
        images=[ImageFile(each.entity, each.path) for each in planted],
        image_root=root,
    )


def outcome(planted: list[Planted], standing: Mapping[str, Mapping[str, str]]) -> Counter[str]:
    """Count what came through. `standing` is what the graph says of each path that it holds.

    A file and its duplicates are one picture: of them at most one may be anything but a duplicate.
    """
    found: Counter[str] = Counter()
    pictures: dict[str, list[str]] = {}
    for each in planted:
        found[{"duplicate": "copies", "corrupt": "broken"}.get(each.kind, "files")] += 1
        row = standing.get(each.path)
        found["corrupt"] += each.kind == "corrupt" and row is not None
        found["kept"] += row is not None and row["gate"] == "kept"
        found["intruders"] += each.kind == "intruder" and row is not None and row["gate"] == "kept"
        if row is not None and row["reason"] != "duplicate":
            pictures.setdefault(each.of or each.path, []).append(each.path)
    found["duplicates"] = sum(len(paths) - 1 for paths in pictures.values())
    return found


def bench_large(driver: neo4j.Driver, engine: Engine, entities: int = 14_951, images: int = 100_000) -> None:
    """Judge 100,000 images of 14,951 entities, one of them with 5,000, and print time and memory."""
    name, space, width = "bench-gates", "bench-gates", 512
    removal.remove_graph(driver, engine, name)
    writer = graph.claim(driver, name)
    rng = np.random.default_rng(0)
    ids = [f"/m/{number:05}" for number in range(entities)]
    for start in range(0, entities, 5_000):
        writer.run("UNWIND $ids AS id MERGE (:Entity {graph: $graph, id: id})", ids=ids[start : start + 5_000])
    owners = np.concatenate([np.zeros(5_000, int), np.arange(images - 5_000) % entities])
    shas: list[str] = []
    for start in range(0, images, 5_000):
        records = [
            ImageRecord(ids[owner], f"{n}.jpg", rng.bytes(32).hex(), int(rng.integers(2**63)), 9, 9, "JPEG", 9)
            for n, owner in enumerate(owners[start : start + 5_000], start)
        ]
        features = rng.normal(size=(len(records), width)).astype(np.float32)
        vectors.store(engine, (name, "bench"), records, space, features)
        graph.write_images(writer, records, "bench")
        shas += [record.sha256 for record in records]
    before = resident()
    start_time = time.perf_counter()
    summary = judge(driver, engine, name, Numbers(space, width), bar)
    took = time.perf_counter() - start_time
    again = judge(driver, engine, name, Numbers(space, width))
    print(
        f"{summary.images:,} images of {summary.judged:,} entities judged in {took:.1f} s ({images / took:,.0f}/s), "
        f"again with nothing new in {again.seconds:.2f} s; {before:.0f} MB resident before, at most {resident():.0f} MB"
    )
    removal.remove_graph(driver, engine, name)


class Numbers:
    """A space without an encoder."""

    encode_text = None

    def __init__(self, space: str, width: int) -> None:
        self.space, self.width = space, width


def resident() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
