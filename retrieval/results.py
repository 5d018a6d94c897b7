"""One folder that holds an evaluation: figures for scripts and for people, plots, and what came of every trial.

evaluation.json    the figures
evaluation.md      the same to read, beside the paper's rows
*.svg              plots
outcomes.parquet   every trial, for `kwk runs compare`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.folder import new_folder
from retrieval.evaluation import EvaluateSettings, Judgement
from retrieval.markdown import markdown
from retrieval.outcomes import FILE, write_outcomes
from retrieval.plots import plots

REPORT, READABLE = "evaluation.json", "evaluation.md"


def results_folder(run_folder: Path, trained_on: str, graph: str) -> Path:
    """Return where a run's evaluation lies unless it is said: in the run's folder, apart for another graph."""
    return run_folder / ("evaluation" if graph == trained_on else f"evaluation-{graph}")


def write_results(out: Path, report: Mapping[str, Any], judgement: Judgement, settings: EvaluateSettings) -> None:
    """Write an evaluation into a folder; one that was there is replaced. Raises DataError for any other folder."""
    drawn = plots(report)
    about = {
        "run": report["run"],
        "graph": report["graph"],
        "harness": report["harness"],
        "seed": settings.seed,
        "limit": settings.limit,
    }
    seen = {**judgement.seen, **{f"baseline: {name}": pairs for name, pairs in judgement.baselines.items()}}
    with new_folder(out, force=True, mark=REPORT) as folder:
        for name, svg in drawn.items():
            (folder / name).write_text(svg, "utf-8")
        (folder / READABLE).write_text(markdown(report, drawn), "utf-8")
        (folder / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
        write_outcomes(folder / FILE, about, seen, judgement.unseen)
