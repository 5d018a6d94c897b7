"""The first load of a large graph: by Neo4j's offline importer, while the server that kwk runs stands still.

The importer replaces the whole database, so it may run only where there is no graph yet. The load that follows writes
names, pictures and whatever the importer's tables can't hold. A kill leaves an empty database or one that holds all
entities and facts: either way the same command completes it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import neo4j

from kg import upkeep_queries
from kg.bulk_tables import SEPARATOR, Tables, write_tables
from kg.errors import DataError, ServiceError, StoreError
from kg.graph import Writer, read
from kg.house import House, Report, alone
from kg.java import choose_java
from kg.neo4j_server import ADMIN_CLASS
from kg.processes import clean_environment
from kg.progress import Progress, silent
from kg.settings import ServiceSettings
from kg.source_names import Names, source_names
from kg.types import Source

HEAP = 2048  # MiB


@dataclass(frozen=True, slots=True)
class Imported:
    """What the importer put there: the names it used, the number of facts, and the entities that are not whole."""

    names: Names
    facts: int
    unfinished: frozenset[str]  # ids


def may_import(driver: neo4j.Driver, settings: ServiceSettings, graph: str) -> bool:
    """Say whether the importer has to run: not where all there is comes from a load of this graph that was cut short.

    Raises DataError where it may not replace what the server holds.
    """
    if settings.neo4j_uri is not None:
        raise DataError("--bulk stops and restarts Neo4j, so it is for the server that kwk runs: unset KWK_NEO4J_URI.")
    [held] = read(driver, upkeep_queries.HELD, graph=graph)
    if held["others"] or held["whole"]:
        raise DataError(
            f"--bulk replaces the whole database, and this one holds {held['nodes']:,} nodes: ingest without --bulk, "
            "or remove the graphs first (`kwk graphs list`, `kwk graphs remove NAME`)."
        )
    return not held["nodes"]


def import_source(
    settings: ServiceSettings, graph: str, source: Source, report: Report, progress: Progress = silent
) -> Imported:
    """Import a source's entities and facts into the empty database.

    The server is stopped for as long as it takes. Raises ServiceError if the importer fails: the database is then
    empty, and loading without --bulk works.
    """
    names = source_names(source, {}, {})
    with scratch(House(settings, report).neo4j.tables) as folder:
        tables = write_tables(folder, graph, source, names, progress)
        with alone(settings.home, report), stopped(House(settings, report)) as house:
            report("importing offline")
            run_importer(house, folder, tables)
    return Imported(names, tables.facts, tables.unfinished)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make an empty folder, where a load that was killed may have left its tables, and remove it at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stopped(house: House) -> Iterator[House]:
    """Keep Neo4j stopped for as long as the context lasts."""
    house.leave("neo4j")
    try:
        yield house
    finally:
        house.start("neo4j")
        house.await_answer("neo4j")


def run_importer(house: House, folder: Path, tables: Tables) -> None:
    """Replace the database by the tables of a folder. Raises ServiceError."""
    server = house.neo4j
    options = [
        "database", "import", "full", "neo4j", "--overwrite-destination", "--id-type=string",
        *(f"--nodes={file}" for file in tables.nodes), f"--relationships={tables.relationships}",
        f"--array-delimiter=U+{ord(SEPARATOR):04X}", f"--multiline-fields={str(tables.multiline).lower()}",
        "--path-pattern-style=none", f"--report-file={folder / 'report.txt'}",
    ]  # fmt: skip
    environment = clean_environment() | {
        "NEO4J_HOME": str(server.folder), "NEO4J_CONF": str(server.folder / "conf"),
    }  # fmt: skip
    command = [*server.java_command(choose_java(server.java), HEAP), ADMIN_CLASS, *options]
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


def check_import(writer: Writer, imported: Imported, entities: int) -> None:
    """Give entities without a type their empty list, which tables have no sign for, and count what is there.

    Raises StoreError unless the database holds as many entities and facts as were imported.
    """
    while writer.run(upkeep_queries.SET_NO_TYPES, limit=20_000).properties_set:
        pass
    [found] = read(writer.driver, upkeep_queries.COUNT_ALL)
    if (found["entities"], found["facts"]) != (entities, imported.facts):
        raise StoreError(
            f"The importer left {found['entities']:,} entities of {entities:,} and {found['facts']:,} facts of "
            f"{imported.facts:,} in '{writer.graph}': `kwk graphs remove {writer.graph}` and load without --bulk."
        )
