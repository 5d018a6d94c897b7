"""Mend what `kg.reconcile` finds: both stores and the files agree afterwards."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import neo4j
from sqlalchemy import Engine

from ingest.images import DECODE_AT_LEAST, Picture, open_picture
from ingest.load_images import content_hash
from ingest.target import Tower, choose_tower
from kg import catalogue, graph, removal, upkeep_queries, vectors
from kg.image_roots import place
from kg.progress import Progress, silent
from kg.reconcile import Finding, spaces
from kg.types import ImageFile, ImageRecord


@dataclass(frozen=True, slots=True)
class Mender:
    """What is needed to mend one graph."""

    driver: neo4j.Driver
    engine: Engine
    writer: graph.Writer
    roots: Sequence[Path]
    towers: Mapping[str, Tower]  # by space


def hasher(roots: Sequence[Path]) -> Callable[[str], str | None]:
    """Return what hashes a graph's file by the path that the graph has for it."""

    def hash_file(path: str) -> str | None:
        root, inner = place(roots, path)
        return content_hash(root, inner) if root else None

    return hash_file


def mend(
    driver: neo4j.Driver, engine: Engine, name: str, findings: Iterable[Finding], progress: Progress = silent
) -> int:
    """Mend findings of one graph; return how many. Whoever writes a graph at the time stops at its next batch.

    An ingest that runs meanwhile has rows in Postgres whose nodes do not stand yet: every graph is claimed before rows
    that no graph shows are deleted, so that it can't go on to tie what is being deleted.
    """
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[finding.kind].append(finding)
    if not by_kind:
        return 0
    writer = graph.claim(driver, name)
    towers = {space: choose_tower(encoder) for space, encoder in spaces(driver, name).items()}
    mender = Mender(driver, engine, writer, catalogue.image_roots(driver, name), towers)
    with progress("mending", sum(map(len, by_kind.values()))) as advance:
        for kind, work in (
            ("double_fact", mend_doubles),
            ("file_changed", take_in_again),
            ("file_gone", untie),
            ("orphan_entity", remove_orphans),
            ("no_embedding", encode_again),
            ("no_node", remove_rows),
        ):
            if by_kind[kind]:
                work(mender, by_kind[kind])
                advance(len(by_kind[kind]))
        removal.remove_bare_images(writer, engine)  # those that were found, and those that were untied just now
        advance(len(by_kind["bare_image"]))
    removal.touch(writer)
    return sum(map(len, by_kind.values()))


def mend_doubles(mender: Mender, findings: Sequence[Finding]) -> None:
    """Leave one edge of each fact."""
    for finding in findings:
        mender.writer.run(upkeep_queries.MEND_DOUBLE, id=finding.detail, triple=finding.what)


def untie(mender: Mender, findings: Sequence[Finding]) -> None:
    """Take pictures from their entities, at the paths that were found."""
    mender.writer.run(upkeep_queries.UNTIE_FILES, rows=[[each.what, each.detail] for each in findings])


def take_in_again(mender: Mender, findings: Sequence[Finding]) -> None:
    """Tie the present content of files to the entities that had the former one, for the same sources."""
    wanted = {(each.what, each.detail) for each in findings}
    rows = graph.read(mender.driver, upkeep_queries.FILES, graph=mender.writer.graph)
    for row in rows:
        if (row["path"], row["sha256"]) in wanted:
            record = encode(mender, row["path"])
            if record:  # or it is no picture any more, and goes
                records = [replace(record, entity=entity) for entity in row["entities"]]
                for source in row["sources"]:
                    graph.write_images(mender.writer, records, source)
    untie(mender, findings)


def encode_again(mender: Mender, findings: Sequence[Finding]) -> None:
    """Encode the pictures that lack an embedding, from any of their files."""
    paths = {
        row["sha256"]: row["path"] for row in graph.read(mender.driver, upkeep_queries.FILES, graph=mender.writer.graph)
    }
    for finding in findings:
        if finding.what in paths:
            encode(mender, paths[finding.what])


def encode(mender: Mender, path: str) -> ImageRecord | None:
    """Store a file's picture and its embeddings in all spaces of the graph; None if it is no picture any more."""
    root, inner = place(mender.roots, path)
    picture = open_picture(root, ImageFile("", inner), at_least(mender)) if root else None
    if not isinstance(picture, Picture):
        return None
    for space, tower in mender.towers.items():
        features = tower.load().encode([picture.pixels])
        vectors.store(mender.engine, (mender.writer.graph, "reconcile"), [picture.record], space, features)
    return replace(picture.record, path=path)


def at_least(mender: Mender) -> int:
    """Return the pixels of a side that a picture must keep for the graph's encoders."""
    return max([DECODE_AT_LEAST, *(2 * tower.size for tower in mender.towers.values())])


def remove_orphans(mender: Mender, findings: Sequence[Finding]) -> None:
    """Remove entities that nothing says any more."""
    for finding in findings:
        mender.writer.run(upkeep_queries.REMOVE_ORPHAN, id=finding.what)


def remove_rows(mender: Mender, findings: Sequence[Finding]) -> None:
    """Delete rows of images that no graph shows, after every graph's writer was stopped."""
    for row in catalogue.graphs(mender.driver):
        if row["name"] != mender.writer.graph:
            graph.claim(mender.driver, row["name"])
    shown = {row["sha256"] for row in graph.read(mender.driver, upkeep_queries.ALL_SHAS)}
    vectors.remove(mender.engine, [each.what for each in findings if each.what not in shown])
