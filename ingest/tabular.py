"""Read node and edge tables, plain or with the headers of neo4j-admin, of any size: what is read lies on disk, sorted.

A node table has `id` or `:ID`; `name`, `name_<language>`, `aliases` (parted by |), `type` or `:LABEL` (parted by ;),
`description` and `image` (parted by |; paths relative to the table) where they are there; other columns are properties.
An edge table has `head`, `source` or `:START_ID`; `relation`, `predicate`, `type` or `:TYPE`; and `tail`, `target` or
`:END_ID`.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ingest.csv_rows import HOSTILE, Column, Table, open_table
from kg.errors import DataError
from kg.spool import Reading, Sorter, Spool
from kg.types import Entity, ImageFile, PropertyValue, Reject, Source, Triple

ID = (":id", "id")
HEAD, RELATION, TAIL = (
    (":start_id", "head", "source"),
    (":type", "relation", "predicate", "type"),
    (":end_id", "tail", "target"),
)
SPECIAL = {
    "name": ("name", "label"),
    "aliases": ("aliases", "alias"),
    "types": (":label", "type", "types"),
    "description": ("description",),
    "image": ("image", "images"),
}
LANGUAGE = re.compile(r"name_([a-z]{2,3}(?:_[a-z0-9]{2,8})*)", re.IGNORECASE)
RESERVED = {
    "graph", "id", "name", "names", "description", "types", "sources", "same_as", "said", "image_addresses",
}  # fmt: skip
WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,18})", re.ASCII)  # 007 and +49 are texts
DECIMAL = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
LEADING_ZERO = re.compile(r"-?0\d")
KINDS = ("int", "float", "text")
DECLARED = {"int": 0, "integer": 0, "long": 0, "short": 0, "byte": 0, "float": 1, "double": 1}


@dataclass(slots=True)
class Tables:
    """What is gathered while tables are read."""

    scratch: Path | None
    root: Path
    nodes: Spool = field(init=False)
    images: Spool = field(init=False)
    ids: set[str] = field(default_factory=set)
    kinds: dict[str, int] = field(default_factory=dict)  # property -> its place in KINDS, over all its values
    rejects: list[Reject] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the files that what is read goes to."""
        self.nodes, self.images = Spool(self.scratch), Spool(self.scratch)

    def reject(self, table: Table, line: int, reason: str, detail: str) -> None:
        """Note what is dropped."""
        self.rejects.append(Reject(table.path.name, line, reason, detail[:300]))


def read_tables(
    nodes: Sequence[Path],
    edges: Sequence[Path],
    name: str,
    delimiter: str | None = None,
    scratch: Path | None = None,
) -> Source:
    """Read tables as one source called `name`. Raises DataError if a header can't be used.

    With node tables, an edge to an id that none of them lists is rejected; without, its entities are made.
    """
    if not nodes and not edges:
        raise DataError("No table was named; `--nodes` and `--edges` name CSV files.")
    opened = [open_table(path, delimiter) for path in nodes]
    edge_tables = [open_table(path, delimiter) for path in edges]
    root = Path(os.path.commonpath([path.resolve().parent for path in nodes or edges]))
    tables = Tables(scratch, root)
    for table in opened:
        read_nodes(tables, table)
    triples, ends = read_edges(tables, edge_tables, bool(nodes))
    if nodes:
        entities = Reading(len(tables.nodes), lambda: (entity(tables, line) for line in tables.nodes))
    else:
        entities = Reading(len(ends), lambda: (makeshift(json.loads(line)) for line in ends))
    return Source(
        name=name,
        entities=entities,
        triples=Reading(len(triples), lambda: (Triple(*json.loads(line)) for line in triples)),
        images=Reading(len(tables.images), lambda: (ImageFile(*json.loads(line)) for line in tables.images)),
        image_root=root if len(tables.images) else None,
        rejects=tables.rejects,
    )


