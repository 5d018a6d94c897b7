"""`kwk graphs` tells what there is, picks the graph that is meant, and removes one after asking."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Kwk = Callable[..., Result]

TURTLE = """@prefix : <urn:{name}:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:a rdfs:label "A" ; :nextTo :b . :b rdfs:label "B" ; :nextTo :a ; :ownedBy :a .
"""


@pytest.fixture
def two_graphs(tmp_path: Path, kwk: Kwk, graph_name: str) -> tuple[str, str]:
    """Two small graphs of which the second was ingested last."""
    names = (f"{graph_name}-old", graph_name)
    for name in names:
        (tmp_path / f"{name}.ttl").write_text(TURTLE.format(name=name))
        kwk("ingest", "rdf", str(tmp_path / f"{name}.ttl"), "--graph", name)
    return names


def test_graphs_are_listed_found_and_removed(two_graphs: tuple[str, str], kwk: Kwk) -> None:
    old, new = two_graphs
    listed = {row["name"]: row for row in json.loads(kwk("graphs", "list", "--json").stdout)}
    assert (listed[new]["triples"], listed[new]["entities"], listed[new]["relations"]) == (3, 2, 2)
    assert new in kwk("graphs", "list").stdout

    last = kwk("graphs", "relations", "--json")
    assert [(row["type"], row["triples"]) for row in json.loads(last.stdout)] == [("NEXT_TO", 2), ("OWNED_BY", 1)]
    assert f"Taking the graph '{new}'" in last.stderr
    assert "NEXT_TO" in kwk("graphs", "relations", "--graph", old).stdout

    kwk("graphs", "remove", old, code=1, input="n\n")
    assert old in kwk("graphs", "list").stdout
    assert "2 nodes" not in kwk("graphs", "remove", old, input="y\n").stdout
    assert old not in kwk("graphs", "list").stdout
    assert "There is no graph" in kwk("graphs", "remove", old, "--yes", code=1).output


def test_a_map_adds_pictures_and_tells_which_lines_it_dropped(
    two_graphs: tuple[str, str], tmp_path: Path, kwk: Kwk
) -> None:
    from PIL import Image

    old, new = two_graphs
    Image.new("RGB", (20, 20), "green").save(tmp_path / "green.png")
    lines = [f"urn:{new}:a\tgreen.png", "# a comment", "urn:none\tgreen.png", "no tab", f"urn:{new}:b\tmissing.png"]
    (tmp_path / "map.tsv").write_text("\n".join(lines) + "\n\xff", "latin-1")
    summary = json.loads(
        kwk("-q", "ingest", "images", "--map", str(tmp_path / "map.tsv"), "--graph", new, "--json").stdout
    )
    assert (summary["images"], summary["new_images"]) == (1, 1)
    assert summary["rejects"] == {"unknown_entity": 1, "malformed": 1, "encoding": 1, "unreadable": 1}
    assert "can't be read" in kwk("ingest", "images", "--map", "/nowhere.tsv", "--graph", new, code=1).output
    kwk("graphs", "remove", old, "--yes")


def test_hostile_names_of_relations_never_leave_their_place(tmp_path: Path, kwk: Kwk, graph_name: str) -> None:
    hostile = ["`]->() DETACH DELETE n //", "' OR 1=1", 'quote"', "back\\u0060tick", "null\\u0000", "بجد", "a{b}", "$x"]
    lines = [
        f"<urn:h:{n}> <urn:h:{''.join(f'%{byte:02X}' for byte in text.encode())}> <urn:h:x> ."
        for n, text in enumerate(hostile)
    ]
    (tmp_path / "hostile.nt").write_text("\n".join(lines) + "\n")
    kwk("ingest", "rdf", str(tmp_path / "hostile.nt"), "--graph", graph_name)
    rows = json.loads(kwk("-q", "graphs", "relations", "--graph", graph_name, "--json").stdout)
    assert len(rows) == len({row["type"] for row in rows}) == len(hostile)
    assert all(row["type"].isidentifier() for row in rows)
