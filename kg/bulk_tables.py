"""A source as the tables that Neo4j's offline importer reads: entities whole, facts, and the ledger of both.

Text is always quoted, and what is absent is not: so the importer tells an empty text from none. An entity of which a
table can't hold something to the letter stands there with its id alone, and is completed by an online load.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kg import facts
from kg.entity_rows import Row, entity_row, first_properties
from kg.progress import Progress
from kg.source_names import Names
from kg.types import Source, Triple

SEPARATOR = "\x1f"  # between the elements of a list
COLUMNS = 200  # properties in a table: each costs every row a comma
TABLES = 8  # where entities have the same property in several kinds
LONGEST = 1_000_000  # characters of an entity; the importer's buffers hold four times as many bytes

_KEY = re.compile(r"[\w.-]+", re.ASCII)  # a header parts name, kind and options by other signs
_KINDS = {str: "string", bool: "boolean", int: "long", float: "double"}


@dataclass(frozen=True, slots=True)
class Tables:
    """What was written: names of files, the number of facts, and the entities that are not whole."""

    nodes: Sequence[str]
    relationships: str
    facts: int
    unfinished: frozenset[str]  # ids
    multiline: bool  # whether some text has line breaks, which makes the importer slower


@dataclass(slots=True)
class Shape:
    """The properties of one table: key -> kind, as the importer calls it."""

    kinds: dict[str, str] = field(default_factory=dict)

    def holds(self, wanted: Mapping[str, str]) -> bool:
        """Say whether an entity of these properties fits."""
        return wanted.items() <= self.kinds.items()

    def widen(self, wanted: Mapping[str, str]) -> bool:
        """Make room for an entity of these properties; say whether there is."""
        if any(self.kinds.get(key, kind) != kind for key, kind in wanted.items()):
            return False
        if len(self.kinds.keys() | wanted.keys()) > COLUMNS:
            return False
        self.kinds |= wanted
        return True


@dataclass(slots=True)
class Text:
    """A file of rows that are encoded already; it remembers whether a text had line breaks."""

    file: IO[str]
    multiline: bool = False

    def quoted(self, text: str) -> str:
        """Return a text as a cell."""
        if "\n" in text or "\r" in text:
            self.multiline = True
        return '"' + text.replace('"', '""') + '"'

    def cell(self, value: Any) -> str:
        """Return a property as a cell."""
        if isinstance(value, list):
            return self.quoted(SEPARATOR.join(map(written, value)))
        return self.quoted(value) if isinstance(value, str) else written(value)


def written(value: Any) -> str:
    """Return a text as it is, a number or truth value as the importer reads it."""
    return value if isinstance(value, str) else str(value).lower()


def kinds_of(properties: Row) -> dict[str, str] | None:
    """Return how the importer calls the kind of each property; None where a table can't hold them to the letter.

    It has no empty list; that of `types` is left out here, and set after the import.
    """
    kinds: dict[str, str] = {}
    length = 0
    for key, value in properties.items():
        if key == "types" and value == []:
            continue
        kind = kind_of(value)
        if kind is None or key in ("id", "graph") or not _KEY.fullmatch(key):
            return None
        kinds[key] = kind
        length += len(value) if isinstance(value, str) else sum(map(len, value)) if kind == "string[]" else 0
    return kinds if length < LONGEST else None


def kind_of(value: Any) -> str | None:
    """Return how the importer calls the kind of a value; None where it has none that is the same to the letter."""
    items = value if isinstance(value, list) else [value]
    kinds = {type(each) for each in items}
    if len(kinds) != 1 or not kinds <= _KINDS.keys():
        return None
    [kind] = kinds
    if kind is float and not all(map(math.isfinite, items)):
        return None
    if not isinstance(value, list):
        return _KINDS[kind]
    if kind is str and (items == [""] or any(SEPARATOR in each for each in items)):
        return None
    return _KINDS[kind] + "[]"


def write_tables(folder: Path, graph: str, source: Source, names: Names, progress: Progress) -> Tables:
    """Write all that the importer reads into a folder."""
    unfinished: set[str] = set()
    nodes, broken = write_entities(folder, graph, source, names, unfinished)
    ledger = folder / "ledger.csv"
    relationships = folder / "facts.csv"
    with (
        relationships.open("w", newline="", encoding="utf-8") as file,
        ledger.open("w", newline="", encoding="utf-8") as batches,
        progress("writing", len(source.triples)) as advance,
    ):
        out = Text(file)
        file.write(":START_ID,:END_ID,:TYPE,triple,relation,sources:string[]\n")
        batches.write(":LABEL,graph,source,n:long,triples:long,heads:long\n")
        head = f"Batch,{out.quoted(graph)},{out.quoted(source.name)}"
        count = 0
        for n, part in enumerate(facts.parts(source.triples)):
            file.writelines(fact_rows(out, graph, source.name, names.relations, part))
            size = sum(len(said) for _, said in part)
            batches.write(f"{head},{n},{size},{len(part)}\n")
            count += size
            advance(size)
    return Tables([*nodes, ledger.name], relationships.name, count, frozenset(unfinished), broken or out.multiline)


def fact_rows(
    out: Text, graph: str, source: str, types: Mapping[str, str], part: Sequence[tuple[str, Sequence[Triple]]]
) -> Iterator[str]:
    """Yield the rows of the facts of some heads."""
    name = out.quoted(source)
    ends = {
        relation: f",{out.quoted(relation)},{name}\n" for _, said in part for relation in {f.relation for f in said}
    }
    for head, said in part:
        start = out.quoted(head)
        for each in said:
            yield (f"{start},{out.quoted(each.tail)},{types[each.relation]},{each.key(graph)}{ends[each.relation]}")


def write_entities(
    folder: Path, graph: str, source: Source, names: Names, unfinished: set[str]
) -> tuple[list[str], bool]:
    """Write a table a shape, and one of bare ids for what fits none; return the files, and if text has line breaks."""
    shapes = find_shapes(source, names)
    tables = [Table(folder / f"entities-{n}.csv", shape) for n, shape in enumerate(shapes)]
    bare = Table(folder / "ids.csv", Shape())
    with ExitStack() as stack:
        texts = {table.path: Text(stack.enter_context(table.open())) for table in [*tables, bare]}
        for entity in source.entities:
            row = entity_row(entity, names.types, source.name)
            wanted = first_properties(row, source.name)
            kinds = kinds_of(wanted)
            table = next((each for each in tables if kinds is not None and each.shape.holds(kinds)), bare)
            if table is bare:
                unfinished.add(entity.id)
                row |= {"label": None}
            out = texts[table.path]
            out.file.write(table.line(out, graph, row, wanted))
    return [table.path.name for table in [*tables, bare]], any(text.multiline for text in texts.values())


@dataclass(frozen=True, slots=True)
class Table:
    """A table of entities."""

    path: Path
    shape: Shape

    def open(self) -> IO[str]:
        """Open the file and write its header."""
        file = self.path.open("w", newline="", encoding="utf-8")
        columns = "".join(f",{key}:{kind}" for key, kind in self.shape.kinds.items())
        file.write(f"id:ID,graph,:LABEL{columns}\n")
        return file

    def line(self, out: Text, graph: str, row: Row, properties: Row) -> str:
        """Return the line of an entity."""
        label = f"Entity{SEPARATOR}{row['label']}" if row["label"] else "Entity"
        cells = [out.quoted(row["id"]), out.quoted(graph), label]
        cells += [out.cell(properties[key]) if properties.get(key) is not None else "" for key in self.shape.kinds]
        return ",".join(cells) + "\n"


def find_shapes(source: Source, names: Names) -> list[Shape]:
    """Return as few shapes as hold the entities of a source, at most `TABLES`."""
    shapes: list[Shape] = []
    for entity in source.entities:
        kinds = kinds_of(first_properties(entity_row(entity, names.types, source.name), source.name))
        if kinds is None or any(shape.holds(kinds) for shape in shapes):
            continue
        if not any(shape.widen(kinds) for shape in shapes) and len(shapes) < TABLES:
            shapes.append(Shape(dict(kinds)))
    return shapes
