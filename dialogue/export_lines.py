"""Read dialogues for an export, as they stand: a line that no consumer could read is refused by file and number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.export_tags import IMAGE, Spell, moved
from dialogue.serialise import SCHEMA
from dialogue.types import Shown
from kg.errors import DataError

SPEAKERS = ("human", "model")


@dataclass(frozen=True, slots=True)
class Said:
    """A turn: `value` has `<image>` once for each of `images`. `kg` is its evidence, to the letter."""

    speaker: str
    value: str
    images: tuple[Shown, ...]
    kg: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A dialogue, and the file and line where it stands."""

    place: str
    id: str
    graph: str
    lang: str
    parallel: str | None
    strategy: str
    turns: tuple[Said, ...]

    @property
    def images(self) -> list[Shown]:
        """Return the images of all turns in their order."""
        return [image for turn in self.turns for image in turn.images]

    def evidence(self, spell: Spell) -> list[dict[str, Any]]:
        """Return each turn's `kg`; slots count characters of `spell(value)`."""
        found = []
        for turn in self.turns:
            kg = dict(turn.kg)
            if "slots" in kg:
                kg["slots"] = moved(kg["slots"], turn.value, spell)
            found.append(kg)
        return found


def read_samples(path: Path) -> Iterator[Sample]:
    """Yield the dialogues of a file, which may be absent. Raises DataError that names file and line."""
    if not path.exists():
        return
    try:
        with path.open("rb") as lines:
            for n, line in enumerate(lines, 1):
                yield read_sample(line, f"{path}, line {n}")
    except OSError as exc:
        raise DataError(f"{path} can't be read: {exc.strerror or exc}.") from exc


def read_sample(line: bytes, place: str) -> Sample:
    """Read one line. Raises DataError where it is no dialogue, or where its texts and images do not fit together."""
    try:
        record = json.loads(line)
        if b"\\ud" in line.lower():  # half a surrogate pair, which no file in UTF-8 can hold
            json.dumps(record, ensure_ascii=False).encode("utf-8")
        if record["schema"] != SCHEMA:
            raise ValueError(f"schema {record['schema']} is not {SCHEMA}")
        sample = Sample(
            place,
            _text(record, "id"),
            _text(record, "graph"),
            _text(record, "lang"),
            record.get("parallel"),
            _text(record, "strategy"),
            tuple([_said(turn) for turn in record["conversations"]]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise DataError(f"{place} is no dialogue: {exc!r}; mend the line or build the dialogues again.") from exc
    speakers = tuple(turn.speaker for turn in sample.turns)
    if not speakers or speakers != SPEAKERS * (len(speakers) // 2):
        raise DataError(
            f"{place}: the turns are of {', '.join(speakers) or 'nobody'}, but trainers need human and model by turns, "
            "the human first and the model last; mend the line."
        )
    for n, turn in enumerate(sample.turns, 1):
        if (tags := turn.value.count(IMAGE)) != len(turn.images):
            raise DataError(
                f"{place}: turn {n} has {tags} {IMAGE} in its text and {len(turn.images)} images in image_list; where "
                f"{IMAGE} is meant as text write <\\image>, else mend image_list."
            )
    return sample


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is {value!r}, no text")
    return value


def _said(turn: Mapping[str, Any]) -> Said:
    kg = turn.get("kg") or {}
    files, shown = turn.get("image_list") or [], kg.get("images")
    if shown is None:
        shown = [{"file": file, "sha256": "", "entity": ""} for file in files]
    if [image["file"] for image in shown] != files:
        raise ValueError(f"image_list has {files}, kg.images other files")
    images = tuple([Shown(_text(each, "file"), _text(each, "sha256"), _text(each, "entity")) for each in shown])
    return Said(_text(turn, "from"), _text(turn, "value"), images, kg)
