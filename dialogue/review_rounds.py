"""Which rounds are reviewed: read from a folder's files once, found again by their place, known by their content."""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from dialogue.types import SPLITS
from dialogue.verdicts import RoundKey
from kg.errors import DataError

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rounds of a folder are reviewed."""

    kinds: tuple[str, ...] = ()  # none: all
    relations: tuple[str, ...] = ()  # paths; none: all
    sample: int | None = None  # so many, drawn by `seed`
    seed: int = 0

    def takes(self, given: Mapping[str, Any]) -> bool:
        """Say whether a round's answer is of a kind and relation that is asked for."""
        return (not self.kinds or given["kg"].get("kind") in self.kinds) and (
            not self.relations or not relations(given["kg"]).isdisjoint(self.relations)
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a round stands: the file, the byte at which its line begins, and what it is known by."""

    key: RoundKey
    file: str
    offset: int


def relations(kg: Mapping[str, Any]) -> set[str]:
    """Return the relations that a round is about, also where the graph holds no such fact."""
    return {triple[1] for triple in kg["triples"]} | {step[0] for step in (kg.get("query") or {}).get("path", ())}


def content_key(record: Record, turn: int) -> RoundKey:
    """Return what the round whose answer stands at `turn` is known by."""
    content = [record["graph"], record["lang"], *record["conversations"][turn - 1 : turn + 1]]
    written = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return RoundKey(record["id"], turn, hashlib.sha256(written.encode("ascii")).hexdigest())


def read_lines(folder: Path) -> Iterator[tuple[str, int, bytes, Record]]:
    """Yield each dialogue of a folder: its file, where its line begins, and the line. Raises DataError."""
    for name in (f"{split}.jsonl" for split in SPLITS):
        path = folder / name
        if not path.exists():
            continue
        offset = 0
        try:
            with path.open("rb") as lines:
                for n, raw in enumerate(lines, 1):
                    yield name, offset, raw, parsed(raw, f"{path}, line {n}")
                    offset += len(raw)
        except OSError as exc:
            raise DataError(f"{path} can't be read: {exc.strerror}.") from exc


def parsed(raw: bytes, place: str) -> Record:
    """Return a line as a dialogue with human and model by turns. Raises DataError that names the place."""
    try:
        record: Record = json.loads(raw)
        if b"\\ud" in raw.lower():
            json.dumps(record, ensure_ascii=False).encode()  # half a sign can be neither shown nor kept
        if not all(isinstance(record[key], str) for key in ("id", "graph", "lang")):
            raise ValueError("id, graph or lang")
        turns = record["conversations"]
        if [turn["from"] for turn in turns] != ["human", "model"] * (len(turns) // 2):
            raise ValueError("human and model do not take turns")
        for turn in turns:
            if not isinstance(turn["value"], str) or not isinstance(turn["kg"], dict):
                raise TypeError("value or kg")
        for turn in turns[1::2]:
            relations(turn["kg"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as exc:
        raise DataError(f"{place} is no dialogue: {exc!r}; `kwk dialogues verify` says what is wrong.") from exc
    return record


def places(folder: Path, choice: Choice, seen: Callable[[int], None] = lambda lines: None) -> list[Place]:
    """Return the rounds to review in the order of the files. Raises DataError if there are none."""
    found: Iterable[Place] = _all(folder, choice, seen)
    if choice.sample is not None:
        lots = ((_lot(place.key, choice.seed), n, place) for n, place in enumerate(found))
        drawn = heapq.nsmallest(choice.sample, lots)
        found = (place for _, place in sorted((n, place) for _, n, place in drawn))
    rounds = list(found)
    if not rounds:
        raise DataError(f"{folder} holds no such rounds; `kwk dialogues stats` says what it holds.")
    return rounds


def _all(folder: Path, choice: Choice, seen: Callable[[int], None]) -> Iterator[Place]:
    for name, offset, _, record in read_lines(folder):
        for turn, given in islice(enumerate(record["conversations"]), 1, None, 2):
            if choice.takes(given):
                yield Place(content_key(record, turn), name, offset)
        seen(1)


def _lot(key: RoundKey, seed: int) -> bytes:
    """Return a round's lot: it depends on nothing but the round and the seed."""
    return hashlib.sha256(f"{seed}\n{key.turn}\n{key.sha256}\n{key.dialogue}".encode("utf-8", "surrogatepass")).digest()


def open_dialogue(folder: Path, place: Place) -> Record:
    """Return the dialogue in which a round stands. Raises DataError if its words are not those that were read."""
    try:
        with (folder / place.file).open("rb") as file:
            file.seek(place.offset)
            record = parsed(file.readline(), place.file)
        if content_key(record, place.key.turn) != place.key:
            raise DataError("other words")
    except (OSError, DataError, IndexError) as exc:
        raise DataError(
            f"{folder / place.file} was changed since the review began, and the round is no longer there: "
            "start `kwk dialogues review` again."
        ) from exc
    return record
