"""`kwk train`; `kwk runs` stands in `model.run_commands`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option
from model.negative_commands import mix_options
from model.run_commands import runs, summary, told
from model.watching import watched

if TYPE_CHECKING:
    from kg.stores import Stores
    from model.prepare import Material

__all__ = ["runs", "train"]

# What can't change when a run goes on.
FIXED = (
    *("preset", "vision", "llm", "lora", "kno", "adapter", "negatives", "drawn", "mix", "hardest", "ramp", "corrected"),
    *("seed", "accumulate", "holdout_style"),
)
MINUTES = 3.0  # of training, where nothing else is said
PATIENCE = "Validations without a lower loss, after which training ends."


@click.command()
@graph_option
@click.option("--dialogues", type=click.Path(path_type=Path), help="Folder of dialogues; default: dialogues/<graph>.")
@click.option("--preset", default="tiny", show_default=True, help="Parts and sizes of the model: NAME or FILE.toml.")
@click.option("--vision", metavar="NAME", help="Vision tower: lite, ViT-L-14/openai, NAME:PATH [the preset's].")
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
@click.option("--recipe", metavar="NAME", help="Losses and negatives of others, as a baseline: gill or textbind.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to train.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help=f"Minutes to train [{MINUTES:g}].")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@click.option("--accumulate", type=click.IntRange(min=1), default=1, show_default=True, help="Batches in a step.")
@click.option("--patience", type=click.IntRange(min=1), default=8, show_default=True, help=PATIENCE)
@click.option("--tensorboard", "board", is_flag=True, help="Write TensorBoard's files beside log.jsonl.")
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
    """Train a model on a graph's dialogues.

    Ctrl-C and SIGTERM (exit code 143) end the step and save; --resume goes on from there. Many processes share the work
    where `torchrun --no-python kwk train` or `accelerate launch` starts them.
    """
    from kg.graph_commands import chosen as chosen_graph
    from kg.stores import open_stores
    from model import checkpoint
    from model.settings import TrainSettings, shape_of
    from model.train import check_target, resume
    from model.train import train as train_run
    from model.workers import Workers

    workers = Workers.here()
    limits = {key: chosen[key] for key in ("steps", "minutes") if chosen[key] is not None}
    chosen |= by_recipe(chosen.pop("recipe"))
    with open_stores(kwk) as stores:
        if resumed:
            folder = checkpoint.find(kwk.home, resumed)
            saved = checkpoint.read_manifest(folder).settings
            fixed = {key: chosen[key] for key in FIXED}
            refuse_changes({**saved, "graph_name": saved["graph"]}, fixed | {"graph_name": graph_name, "out": out})
            source = dialogues or Path(saved["dialogues"])
            name, holdout = saved["graph"], saved["holdout_style"]
            vision = checkpoint.read_manifest(folder).shape["vision"]
        else:
            name = chosen_graph(kwk, stores.driver, graph_name)
            source = (dialogues or Path("dialogues") / name).absolute()
            if not limits:
                chosen["minutes"] = MINUTES
            settings = TrainSettings(graph=name, dialogues=str(source), **chosen)
            shape = shape_of(settings)
            folder = Path(workers.agree(str(out.absolute() if out else new_folder(kwk.home, name, shape.name))))
            holdout, vision = settings.holdout_style, shape.vision
            if workers.writes:
                check_target(folder)
        with workers.first_alone():  # who measures pictures that the others find measured
            material = read_material(kwk, stores, name, source, holdout, vision)
    try:
        with watched(kwk, workers.writes) as watch:
            manifest = (
                resume(material, folder, watch, **limits) if resumed else train_run(material, settings, folder, watch)
            )
    except (KeyboardInterrupt, SystemExit):
        if workers.writes:
            click.echo(f"Stopped and saved; go on with: kwk train --resume {folder}", err=True)
        raise
    if workers.writes:
        click.echo(json.dumps(summary(folder, manifest)) if as_json else told(folder, manifest))


def by_recipe(name: str | None) -> dict[str, str | float]:
    """Return the settings of a recipe. Raises UsageError where an option or --resume says otherwise; DataError."""
    from model.recipes import recipe

    if name is None:
        return {}
    context = click.get_current_context()
    if context.get_parameter_source("negatives") is ParameterSource.COMMANDLINE or context.params["resumed"]:
        raise click.UsageError("--recipe decides the negatives of a new run; leave out --negatives and --resume.")
    return dict(recipe(name).settings)


def refuse_changes(saved: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise UsageError if an option says something else than the run that goes on was begun with."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if said and name in given and given[name] != saved.get(name):
            raise click.UsageError(f"{parameter.opts[0]} can't change with --resume; the run has {saved.get(name)}.")


def new_folder(home: Path, graph: str, preset: str) -> Path:
    """Return a folder below KWK_HOME that no run has yet, named by the time."""
    from datetime import datetime

    stem = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{preset}"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 1000))
    return next(place for name in names if not (place := home / "runs" / graph / name).exists())


def read_material(
    kwk: Kwk, stores: Stores, graph_name: str, dialogues: Path, holdout: str | None, vision: str = "lite"
) -> Material:
    """Read a graph and a tower's measurements of its images, without those of a style that is held out."""
    from ingest.target import choose_tower
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
    tower = choose_tower(vision)
    rows, hashes = measured(stores.engine, graph, pictures, tower, kwk.verbosity >= 0)
    return Material(graph, rows, hashes, dialogues, tower.space)
