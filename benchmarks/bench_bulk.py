"""The first load of a large graph: Neo4j's offline importer (`--bulk`) against the online load.

`KWK_BENCH_TRIPLES` sets the size (default 5,000,000). Each side starts from servers of its own with nothing in them.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.load import load
from ingest.target import Target, choose_tower
from kg import bulk, graph, schema, vectors
from kg.cli import default_home
from kg.services import ensure, stop
from kg.settings import ServiceSettings
from kg.types import Entity, Source, Triple

DEGREE = 25
RELATIONS = 200


@dataclass(frozen=True, slots=True)
class Entities:
    """Made entities, as many as `count`."""

    count: int

    def __len__(self) -> int:
        """Return how many there are."""
        return self.count

    def __iter__(self) -> Iterator[Entity]:
        """Make them."""
        for n in range(self.count):
            yield Entity(f"/m/{n:08x}", f"Entity {n}", (f"Entity {n}", f"No. {n}"), types=(f"/made/kind{n % 9}",))


@dataclass(frozen=True, slots=True)
class Triples:
    """Made triples: every entity is the head of as many, and some entities are hubs."""

    entities: int
    degree: int = DEGREE

    def __len__(self) -> int:
        """Return how many there are."""
        return self.entities * self.degree

    def __iter__(self) -> Iterator[Triple]:
        """Make them in the order of their heads."""
        relations = [f"/made/kind{n % 9}/relation{n}" for n in range(RELATIONS)]
        for head in range(self.entities):
            for k in range(self.degree):
                tail = (head * 7919 + k * 104_729) % self.entities
                tail = tail * tail // self.entities  # many to few: the low numbers are hubs
                yield Triple(f"/m/{head:08x}", relations[(head + k) % RELATIONS], f"/m/{tail:08x}")


def main() -> None:
    """Load the same source both ways, one after the other."""
    count = int(os.environ.get("KWK_BENCH_TRIPLES", "5000000"))
    entities = count // DEGREE
    source = Source("made", Entities(entities), Triples(entities))
    seconds = {side: timed(source, side == "bulk") for side in ("online", "bulk")}
    print(
        f"{len(source.triples):,} triples of {entities:,} entities: online {seconds['online']:.0f} s, "
        f"--bulk {seconds['bulk']:.0f} s, {seconds['bulk'] / seconds['online']:.2f} of the time"
    )


def timed(source: Source, offline: bool) -> float:
    """Return the seconds of one load into servers that were just started."""
    jars = Path(os.environ.get("KWK_HOME") or default_home()) / "neo4j" / "lib"
    home = Path(tempfile.mkdtemp(prefix="kwk-bench-"))
    home.chmod(0o755)
    if jars.is_dir():
        shutil.copytree(jars, home / "neo4j" / "lib", copy_function=os.link)
    settings = ServiceSettings(home)
    try:
        open_and_close(settings)
        start = time.perf_counter()
        imported = None
        if offline:
            imported = bulk.import_source(settings, "made", source, print)
        addresses = ensure(settings, print)
        with graph.connect(addresses.neo4j) as driver:
            engine = vectors.connect(addresses.postgres)
            schema.migrate_neo4j(driver)
            load(Target(driver, engine, "made", home), source, choose_tower(), imported)
            taken = time.perf_counter() - start
            engine.dispose()
        return taken
    finally:
        stop(settings)
        shutil.rmtree(home, ignore_errors=True)


def open_and_close(settings: ServiceSettings) -> None:
    """Start the servers and bring their schema up to date, as any command before would have."""
    addresses = ensure(settings, print)
    with graph.connect(addresses.neo4j) as driver:
        schema.migrate_neo4j(driver)
    engine = vectors.connect(addresses.postgres)
    schema.migrate_postgres(engine)
    engine.dispose()


if __name__ == "__main__":
    main()
