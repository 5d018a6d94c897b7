"""`kwk dialogues refine` and `label`: seeds of conversations, written by a language model and labelled by a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dialogue.llm_options import PARTIAL, Llm, graph_of, listed, llm_options
from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from dialogue.llm.refine import Seeds


@click.command()
@click.argument("seeds", type=click.Path(path_type=Path, file_okay=False))
@click.option("--in", "folder", type=click.Path(path_type=Path), help="Dialogues to write from; default: built last.")
@graph_option
@click.option("--size", type=click.IntRange(1), default=100, show_default=True, help="Conversations of the round.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@llm_options
@json_option
@click.pass_context
def refine(
    ctx: click.Context,
    seeds: Path,
    folder: Path | None,
    graph_name: str | None,
    size: int,
    seed: int,
    llm: Llm,
    as_json: bool,
) -> None:
    """Write the next of three rounds of conversations into the folder SEEDS, for a person to label (see `label`)."""
    from dialogue.folder import choose_folder, read_settings
    from dialogue.llm.refine import Seeds
    from dialogue.llm.runs import next_round

    kwk: Kwk = ctx.obj
    kept = Seeds(seeds)
    number = kept.next_round()
    place = choose_folder(folder, graph_name)
    graph = graph_of(kwk, graph_name or str(read_settings(place)["graph"]))
    written, rejected, spent, stopped = next_round(graph, place, kept, size, seed, llm.run, kwk.progress)
    counted = {
        "file": str(kept.path(number)) if written else None,
        "round": number,
        "conversations": written,
        "rejected": rejected,
        "spent": spent,
        "stopped_by_budget": stopped,
    }
    if as_json:
        click.echo(json.dumps(counted, ensure_ascii=False))
    elif written:
        click.echo(
            f"Round {number}: {written:,} conversations in {kept.path(number)}; `kwk dialogues label` labels them."
        )
    else:
        click.echo(f"Round {number} was not written: no conversation was taken.")
    if rejected and not as_json:
        click.echo(f"Rejected: {listed(rejected)}.")
    ctx.exit(PARTIAL if stopped else 0 if written else 1)


@click.command()
@click.argument("seeds", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
def label(seeds: Path, as_json: bool) -> None:
    """Label the conversations in SEEDS one by one: Excellent, Satisfactory or Poor, and what they are good for."""
    from dialogue.llm.refine import Seeds

    kept = Seeds(seeds)
    if not as_json:
        _ask_for_labels(kept)
    counts = kept.counted()
    click.echo(
        json.dumps(counts) if as_json else "\n".join(f"Round {n}: {listed(each)}" for n, each in enumerate(counts, 1))
    )


def _ask_for_labels(kept: Seeds) -> None:
    """Show each conversation without a label, and ask for one; Ctrl-C keeps what was labelled."""
    from dialogue.llm.refine import CHARACTERISTICS, QUALITIES

    letters = {name[0]: name for name in QUALITIES}
    for number, seeds in enumerate(kept.rounds(), 1):
        for place, each in enumerate(seeds):
            if each.quality is not None:
                continue
            click.echo(f"\n{number}.{place + 1} {each.dialogue}")
            for asked, given in each.turns:
                click.echo(f"human: {asked}\nassistant: {given}")
            choice = click.prompt(
                "E(xcellent), S(atisfactory), P(oor)", type=click.Choice([*letters], case_sensitive=False)
            )
            click.echo(", ".join(f"{n} {name}" for n, name in enumerate(CHARACTERISTICS, 1)))
            digits = str(click.prompt("Which of them, as digits", default="", show_default=False))
            shown = [name for n, name in enumerate(CHARACTERISTICS, 1) if str(n) in digits]
            kept.label(number, place, letters[choice.upper()], shown)
