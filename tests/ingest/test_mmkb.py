"""MMKB's files become entities and facts; each bad line is dropped with its place and reason."""

import json
import random
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from ingest.mmkb import number_keys, read_mmkb
from ingest.mmkb_lines import NUMBER, TRIPLE
from kg.errors import DataError
from kg.naming import relation_types
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


def test_names_are_those_that_people_say(folder: Path) -> None:
    (folder / "FB15k_mid2name.txt").write_text(f"{PERU}\tMale\n{LIMA}\tMiles_\\Tails\\_Prower\n{TOWN}\tMale\n")
    labels = {PERU: {"label": "male organism", "alternatives": ["male"]}, TOWN: {"label": "model organism"}}
    (folder / "entity2wikidata.json").write_text(json.dumps(labels))
    by_id = {each.id: each for each in read_mmkb(folder, "fb15k").entities}
    assert by_id[PERU].name == "male"
    assert by_id[LIMA].name == 'Miles "Tails" Prower'
    assert by_id[TOWN].name == "model organism"


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


DB = "http://dbpedia.org"


@pytest.fixture
def db15k(tmp_path: Path) -> Path:
    """A folder in the layout of DB15K."""
    lines = [
        f"<{DB}/resource/Lima> <{DB}/ontology/country> <{DB}/resource/Peru> .",
        f"<{DB}/resource/Peru> <{DB}/ontology/capital> <{DB}/resource/Lima> .",
        f"<{DB}/resource/Lima> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{DB}/ontology/City> .",
        f"<{DB}/resource/Haywood_County,_North_Carolina> <{DB}/ontology/country> <{DB}/resource/AT&T> .",
    ]
    (tmp_path / "DB15K_EntityTriples.txt").write_text("\n".join(lines) + "\n")
    numbers = [
        f"<{DB}/resource/Lima>\t<{DB}/ontology/areaTotal>\t2672.3",
        f'<{DB}/resource/Peru> <{DB}/ontology/foundingDate> "1821-07-28"^^<http://www.w3.org/2001/XMLSchema#date> .',
        f'<{DB}/resource/Peru> <{DB}/ontology/areaTotal> "1285216"^^<http://www.w3.org/2001/XMLSchema#integer> .',
        "<Peru>\t<hasNumberOfPeople>\t3.0E7",
        "<Peru>\t<hasNumberOfPeople>\t31000000.5",
        f"<{DB}/resource/Peru>\t<{DB}/ontology/areaTotal>\tnan",
    ]
    (tmp_path / "DB15K_NumericalTriples.txt").write_text("\n".join(numbers) + "\n")
    links = [f"/m/0peru <SameAs> <{DB}/resource/Peru> .", f"/m/0who <SameAs> <{DB}/resource/Who> ."]
    (tmp_path / "DB15K_SameAsLink.txt").write_text("\n".join(links) + "\n")
    (tmp_path / "DB15K_ImageIndex.txt").write_text(f"<{DB}/resource/Peru>\tDBIMG00001\n")
    (tmp_path / "image-graph_images" / "DBIMG00001").mkdir(parents=True)
    (tmp_path / "image-graph_images" / "DBIMG00001" / "1.jpg").write_bytes(b"x")
    return tmp_path


def test_db15k_is_read_with_its_iris_numbers_dates_links_and_types(db15k: Path) -> None:
    source = read_mmkb(db15k, "db15k")
    assert [(t.head.rpartition("/")[2], t.relation.rpartition("/")[2]) for t in source.triples] == [
        ("Haywood_County,_North_Carolina", "country"), ("Lima", "country"), ("Peru", "capital"),
    ]  # fmt: skip
    by_name = {entity.name: entity for entity in source.entities}
    assert set(by_name) == {"Lima", "Peru", "Haywood County, North Carolina", "AT&T"}
    assert by_name["Lima"].types == (f"{DB}/ontology/City",)
    assert by_name["Lima"].properties == {"areaTotal": 2672.3}
    assert by_name["Peru"].properties == {
        "areaTotal": 1285216, "foundingDate": "1821-07-28", "hasNumberOfPeople": [30_000_000.0, 31_000_000.5],
        "same_as": ["/m/0peru"], "image_index": "DBIMG00001",
    }  # fmt: skip
    assert list(source.images) == [ImageFile(f"{DB}/resource/Peru", "DBIMG00001/1.jpg")]
    assert [(each.file, each.line, each.reason) for each in source.rejects] == [
        ("DB15K_NumericalTriples.txt", 6, "malformed"), ("DB15K_SameAsLink.txt", 2, "unknown_entity"),
    ]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_published_split_is_kept_and_may_be_all_that_is_read(folder: Path, packed: bool) -> None:
    parts = {
        "train": f"{PERU}\t/location/country/capital\t{LIMA}\n{PERU}\t/x/y/z\t{TOWN}\n",
        "valid": f"{TOWN}\t/x/y/z\t{LIMA}\n",
        "test": f"{LIMA}\t/x/y/z\t{LIMA}\nno line\n{PERU}\t/x/y/z\t{TOWN}\n",
    }
    place = folder / "FB15k-237"
    place.mkdir()
    for part, text in parts.items():
        (place / f"{part}.txt").write_text(text)
    if packed:
        with tarfile.open(folder / "FB15k-237.tar.gz", "w:gz") as archive:
            for part in parts:
                archive.add(place / f"{part}.txt", f"{part}.txt")
        shutil.rmtree(place)
    whole = read_mmkb(folder)
    assert whole.splits == {"fb15k-237": {Triple(PERU, "/location/country/capital", LIMA): "train"}}
    assert len(whole.triples) == 3
    subset = read_mmkb(folder, "fb15k-237", "fb15k-237")
    assert Counter(subset.splits["fb15k-237"].values()) == {"train": 2, "valid": 1, "test": 1}
    assert [triple.head for triple in subset.triples] == sorted([PERU, PERU, TOWN, LIMA])
    assert {entity.name for entity in subset.entities} == {"Peru", "Lima (city)", "Town"}
    assert Counter(each.reason for each in subset.rejects)["duplicate"] == 1
    with pytest.raises(DataError, match="holds no split 'wn18'"):
        read_mmkb(folder, "x", "wn18")


