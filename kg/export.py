"""A graph out of Neo4j: page by page, into a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, LiteralString

import neo4j

from kg import export_queries
from kg.errors import DataError
from kg.graph import read
from kg.progress import Progress, silent
from kg.whole_file import whole_file

PAGE = 1_000  # entities, with all their facts


@dataclass(frozen=True, slots=True)
class Node:
    """An entity as it stands in Neo4j, with the facts that it heads and its pictures."""

    id: str
    labels: list[str]
    properties: dict[str, Any]
    facts: list[tuple[str, dict[str, Any], str]]  # type, properties, tail
    images: list[tuple[dict[str, Any], dict[str, Any]]]  # properties of HAS_IMAGE, of the image


@dataclass(frozen=True, slots=True)
class Exported:
    """A graph that is to be exported."""

    driver: neo4j.Driver
    graph: str
    properties: dict[str, Any]
    entities: int
    images: int
    progress: Progress = silent

    @property
    def image_roots(self) -> list[Path]:
        """Return the folders of the graph's pictures; paths in the graph are relative to the first."""
        root = self.properties.get("image_root")
        return [Path(each) for each in (root or "/", *self.properties.get("image_roots", ()))]

    def nodes(self, title: str = "exporting") -> Iterator[Node]:
        """Yield the entities in the order of their ids."""
        with self.progress(title, self.entities) as advance:
            for row in self.pages(export_queries.ENTITY_PAGE):
                facts = [(kind, properties, tail) for kind, properties, tail in row["facts"]]
                images = [(edge, image) for edge, image in row["images"]]
                yield Node(row["id"], row["labels"], row["properties"], facts, images)
                advance(1)

    def pages(self, query: LiteralString, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query that begins after an id, page after page."""
        after: Any = ""
        while rows := read(self.driver, query, graph=self.graph, after=after, limit=PAGE, **parameters):
            yield from rows
            after = rows[-1]["id"]

    def rows(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a small query."""
        return read(self.driver, query, graph=self.graph, **parameters)


def exported(driver: neo4j.Driver, graph: str, progress: Progress = silent) -> Exported:
    """Return the graph as something to export. Raises DataError if there is none so called."""
    rows = read(driver, export_queries.EXPORTED, graph=graph)
    if not rows:
        raise DataError(f"There is no graph '{graph}' to export; `kwk graphs list` shows what there is.")
    return Exported(driver, graph, rows[0]["properties"], rows[0]["entities"], rows[0]["images"], progress)


def check_target(out: Path | None, force: bool) -> None:
    """Raise DataError if something is there already, or the folder is not."""
    if out is None:
        return
    if out.exists() and not force:
        raise DataError(f"{out} is there already; --force overwrites it.")
    if not out.absolute().parent.is_dir():
        raise DataError(f"There is no folder {out.absolute().parent} for {out.name}; make it first.")


@contextmanager
def text_file(out: Path | None) -> Iterator[Callable[[str], Any]]:
    """Open a text file for writing, or the standard output; an export that fails leaves an older file as it was."""
    if out is None:
        try:
            yield sys.stdout.write
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read it has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    with whole_file(out) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        stream: IO[str] = file
        yield stream.write
