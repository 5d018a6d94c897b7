"""`kwk images`: what becomes of a graph's pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option, print_table

if TYPE_CHECKING:
    from ingest.ballot import BallotBox
    from ingest.fetch import Listing
    from ingest.fetch_report import FetchSummary
    from kg.stores import Stores


@click.group()
def images() -> None:
    """Fetch a graph's pictures, see why each was kept or dropped, and vote on them."""


def bytes_of(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the bytes of a size like 64MB or 500 KB; units are powers of 1024."""
    number = value.strip().upper().removesuffix("B").removesuffix("I")
    unit = {"K": 2**10, "M": 2**20, "G": 2**30}.get(number[-1:], 1)
    try:
        return int(float(number.rstrip("KMG")) * unit)
    except (ValueError, OverflowError) as exc:
        raise click.BadParameter(f"{value!r} is no size; write 64MB, 500KB or a number of bytes.") from exc


@images.command()
@click.option(
    "--index",
    "indexes",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Lines of: id TAB address [TAB name]; or MMKB's URLS_*.txt, or their folder. May be given several times.",
)
@click.option("--graph", "graph_name", metavar="NAME", help="Fetch the addresses that this graph's entities hold.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the pictures.")
@click.option("--connections", default=32, show_default=True, help="Connections at once.")
@click.option("--per-host", default=4, show_default=True, help="Connections at once to one host.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds of silence; ten times this for a picture.")
@click.option("--retries", default=3, show_default=True, help="Tries after the first, where another may help.")
@click.option("--max-size", default="64MB", show_default=True, callback=bytes_of, help="Largest picture.")
@click.option("--allow-private", is_flag=True, help="Allow addresses of private networks and of this machine.")
@json_option
@click.pass_obj
def fetch(
    kwk: Kwk, /, indexes: tuple[Path, ...], graph_name: str | None, out: Path, as_json: bool, **settings: Any
) -> None:  # fmt: skip
    """Download the pictures that an index names, and report what rotted away.

    Writes OUT/<entity>/<name>, OUT/map.tsv for `kwk ingest images --map`, and OUT/report.jsonl. Run again, it asks only
    whether pictures have changed; a run that was cut short goes on where it was.
    """
    from contextlib import ExitStack
    from dataclasses import asdict

    from ingest.fetch import FetchSettings, fetch_images
    from ingest.fetch_index import index_files, read_graph, read_index
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    if not indexes and graph_name is None:
        raise click.UsageError("Name an index with --index, or a graph with --graph.")
    checked = FetchSettings(**settings)
    files = [file for index in indexes for file in index_files(index)]
    listings: list[Listing] = [(str(file.resolve()), read_index(file)) for file in files]
    with ExitStack() as stack:
        if graph_name is not None:
            driver = stack.enter_context(open_stores(kwk)).driver
            listings.append((f"graph {graph_name}", read_graph(driver, chosen(kwk, driver, graph_name))))
        kwk.say("Reading what is wanted …")
        summary = fetch_images(listings, out.absolute(), checked, kwk.progress)
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        print_fetched(summary)


def print_fetched(summary: FetchSummary) -> None:
    """Print what was fetched, what rotted away, and where it stands."""
    states = ", ".join(f"{count:,} {state}" for state, count in summary.states.items()) or "none"
    click.echo(
        f"{summary.addresses:,} addresses of {summary.lines:,} lines: {states}; "
        f"{summary.received / 2**20:,.1f} MB in {summary.seconds:,.1f} s."
    )
    if summary.continued:
        click.echo("An earlier run was cut short; what it had finished was not asked again.")
    if summary.reasons:
        print_table(("lost", "reason"), [(count, reason) for reason, count in summary.reasons.items()])
        hosts = summary.worst_hosts.items()
        print_table(
            ("lost", "asked", "share", "host"),
            [(n["lost"], n["asked"], f"{n['lost'] / n['asked']:.0%}", host) for host, n in hosts],
        )
    if summary.rejects:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.rejects.items())
        click.echo(f"Lines dropped: {reasons}. Each with its place and reason in {summary.rejects_file}")
    click.echo(f"{summary.pictures:,} pictures in {summary.map}; each address in {summary.report}")


@images.command()
@click.option("--graph", "graph_name", metavar="NAME", help="The graph; default: the one ingested last.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page; default: the first free one from 7860.")
@click.option("--reviewer", metavar="NAME", help="Who votes, in a browser that does not know it yet.")
@click.option("--no-open", is_flag=True, help="Open no browser, only print the address.")
@click.option("--all", "everything", is_flag=True, help="Also ask about what five votes have decided.")
@click.option("--queue", "show_queue", is_flag=True, help="Print what the experts agreed on no image of, and end.")
@click.option("--agreement", "show_agreement", is_flag=True, help="Print how far the reviewers agree, and end.")
@json_option
@click.pass_obj
def review(
    kwk: Kwk, /, graph_name: str | None, show_queue: bool, show_agreement: bool, as_json: bool, **page: Any
) -> None:  # fmt: skip
    """Open a page on 127.0.0.1 where experts vote for the best image of each entity, several at once.

    Two votes or more, and more than for anything else, choose an image; no later run of the gates drops it. Ties, and
    entities of which no image is right, wait in the queue.
    """
    from ingest.ballot import BallotBox
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    if show_queue and show_agreement:
        raise click.UsageError("Ask for --queue or for --agreement, not for both.")
    if as_json and not (show_queue or show_agreement):
        raise click.UsageError("--json goes with --queue or --agreement.")
    with open_stores(kwk) as stores:
        box = BallotBox(stores.driver, stores.engine, chosen(kwk, stores.driver, graph_name))
        if show_queue:
            print_queue(box, as_json)
        elif show_agreement:
            print_agreement(box, as_json)
        else:
            serve_review(kwk, stores, box, **page)


def serve_review(
    kwk: Kwk, stores: Stores, box: BallotBox, port: int | None, reviewer: str | None, no_open: bool, everything: bool
) -> None:  # fmt: skip
    """Serve the review page until Ctrl-C."""
    from dataclasses import replace

    from ingest.ballot import reviewer_name
    from kg.errors import DataError

    name = None if reviewer is None else reviewer_name(reviewer)
    try:
        from ingest.review import Desk, review_page
        from kg.local_page import impatient, listen, serve
    except ImportError as exc:
        raise DataError(f"The review page needs Gradio ({exc}): pip install 'kwk[review]'.") from exc
    if added := box.complete_history():
        kwk.say(f"The history lacked {added:,} votes, which were cast without it; they are in it now.")
    with listen(port) as bound, impatient(stores.addresses.neo4j) as driver:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/"

        def ready() -> None:
            click.echo(f"Review of '{box.graph}' at {address} until Ctrl-C")
            if not no_open and click.launch(address) != 0:
                kwk.say("no web browser was found here: open the address above in one")

        desk = Desk(replace(box, driver=driver), stores.addresses.neo4j, name, everything)
        serve(review_page(desk), bound, ready)


def print_queue(box: BallotBox, as_json: bool) -> None:
    """Print the entities that wait for a search by hand, those with most votes first."""
    from itertools import count, takewhile

    from ingest.ballot import PAGE

    pages = takewhile(bool, (box.queue(skip=start) for start in count(0, PAGE)))
    rows = [row for page in pages for row in page]
    if as_json:
        told = [{key: value for key, value in row.items() if key != "voted"} for row in rows]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif not rows:
        click.echo(f"Nothing of '{box.graph}' waits to be searched for by hand.")
    else:
        why = {"tied": "tie", "none": "none is right"}
        lines: list[tuple[object, ...]] = [
            (
                row["votes"],
                why[row["state"]],
                row["none"],
                " ".join(str(image["votes"]) for image in row["images"]) or "-",
                row["name"] or "",
                row["id"],
            )
            for row in rows
        ]
        print_table(("votes", "why", "none", "images", "entity", "id"), lines)


def print_agreement(box: BallotBox, as_json: bool) -> None:
    """Print agreement statistics."""
    from dataclasses import asdict

    from ingest.agreement import agreement

    found = agreement(box.ballots())
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    if not found.entities:
        click.echo(f"No entity of '{box.graph}' has votes of two reviewers yet.")
        return

    def digits(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.3f}"

    raters = ", ".join(f"{entities:,} with {votes}" for votes, entities in found.raters.items())
    click.echo(f"{found.entities:,} entities with two votes or more ({raters}), {found.pictures:,} candidate images")
    click.echo(f"equal votes     {digits(found.agreement)}   share of pairs of votes, averaged over entities")
    click.echo(f"Fleiss' kappa   {digits(found.fleiss)}   each image chosen or not")
    click.echo(
        f"Randolph's      {digits(found.free_marginal)}   each entity one choice, by chance any candidate or none"
    )
    rows: list[tuple[object, ...]] = [
        (p.entities, digits(p.agreement), digits(p.cohen), p.first, p.second) for p in found.pairs
    ]
    print_table(("entities", "equal", "Cohen's kappa", "reviewer", "and"), rows)


@images.command()
@graph_option
@click.option("--encoder", metavar="NAME", help="By whose features; default: the one that the pictures came with last.")
@click.option("--again", is_flag=True, help="Judge all images anew, not only those of entities that changed.")
@click.option("--explain", "entity", metavar="ENTITY", help="Judge nothing; show how one entity (id or name) stands.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="With --explain: its pictures, as a page.")
@json_option
@click.pass_obj
def gates(
    kwk: Kwk, /, graph_name: str | None, encoder: str | None, entity: str | None, as_json: bool, **how: Any
) -> None:  # fmt: skip
    """Keep each entity's most typical and most fitting pictures; drop near-duplicates and strangers.

    Every score, rank, reason and vote is kept on HAS_IMAGE. What experts chose in `kwk images review` is never dropped.
    """
    from dataclasses import asdict

    from ingest.explain import console, print_summary
    from ingest.judge import judge
    from ingest.target import choose_tower
    from kg.graph_commands import chosen
    from kg.reconcile import spaces
    from kg.stores import open_stores

    if how["out"] and entity is None:
        raise click.UsageError("--out goes with --explain.")
    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)
        if entity is not None:
            show_entity(stores, name, entity, as_json, how["out"])
            return
        tower = choose_tower(encoder or next(reversed(spaces(stores.driver, name).values()), "lite"))
        summary = judge(stores.driver, stores.engine, name, tower, kwk.progress, how["again"])
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        print_summary(summary, console())


def show_entity(stores: Stores, graph: str, entity: str, as_json: bool, out: Path | None) -> None:
    """Print how the images of one entity stand, and write the page of them."""
    from dataclasses import asdict

    from ingest.contact_sheet import contact_sheet
    from ingest.explain import console, explain, print_explained
    from kg.errors import DataError

    explained = explain(stores.driver, graph, entity)
    if as_json:
        click.echo(json.dumps(asdict(explained), ensure_ascii=False, indent=2))
    else:
        print_explained(explained, console())
    if out is not None:
        page = contact_sheet(stores.driver, explained)
        try:
            out.write_text(page, "utf-8")
        except OSError as exc:
            raise DataError(f"The page can't be written to {out}: {exc.strerror}.") from exc
        click.echo(f"The pictures are in {out}", err=True)