def test_a_folder_of_three_parts_alone_is_enough(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        (tmp_path / f"{part}.txt").write_text(f"a\tlikes\t{part}\n")
    source = read_mmkb(tmp_path, "own", "own")
    assert len(source.triples) == 3
    assert all(not entity.names for entity in source.entities)  # an id is a makeshift


def test_an_archive_that_was_cut_is_named(folder: Path) -> None:
    (folder / "FB15k-237.tar.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    with pytest.raises(DataError, match="FB15k-237.tar.gz can't be read"):
        read_mmkb(folder)


PIECES = [
    "`", "\u00b4", "'", '"', "\\", "\\u0060", "\\u005c", "``", "]->()", "DETACH", "//", "/*", "*/", "$x", "{", "}", ";",
    "\u202e", "\u2066", "\u200d", "\u0000", "\n", "\u2028", "\u0085", "日本", "بجد", "%60", "-", ".", ":", "|", "👍",
    "A", "b", "é",
]  # fmt: skip


def test_ten_thousand_hostile_relations_make_just_the_types_that_their_names_say(
    tmp_path: Path, kwk: Callable[..., Result], graph_name: str, driver: neo4j.Driver
) -> None:
    draws = random.Random(6)  # noqa: S311
    relations = ["".join(draws.choices(PIECES, k=draws.randint(1, 6))) for _ in range(9_990)]
    relations += ["a" * 65_536, "/a" * 32_768, "`" * 4_000, "/" * 3_999, "/a" * 1_999, "/a/b/" + "c" * 3_990]
    lines = [f"/m/h{n % 100} {relation} /m/t{n % 7}" for n, relation in enumerate(relations)]
    (tmp_path / "X_EntityTriples.txt").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    source = read_mmkb(tmp_path, "x")
    kept = {triple.relation for triple in source.triples}
    assert kept <= set(relations)
    assert len(kept) > 3_000
    assert {"too_long", "malformed", "duplicate"} >= {reject.reason for reject in source.rejects}
    labels = tmp_path / "entity2wikidata.json"
    ids = sorted({entity.id for entity in source.entities})
    labels.write_text(json.dumps({each: {"label": draws.choice(relations)} for each in ids}))

    def types() -> set[str]:
        records, _, _ = driver.execute_query(
            "MATCH (:Entity {graph: $g})-[r]->() RETURN DISTINCT type(r)", g=graph_name
        )
        return {record[0] for record in records}

    kwk("-q", "ingest", "mmkb", "--source", str(tmp_path), "--graph", graph_name)
    assert types() == set(relation_types(kept, {}).values())
    records, _, _ = driver.execute_query(
        "MATCH (:Entity {graph: $g})-[r]->() RETURN collect(DISTINCT r.relation)", g=graph_name
    )
    assert set(records[0][0]) == kept


@given(st.text())
def test_no_number_crashes_the_reader(line: str) -> None:
    match = NUMBER.fullmatch(line)
    assert match is None or (match[3] is None) != (match[5] is None)


@pytest.mark.fb15k
def test_the_real_fb15k_reads_whole(fb15k_folder: Path) -> None:
    source = read_mmkb(fb15k_folder)
    assert len(source.triples) == 381_186
    assert len(source.entities) == 14_787
    assert len({triple.relation for triple in source.triples}) == 1_056
    assert len(source.images) == 1_030
    assert len({image.entity for image in source.images}) == 294
    assert Counter(reject.reason for reject in source.rejects) == {"unknown_entity": 209}
    assert sum(reject.file == "FB15K_NumericalTriples.txt" for reject in source.rejects) == 37
    assert Counter(source.splits["fb15k-237"].values()) == {"train": 272_115, "valid": 17_535, "test": 20_466}
    heads = [triple.head for triple in source.triples]
    assert heads == sorted(heads)


@pytest.mark.fb15k
def test_the_real_fb15k_237_reads_whole(fb15k_folder: Path) -> None:
    source = read_mmkb(fb15k_folder, "fb15k-237", "FB15k-237")
    assert len(source.triples) == 272_115 + 17_535 + 20_466
    assert len(source.entities) == 14_541
    assert len({triple.relation for triple in source.triples}) == 237
