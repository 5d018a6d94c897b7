"""Tables for the offline importer hold every entity to the letter, or say that they do not."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.bulk_tables import SEPARATOR, TABLES, find_shapes, write_tables
from kg.entity_rows import entity_row, first_properties
from kg.progress import silent
from kg.source_names import source_names
from kg.types import Entity, PropertyValue, Source, Triple

CELL = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)(,|\n)')
READ = {"string": str, "long": int, "double": float, "boolean": lambda text: text == "true"}

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z", "Cc")), max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False)
values: st.SearchStrategy[Any] = st.one_of(
    texts, numbers, floats, st.lists(texts, max_size=3), st.lists(numbers, max_size=3), st.lists(floats, max_size=3)
)
entities = st.builds(
    Entity,
    id=texts,
    name=texts,
    names=st.lists(texts, max_size=3).map(tuple),
    labels=st.dictionaries(st.sampled_from(["en", "zh-Hans"]), texts, max_size=2),
    description=texts,
    types=st.lists(st.sampled_from(["/a/b", "urn:T"]), max_size=2, unique=True).map(tuple),
    properties=st.dictionaries(st.sampled_from(["p", "a-b.c", "née", "http://x/y#z", "k:long"]), values, max_size=3),
    said=st.lists(texts, max_size=2).map(tuple),
)


def cells(path: Path) -> list[list[str]]:
    """Read a table as the importer does: quotes part text from what is absent."""
    rows: list[list[str]] = [[]]
    for cell, end in CELL.findall(path.read_bytes().decode()):
        rows[-1].append(cell)
        if end == "\n":
            rows.append([])
    return rows[:-1]


def value(cell: str, kind: str) -> PropertyValue | None:
    """Return what the importer makes of a cell; None for nothing."""
    text = cell[1:-1].replace('""', '"') if cell.startswith('"') else cell
    if kind.endswith("[]"):
        return [READ[kind[:-2]](each) for each in text.split(SEPARATOR)] if text else None  # type: ignore[return-value]
    made: PropertyValue | None = READ[kind](text) if cell else None
    return made


@settings(max_examples=60, deadline=None)
@given(st.lists(entities, max_size=12, unique_by=lambda each: each.id))
def test_an_entity_reads_back_as_an_online_load_would_make_it_or_is_told_to_be_unfinished(found: list[Entity]) -> None:
    source = Source('a,"b', found)
    names = source_names(source, {}, {})
    wanted = {each.id: first_properties(entity_row(each, names.types, source.name), source.name) for each in found}
    with TemporaryDirectory() as folder:
        tables = write_tables(Path(folder), "g", source, names, silent)
        held: dict[str, dict[str, Any]] = {}
        for table in tables.nodes[:-1]:  # the last is the ledger
            header, *rows = cells(Path(folder) / table)
            kinds = [each.rpartition(":") for each in header]
            for row in rows:
                assert len(row) == len(header)
                made = {key: value(cell, kind) for (key, _, kind), cell in zip(kinds[3:], row[3:], strict=True)}
                held[str(value(row[0], "string"))] = {key: each for key, each in made.items() if each is not None}
    assert held.keys() == wanted.keys()
    for each, properties in held.items():
        expected = {k: v for k, v in wanted[each].items() if (k, v) != ("types", [])}
        assert properties == ({} if each in tables.unfinished else expected)


def test_common_entities_are_not_left_to_the_online_load() -> None:
    made = [Entity(f"e{n}", "E", ("E",), properties={"p": [1, "x", 1.5, [1, 2], ["x"]][n % 5]}) for n in range(50)]
    source = Source("s", made)
    shapes = find_shapes(source, source_names(source, {}, {}))
    assert len(shapes) == 5 <= TABLES


def test_facts_stand_once_each_and_batches_are_counted_as_by_an_online_load() -> None:
    triples = [Triple(head, "/a/b/c", 't,\n"') for head in ("a", "a", "b")]
    source = Source("s", [Entity(each, each) for each in ("a", "b", 't,\n"')], triples)
    with TemporaryDirectory() as folder:
        tables = write_tables(Path(folder), "g", source, source_names(source, {}, {}), silent)
        facts = cells(Path(folder) / tables.relationships)[1:]
        ledger = cells(Path(folder) / tables.nodes[-1])[1:]
    assert [[value(cell, "string") for cell in row[:4]] for row in facts] == [
        [each.head, each.tail, "C", each.key("g")] for each in (triples[0], triples[2])
    ]
    assert ledger == [["Batch", '"g"', '"s"', "0", "2", "2"]]
    assert tables.facts == 2
    assert tables.multiline
