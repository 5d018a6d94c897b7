"""`kwk ask`, `kwk chat` and `kwk evaluate`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option
from retrieval.options import opened_host, run_option, timings_option, visual_cache_option

if TYPE_CHECKING:
    from model.checkpoint import Manifest
    from retrieval.given import Answer

WIDE = 140  # characters of a line of figures, where no terminal says how many fit


@click.command()
@click.argument("question")
@click.option("--image", type=click.Path(path_type=Path), metavar="FILE", help="A picture that the question is about.")
@graph_option
@run_option
@visual_cache_option
@timings_option
@json_option
@click.pass_obj
def ask(
    kwk: Kwk,
    /,
    question: str,
    image: Path | None,
    graph_name: str | None,
    run_name: str | None,
    visual_cache: bool,
    timings: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION from the graph, with the edges that the answer rests on."""
    from dataclasses import asdict

    from retrieval.conversation import Conversation
    from retrieval.intake import checked, read_picture
    from retrieval.timings import timed

    text = checked(question)
    picture = read_picture(image) if image else None
    with opened_host(kwk, graph_name, run_name, visual_cache) as host:
        with timed() as taken:
            given = host.turn(Conversation(), text, picture)
        if timings:
            click.echo(taken.told(), err=True)
    if as_json:
        click.echo(json.dumps({"id": str(given.id)} | asdict(given.answer), ensure_ascii=False, indent=2))
    else:
        print_answer(given.answer, str(given.id))


@click.command()
@graph_option
@run_option
@visual_cache_option
@timings_option
@click.pass_obj
def chat(kwk: Kwk, graph_name: str | None, run_name: str | None, visual_cache: bool, timings: bool) -> None:
    """Talk with a graph: follow-up questions, pictures, and what each answer rests on."""
    from rich.console import Console

    from retrieval.chat import Chat

    with opened_host(kwk, graph_name, run_name, visual_cache) as host:
        Chat(host, Console(markup=False, highlight=False), timings=timings).run(typed())


def typed() -> Iterator[str]:
    """Yield what is typed, line by line, until Ctrl-D; a pipe's lines as they come. Ctrl-C drops a line."""
    import sys

    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    import readline  # noqa: F401 - lines can be edited and called back

    while True:
        try:
            line = input("> ")
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
            continue
        yield line


@click.command()
@click.option("--run", "run_name", metavar="RUN", help="The run to be judged; default: the graph's newest.")
@click.option("--against", metavar="RUN", help="Another run, to be compared question by question.")
@click.option("--dialogues", type=click.Path(path_type=Path), help="Folder of dialogues; default: the run's own.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    help="Questions of each format, at most: in wordings of train, and as many in those kept for the test.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Draws the questions.")
@click.option("--embeddings", is_flag=True, help="Fit TransE and ComplEx beside, by PyKEEN: kwk[pykeen].")
@click.option(
    "--llm",
    metavar="NAME|PATH",
    help="Ask a language model in words beside: gemma-270m, of the hub, a folder, a .gguf.",
)
@visual_cache_option
@click.option("--lmms-eval", type=click.Path(path_type=Path), help="Write the questions as lmms-eval's tasks instead.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the results; default: evaluation, in the run's."
)
@graph_option
@json_option
@click.pass_obj
def evaluate(
    kwk: Kwk,
    /,
    run_name: str | None,
    against: str | None,
    out: Path | None,
    lmms_eval: Path | None,
    graph_name: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Judge a trained run on the test split: grounded in the graph and by heart, beside priors that know less.

    With --graph and the run of another graph, zero-shot.
    """
    import torch

    from kg.graph_commands import chosen as chosen_graph
    from kg.stores import open_stores
    from model import checkpoint
    from model.run import tower_of
    from retrieval.embeddings import installed
    from retrieval.evaluation import EvaluateSettings, open_evaluation
    from retrieval.results import results_folder, write_results
    from retrieval.run import open_run

    if chosen["embeddings"] and not installed():
        click.echo(
            "Warning: PyKEEN is not installed, so TransE and ComplEx are left out; pip install kwk[pykeen].", err=True
        )
        chosen["embeddings"] = False
    torch.set_num_threads(1)  # one short sequence at a time is not faster on two, and far slower where others compute
    with open_stores(kwk) as stores:
        folder = checkpoint.find(kwk.home, run_name, None if run_name else graph_name)
        manifest = checkpoint.read_manifest(folder)
        graph = chosen_graph(kwk, stores.driver, graph_name or manifest.graph)
        settings = EvaluateSettings(source_of(chosen.pop("dialogues"), manifest, graph), **chosen)
        evaluation = open_evaluation(stores, graph, kwk.home, settings, kwk.progress, tower_of(manifest))
        if lmms_eval:
            counts = evaluation.export_tasks(lmms_eval)
            click.echo(json.dumps(counts) if as_json else f"Tasks in {lmms_eval}: {', '.join(counts)}")
            return
        run = open_run(folder, graph, zero_shot=True)
        other = open_run(checkpoint.find(kwk.home, against), graph, zero_shot=True) if against else None
        ours = evaluation.judge(run)
        report = evaluation.report(ours, evaluation.judge(other, baselines=False) if other else None)
    place = out or results_folder(folder, manifest.graph, graph)
    write_results(place, report, ours, settings)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print_figures(report)
        click.echo(f"Figures, plots and the outcome of every question: {place}", err=True)


def source_of(dialogues: Path | None, manifest: Manifest, graph: str) -> Path:
    """Return the folder of dialogues that ask: the one named, the run's own, or another graph's."""
    if dialogues is not None:
        return dialogues
    return Path(manifest.settings["dialogues"]) if manifest.graph == graph else Path("dialogues") / graph


def print_figures(report: dict[str, Any]) -> None:
    """Print all tables, as wide as they need."""
    from rich.console import Console

    from retrieval.report import print_report

    console = Console(markup=False, highlight=False)
    print_report(report, console if console.is_terminal else Console(markup=False, highlight=False, width=WIDE))


def print_answer(answer: Answer, id: str) -> None:
    """Print an answer to read: what is said, the files of the images, the edges."""
    click.echo(answer.text)
    for image in answer.images:
        click.echo(f"  {image.path}")
    if answer.evidence:
        click.echo("\nFrom the graph:")
    for edge in answer.evidence:
        click.echo(f"  {edge.subject} — {edge.relation} → {edge.object}")
    click.echo(f"\nanswer {id[:8]}; `kwk trace {id[:8]}` follows it back", err=True)
