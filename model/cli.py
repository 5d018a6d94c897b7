"""`kwk train` and `kwk runs`."""

from __future__ import annotations

import json
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option, print_table
from model.negative_commands import mix_options

if TYPE_CHECKING:
    from kg.stores import Stores
    from model.checkpoint import Manifest
    from model.loop import Watch
    from model.prepare import Material

# What can't change when a run goes on.
FIXED = (
    *("preset", "vision", "llm", "lora", "kno", "adapter", "negatives", "drawn", "mix", "hardest", "ramp", "corrected"),
    *("seed", "holdout_style"),
)
MINUTES = 3.0  # of training, where nothing else is said


@click.command()
@graph_option
@click.option("--dialogues", type=click.Path(path_type=Path), help="Folder of dialogues; default: dialogues/<graph>.")
@click.option("--preset", default="tiny", show_default=True, help="Parts and sizes of the model: NAME or FILE.toml.")
@click.option("--vision", metavar="NAME", help="Vision tower; `lite` alone as yet [the preset's].")
@click.option(
    "--llm", metavar="NAME|PATH", help="Language model: scratch, gemma-270m, of the hub, a folder, a .gguf file."
)
@click.option(
    "--lora", type=click.IntRange(min=0), metavar="RANK", help="Train low-rank changes to the language model."
)
@click.option("--kno", metavar="READING", help="What <KNO> is: a slot that says the relation, or a marker of a name.")
@click.option("--adapter", metavar="NAME", help="What makes images readable: qformer, linear or bind [the preset's].")
@click.option(
    "--negatives",
    type=click.Choice(["proximity", "random", "gallery", "weighted", "batch"]),
    default="proximity",
    show_default=True,
    help="What <RET> learns to tell its image from: drawn by the mix or at random, all images, weighted by the mix "
    "or not, or the batch's.",
)
@mix_options
@click.option("--drawn", type=click.IntRange(min=1), default=32, show_default=True, help="Negatives for each <RET>.")
@click.option("--corrected", is_flag=True, help="Lower each drawn logit by the log of its expected count.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to train.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help=f"Minutes to train [{MINUTES:g}].")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@click.option("--holdout-style", metavar="STYLE", help="Keep images of this drawing style out of every fit.")
@click.option("--resume", "resumed", metavar="RUN", help="Go on with this run, by its id or folder.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; default: below KWK_HOME.")
@json_option
@click.pass_obj
def train(
    kwk: Kwk,
    /,
    graph_name: str | None,
    dialogues: Path | None,
    resumed: str | None,
    out: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Train a model on a graph's dialogues."""
    from kg.graph_commands import chosen as chosen_graph
    from kg.stores import open_stores
    from model import checkpoint
    from model.settings import TrainSettings, shape_of
    from model.train import check_target, resume
    from model.train import train as train_run

    limits = {key: chosen[key] for key in ("steps", "minutes") if chosen[key] is not None}
    with open_stores(kwk) as stores:
        if resumed:
            folder = checkpoint.find(kwk.home, resumed)
            saved = checkpoint.read_manifest(folder).settings
            fixed = {key: chosen[key] for key in FIXED}
            refuse_changes({**saved, "graph_name": saved["graph"]}, fixed | {"graph_name": graph_name, "out": out})
            source = dialogues or Path(saved["dialogues"])
            material = read_material(kwk, stores, saved["graph"], source, saved["holdout_style"])
        else:
            name = chosen_graph(kwk, stores.driver, graph_name)
            source = (dialogues or Path("dialogues") / name).absolute()
            if not limits:
                chosen["minutes"] = MINUTES
            settings = TrainSettings(graph=name, dialogues=str(source), **chosen)
            shape = shape_of(settings)
            folder = out.absolute() if out else new_folder(kwk.home, name, shape.name)
            check_target(folder)
            material = read_material(kwk, stores, name, source, settings.holdout_style)
    try:
        with watched(kwk) as watch:
            manifest = (
                resume(material, folder, watch, **limits) if resumed else train_run(material, settings, folder, watch)
            )
    except KeyboardInterrupt:
        click.echo(f"Stopped and saved; go on with: kwk train --resume {folder}", err=True)
        raise
    click.echo(json.dumps(summary(folder, manifest)) if as_json else told(folder, manifest))


def refuse_changes(saved: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise UsageError if an option says something else than the run that goes on was begun with."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if said and name in given and given[name] != saved.get(name):
            raise click.UsageError(f"{parameter.opts[0]} can't change with --resume; the run has {saved.get(name)}.")


@click.group()
def runs() -> None:
    """List the trained runs; show one."""


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
    """Show RUN, by default the one saved last: settings, losses, negatives that were drawn."""
    from model import checkpoint

    folder = checkpoint.find(kwk.home, run)
    manifest = checkpoint.read_manifest(folder)
    checkpoint.verify(folder, manifest)
    if as_json:
        click.echo(json.dumps(checkpoint.record_of(manifest), ensure_ascii=False, indent=2))
        return
    click.echo(told(folder, manifest))
    for title in ("settings", "versions", "losses", "drawn"):
        click.echo(f"{title}:")
        for key, value in getattr(manifest, title).items():
            click.echo(f"  {key}: {value}")


def new_folder(home: Path, graph: str, preset: str) -> Path:
    """Return a folder below KWK_HOME that no run has yet, named by the time."""
    from datetime import datetime

    stem = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{preset}"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 1000))
    return next(place for name in names if not (place := home / "runs" / graph / name).exists())


def read_material(kwk: Kwk, stores: Stores, graph_name: str, dialogues: Path, holdout: str | None) -> Material:
    """Read a graph and the measurements of its images, without those of a style that is held out."""
    from kg import adjacency
    from kg.errors import DataError
    from model.data import split_file
    from model.gallery import pictures_of, style_of
    from model.measured import measured
    from model.prepare import Material

    for split in ("train", "valid"):
        split_file(dialogues, split)  # or DataError, before images are measured for minutes
    graph = adjacency.load(stores.driver, graph_name)
    every = pictures_of(graph)
    pictures = pictures_of(graph, lambda path: style_of(path) == holdout)
    if holdout and len(pictures) == len(every):
        styles = ", ".join(sorted({style_of(path) for path in every.values()})[:20])
        raise DataError(f"No image of '{graph_name}' is drawn in the style '{holdout}'; there are: {styles}.")
    if not pictures or not graph.image_roots:
        return Material(graph, {}, {}, dialogues)
    return Material(graph, *measured(stores.engine, graph, pictures, kwk.verbosity >= 0), dialogues)


@contextmanager
def watched(kwk: Kwk) -> Iterator[Watch]:
    """Yield what shows step, losses and the time left on stderr; nothing off a terminal or where asked to be quiet."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from model.loop import Report

    console = Console(stderr=True)
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    hidden = kwk.verbosity < 0 or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden) as bars, interrupted() as stopped:
        task = bars.add_task("", total=1.0)

        def watch(report: Report) -> None:
            if stopped():
                raise KeyboardInterrupt
            losses = "  ".join(f"{name} {loss:.2f}" for name, loss in report.losses.items())
            held_out = f"  valid {report.valid['total']:.2f}" if "total" in report.valid else ""
            bars.update(task, completed=report.progress, description=f"step {report.step:,}  {losses}{held_out}")

        yield watch


@contextmanager
def interrupted() -> Iterator[Callable[[], bool]]:
    """Yield what says whether Ctrl-C was pressed, so that a step is ended first; pressed again it stops at once."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    if threading.current_thread() is not threading.main_thread():  # signals are for the main thread alone
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


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
