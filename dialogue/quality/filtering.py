"""Filter a folder of dialogues into another: what stays is copied byte by byte, what goes is listed with its reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from dialogue.folder import SETTINGS, WORDINGS, new_folder, read_settings
from dialogue.quality.decide import Decision, Record, decide, one_by_one, told
from dialogue.quality.draw import lot
from dialogue.quality.judges import Judge, Line
from dialogue.quality.rounds import rounds_of
from dialogue.quality.rules import Rule
from dialogue.quality.thinners import Grouping
from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS
from kg.errors import DataError

DROPPED = "dropped.jsonl"
PART = 256  # dialogues that are judged at a time

Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Filtered:
    """What filters did to a folder."""

    source: str
    rules: tuple[str, ...]
    before: dict[str, int]  # dialogues by split
    dialogues: dict[str, int]
    rounds: dict[str, int]
    dropped: dict[str, dict[str, int]]  # by split and reason
    needed: int  # dialogues of train that were too many, but state a fact of valid or test that no other does
    each: dict[str, dict[str, int]]  # what every filter does by itself, and what is left without it


@dataclass(frozen=True, slots=True)
class Filters:
    """Rules and what decides by them."""

    rules: tuple[Rule, ...]
    judges: tuple[Judge, ...]
    groupings: tuple[tuple[Rule, Grouping], ...]
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.rules:
            raise DataError("No filter was named; --keep and --drop name some.")


def consider(folder: Path, filters: Filters, seen: Seen) -> list[Record]:
    """Judge and group all dialogues of a folder, in the order of its files."""
    records: list[Record] = []
    numbers: dict[tuple[str, str], int] = {}  # of groups
    lines = _lines(folder)
    while part := list(islice(lines, PART)):
        found = [_record(line, filters.seed) for line in part]
        for judge in filters.judges:
            for record, verdict in zip(found, judge.judge(part), strict=True):
                if not isinstance(verdict, bool):
                    name = judge.rule.name
                    reason = f"{name} {verdict[1]}" if name in ("T5", "V2.facts") else name
                    record.refused[judge.rule.label] = reason, verdict[1]
        for rule, grouping in filters.groupings:
            for record, groups in zip(found, grouping(part), strict=True):
                record.groups[rule.label] = tuple(
                    numbers.setdefault((rule.label, each), len(numbers)) for each in groups
                )
        records += found
        seen(len(part))
    if not records:
        raise DataError(f"{folder} holds no dialogues; `kwk dialogues build` makes some.")
    return records


def _lines(folder: Path) -> Iterator[Line]:
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        if path.exists():
            for n, dialogue in enumerate(read_dialogues(path), 1):
                yield Line(path.name, n, dialogue)


def _record(line: Line, seed: int) -> Record:
    rounds = list(rounds_of(line.dialogue))
    return Record(
        split=line.file.removesuffix(".jsonl"),
        id=line.dialogue.id,
        lot=lot(seed, line.dialogue.id),
        rounds=len(line.dialogue.turns) // 2,
        facts=tuple({hash(triple) for each in rounds for triple in each.fact.triples}),
    )


def filtered(folder: Path, filters: Filters, out: Path | None, force: bool, seen: Seen) -> Filtered:
    """Decide about a folder's dialogues, and write those that stay into `out` if there is one.

    Raises DataError if nothing would stay, or `out` can't be written; then nothing is left of it.
    """
    if out is not None and out.exists() and out.resolve() == folder.resolve():
        raise DataError(f"{out} is the folder that is filtered; name another one with --out.")
    records = consider(folder, filters, seen)
    decision = decide(records, filters.rules)
    result = _count(folder, filters, records, decision)
    if out is not None:
        if not sum(result.dialogues.values()):
            raise DataError(f"No dialogue of {folder} passes {' '.join(result.rules)}; nothing was written.")
        with new_folder(out, force) as made:
            _copy(folder, made, records, decision)
            _save(folder, made, result, filters.seed)
    return result


def _count(folder: Path, filters: Filters, records: Sequence[Record], decision: Decision) -> Filtered:
    before, left, rounds = ({str(split): 0 for split in SPLITS} for _ in range(3))
    for place, record in enumerate(records):
        before[record.split] += 1
        if place not in decision.dropped:
            left[record.split] += 1
            rounds[record.split] += record.rounds
    return Filtered(
        source=folder.name,
        rules=tuple(rule.label for rule in filters.rules),
        before=before,
        dialogues=left,
        rounds=rounds,
        dropped=told(decision, records),
        needed=decision.needed,
        each=dict(one_by_one(records, filters.rules)),
    )


def _copy(folder: Path, made: Path, records: Sequence[Record], decision: Decision) -> None:
    place = 0
    with (made / DROPPED).open("w", encoding="utf-8", newline="\n") as gone:
        for split in SPLITS:
            with (made / f"{split}.jsonl").open("wb") as target:
                if not (folder / f"{split}.jsonl").exists():
                    continue
                with (folder / f"{split}.jsonl").open("rb") as source:
                    for line in source:
                        if place in decision.dropped:
                            reason, detail = decision.dropped[place]
                            entry = {"split": split, "id": records[place].id, "reason": reason, "detail": detail}
                            gone.write(json.dumps(entry, ensure_ascii=False) + "\n")
                        else:
                            target.write(line)
                        place += 1


def _save(folder: Path, made: Path, result: Filtered, seed: int) -> None:
    """Write what decided these dialogues: the build, then the filters. The other files are not true of what is left."""
    settings: dict[str, Any] = read_settings(folder)
    history = [*settings.get("filtered", ()), _entry(result, seed)]
    settings |= {"dialogues": result.dialogues, "rounds": result.rounds, "filtered": history}
    (made / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if (folder / WORDINGS).exists():
        shutil.copyfile(folder / WORDINGS, made / WORDINGS)


def _entry(result: Filtered, seed: int) -> dict[str, Any]:
    return {
        "source": result.source,
        "seed": seed,
        "rules": list(result.rules),
        "before": result.before,
        "dialogues": result.dialogues,
        "dropped": result.dropped,
        "needed": result.needed,
        "each": result.each,
    }
