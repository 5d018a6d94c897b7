"""A graph that was imported offline is the one that an online load makes, and an importer that dies costs nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.mmkb import read_mmkb
from kg import bulk, cli
from kg.bulk_tables import Tables
from kg.errors import ServiceError
from kg.house import House, alone
from kg.processes import ticks
from kg.services import ensure
from kg.settings import ServiceSettings
from tests.faults.rough import open_stores, state

LINES = [f"/m/{n} /a/b/r{n % 7} /m/{(n * 31 + k) % 400} ." for n in range(400) for k in range(10)]
KWK = "from kg.cli import main; main()"
ODD = """
@prefix : <http://odd.example/> . @prefix schema: <http://schema.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:a a :Thing ; rdfs:label "Ay, \\"quoted\\""@en, "à"@fr, "阿"@zh-Hans ; :knows :b, :c ; :age 7 ; :when 1.5, 2 ;
   schema:description "two\\nlines,\\r\\n and \\\\ a backslash " .
:b :knows :a ; :age "seven" ; :inf "INF"^^xsd:double ; :empty "" ; schema:description " " .
:c rdfs:label "C" ; :age 7, 8 ; :when -0.0 ; :unit "a\\u001Fb", "" ; schema:image <https://odd.example/c.png> .
:d rdfs:label "; | , ' \\t" ; <http://odd.example/x#n:a(m)> "key" ; <http://odd.example/y#ä-b.c> 1 ; :age 2.5 .
:e a :Thing, :Other ; <http://www.w3.org/2002/07/owl#sameAs> :f ; :unit "alone" .
"""


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


def without_batches(lines: list[str]) -> list[str]:
    """Leave out the ledger of batches: a load that was cut short has another."""
    return [line for line in lines if '["Batch"]' not in line]


def test_what_is_said_of_entities_comes_through_the_importer_to_the_letter(own: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.ttl").write_text(ODD, encoding="utf-8")
    load = ("ingest", "rdf", str(tmp_path / "odd.ttl"), "--graph", "odd", "--json")
    assert '"new_triples": 3,' in kwk(own, *load, "--bulk").stdout
    imported = state(own, "odd").lines
    again = kwk(own, *load).stdout
    assert '"changed_entities": 0' in again
    assert '"new_triples": 0' in again
    kwk(own, "graphs", "remove", "odd", "--yes")
    kwk(own, *load)
    assert state(own, "odd").lines == imported
    kwk(own, "graphs", "remove", "odd", "--yes")


def test_a_bulk_load_that_was_killed_is_completed_by_the_same_command_to_the_graph_of_an_online_load(
    own: Path, folder: Path
) -> None:
    load = ("ingest", "mmkb", "--source", str(folder), "--graph", "made", "--json")
    open_stores(own).close()
    settings = ServiceSettings(own)
    importing = House(settings, print).neo4j.importing
    with subprocess.Popen([sys.executable, "-c", KWK, "-q", "--home", str(own), *load, "--bulk"]) as command:  # noqa: S603
        assert any(importing.exists() for _ in ticks(120))
        command.kill()
    assert importing.exists()  # the importer may still run
    assert '"new_triples": 4001' in kwk(own, *load, "--bulk").stdout
    assert not importing.exists()
    imported = state(own, "made").lines
    assert '"new_triples": 0' in kwk(own, *load).stdout  # compared with the graph, nothing lacks
    refused = kwk(own, *load, "--bulk", code=1)
    assert "--bulk replaces the whole database, and this one holds" in refused.output
    kwk(own, "graphs", "remove", "made", "--yes")
    kwk(own, *load)
    assert state(own, "made").lines == imported
    kwk(own, "graphs", "remove", "made", "--yes")


def test_a_bulk_load_that_was_killed_after_the_importer_is_completed_and_replaces_no_other_graph(
    own: Path, folder: Path
) -> None:
    bulk.import_source(ServiceSettings(own), "half", read_mmkb(folder, "half"), print)
    load = ("ingest", "mmkb", "--source", str(folder), "--json", "--bulk", "--graph")
    assert "--bulk replaces the whole database" in kwk(own, *load, "other", code=1).output
    assert '"new_triples": 0' in kwk(own, *load, "half").stdout
    half = state(own, "half").lines
    kwk(own, "graphs", "remove", "half", "--yes")
    kwk(own, *load[:-2], "--graph", "half")
    assert without_batches(state(own, "half").lines) == without_batches(half)
    kwk(own, "graphs", "remove", "half", "--yes")


def test_an_importer_that_dies_leaves_an_empty_server_that_starts(own: Path, tmp_path: Path) -> None:
    open_stores(own).close()
    settings = ServiceSettings(own)
    (tmp_path / "nodes.csv").write_text("id:ID,graph,:LABEL\na,g,Entity\n")
    (tmp_path / "facts.csv").write_text("nonsense\n")
    with (
        alone(own, print),
        pytest.raises(ServiceError, match="importer ended with"),
        bulk.stopped(House(settings, print)) as house,
    ):
        house.neo4j.importing.touch()  # as a kill leaves it
        bulk.run_importer(house, tmp_path, Tables(["nodes.csv"], "facts.csv", 0, frozenset(), multiline=False))
    ensure(settings, print)
    with open_stores(own) as driver:
        assert driver.execute_query("MATCH (n) WHERE NOT n:Migration RETURN count(n)").records[0][0] == 0
