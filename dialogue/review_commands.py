"""`kwk dialogues review`, agreement, apply-review, review-export, review-import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option, print_table

if TYPE_CHECKING:
    from dialogue.review_agreement import RoundAgreement
    from dialogue.review_rounds import Choice
    from dialogue.review_views import Words
    from dialogue.truth import Truth
    from kg.stores import Stores

folder_argument = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
choice_options = (
    click.option("--sample", type=click.IntRange(min=1), help="Review so many rounds, drawn by --seed; default: all."),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Draws the sample."),
    click.option("--kind", "kinds", multiple=True, help="Only rounds of this kind (fact, count, …); can be repeated."),
    click.option("--relation", "relations", multiple=True, metavar="PATH", help="Only this relation; can be repeated."),
)


def choosing(command: Any) -> Any:
    """Give a command the options that choose rounds."""
    for option in reversed(choice_options):
        command = option(command)
    return command


def choice_of(sample: int | None, seed: int, kinds: tuple[str, ...], relations: tuple[str, ...]) -> Choice:
    """Return which rounds the options choose."""
    from dialogue.review_rounds import Choice

    return Choice(kinds, relations, sample, seed)


@contextmanager
def opened(kwk: Kwk, folder: Path | None, graph_name: str | None) -> Iterator[tuple[Stores, Path, str]]:
    """Yield the stores, the folder that a command means, and the graph that its dialogues are of."""
    from dialogue.folder import choose_folder, read_settings
    from kg.catalogue import choose
    from kg.stores import open_stores

    place = choose_folder(folder, graph_name)
    wanted = graph_name or str(read_settings(place).get("graph"))
    with open_stores(kwk) as stores:
        name, _ = choose(stores.driver, wanted)
        yield stores, place, name


def truth_of(kwk: Kwk, stores: Stores, graph: str) -> Truth:
    """Read the graph, saying so."""
    from dialogue.truth import read_truth

    kwk.say(f"Reading the graph '{graph}' …")
    return read_truth(stores.driver, graph)


def words_of(stores: Stores, graph: str, truth: Truth) -> Words:
    """Return what ids are called in a graph."""
    from dialogue.review_views import Words
    from kg import queries
    from kg.graph import read

    rows = read(stores.driver, queries.RELATION_NAMES, graph=graph)
    return Words(truth, {row["r.path"]: row["r.label"] for row in rows})


@click.command()
@folder_argument
@graph_option
@choosing
@click.option("--needed", type=click.IntRange(min=1), default=2, show_default=True, help="Reviews that a round needs.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page; default: the first free one from 7860.")
@click.option("--reviewer", metavar="NAME", help="Who reviews, in a browser that does not know it yet.")
@click.option("--no-open", is_flag=True, help="Open no browser, only print the address.")
@click.pass_obj
def review(
    kwk: Kwk, /, folder: Path | None, graph_name: str | None, needed: int, port: int | None, reviewer: str | None,
    no_open: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Open a page on 127.0.0.1 where several people accept, refine or reject rounds, by keys.

    Every verdict is kept with who and when; a refinement is taken only if the round stays true. `apply-review` writes
    the folder that the verdicts make.
    """
    from dialogue.folder import count_lines
    from dialogue.review_board import Board
    from dialogue.review_rounds import places
    from dialogue.verdicts import Verdicts
    from ingest.ballot import reviewer_name

    name = None if reviewer is None else reviewer_name(reviewer)
    with opened(kwk, folder, graph_name) as (stores, place, graph):
        with kwk.progress("dialogues", count_lines(place)) as seen:
            rounds = places(place, choice_of(**chosen), seen)
        board = Board(rounds, Verdicts(stores.engine, graph), needed)
        serve_review(kwk, stores, place, board, port, name, no_open)


def serve_review(
    kwk: Kwk, stores: Stores, folder: Path, board: Any, port: int | None, reviewer: str | None, no_open: bool
) -> None:  # fmt: skip
    """Serve the review page until Ctrl-C."""
    from dialogue.review_checks import checks_of
    from kg.errors import DataError

    try:
        from dialogue.review import Desk, review_page
        from kg.local_page import impatient, listen, serve
    except ImportError as exc:
        raise DataError(f"The review page needs Gradio ({exc}): pip install 'kwk[review]'.") from exc
    graph = board.verdicts.graph
    words = words_of(stores, graph, truth_of(kwk, stores, graph))
    with listen(port) as bound, impatient(stores.addresses.neo4j) as driver:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/"

        def ready() -> None:
            click.echo(f"Review of {len(board.places):,} rounds of '{graph}' at {address} until Ctrl-C")
            if not no_open and click.launch(address) != 0:
                kwk.say("no web browser was found here: open the address above in one")

        desk = Desk(board, folder, words, checks_of(folder, words.truth, graph), driver, reviewer)
        serve(review_page(desk), bound, ready)


