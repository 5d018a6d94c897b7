"""What was ingested is given back: RDF as it was read, other graphs so that reading them again gives the same graph."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import pytest
from click.testing import Result
from PIL import Image
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from kg.rdf_files import exact_literals
from tests.kg.test_rdf import HARD, TURTLE, flat

Kwk = Callable[..., Result]
FORMATS = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "trig": "trig"}


def parsed(path: Path) -> Graph:
    """Return what rdflib alone reads of a file."""
    kind = FORMATS[path.suffix[1:]]
    graph = Dataset(default_union=True) if kind == "trig" else Graph()
    with exact_literals():
        graph.parse(path, format=kind, publicID=path.as_uri())
    return flat(graph)


def held(driver: neo4j.Driver, name: str) -> tuple[Any, ...]:
    """Return all that Neo4j holds of a graph, but for its name and when it came."""
    hidden = {"graph", "triple"}

    def rows(query: str) -> list[Any]:
        records, _, _ = driver.execute_query(query, g=name)  # type: ignore[arg-type]
        return [record.values() for record in records]

    def plain(properties: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in properties.items() if key not in hidden}

    nodes = rows("MATCH (e:Entity {graph: $g}) RETURN labels(e), properties(e) ORDER BY e.id")
    facts = rows(
        "MATCH (a:Entity {graph: $g})-[r]->(b:Entity) RETURN a.id AS a, type(r) AS kind, properties(r), b.id AS b "
        "ORDER BY a, kind, b, r.relation"
    )
    images = rows(
        "MATCH (a:Entity {graph: $g})-[r:HAS_IMAGE]->(i) RETURN a.id, r.path, i.sha256, i.path ORDER BY a.id, i.sha256"
    )
    vocabulary = rows("MATCH (v:Vocabulary {graph: $g}) RETURN v.id, v.said ORDER BY v.id")
    relations = rows("MATCH (r:Relation {graph: $g}) RETURN r.path, r.type ORDER BY r.path")
    return (
        [(sorted(labels), plain(properties)) for labels, properties in nodes],
        [(a, kind, plain(properties), b) for a, kind, properties, b in facts],
        images,
        vocabulary,
        relations,
    )


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A graph with everything in it, pictures too."""
    folder = tmp_path / "zoo"
    (folder / "pictures").mkdir(parents=True)
    Image.new("RGB", (30, 20), "red").save(folder / "pictures" / "leo 1.png")
    Image.new("RGB", (30, 20), "blue").save(folder / "mia.png")
    (folder / "zoo.ttl").write_text(TURTLE + HARD.replace("\\u0001", ""), "utf-8")
    return folder / "zoo.ttl"


def ingest(kwk: Kwk, path: Path, name: str, root: Path | None = None) -> dict[str, Any]:
    """Ingest RDF under one source name, whatever the file is called."""
    more = ["--image-root", str(root)] if root else []
    out = kwk("-q", "ingest", "rdf", str(path), "--graph", name, "--name", "source", "--json", *more).stdout
    return dict(json.loads(out))


@pytest.mark.filterwarnings("ignore:.*XMLSchema:UserWarning")
@pytest.mark.parametrize("suffix", FORMATS)
def test_rdf_out_and_in_again_is_the_identity(
    tmp_path: Path, zoo: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver, suffix: str
) -> None:
    ingest(kwk, zoo, graph_name)
    before = held(driver, graph_name)
    out = tmp_path / "elsewhere" / f"out.{suffix}"
    out.parent.mkdir()
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(out))
    assert isomorphic(parsed(out), parsed(zoo))
    assert len(before[2]) == 2

    again = ingest(kwk, out, graph_name, zoo.parent)  # nothing of it is new
    assert (again["new_triples"], again["new_images"], again["changed_entities"]) == (0, 0, 0)
    assert held(driver, graph_name) == before
    kwk("graphs", "remove", graph_name, "--yes")
    assert ingest(kwk, out, graph_name, zoo.parent)["rejects"] == {"unreadable": 1}  # b.png was never there
    assert held(driver, graph_name) == before
