"""`kwk runs`: what has been trained."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk, Open
from kg.graph_commands import graph_option, json_option, print_table

if TYPE_CHECKING:
    from model.checkpoint import Manifest


class RunCommands(Open):
    """The commands on runs; those that need a package to the right of `model` are registered by it."""

    entry_points = "kwk.runs"


@click.group(cls=RunCommands)
def runs() -> None:
    """List the trained runs; show, publish or export one; compare two that were evaluated."""


@runs.command("list")
@graph_option
@json_option
@click.pass_obj
def list_runs(kwk: Kwk, graph_name: str | None, as_json: bool) -> None:
    """List the runs, the one saved last first."""
    from model.checkpoint import runs as found_runs

    rows = [summary(folder, manifest) for folder, manifest in found_runs(kwk.home, graph_name)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif not rows:
        click.echo("Nothing has been trained yet; `kwk train` does it.")
    else:
        heads = ("run", "graph", "preset", "negatives", "step", "best_step", "loss", "finished")
        print_table(heads, [tuple(row[head] for head in heads) for row in rows])


@runs.command()
@click.argument("run", required=False)
@json_option
@click.pass_obj
def show(kwk: Kwk, run: str | None, as_json: bool) -> None:
    """Show RUN, by default the one saved last: settings, losses, negatives that were drawn, and how it was judged."""
    from model import checkpoint

    folder = checkpoint.find(kwk.home, run)
    manifest = checkpoint.read_manifest(folder)
    checkpoint.verify(folder, manifest)
    if as_json:
        record = {**checkpoint.record_of(manifest), "evaluations": judged(folder)}
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
        return
    click.echo(told(folder, manifest))
    for title in ("settings", "versions", "losses", "drawn"):
        click.echo(f"{title}:")
        for key, value in getattr(manifest, title).items():
            click.echo(f"  {key}: {value}")
    for each in judged(folder):
        click.echo(f"judged on '{each['graph']}' ({each['harness']}), macro over relations in %:")
        for table, figures in each["tables"].items():
            shares = ", ".join(
                f"{form} {'–' if share is None else f'{100 * share:.1f}'}" for form, share in figures.items()
            )
            click.echo(f"  {table}: {shares}")
        click.echo(f"  all of it: {each['folder']}")


@runs.command("export")
@click.argument("run", required=False)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to be made.")
@json_option
@click.pass_obj
def export_run(kwk: Kwk, run: str | None, out: Path, as_json: bool) -> None:
    """Write RUN, by default the one saved last, as a folder that Hugging Face's transformers loads."""
    from model import checkpoint
    from model.export import export
    from model.run import load

    parts = export(load(checkpoint.find(kwk.home, run)), out)
    if as_json:
        click.echo(json.dumps({"folder": str(out), "parts": parts}))
    else:
        click.echo(f"{out} holds {', '.join(parts)}")


@runs.command("publish")
@click.argument("run", required=False)
@json_option
@click.pass_obj
def publish_run(kwk: Kwk, run: str | None, as_json: bool) -> None:
    """Write RUN, by default the one saved last, into Neo4j, with the negatives that each turn's <RET> met last."""
    from dataclasses import asdict

    from kg import catalogue
    from kg.stores import open_stores
    from model import checkpoint
    from model.publish import publish

    folder = checkpoint.find(kwk.home, run)
    manifest = checkpoint.read_manifest(folder)
    checkpoint.verify(folder, manifest)
    with open_stores(kwk) as stores:
        catalogue.choose(stores.driver, manifest.graph)
        done = publish(stores.driver, folder, manifest, kwk.progress)
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(
        f"Run {done.run} in '{done.graph}': {done.negatives:,} MET_NEGATIVE of {done.turns:,} turns"
        + (f"; {done.missing:,} are of pictures that the graph has no longer" if done.missing else "")
        + ". `kwk trace ANSWER` tells which of them an answer's facts met."
    )


def judged(folder: Path) -> list[dict[str, Any]]:
    """Return the evaluations that lie in a run's folder: the share of first answers that are right, by table."""
    found = []
    for file in sorted(folder.glob("evaluation*/evaluation.json")):
        report = json.loads(file.read_text("utf-8"))
        tables = {
            table: {
                form.upper(): figures["macro"].get("accuracy", figures["macro"].get("recall1"))
                for form, figures in forms.items()
            }
            for table, forms in report["metrics"].items()
        }
        about = {"graph": report["graph"], "harness": report["harness"]["title"], "folder": str(file.parent)}
        found.append(about | {"tables": tables})
    return found


def summary(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Return what a list says of a run."""
    return {
        "run": manifest.id,
        "graph": manifest.graph,
        "folder": str(folder),
        "preset": manifest.shape["name"],
        "negatives": manifest.settings["negatives"],
        "step": manifest.step,
        "seconds": round(manifest.seconds, 1),
        "best_step": manifest.best_step,
        "loss": round(manifest.best_loss, 3) if math.isfinite(manifest.best_loss) else None,
        "finished": manifest.finished or "no",
    }


def told(folder: Path, manifest: Manifest) -> str:
    """Return what became of a run, in words."""
    return (
        f"Run {manifest.id} on '{manifest.graph}': {manifest.step:,} steps in {manifest.seconds:.0f} s "
        f"(ended by {manifest.finished or 'nothing yet'}), validation loss {manifest.best_loss:.3f} at step "
        f"{manifest.best_step:,}. It lies in {folder}"
    )
