"""MMKB's files become entities and facts; each bad line is dropped with its place and reason."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mmkb import TRIPLE, number_keys, read_mmkb
from kg.errors import DataError
from kg.types import ImageFile, Triple

LIMA, PERU, TOWN = "/m/0lima", "/m/0peru", "/m/0town"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in MMKB's layout with one of everything."""
    lines = [
        f"{PERU} /location/country/capital {LIMA} .",
        f"{PERU}\t/location/location/contains\t{LIMA}",
        f"{PERU} /location/location/contains {TOWN} .",
    ]
    (tmp_path / "FB15K_EntityTriples.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "FB15k_mid2name.txt").write_text(f"{PERU}\tPeru-GB\n{LIMA}\tLima_(city)\n{TOWN}\tTown\n")
    (tmp_path / "entity2wikidata.json").write_text(
        json.dumps({PERU: {"label": "Peru", "description": "country", "alternatives": ["Perú"], "wikidata_id": "Q419"}})
    )
    (tmp_path / "FB15K_NumericalTriples.txt").write_text(
        f"{LIMA}\t<http://rdf.freebase.com/ns/location.geocode.latitude>\t-12.05\n"
        f"{LIMA}\t<http://rdf.freebase.com/ns/topic_server.population_number>\t10000000.0\n"
    )
    (tmp_path / "DB15K_SameAsLink.txt").write_text(f"{PERU} <SameAs> <http://dbpedia.org/resource/Peru> .\n")
    images = tmp_path / "image-graph_images"
    for name in ("m.0peru/a.jpg", "m.0peru/b.jpg", "m.0nobody/a.jpg", "m.0lima/.hidden"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes(b"x")
    return tmp_path


def test_everything_that_is_there_is_read(folder: Path) -> None:
    source = read_mmkb(folder)
    assert set(source.triples) == {
        Triple(PERU, "/location/country/capital", LIMA),
        Triple(PERU, "/location/location/contains", LIMA),
        Triple(PERU, "/location/location/contains", TOWN),
    }
    by_id = {entity.id: entity for entity in source.entities}
    assert by_id[PERU].name == "Peru"  # Wikidata's label, not Peru-GB
    assert by_id[PERU].names == ("Peru", "Peru-GB", "Perú")
    assert by_id[PERU].properties == {"same_as": ["http://dbpedia.org/resource/Peru"], "wikidata": "Q419"}
    assert by_id[LIMA].name == "Lima (city)"
    assert by_id[LIMA].properties == {"latitude": -12.05, "population_number": 10_000_000}
    assert list(source.images) == [ImageFile(PERU, "m.0peru/a.jpg"), ImageFile(PERU, "m.0peru/b.jpg")]
    assert [(r.file, r.reason) for r in source.rejects] == [("image-graph_images/m.0nobody", "unknown_entity")]


def test_an_entity_that_wikidata_has_no_label_for_keeps_its_name(folder: Path) -> None:
    (folder / "entity2wikidata.json").write_text(json.dumps({TOWN: {"label": "Q2878144"}}))
    assert {entity.id: entity.name for entity in read_mmkb(folder).entities}[TOWN] == "Town"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"/m/0peru /location/country/capital", "malformed"),
        (b"/m/0peru /location/country/capital /m/0lima extra .", "malformed"),
        (b"/m/0peru /location/\xff\xfe/capital /m/0lima .", "encoding"),
        ("/m/0peru /loc\u202eation/capital /m/0lima .".encode(), "malformed"),
        (b"/m/0peru /loc\x00ation/capital /m/0lima .", "malformed"),
        (b"/m/0peru /location/country/capital /m/0nowhere .", "unknown_entity"),
        (b"/m/0peru /location/country/capital /m/0lima .", "duplicate"),
    ],
)
def test_a_bad_line_is_dropped_by_number_and_reason_and_the_rest_goes_on(
    folder: Path, line: bytes, reason: str
) -> None:  # fmt: skip
    path = folder / "FB15K_EntityTriples.txt"
    path.write_bytes(path.read_bytes() + line + b"\n" + b"/m/0lima /location/location/containedby /m/0peru .\n")
    source = read_mmkb(folder)
    assert len(source.triples) == 4
    found = [(r.file, r.line, r.reason) for r in source.rejects if r.file == "FB15K_EntityTriples.txt"]
    assert found == [("FB15K_EntityTriples.txt", 4, reason)]


def test_bad_numbers_are_dropped_with_their_place(folder: Path) -> None:
    path = folder / "FB15K_NumericalTriples.txt"
    path.write_text(path.read_text() + f"{LIMA}\t<http://x/y.z>\tmany\n/m/0who\t<http://x/y.z>\t1\nnonsense\n")
    found = [(r.line, r.reason) for r in read_mmkb(folder).rejects if r.file == path.name]
    assert found == [(3, "malformed"), (4, "unknown_entity"), (5, "malformed")]


def test_a_folder_without_triples_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 0 files"):
        read_mmkb(tmp_path)
    with pytest.raises(DataError, match="There is no folder"):
        read_mmkb(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_wikidata_file_is_named(folder: Path, text: str) -> None:
    (folder / "entity2wikidata.json").write_text(text)
    with pytest.raises(DataError, match="entity2wikidata.json"):
        read_mmkb(folder)


def test_without_names_every_entity_is_called_by_its_id(folder: Path) -> None:
    (folder / "FB15k_mid2name.txt").unlink()
    (folder / "entity2wikidata.json").unlink()
    assert {entity.name for entity in read_mmkb(folder).entities} == {PERU, LIMA, TOWN}


def test_numbers_that_share_a_last_word_get_keys_of_their_own() -> None:
    keys = number_keys({"ns/a.b.from", "ns/c.d.from", "ns/x.name", "ns/y.height"})
    assert sorted(keys.values()) == ["d_from", "from", "height", "x_name"]


@given(st.text())
def test_no_line_crashes_the_reader(line: str) -> None:
    match = TRIPLE.fullmatch(line)
    assert match is None or not any(c.isspace() for group in match.groups() for c in group)


@pytest.mark.fb15k
def test_the_real_fb15k_reads_whole(fb15k_folder: Path) -> None:
    source = read_mmkb(fb15k_folder)
    assert len(source.triples) == 381_186
    assert len(source.entities) == 14_787
    assert len({triple.relation for triple in source.triples}) == 1_056
    assert len(source.images) == 1_030
    assert len({image.entity for image in source.images}) == 294
    assert Counter(reject.reason for reject in source.rejects) == {"unknown_entity": 37}
