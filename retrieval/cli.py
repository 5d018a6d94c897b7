"""`kwk ask` and `kwk evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from PIL import Image

    from retrieval.answer import Answer

LONGEST = 2_000  # characters of a question
WIDE = 140  # characters of a line of figures, where no terminal says how many fit


@click.command()
@click.argument("question")
@click.option("--image", type=click.Path(path_type=Path), metavar="FILE", help="A picture that the question is about.")
@graph_option
@click.option("--run", "run_name", metavar="RUN", help="The trained run; default: the graph's newest, if there is one.")
@json_option
@click.pass_obj
def ask(
    kwk: Kwk, question: str, image: Path | None, graph_name: str | None, run_name: str | None, as_json: bool
) -> None:  # fmt: skip
    """Answer QUESTION from the graph, with the edges that the answer rests on."""
    from dataclasses import asdict

    from kg.graph_commands import chosen
    from kg.progress import bar, silent
    from kg.stores import open_stores
    from retrieval.assemble import open_answerer
    from retrieval.run import choose_run

    text = checked(question)
    picture = read_picture(image) if image else None
    progress = bar if kwk.verbosity >= 0 else silent
    with open_stores(kwk) as stores:
        graph = chosen(kwk, stores.driver, graph_name)
        run = choose_run(kwk.home, graph, run_name)
        answer = open_answerer(stores, graph, kwk.home, run, progress).ask(text, picture)
    if as_json:
        click.echo(json.dumps(asdict(answer), ensure_ascii=False, indent=2))
    else:
        print_answer(answer)


@click.command()
@click.option("--run", "run_name", metavar="RUN", help="The run to be judged; default: the graph's newest.")
@click.option("--against", metavar="RUN", help="Another run, to be compared question by question.")
@click.option("--dialogues", type=click.Path(path_type=Path), help="Folder of dialogues; default: the run's own.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=400, show_default=True, help="Questions of each format, at most."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Draws the questions.")
@graph_option
@json_option
@click.pass_obj
def evaluate(
    kwk: Kwk,
    /,
    run_name: str | None,
    against: str | None,
    dialogues: Path | None,
    limit: int,
    seed: int,
    graph_name: str | None,
    as_json: bool,
) -> None:
    """Judge a trained run on the test split: grounded in the graph and by heart, beside priors that know less."""
    import torch
    from rich.console import Console

    from kg.graph_commands import chosen
    from kg.progress import bar, silent
    from kg.stores import open_stores
    from model import checkpoint
    from retrieval.evaluation import EvaluateSettings, open_evaluation
    from retrieval.report import print_report
    from retrieval.run import open_run

    torch.set_num_threads(1)  # one short sequence at a time is not faster on two, and far slower where others compute
    progress = bar if kwk.verbosity >= 0 else silent
    with open_stores(kwk) as stores:
        folder = checkpoint.find(kwk.home, run_name, graph_name)
        graph = chosen(kwk, stores.driver, graph_name or checkpoint.read_manifest(folder).graph)
        run = open_run(folder, graph)
        other = open_run(checkpoint.find(kwk.home, against), graph) if against else None
        source = dialogues or Path(run.manifest.settings["dialogues"])
        evaluation = open_evaluation(stores, graph, kwk.home, EvaluateSettings(source, limit, seed), progress)
        report = evaluation.report(run, other)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        console = Console(markup=False, highlight=False)
        print_report(report, console if console.is_terminal else Console(markup=False, highlight=False, width=WIDE))


def checked(question: str) -> str:
    """Return a question that can be read. Raises DataError."""
    from kg.errors import DataError

    text = question.encode("utf-8", "replace").decode().strip()  # a shell may hand over half a character
    if not text:
        raise DataError('There is no question; ask one, such as: kwk ask "What is the capital of Peru?"')
    if len(text) > LONGEST:
        raise DataError(f"The question has {len(text):,} characters; ask it in {LONGEST:,} or fewer.")
    return text


def read_picture(file: Path) -> Image.Image:
    """Return the pixels of a picture, RGB. Raises DataError."""
    from ingest.images import Unusable, decode, read_within
    from kg.errors import DataError

    try:
        return decode(read_within(file.absolute().parent, file.name))[0]
    except Unusable as exc:
        raise DataError(f"The picture {file} can't be used, it {exc}; show another one.") from exc


def print_answer(answer: Answer) -> None:
    """Print an answer to read: what is said, the files of the images, the edges."""
    click.echo(answer.text)
    for image in answer.images:
        click.echo(f"  {image.path}")
    if answer.evidence:
        click.echo("\nFrom the graph:")
    for edge in answer.evidence:
        click.echo(f"  {edge.subject} — {edge.relation} → {edge.object}")
