"""A graph as three Parquet tables in a folder: entities, triples, images."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from kg.errors import DataError
from kg.export import Exported, Node

GROUP = 20_000  # rows that are written at once
TEXTS = pa.list_(pa.string())
ENTITIES = pa.schema(
    [
        ("id", pa.string()), ("name", pa.string()), ("names", TEXTS), ("labels", pa.map_(pa.string(), pa.string())),
        ("description", pa.string()), ("types", TEXTS), ("sources", TEXTS), ("node_labels", TEXTS),
        ("properties", pa.string()), ("said", TEXTS),
    ]
)  # fmt: skip
TRIPLES = pa.schema(
    [
        ("head", pa.string()), ("relation", pa.string()), ("tail", pa.string()), ("type", pa.string()),
        ("triple", pa.string()), ("sources", TEXTS), ("properties", pa.string()),
    ]
)  # fmt: skip
IMAGES = pa.schema(
    [
        ("entity", pa.string()), ("path", pa.string()), ("sha256", pa.string()), ("format", pa.string()),
        ("width", pa.int64()), ("height", pa.int64()), ("gate", pa.string()), ("sources", TEXTS),
        ("properties", pa.string()),
    ]
)  # fmt: skip

Row = Mapping[str, Any]


class Table:
    """A Parquet file that grows by groups of rows."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[Row] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        self._rows += rows
        if len(self._rows) >= GROUP:
            self._write()

    def _write(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._rows:
            self._write()
        self._writer.close()


def export_parquet(graph: Exported, folder: Path) -> None:
    """Write `entities.parquet`, `triples.parquet` and `images.parquet`: all three or none. Raises DataError.

    Properties of no column of their own stand as JSON in `properties`.
    """
    parts: dict[str, tuple[pa.Schema, Callable[[Node], Iterable[Row]]]] = {
        "entities": (ENTITIES, entity_rows), "triples": (TRIPLES, triple_rows), "images": (IMAGES, image_rows),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=f".{folder.name}-") as scratch:
        try:
            tables = {name: Table(Path(scratch) / f"{name}.parquet", schema) for name, (schema, _) in parts.items()}
            for node in graph.nodes():
                for name, (_, rows) in parts.items():
                    tables[name].add(rows(node))
            for table in tables.values():
                table.close()
            folder.mkdir(exist_ok=True)
            for file in Path(scratch).iterdir():
                shutil.move(file, folder / file.name)
        except OSError as exc:
            raise DataError(f"{folder} can't be written: {exc.strerror or exc}.") from exc


def entity_rows(node: Node) -> list[Row]:
    """Return an entity as a row."""
    rest = dict(node.properties)
    columns = {name: rest.pop(name, None) for name in ("name", "names", "description", "types", "sources", "said")}
    keys = [key for key in rest if key.startswith("name_") and isinstance(rest[key], str)]
    labels = {key.removeprefix("name_"): rest.pop(key) for key in keys}
    rest = {key: value for key, value in rest.items() if key not in ("graph", "id")}
    return [
        {"id": node.id, **columns, "labels": labels, "node_labels": sorted(node.labels), "properties": as_json(rest)}
    ]


def triple_rows(node: Node) -> list[Row]:
    """Return the facts of an entity as rows."""
    return [
        {
            "head": node.id,
            "relation": properties.get("relation"),
            "tail": tail,
            "type": kind,
            "triple": properties.get("triple"),
            "sources": properties.get("sources"),
            "properties": as_json(without(properties, "relation", "triple", "sources")),
        }
        for kind, properties, tail in node.facts
    ]


def image_rows(node: Node) -> list[Row]:
    """Return the pictures of an entity as rows; scores, ranks, reasons and votes are among the properties."""
    return [
        {
            "entity": node.id,
            "path": edge.get("path") or image.get("path"),
            "sha256": image.get("sha256"),
            "format": image.get("format"),
            "width": image.get("width"),
            "height": image.get("height"),
            "gate": edge.get("gate"),
            "sources": edge.get("sources"),
            "properties": as_json(without(edge, "path", "gate", "sources")),
        }
        for edge, image in node.images
    ]


def without(properties: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return properties but for some."""
    return {key: value for key, value in properties.items() if key not in keys}


def as_json(value: Mapping[str, Any]) -> str:
    """Return properties as JSON; what JSON has no word for, as text."""
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
