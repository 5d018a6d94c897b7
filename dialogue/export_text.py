"""Exports that are text: LLaVA's JSON, LLaMA-Factory's ShareGPT, TRL's messages."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dialogue.export_lines import Sample
from dialogue.export_pictures import Picture
from dialogue.export_tags import Spell, as_it_stands, parts, unescape, without_media

Put = Callable[[Sample, Sequence[Picture]], None]
Record = dict[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_FROM = {"human": "human", "model": "gpt"}
_ROLE = {"human": "user", "model": "assistant"}
TAGS = {
    "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
    "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system",
}  # fmt: skip


def llava(sample: Sample, pictures: Sequence[Picture]) -> Record:
    """Return a dialogue as LLaVA reads it: `image` is a path, a list of several (LLaVA-NeXT), or absent."""
    paths = [picture.path for picture in pictures]
    image = {"image": paths[0] if len(paths) == 1 else paths} if paths else {}
    return {
        "id": sample.id,
        **image,
        "conversations": _conversations(sample, as_it_stands),
        "lang": sample.lang,
        "strategy": sample.strategy,
        "kg": sample.evidence(as_it_stands),
    }


def sharegpt(sample: Sample, pictures: Sequence[Picture]) -> Record:
    """Return a dialogue as LLaMA-Factory reads it; `kg` is JSON, because a column has one type."""
    return {
        "id": sample.id,
        "conversations": _conversations(sample, without_media),
        "images": [picture.path for picture in pictures],
        "lang": sample.lang,
        "strategy": sample.strategy,
        "kg": as_json(sample.evidence(without_media)),
    }


def messages(sample: Sample, pictures: Sequence[Picture]) -> Record:
    """Return a dialogue as TRL and Hugging Face's chat templates read it; `kg` is JSON."""
    return {
        "id": sample.id,
        "messages": chat(sample),
        "images": [picture.path for picture in pictures],
        "lang": sample.lang,
        "strategy": sample.strategy,
        "kg": as_json(sample.evidence(unescape)),
    }


def _conversations(sample: Sample, spell: Spell) -> list[Record]:
    return [{"from": _FROM[turn.speaker], "value": spell(turn.value)} for turn in sample.turns]


def chat(sample: Sample) -> list[Record]:
    """Return the turns as messages, whose content is texts and images in their order."""
    return [
        {
            "role": _ROLE[turn.speaker],
            "content": [
                {"type": "image"} if part is None else {"type": "text", "text": part} for part in parts(turn.value)
            ],
        }
        for turn in sample.turns
    ]


def as_json(value: Any) -> str:
    """Return a value as JSON on one line."""
    return _ENCODER.encode(value)


@contextmanager
def json_array(path: Path, record: Callable[[Sample, Sequence[Picture]], Record]) -> Iterator[Put]:
    """Write records as one JSON list, one a line; a list with nothing in it is written too."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        start = "\n"

        def put(sample: Sample, pictures: Sequence[Picture]) -> None:
            nonlocal start
            file.write(start + as_json(record(sample, pictures)))
            start = ",\n"

        yield put
        file.write("\n]\n")


@contextmanager
def json_lines(path: Path, record: Callable[[Sample, Sequence[Picture]], Record]) -> Iterator[Put]:
    """Write records as JSON lines, one that has pictures first. A file without any is not left: no loader reads it.

    `datasets` takes the type of a column from the first megabytes. Were no picture among them, `images` would be a list
    of nothing, and the first path that comes could not be read.
    """
    early = path.with_name(f".{path.name}.early")  # what comes before the first picture
    with (
        early.open("w+", encoding="utf-8", newline="\n") as before,
        path.open("w", encoding="utf-8", newline="\n") as file,
    ):
        to = before

        def put(sample: Sample, pictures: Sequence[Picture]) -> None:
            nonlocal to
            line = as_json(record(sample, pictures)) + "\n"
            if pictures and to is before:
                file.write(line)
                before.seek(0)
                shutil.copyfileobj(before, file)
                to = file
            else:
                to.write(line)

        yield put
    if to is before:
        early.replace(path)
    early.unlink(missing_ok=True)
    if not path.stat().st_size:
        path.unlink()


def dataset_info(graph: str, splits: Sequence[str]) -> Record:
    """Return what LLaMA-Factory's dataset_info.json says of the splits; a training names them `<graph>_<split>`."""
    name = re.sub(r"[^\w.-]+", "_", graph)
    columns = {"messages": "conversations", "images": "images"}
    return {
        f"{name}_{split}": {
            "file_name": f"{split}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": TAGS,
        }
        for split in splits
    }  # fmt: skip
