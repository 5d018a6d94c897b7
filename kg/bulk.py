"""The first load of a large graph: facts through Neo4j's offline importer, while the server that kwk runs stands still.

The importer replaces the whole database, so it may run only where there is no graph yet. Entities get no more than
their ids here; the load that follows completes them, and everything else, as always.
"""

import csv
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import neo4j

from kg import facts, upkeep_queries
from kg.errors import DataError, ServiceError, StoreError
from kg.graph import read
from kg.house import House, Report, alone
from kg.java import choose_java
from kg.processes import clean_environment
from kg.progress import Progress, silent
from kg.settings import ServiceSettings
from kg.types import Source

TOOL = "org.neo4j.cli.AdminTool"
HEAP = 2048  # MiB


def refuse_unless_empty(driver: neo4j.Driver, settings: ServiceSettings) -> None:
    """Raise DataError unless the offline importer may replace what this server holds: nothing."""
    if settings.neo4j_uri is not None:
        raise DataError("--bulk stops and restarts Neo4j, so it is for the server that kwk runs: unset KWK_NEO4J_URI.")
    held = read(driver, upkeep_queries.HELD)[0]["nodes"]
    if held:
        raise DataError(
            f"--bulk replaces the whole database, and this one holds {held:,} nodes: ingest without --bulk, or remove "
            "the graphs first (`kwk graphs list`, `kwk graphs remove NAME`)."
        )


def import_facts(
    settings: ServiceSettings,
    graph: str,
    source: Source,
    types: Mapping[str, str],
    report: Report,
    progress: Progress = silent,
) -> int:
    """Import a source's facts and the ids of its entities into the empty database; return how many facts it had.

    The server is stopped for as long as it takes. Raises ServiceError if the importer fails: the database is then
    empty, and loading without --bulk works.
    """
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="bulk-") as folder:
        count = write_tables(Path(folder), graph, source, types, progress)
        with alone(settings.home, report), stopped(House(settings, report)) as house:
            report("importing offline")
            run_importer(house, Path(folder))
    return count


def write_tables(folder: Path, graph: str, source: Source, types: Mapping[str, str], progress: Progress) -> int:
    """Write nodes.csv and relationships.csv; return the number of facts."""
    with (folder / "nodes.csv").open("w", newline="", encoding="utf-8") as file:
        nodes = csv.writer(file)
        nodes.writerow(("id:ID", "graph", ":LABEL"))
        nodes.writerows((entity.id, graph, "Entity") for entity in source.entities)
    count = 0
    with (
        (folder / "relationships.csv").open("w", newline="", encoding="utf-8") as file,
        progress("writing", len(source.triples)) as advance,
    ):
        edges = csv.writer(file)
        edges.writerow((":START_ID", ":END_ID", ":TYPE", "triple", "relation", "sources:string[]"))
        for head, said in facts.by_head(source.triples):
            edges.writerows(
                (head, each.tail, types[each.relation], each.key(graph), each.relation, source.name) for each in said
            )
            count += len(said)
            advance(len(said))
    return count


@contextmanager
def stopped(house: House) -> Iterator[House]:
    """Keep Neo4j stopped for as long as the context lasts."""
    house.leave("neo4j")
    try:
        yield house
    finally:
        house.start("neo4j")
        house.await_answer("neo4j")


def run_importer(house: House, folder: Path) -> None:
    """Replace the database by the tables of a folder. Raises ServiceError."""
    server = house.neo4j
    options = [
        "database", "import", "full", "neo4j", "--overwrite-destination", "--id-type=string",
        f"--nodes={folder / 'nodes.csv'}", f"--relationships={folder / 'relationships.csv'}",
        "--array-delimiter=U+001F",  # no source can be called so
        "--multiline-fields=true", f"--report-file={folder / 'report.txt'}",
    ]  # fmt: skip
    environment = clean_environment() | {
        "NEO4J_HOME": str(server.folder), "NEO4J_CONF": str(server.folder / "conf"),
    }  # fmt: skip
    command = [*server.java_command(choose_java(server.java), HEAP), TOOL, *options]
    log = house.settings.home / "logs" / "import.log"
    server.importing.touch()
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=out, env=environment, cwd=folder, check=False)  # noqa: S603
    if done.returncode:
        raise ServiceError(
            f"Neo4j's importer ended with {done.returncode}; {log} says why. The database is empty: "
            "load without --bulk."
        )
    server.importing.unlink()


def check_count(driver: neo4j.Driver, graph: str, expected: int) -> None:
    """Raise StoreError unless the graph holds as many facts as were imported."""
    found = read(driver, upkeep_queries.FACTS, graph=graph)[0]["facts"]
    if found != expected:
        raise StoreError(
            f"The importer left {found:,} facts of {expected:,} in '{graph}': `kwk graphs remove {graph}` and load "
            "without --bulk."
        )
