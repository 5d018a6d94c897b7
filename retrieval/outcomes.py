"""What came of every trial, kept beside an evaluation, so that two runs are compared question by question later.

One Parquet file, a row for each trial of each table. A trial is known by what it asks, not by a number: so two runs
that were judged on two builds of the same dialogues are still compared on what both were asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from dialogue.types import FORMATS, Format
from kg.errors import DataError
from retrieval.metrics import Outcome, difference
from retrieval.trials import Trial

FILE = "outcomes.parquet"
SCHEMA = 1
KEPT = "_kept_wordings"  # ends the names of tables of questions in wordings that train lacks
COLUMNS = pa.schema(
    [
        ("table", pa.string()),  # grounded, closed_book, grounded_kept_wordings, …, baseline: head_blind_prior
        ("images", pa.string()),  # seen, or unseen: of the style that no fit has seen
        ("format", pa.string()),
        ("subject", pa.string()),
        ("relation", pa.string()),
        ("direction", pa.string()),
        ("question", pa.string()),
        ("image", pa.string()),  # sha256 of the one that is shown
        ("rank", pa.int32()),
        ("exact", pa.int32()),
        ("confidence", pa.float32()),
        ("prior_fails", pa.bool_()),
    ]
)

Pairs = Sequence[tuple[Trial, Outcome]]
Tables = Mapping[str, Pairs]  # by name
Key = tuple[str, str, str, str]  # subject, relation, direction, question


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of one evaluation, by table, images and format."""

    about: Mapping[str, Any]  # run, graph, seed, limit
    by: Mapping[tuple[str, str, Format], Mapping[Key, Outcome]]


def by_wording(tables: Tables) -> Tables:
    """Part each table: under its name what was asked in wordings of train, and beside it what was not, if anything."""
    parted = {name: [pair for pair in pairs if not pair[0].held_out] for name, pairs in tables.items()}
    kept = {name + KEPT: [pair for pair in pairs if pair[0].held_out] for name, pairs in tables.items()}
    return parted | {name: pairs for name, pairs in kept.items() if pairs}


def write_outcomes(path: Path, about: Mapping[str, Any], seen: Tables, unseen: Tables) -> None:
    """Write the outcomes of an evaluation."""
    rows = [
        {
            "table": table,
            "images": images,
            "format": trial.format,
            "subject": trial.subject,
            "relation": trial.relation,
            "direction": trial.direction,
            "question": trial.turn.value,
            "image": trial.image.sha256 if trial.image else None,
            "rank": outcome.rank,
            "exact": outcome.exact,
            "confidence": outcome.confidence,
            "prior_fails": outcome.prior_fails,
        }
        for images, tables in (("seen", seen), ("unseen", unseen))
        for table, pairs in tables.items()
        for trial, outcome in pairs
    ]
    meta = {b"kwk": json.dumps({"schema": SCHEMA, **about}, ensure_ascii=False).encode()}
    parquet.write_table(pa.Table.from_pylist(rows, COLUMNS.with_metadata(meta)), path, compression="zstd")


def read_outcomes(folder: Path) -> Outcomes:
    """Read the outcomes in the folder of an evaluation. Raises DataError."""
    path = folder / FILE
    try:
        table = parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"kwk"])
    except (OSError, KeyError, ValueError) as exc:  # pyarrow's errors are ValueErrors
        raise DataError(f"{path} can't be read ({exc}); `kwk evaluate` makes it.") from exc
    if about.get("schema") != SCHEMA:
        raise DataError(f"{path} has schema {about.get('schema')}, this kwk reads {SCHEMA}; evaluate the run again.")
    found: dict[tuple[str, str, Format], dict[Key, Outcome]] = {}
    for row in table.to_pylist():
        key = row["subject"], row["relation"], row["direction"], row["question"]
        outcome = Outcome(row["relation"], row["rank"], row["prior_fails"], row["exact"], row["confidence"])
        found.setdefault((row["table"], row["images"], row["format"]), {})[key] = outcome
    return Outcomes(about, found)


def compared(ours: Outcomes, theirs: Outcomes) -> list[dict[str, Any]]:
    """Return the paired differences of two evaluations: by table, images and format, over all and prior-defeating.

    Raises DataError if they were asked nothing in common.
    """
    rows = []
    for place in sorted(ours.by.keys() & theirs.by.keys(), key=lambda key: (key[1], key[0], FORMATS.index(key[2]))):
        mine, others = ours.by[place], theirs.by[place]
        hard = {key: outcome for key, outcome in mine.items() if outcome.prior_fails}
        for part, chosen in (("all", mine), ("prior_defeating", hard)):
            gap = difference(chosen, others)
            if gap is not None:
                rows.append(dict(zip(("table", "images", "format"), place, strict=True)) | {"part": part, **gap})
    if not rows:
        raise DataError("The two runs were asked no question in common; evaluate both on the same dialogues.")
    return rows
