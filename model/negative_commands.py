"""`kwk negatives`: what would be drawn for a triple, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option, print_table

if TYPE_CHECKING:
    from model.negative_explain import Explained

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN = 12  # excluded images that are listed off --json


def mix_options(command: Command) -> Command:
    """Add the options of the mix of tiers; their defaults are those of `model.mix`, which loads numpy."""
    options = (
        click.option(
            "--mix",
            default="range=0.3,shares=0.2,neighbour=0.3,type=0.2",
            show_default=True,
            metavar="TIER=SHARE,…",
            help="Shares of the tiers in the hard part.",
        ),
        click.option(
            "--hardest",
            type=click.FloatRange(0, 1),
            default=0.8,
            show_default=True,
            help="Share of the hard part when it is largest; the rest is random.",
        ),
        click.option(
            "--ramp",
            type=click.FloatRange(0, 1),
            default=0.6,
            show_default=True,
            help="Part of the training in which the hard part grows from nothing.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def negatives() -> None:
    """Explain the images that <RET> learns to tell from the right one."""


@negatives.command()
@click.argument("head")
@click.argument("relation")
@click.argument("tail")
@graph_option
@json_option
@click.option("-n", "count", type=click.IntRange(min=1), default=8, show_default=True, help="Negatives to draw.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@click.option("--progress", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="How far training is.")
@mix_options
@click.pass_obj
def explain(
    kwk: Kwk,
    /,
    head: str,
    relation: str,
    tail: str,
    graph_name: str | None,
    as_json: bool,
    count: int,
    seed: int,
    progress: float,
    **mixed: Any,
) -> None:
    """Draw the negatives of HEAD RELATION TAIL, asked for its tail, and say why each, and what is never drawn.

    HEAD and TAIL are ids or names, RELATION is a path or IRI, its type in Neo4j or its label.
    """
    from kg import catalogue
    from kg.graph_commands import chosen
    from kg.stores import open_stores
    from model import negative_explain
    from model.measured import measured_gallery
    from model.mix import mix_at

    shares = mix_at(progress, **mixed)
    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)
        ends = [catalogue.find_entity(stores.driver, name, each) for each in (head, tail)]
        graph, gallery = measured_gallery(stores.driver, stores.engine, name, kwk.verbosity >= 0)
    found = negative_explain.explain(graph, gallery, (ends[0], relation, ends[1]), shares, count, seed)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        show(found)


def show(found: Explained) -> None:
    """Print an explanation."""
    from model.proximity import FARTHEST

    click.echo(f"{found.head} · {found.relation} · {found.tail}, whose image is {found.image}")
    click.echo("shares: " + ", ".join(f"{tier} {share:.0%}" for tier, share in found.shares.items()) + "\n")
    head = ("tier", "hops", "Adamic-Adar", "chance", "entity", "image")
    rows: list[tuple[object, ...]] = []
    for each in found.drawn:
        hops = each.hops if each.hops <= FARTHEST else f">{FARTHEST}"
        rows.append((each.tier, hops, f"{each.adamic_adar:.3f}", f"{each.chance:.2%}", each.entity, each.image))
    print_table(head, rows)
    click.echo(f"\nNever drawn, {len(found.excluded)} of {found.images:,} images:")
    print_table(("image", "entity", "why"), [(each.image, each.entity, each.why) for each in found.excluded[:SHOWN]])
    if len(found.excluded) > SHOWN:
        click.echo(f"… and {len(found.excluded) - SHOWN:,} more; --json has them all.")