@click.command()
@folder_argument
@graph_option
@json_option
@click.pass_obj
def agreement(kwk: Kwk, folder: Path | None, graph_name: str | None, as_json: bool) -> None:
    """Print how far the reviewers of a folder's rounds agree beyond chance: Cohen's and Fleiss' kappa."""
    from dialogue.folder import count_lines
    from dialogue.review_agreement import round_agreement
    from dialogue.review_rounds import Choice, places
    from dialogue.verdicts import Verdicts

    with opened(kwk, folder, graph_name) as (stores, place, graph):
        standing = Verdicts(stores.engine, graph).standing()
        keys = set()
        if standing:
            with kwk.progress("dialogues", count_lines(place)) as seen:
                keys = {each.key for each in places(place, Choice(), seen)}
    found = round_agreement(each for key, each in standing.items() if key in keys)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        print_agreement(found, place)


def print_agreement(found: RoundAgreement, folder: Path) -> None:
    """Print agreement statistics to read."""
    if not found.rounds:
        click.echo(f"No round of {folder} has verdicts of two reviewers yet.")
        return

    def digits(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.3f}"

    raters = ", ".join(f"{rounds:,} with {verdicts}" for verdicts, rounds in found.raters.items())
    click.echo(f"{found.rounds:,} rounds with two verdicts or more ({raters})")
    click.echo("verdicts        " + ", ".join(f"{count:,} {name}" for name, count in found.judgements.items()))
    click.echo(f"equal verdicts  {digits(found.agreement)}   share of pairs of verdicts, averaged over rounds")
    click.echo(f"Fleiss' kappa   {digits(found.fleiss)}   accept, refine, reject")
    click.echo(f"kept or not     {digits(found.fleiss_kept)}   accept and refine taken together")
    print_table(
        ("rounds", "equal", "Cohen's kappa", "kept or not", "reviewer", "and"),
        [
            (p.rounds, digits(p.agreement), digits(p.cohen), digits(p.cohen_kept), p.first, p.second)
            for p in found.pairs
        ],
    )


@click.command("apply-review")
@folder_argument
@graph_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--keep-ties", is_flag=True, help="Keep rounds that as many reviewers reject as keep.")
@click.option("--reviewed-only", is_flag=True, help="Drop rounds that nobody judged.")
@click.option("--force", is_flag=True, help="Replace dialogues that are there.")
@json_option
@click.pass_obj
def apply_review(
    kwk: Kwk, /, folder: Path | None, graph_name: str | None, out: Path, force: bool, as_json: bool, **rules: Any
) -> None:  # fmt: skip
    """Write a folder's dialogues as the verdicts want them: refined rounds in place, rejected ones dropped."""
    from dialogue.folder import check_target, count_lines
    from dialogue.review_apply import WHY, Rules
    from dialogue.review_apply import apply as apply_verdicts
    from dialogue.review_checks import checks_of
    from dialogue.verdicts import Verdicts

    check_target(out, force)
    with opened(kwk, folder, graph_name) as (stores, place, graph):
        standing = Verdicts(stores.engine, graph).standing()
        checks = checks_of(place, truth_of(kwk, stores, graph), graph)
        dialogues = count_lines(place)
        done = apply_verdicts(place, out, standing, checks, Rules(**rules), force, dialogues, kwk.progress)
    if as_json:
        click.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    parts = ", ".join(f"{name} {done.rounds[name]:,} in {done.dialogues[name]:,}" for name in done.rounds)
    click.echo(f"{sum(done.rounds.values()):,} rounds in {sum(done.dialogues.values()):,} dialogues: {parts}. In {out}")
    click.echo(
        f"{done.reviewed:,} rounds were reviewed, {done.refined:,} refined, {sum(done.dropped.values()):,} dropped"
    )
    for reason, count in done.dropped.items():
        click.echo(f"  {count:,} {reason}: {WHY[reason]}")
    if done.dialogues_dropped:
        click.echo(f"{done.dialogues_dropped:,} dialogues have no round left and were dropped")
