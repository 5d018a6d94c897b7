"""`kwk runs compare`: two runs that were evaluated, question by question."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kg.cli import Kwk
from kg.graph_commands import json_option


@click.command()
@click.argument("run")
@click.argument("other")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the Markdown there, too.")
@json_option
@click.pass_obj
def compare(kwk: Kwk, run: str, other: str, out: Path | None, as_json: bool) -> None:
    """Compare RUN with OTHER over the questions that both were asked: runs, or folders of `kwk evaluate --out`."""
    from retrieval.markdown import comparison
    from retrieval.outcomes import compared, read_outcomes

    ours, theirs = (read_outcomes(evaluated(kwk.home, each)) for each in (run, other))
    rows = compared(ours, theirs)
    names = str(ours.about["run"]), str(theirs.about["run"])
    told = comparison(*names, rows)
    if out:
        out.write_text(told, "utf-8")
    if as_json:
        record = {"run": ours.about, "other": theirs.about, "differences": rows}
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        click.echo(told, nl=False)


def evaluated(home: Path, run: str) -> Path:
    """Return the folder of an evaluation: named itself, or that of a run. Raises CheckpointError or DataError."""
    from kg.errors import DataError
    from model import checkpoint
    from retrieval.outcomes import FILE
    from retrieval.results import results_folder

    if (Path(run) / FILE).is_file():
        return Path(run)
    folder = checkpoint.find(home, run)
    graph = checkpoint.read_manifest(folder).graph
    found = results_folder(folder, graph, graph)
    if not (found / FILE).is_file():
        raise DataError(f"The run {folder.name} has not been evaluated; `kwk evaluate --run {run}` does it.")
    return found
