"""A graph that was imported offline is the one that an online load makes, and an importer that dies costs nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg import bulk, cli
from kg.errors import ServiceError
from kg.house import House, alone
from kg.services import ensure
from kg.settings import ServiceSettings
from tests.faults.rough import open_stores, state

LINES = [f"/m/{n} /a/b/r{n % 7} /m/{(n * 31 + k) % 400} ." for n in range(400) for k in range(10)]


@pytest.fixture(scope="module")
def own(new_home: Callable[[], Path]) -> Path:
    """A home whose Neo4j is replaced."""
    return new_home()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """4,000 facts in MMKB's layout; one entity's id has what CSV must quote."""
    hostile = '/m/"q,\\x01' + "'"
    (tmp_path / "X_EntityTriples.txt").write_text("\n".join([*LINES, f"{hostile} /a/b/r1 /m/7 ."]) + "\n")
    return tmp_path


def kwk(home: Path, *arguments: str, code: int = 0) -> Result:
    """Call a command as its user does."""
    result = CliRunner().invoke(cli.kwk, ["-q", "--home", str(home), *arguments])
    assert result.exit_code == code, result.output
    return result


def test_a_graph_loaded_in_bulk_is_the_one_that_a_load_makes(own: Path, folder: Path) -> None:
    load = ("ingest", "mmkb", "--source", str(folder), "--graph", "made", "--json")
    assert '"new_triples": 4001' in kwk(own, *load, "--bulk").stdout
    imported = [line for line in state(own, "made").lines if '["Batch"]' not in line]
    assert '"new_triples": 0' in kwk(own, *load).stdout  # compared with the graph, nothing lacks
    refused = kwk(own, *load, "--bulk", code=1)
    assert "--bulk replaces the whole database, and this one holds" in refused.output
    kwk(own, "graphs", "remove", "made", "--yes")
    kwk(own, *load)
    assert [line for line in state(own, "made").lines if '["Batch"]' not in line] == imported
    kwk(own, "graphs", "remove", "made", "--yes")


def test_an_importer_that_dies_leaves_an_empty_server_that_starts(own: Path, tmp_path: Path) -> None:
    open_stores(own).close()
    settings = ServiceSettings(own)
    (tmp_path / "nodes.csv").write_text("id:ID,graph,:LABEL\na,g,Entity\n")
    (tmp_path / "relationships.csv").write_text("nonsense\n")
    with (
        alone(own, print),
        pytest.raises(ServiceError, match="importer ended with"),
        bulk.stopped(House(settings, print)) as house,
    ):
        house.neo4j.importing.touch()  # as a kill leaves it
        bulk.run_importer(house, tmp_path)
    ensure(settings, print)
    with open_stores(own) as driver:
        assert driver.execute_query("MATCH (n) WHERE NOT n:Migration RETURN count(n)").records[0][0] == 0
