"""Dialogues as Parquet: a file a split, messages and pictures as TRL reads them, evidence in columns with types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from dialogue.export_lines import Sample
from dialogue.export_pictures import Picture
from dialogue.export_tags import unescape
from dialogue.export_text import Put, as_json, chat
from kg.errors import DataError

GROUP_ROWS = 2_000  # rows that are written at once, fewer
GROUP_BYTES = 64 * 2**20  # where their pictures are large

_TEXT = {"dtype": "string", "_type": "Value"}
_NUMBER = {"dtype": "int32", "_type": "Value"}
_FLAG = {"dtype": "bool", "_type": "Value"}
_IMAGE = {"_type": "Image"}
_ARROW = {
    "string": pa.string(), "int32": pa.int32(), "bool": pa.bool_(),
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
}  # fmt: skip

# The columns as `datasets` describes them (a list is a list of its one entry); Arrow's schema is made from this.
FEATURES: dict[str, Any] = {
    "id": _TEXT,
    "graph": _TEXT,
    "lang": _TEXT,
    "parallel": _TEXT,
    "strategy": _TEXT,
    "messages": [{"role": _TEXT, "content": [{"type": _TEXT, "text": _TEXT}]}],
    "images": [_IMAGE],
    "shown": [{"message": _NUMBER, "file": _TEXT, "sha256": _TEXT, "entity": _TEXT}],  # one for each of images
    "evidence": [
        {
            "message": _NUMBER,  # the number of the answer among the messages, from 0
            "kind": _TEXT,
            "format": _TEXT,
            "direction": _TEXT,
            "value": _TEXT,
            "refers": _FLAG,
            "triples": [{"head": _TEXT, "relation": _TEXT, "tail": _TEXT}],
            "answers": [_TEXT],
            "slots": [{"start": _NUMBER, "end": _NUMBER, "entity": _TEXT}],
        }
    ],
    "kg": _TEXT,  # all of it, as JSON: an object for each message
}


def schema(decoded: bool) -> pa.Schema:
    """Return Arrow's schema. If `decoded`, `datasets` opens the pictures; else `images` holds paths as texts."""
    features = FEATURES if decoded else FEATURES | {"images": [_TEXT]}
    fields = [(name, _arrow(feature)) for name, feature in features.items()]
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def _arrow(feature: Any) -> pa.DataType:
    if isinstance(feature, list):
        return pa.list_(_arrow(feature[0]))
    if "_type" in feature:
        return _ARROW[feature.get("dtype", "image")]
    return pa.struct([(name, _arrow(each)) for name, each in feature.items()])


def row(sample: Sample, pictures: Sequence[Picture], decoded: bool) -> dict[str, Any]:
    """Return a dialogue as a row. Raises KeyError, TypeError or ValueError where its evidence is malformed."""
    kgs = sample.evidence(unescape)
    return {
        "id": sample.id,
        "graph": sample.graph,
        "lang": sample.lang,
        "parallel": sample.parallel,
        "strategy": sample.strategy,
        "messages": chat(sample),
        "images": [{"bytes": each.content, "path": each.path} if decoded else each.path for each in pictures],
        "shown": [
            {"message": n, "file": image.file, "sha256": image.sha256, "entity": image.entity}
            for n, turn in enumerate(sample.turns)
            for image in turn.images
        ],
        "evidence": [_evidence(n, kg) for n, kg in enumerate(kgs) if "kind" in kg],
        "kg": as_json(kgs),
    }


def _evidence(message: int, kg: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "message": message,
        **{name: kg.get(name) for name in ("kind", "format", "direction", "value")},
        "refers": bool(kg.get("refers", False)),
        "triples": [{"head": head, "relation": relation, "tail": tail} for head, relation, tail in kg["triples"]],
        "answers": kg["answers"],
        "slots": [{"start": start, "end": end, "entity": entity} for start, end, entity in kg["slots"]],
    }


@contextmanager
def parquet_file(path: Path, decoded: bool) -> Iterator[Put]:
    """Write dialogues by groups of rows; no more than one group is in memory."""
    kind = schema(decoded)
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if rows:
            writer.write_table(_table(rows, places, kind))
        rows.clear()
        places.clear()
        size = 0

    def put(sample: Sample, pictures: Sequence[Picture]) -> None:
        nonlocal size
        rows.append(row(sample, pictures, decoded))
        places.append(sample.place)
        size += sum(len(picture.content or b"") for picture in pictures)
        if len(rows) >= GROUP_ROWS or size >= GROUP_BYTES:
            flush()

    with parquet.ParquetWriter(path, kind, compression="zstd") as writer:
        yield put
        flush()


def _table(rows: Sequence[dict[str, Any]], places: Sequence[str], kind: pa.Schema) -> pa.Table:
    try:
        return pa.Table.from_pylist(rows, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as exc:
        if len(rows) == 1:
            raise DataError(f"{places[0]} has evidence of a type that its column can't hold: {exc}.") from exc
        for each, place in zip(rows, places, strict=True):
            _table([each], [place], kind)
        raise