def read_nodes(tables: Tables, table: Table) -> None:
    """Read a node table. Raises DataError if it has no column of ids."""
    place = table.find(*ID)
    if place is None:
        raise DataError(f"{table.path} has no column `id` or `:ID`; it has {headers(table)}.")
    group = table.columns[place].group
    special = {role: table.find(*roles) for role, roles in SPECIAL.items()}
    languages = {
        n: match[1].lower() for n, column in enumerate(table.columns) if (match := LANGUAGE.fullmatch(column.key))
    }
    taken = {place, *special.values(), *languages}
    properties = {
        n: key_of(column.key)
        for n, column in enumerate(table.columns)
        if n not in taken and column.key and column.role != ":ignore"
    }
    for line, cells in table.rows(tables.rejects):
        each = qualified(group, cells[place])
        if not each or HOSTILE.search(each):
            tables.reject(table, line, "malformed", f"has no id that can be used: {cells[place]!r}")
            continue
        if each in tables.ids:
            tables.reject(table, line, "duplicate", f"lists {each} again")
            continue
        tables.ids.add(each)
        found = {role: cells[n] for role, n in special.items() if n is not None and cells[n]}
        labels = {language: cells[n] for n, language in languages.items() if cells[n]}
        images, addresses = image_paths(tables, table, found.pop("image", ""))
        values: dict[str, Any] = {"image_addresses": addresses} if addresses else {}
        for n, key in properties.items():
            if cells[n] and (value := parted(tables, table, line, table.columns[n], key, cells[n])):
                values[key] = value
        tables.nodes.append(packed([each, found, labels, values]))
        for path in images:
            tables.images.append(packed([each, path]))


def parted(tables: Tables, table: Table, line: int, column: Column, key: str, cell: str) -> str | list[str] | None:
    """Return the text of a property, or its parts, and widen its column's kind to it; None for one that is rejected."""
    parts = [part.strip() for part in cell.split(";") if part.strip()] if column.many else [cell]
    declared = DECLARED.get(column.kind)
    kind = max((kind_of(part) for part in parts), default=0)
    if declared is not None and kind == KINDS.index("text"):
        tables.reject(table, line, "malformed", f"has {cell!r} where {column.key} is {column.kind}; the rest is kept")
        return None
    least = declared if declared is not None else 2 if column.kind else 0
    tables.kinds[key] = max(tables.kinds.get(key, 0), kind, least)
    return parts if column.many else cell


def read_edges(tables: Tables, edges: Sequence[Table], listed: bool) -> tuple[Spool, Spool]:
    """Return the facts in the order of their heads, and, where no nodes were listed, the ids at their ends."""
    facts, ends = Sorter(tables.scratch), Sorter(tables.scratch)
    for number, table in enumerate(edges):
        places = [table.find(*roles) for roles in (HEAD, RELATION, TAIL)]
        if None in places:
            raise DataError(
                f"{table.path} has no columns `head`, `relation`, `tail` (or `source`, `type`, `target`; or "
                f"`:START_ID`, `:TYPE`, `:END_ID`); it has {headers(table)}."
            )
        head, relation, tail = (place for place in places if place is not None)
        if more := [c.key for n, c in enumerate(table.columns) if n not in places and c.key and c.role != ":ignore"]:
            tables.reject(table, 1, "ignored_column", f"holds what a fact has no room for: {', '.join(more)}")
        for line, cells in table.rows(tables.rejects):
            triple = (
                qualified(table.columns[head].group, cells[head]),
                cells[relation],
                qualified(table.columns[tail].group, cells[tail]),
            )
            if not all(triple) or any(HOSTILE.search(part) for part in triple):
                tables.reject(table, line, "malformed", f"is no head, relation and tail that can be used: {triple}")
            elif listed and (unknown := [each for each in (triple[0], triple[2]) if each not in tables.ids]):
                tables.reject(
                    table, line, "unknown_entity", f"names {' and '.join(unknown)}, which no node table lists"
                )
            else:
                facts.append(packed([*triple, f"{number:06}:{line:012}"]))
                if not listed:
                    ends.append(packed(triple[0]))
                    ends.append(packed(triple[2]))
    return distinct_facts(tables, edges, facts), spooled(tables, ends.sorted())


