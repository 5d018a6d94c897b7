"""The line format of dialogue files: one conversation, one line of JSON, written by joining strings.

Nearly all of a line is constant, or an id that was quoted before; only the texts need an encoder.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from dialogue.types import Dialogue, Fact, Query, Shown, Span, Turn
from kg.errors import DataError

SCHEMA = 1
_SILENT = ',"image_list":[],"kg":{"images":[]}}'

quote = lru_cache(maxsize=1 << 17)(encode_basestring)  # for ids, paths and names, which come again and again


def to_line(dialogue: Dialogue) -> str:
    """Return a dialogue as one line of JSON, without the line break."""
    parallel = "null" if dialogue.parallel is None else quote(dialogue.parallel)
    turns = ",".join(map(turn, dialogue.turns))
    return (
        f'{{"schema":{SCHEMA},"id":{encode_basestring(dialogue.id)},"graph":{quote(dialogue.graph)},'
        f'"lang":{quote(dialogue.lang)},"parallel":{parallel},"strategy":{quote(dialogue.strategy)},'
        f'"conversations":[{turns}]}}'
    )


def turn(said: Turn) -> str:
    """Return a turn as it stands in its line."""
    head = f'{{"from":"{said.speaker}","value":{encode_basestring(said.value)}'
    if said.fact is None and not said.images:
        return head + _SILENT
    files = ",".join([quote(image.file) for image in said.images])
    images = ",".join([_image(image) for image in said.images])
    fact = "" if said.fact is None else _fact(said.fact)
    return f'{head},"image_list":[{files}],"kg":{{{fact}"images":[{images}]}}}}'


def _fact(fact: Fact) -> str:
    triples = ",".join([_triple(triple) for triple in fact.triples])
    slots = ",".join([f"[{slot.start},{slot.end},{quote(slot.entity)}]" for slot in fact.slots])
    one = "null" if fact.triple is None else triples
    query = "" if fact.query is None else f'"query":{query_json(fact.query)},'
    refers = '"refers":true,' if fact.refers else ""
    return (
        f'"kind":"{fact.kind}","triple":{one},"triples":[{triples}],'
        f'"direction":"{fact.direction}","answers":{_list(fact.answers)},"value":{quote(fact.value)},'
        f'"slots":[{slots}],"format":"{fact.format}",{query}{refers}'
    )


def query_json(query: Query) -> str:
    """Return a query as it stands in its line."""
    path = ",".join([f'[{quote(relation)},"{direction}"]' for relation, direction in query.path])
    claim, by = ("null" if each is None else quote(each) for each in (query.claim, query.by))
    values = f',"values":{json.dumps(query.values)},"wins":{json.dumps(query.wins)}' if query.values else ""
    return f'{{"subjects":{_list(query.subjects)},"path":[{path}],"claim":{claim},"by":{by}{values}}}'


def _triple(triple: tuple[str, str, str]) -> str:
    head, relation, tail = triple
    return f"[{quote(head)},{quote(relation)},{quote(tail)}]"


@lru_cache(maxsize=1 << 15)
def _list(ids: tuple[str, ...]) -> str:
    return f"[{','.join(map(quote, ids))}]"


@lru_cache(maxsize=1 << 15)
def _image(image: Shown) -> str:
    return f'{{"file":{quote(image.file)},"sha256":{quote(image.sha256)},"entity":{quote(image.entity)}}}'


def read_dialogues(path: Path) -> Iterator[Dialogue]:
    """Yield the dialogues of a file. Raises DataError that names file and line where one can't be read."""
    try:
        with path.open(encoding="utf-8") as lines:
            for n, line in enumerate(lines, 1):
                try:
                    yield from_line(line)
                except (ValueError, KeyError, TypeError, AttributeError) as exc:
                    raise DataError(f"{path}, line {n} is no dialogue: {exc!r}; build the dialogues again.") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path} can't be read: {exc}.") from exc


def from_line(line: str) -> Dialogue:
    """Read one line. Raises ValueError, KeyError or TypeError where it is not as `to_line` writes it."""
    record = json.loads(line)
    if record["schema"] != SCHEMA:
        raise ValueError(f"schema {record['schema']} is not {SCHEMA}")
    return Dialogue(
        id=record["id"],
        graph=record["graph"],
        lang=record["lang"],
        strategy=record["strategy"],
        turns=tuple(_read_turn(turn) for turn in record["conversations"]),
        parallel=record["parallel"],
    )


def _read_turn(turn: dict[str, Any]) -> Turn:
    kg = turn.get("kg") or {}
    images = tuple(Shown(image["file"], image["sha256"], image["entity"]) for image in kg.get("images", ()))
    fact = None
    if "kind" in kg:
        fact = Fact(
            kind=kg["kind"],
            triples=tuple((head, relation, tail) for head, relation, tail in kg["triples"]),
            direction=kg["direction"],
            answers=tuple(kg["answers"]),
            value=kg["value"],
            slots=tuple(Span(start, end, entity) for start, end, entity in kg["slots"]),
            format=kg["format"],
            query=_read_query(kg["query"]) if "query" in kg else None,
            refers=bool(kg.get("refers")),
        )
    return Turn(turn["from"], turn["value"], images, fact)


def _read_query(query: dict[str, Any]) -> Query:
    return Query(
        subjects=tuple(query["subjects"]),
        path=tuple((relation, direction) for relation, direction in query["path"]),
        claim=query["claim"],
        by=query["by"],
        values=tuple(query.get("values", ())),
        wins=query.get("wins"),
    )
