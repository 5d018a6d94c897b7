"""The questions of a test split as tasks of lmms-eval, so that any model it knows is asked what ours is asked.

    kwk_<graph>_t2t.yaml   kwk_<graph>_i2t.yaml     what is asked, and how it is judged
    utils.py                                        the judging
    t2t.parquet            i2t.parquet              question, images, the names of all right answers

Only questions for a name: lmms-eval has no answer that is an image.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from dialogue.folder import new_folder
from dialogue.types import IMAGE, Format
from ingest.images import Unusable, read_within
from kg.errors import DataError
from retrieval import lmms_task
from retrieval.baselines import Baseline, fails
from retrieval.names import Named
from retrieval.trials import Trial

UTILS, MARK = "utils.py", "kwk-tasks.json"
ASKED: tuple[Format, ...] = ("T2T", "I2T")
_TEXT = {"dtype": "string", "_type": "Value"}
_FEATURES: dict[str, Any] = {
    "id": _TEXT,
    "question": _TEXT,
    "images": [{"_type": "Image"}],
    "answers": [_TEXT],
    "relation": _TEXT,
    "subject": _TEXT,
    "prior_defeating": {"dtype": "bool", "_type": "Value"},
}
_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("question", pa.string()),
        ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))),
        ("answers", pa.list_(pa.string())),
        ("relation", pa.string()),
        ("subject", pa.string()),
        ("prior_defeating", pa.bool_()),
    ],
    {"huggingface": json.dumps({"info": {"features": _FEATURES}})},
)
_YAML = """\
# Made by kwk: {count} questions of the graph {graph!r}. lmms-eval --include_path THIS_FOLDER --tasks {task}
task: {task}
dataset_path: parquet
dataset_kwargs:
  data_files:
    test: {file}
test_split: test
output_type: generate_until
doc_to_visual: !function utils.doc_to_visual
doc_to_text: !function utils.doc_to_text
doc_to_target: answers
process_results: !function utils.process_results
generation_kwargs:
  max_new_tokens: 32
  temperature: 0
  do_sample: false
metric_list:
  - metric: accuracy
    aggregation: mean
    higher_is_better: true
  - metric: macro
    aggregation: !function utils.macro
    higher_is_better: true
  - metric: prior_defeating
    aggregation: !function utils.prior_defeating
    higher_is_better: true
lmms_eval_specific_kwargs:
  default:
    pre_prompt: ""
    post_prompt: "\\nAnswer with a name."
metadata:
  version: 1.0
"""


def export_tasks(
    out: Path,
    graph: str,
    trials: Iterable[Trial],
    names: Mapping[str, Named],
    roots: Sequence[Path],
    head_blind: Baseline,
) -> dict[str, int]:
    """Write the tasks into a folder; return how many questions each has. Raises DataError if an image can't be read."""
    counts: dict[str, int] = {}
    asked = once(trials)
    with new_folder(out, force=True, mark=MARK) as folder:
        for form in ASKED:
            rows = [row_of(trial, names, roots, fails(head_blind, trial)) for trial in asked if trial.format == form]
            if rows:
                task, file = task_name(graph, form), f"{form.lower()}.parquet"
                counts[task] = len(rows)
                parquet.write_table(pa.Table.from_pylist(rows, _SCHEMA), folder / file)
                place = json.dumps(str(out.absolute() / file), ensure_ascii=False)
                text = _YAML.format(task=task, graph=graph, count=len(rows), file=place)
                (folder / f"{task}.yaml").write_text(text, "utf-8")
        if not counts:
            raise DataError("The dialogues ask for no name, so there is nothing for lmms-eval to ask.")
        (folder / UTILS).write_text(Path(lmms_task.__file__).read_text("utf-8"), "utf-8")
        (folder / MARK).write_text(json.dumps(counts) + "\n", "utf-8")
    return counts


def once(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials with each question once a format, in a wording of train where there is one."""
    found = {(trial.question, trial.format): trial for trial in sorted(trials, key=lambda trial: not trial.held_out)}
    return sorted(found.values(), key=lambda trial: trial.number)


def task_name(graph: str, form: Format) -> str:
    """Return the name of a task: letters, digits and underscores."""
    return f"kwk_{re.sub(r'[^a-z0-9]+', '_', graph.lower()).strip('_') or 'graph'}_{form.lower()}"


def row_of(trial: Trial, names: Mapping[str, Named], roots: Sequence[Path], prior_fails: bool) -> dict[str, Any]:
    """Return a question as a row."""
    called = sorted({name for answer in trial.answers if answer in names for name in names[answer].names})
    main = sorted({names[answer].name for answer in trial.answers if answer in names})
    return {
        "id": f"{trial.format}-{trial.number}",
        "question": " ".join(trial.turn.value.replace(IMAGE, " ").split()),
        "images": [{"bytes": content(image.file, roots), "path": image.file} for image in trial.turn.images],
        "answers": list(dict.fromkeys([*main, *called])),
        "relation": trial.relation,
        "subject": trial.subject,
        "prior_defeating": prior_fails,
    }


def content(file: str, roots: Sequence[Path]) -> bytes:
    """Return the bytes of an image below one of the graph's roots. Raises DataError."""
    for root in roots:
        try:
            return read_within(root, file)
        except Unusable:
            continue
    raise DataError(f"The image {file} can't be read below {', '.join(map(str, roots)) or 'any image root'}.")
