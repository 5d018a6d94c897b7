"""Write lineage into Neo4j: from a dialogue to its turns, from a turn to the entities and images it rests on and shows.

A relationship can't be an endpoint, so a turn holds the keys of its triples; the entities at their ends lead to it.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import neo4j

from dialogue import queries
from dialogue.folder import count_lines
from dialogue.serialise import from_line
from dialogue.types import SPLITS, Dialogue, Turn
from kg.errors import DataError
from kg.graph import Tx, Writer, claim, read
from kg.progress import Progress, silent
from kg.types import Triple

BATCH = 500  # dialogues a transaction


@dataclass(frozen=True, slots=True)
class Line:
    """A dialogue as it stands in a file."""

    split: str
    sha256: str
    dialogue: Dialogue


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did, and what the graph holds after it."""

    graph: str
    read: int
    written: int  # the others stood in the graph already, word for word
    dialogues: int
    turns: int
    rests: int  # (:Turn)-[:RESTS_ON]->(:Entity)
    shows: int  # (:Turn)-[:SHOWS]->(:Image)


def publish(driver: neo4j.Driver, graph: str, folder: Path, progress: Progress = silent) -> Published:
    """Write the lineage of a folder's dialogues; what is there already stays, so a second run writes nothing.

    Raises DataError if a dialogue is of another graph or can't be read.
    """
    writer = claim(driver, graph)
    written, total = 0, count_lines(folder)
    with progress("dialogues", total) as advance:
        lines = _lines(folder, graph)
        while batch := list(islice(lines, BATCH)):
            written += _write(writer, batch)
            advance(len(batch))
    return Published(graph=graph, read=total, written=written, **read(driver, queries.PUBLISHED, graph=graph)[0])


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


def _write(writer: Writer, batch: Sequence[Line]) -> int:
    """Write those dialogues of a batch that the graph lacks or has otherwise; return how many."""
    ids = [line.dialogue.id for line in batch]

    def work(tx: Tx) -> int:
        common = {"graph": writer.graph}
        known = {row["id"]: row["sha256"] for row in tx.run(queries.KNOWN_DIALOGUES, common, ids=ids)}
        fresh = [line for line in batch if known.get(line.dialogue.id) != line.sha256]
        stale = [line.dialogue.id for line in fresh if line.dialogue.id in known]
        if stale:
            tx.run(queries.FORGET_TURNS, common, ids=stale).consume()
        if fresh:
            tx.run(queries.WRITE_DIALOGUES, common, rows=[_dialogue(line, writer.graph) for line in fresh]).consume()
            turns = [(f"{line.dialogue.id}#{i}", turn) for line in fresh for i, turn in enumerate(line.dialogue.turns)]
            tx.run(
                queries.WRITE_RESTS, common, rows=[row for each, turn in turns for row in _rests(each, turn)]
            ).consume()
            tx.run(
                queries.WRITE_SHOWS, common, rows=[row for each, turn in turns for row in _shows(each, turn)]
            ).consume()
        return len(fresh)

    return writer.write(work)


def _dialogue(line: Line, graph: str) -> dict[str, Any]:
    dialogue = line.dialogue
    properties = {"strategy": dialogue.strategy, "lang": dialogue.lang, "split": line.split, "sha256": line.sha256}
    turns = [{"i": i, "properties": _turn(turn, graph)} for i, turn in enumerate(dialogue.turns)]
    return {"id": dialogue.id, "properties": properties | {"parallel": dialogue.parallel}, "turns": turns}


def _turn(turn: Turn, graph: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"from": turn.speaker, "value": turn.value}
    if turn.fact is not None:
        properties |= {
            "kind": turn.fact.kind,
            "format": turn.fact.format,
            "direction": turn.fact.direction,
            "triples": [Triple(*triple).key(graph) for triple in turn.fact.triples],
            "relations": [relation for _, relation, _ in turn.fact.triples],
            "slots": json.dumps([[slot.start, slot.end, slot.entity] for slot in turn.fact.slots]),
        }
    return properties


def _rests(name: str, turn: Turn) -> Iterator[dict[str, Any]]:
    """Yield what a turn rests on: the subject of its question, and each answer that it names."""
    if turn.fact is None:
        return
    asks_tail = turn.fact.direction == "tail"
    for i, (head, _, tail) in enumerate(turn.fact.triples):
        subject, answer = (head, tail) if asks_tail else (tail, head)
        if i == 0:
            yield {"turn": name, "entity": subject, "role": "subject", "i": 0}
        yield {"turn": name, "entity": answer, "role": "answer", "i": i}


def _shows(name: str, turn: Turn) -> Iterator[dict[str, Any]]:
    for i, image in enumerate(turn.images):
        yield {"turn": name, "sha256": image.sha256, "entity": image.entity, "i": i}
