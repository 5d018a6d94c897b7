"""Write lineage into Neo4j: from a dialogue to its turns, from a turn to the entities and images it rests on and shows.

A relationship can't be an endpoint, so the RESTS_ON that leads to the far end of a triple carries the triple's key,
by which it is indexed. A dataset goes by the name of its folder: what a folder of that name held before, and holds no
longer, goes.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import neo4j

from dialogue import queries
from dialogue.folder import count_lines
from dialogue.lineage import Rows
from dialogue.serialise import from_line
from dialogue.types import SPLITS, Dialogue
from kg.errors import DataError
from kg.graph import Tx, Writer, claim, read
from kg.progress import Progress, silent

BATCH = 500  # dialogues a transaction: about 8,000 relationships
AHEAD = 3  # batches that are made while the server writes

Known = dict[str, tuple[str, str | None]]  # id -> what was published under it: sha256 and folder


@dataclass(frozen=True, slots=True)
class Line:
    """A dialogue as it stands in a file."""

    split: str
    sha256: str
    dialogue: Dialogue


@dataclass(frozen=True, slots=True)
class Batch:
    """Some dialogues of a folder: rows of those to write, and which of them stand in the graph otherwise."""

    lines: int
    rows: Rows
    stale: Sequence[str]
    moved: Sequence[str]  # dialogues that stand there word for word, from a folder of another name


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did, and what the graph holds after it."""

    graph: str
    read: int
    written: int  # the others stood in the graph already, word for word
    removed: int  # dialogues that the folder held before and holds no longer
    missing: int  # relationships to entities or images that the graph does not have (any more)
    dialogues: int
    turns: int
    rests: int  # (:Turn)-[:RESTS_ON]->(:Entity)
    shows: int  # (:Turn)-[:SHOWS]->(:Image)


def publish(driver: neo4j.Driver, graph: str, folder: Path, progress: Progress = silent) -> Published:
    """Write the lineage of a folder's dialogues; what is there already stays, so a second run writes nothing.

    Raises DataError if a dialogue is of another graph or can't be read.
    """
    total, name = count_lines(folder), folder.resolve().name
    writer = claim(driver, graph)
    known = {row[0]: (row[1], row[2]) for row in read(driver, queries.KNOWN_DIALOGUES, graph=graph)[0]["dialogues"]}
    gone = {each for each, (_, place) in known.items() if place in (name, None)}
    written = missing = 0
    with progress("dialogues", total) as advance, ThreadPoolExecutor(1) as maker:
        for batch in _ahead(maker, _batches(folder, graph, name, known, gone)):
            if batch.moved:
                writer.run(queries.MOVE_DIALOGUES, ids=batch.moved, folder=name)
            if batch.rows.dialogues:
                missing += batch.rows.links - _write(writer, name, batch)
                written += len(batch.rows.dialogues)
            advance(batch.lines)
    stale = sorted(gone)
    for start in range(0, len(stale), BATCH):
        writer.run(queries.FORGET_DIALOGUES, ids=stale[start : start + BATCH])
    found = read(driver, queries.PUBLISHED, graph=graph)[0]
    return Published(graph=graph, read=total, written=written, removed=len(gone), missing=missing, **found)


def _ahead(maker: ThreadPoolExecutor, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Make batches in a thread of their own, while the server writes the ones before."""
    waiting: deque[Future[Batch | None]] = deque(maker.submit(next, batches, None) for _ in range(AHEAD))
    try:
        while batch := waiting.popleft().result():
            waiting.append(maker.submit(next, batches, None))
            yield batch
    finally:
        for each in waiting:
            each.cancel()


def _batches(folder: Path, graph: str, name: str, known: Known, gone: set[str]) -> Iterator[Batch]:
    """Cut the files into batches; what the files hold is no longer `gone`."""
    seen = set[str]()
    lines = _lines(folder, graph)
    while part := list(islice(lines, BATCH)):
        rows, stale, moved = Rows(), list[str](), list[str]()
        for line in part:
            each = line.dialogue.id
            if each in seen:
                raise DataError(f"{folder} holds the dialogue {each!r} twice; build the dialogues again.")
            seen.add(each)
            gone.discard(each)
            sha256, place = known.get(each, (None, None))
            if sha256 == line.sha256:
                if place != name:
                    moved.append(each)
                continue
            if each in known:
                stale.append(each)
            rows.add(line.dialogue, line.split, line.sha256)
        yield Batch(len(part), rows, stale, moved)


def _lines(folder: Path, graph: str) -> Iterator[Line]:
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        if not path.exists():
            continue
        with path.open("rb") as raws:
            for n, raw in enumerate(raws, 1):
                try:
                    dialogue = from_line(raw.decode())
                except (ValueError, KeyError, TypeError, AttributeError) as exc:
                    raise DataError(f"{path}, line {n} is no dialogue: {exc!r}; build the dialogues again.") from exc
                if dialogue.graph != graph:
                    raise DataError(f"{path}, line {n} is of the graph '{dialogue.graph}', not of '{graph}'.")
                yield Line(split, hashlib.sha256(raw).hexdigest(), dialogue)


def _write(writer: Writer, name: str, batch: Batch) -> int:
    """Write the dialogues of a batch in one transaction; return how many relationships there are of them now."""
    rows = batch.rows
    first, sha256, *_ = rows.dialogues[0]
    led = {"rests": sorted(rows.rests.items()), "shows": sorted(rows.shows.items())}

    def work(tx: Tx) -> int:
        common = {"graph": writer.graph, "folder": name}
        there = tx.run(queries.KNOWN_DIALOGUE, common, id=first, sha256=sha256).single()
        if there is not None:  # the answer to this batch's commit was lost, and it is sent again
            return rows.links
        if batch.stale:
            tx.run(queries.FORGET_DIALOGUES, common, ids=batch.stale).consume()
        done = tx.run(queries.WRITE_DIALOGUES, common, dialogues=rows.dialogues, **led).consume()
        return int(done.counters.relationships_created)

    return writer.write(work)