def distinct_facts(tables: Tables, edges: Sequence[Table], facts: Sorter) -> Spool:
    """Keep each fact once, and reject what later lines say again."""
    before: list[str] = []
    kept = Spool(tables.scratch)
    for line in facts.sorted():
        *triple, place = json.loads(line)
        if triple == before:
            number, _, row = place.partition(":")
            tables.reject(edges[int(number)], int(row), "duplicate", f"says again what an earlier line said: {triple}")
        else:
            kept.append(packed(triple))
        before = triple
    kept.flush()
    return kept


def spooled(tables: Tables, lines: Iterator[bytes]) -> Spool:
    """Write lines to disk."""
    spool = Spool(tables.scratch)
    for line in lines:
        spool.append(line)
    spool.flush()
    return spool


def entity(tables: Tables, line: bytes) -> Entity:
    """Make an entity of a row, its properties of the kind that all values of their column have."""
    each, found, labels, values = json.loads(line)
    name = found.get("name") or labels.get("en") or next(iter(labels.values()), "")
    aliases = [part.strip() for part in found.get("aliases", "").split("|") if part.strip()]
    types = dict.fromkeys(part.strip() for part in found.get("types", "").split(";") if part.strip())
    called = dict.fromkeys([name, *labels.values(), *aliases]) if name else dict.fromkeys(aliases)
    return Entity(
        id=each,
        name=name or readable(each),
        names=tuple(called),
        labels={language.replace("_", "-"): text for language, text in labels.items()},
        description=found.get("description", ""),
        types=tuple(types),
        properties={key: typed(value, tables.kinds.get(key, 2)) for key, value in values.items()},
    )


def makeshift(each: str) -> Entity:
    """Make an entity of which only the id is known."""
    return Entity(id=each, name=readable(each))


def readable(each: str) -> str:
    """Return the end of an IRI, else the id."""
    return (unquote(re.split(r"[/#]", each.rstrip("/#"))[-1], errors="replace") or each) if "://" in each else each


def typed(value: str | list[str], kind: int) -> PropertyValue:
    """Return a property as number or text."""
    parts = value if isinstance(value, list) else [value]
    if KINDS[kind] == "int":
        whole = [int(part) for part in parts]
        return whole if isinstance(value, list) else whole[0]
    if KINDS[kind] == "float":
        decimal = [float(part) for part in parts]
        return decimal if isinstance(value, list) else decimal[0]
    return value


def kind_of(text: str) -> int:
    """Return the narrowest kind that a value is of: 0 a whole number of 64 bits, 1 a finite number, 2 a text."""
    if WHOLE.fullmatch(text) and abs(int(text)) < 2**63:
        return 0
    finite = DECIMAL.fullmatch(text) and not LEADING_ZERO.match(text) and abs(float(text)) < float("inf")
    return 1 if finite and not WHOLE.fullmatch(text) else 2


def image_paths(tables: Tables, table: Table, cell: str) -> tuple[list[str], list[str]]:
    """Return the pictures of a cell: paths relative to the root, and addresses on the web."""
    parts = [part.strip() for part in cell.split("|") if part.strip()]
    addresses = [part for part in parts if part.startswith(("http://", "https://"))]
    below = os.path.relpath(table.path.resolve().parent, tables.root)
    return [os.path.normpath(Path(below) / part) for part in parts if part not in addresses], addresses


def key_of(name: str) -> str:
    """Return the key of a property; those of our own model get an underscore."""
    name = HOSTILE.sub("_", name)
    return f"{name}_" if name in RESERVED or name.startswith("name_") else name


def qualified(group: str, each: str) -> str:
    """Return an id with its group, since neo4j-admin's ids are unique within their group only."""
    return f"{group}:{each}" if group and each else each


def packed(value: object) -> bytes:
    """Return a value as a line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def headers(table: Table) -> str:
    """Return the names of a table's columns."""
    return ", ".join(column.key or f":{column.kind}" for column in table.columns)[:200]
