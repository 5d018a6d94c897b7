"""The end that all `kwk ingest` commands have in common: load a source into the stores and say what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk

if TYPE_CHECKING:
    from ingest.load import Summary
    from kg.types import Source


@dataclass(frozen=True, slots=True)
class How:
    """How a source is loaded, as the options that all commands share say."""

    encoder: str
    bulk: bool
    as_json: bool


def load_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of loading; it gets them as `how`."""

    @click.option(
        "--encoder",
        default="lite",
        show_default=True,
        metavar="NAME",
        help="What looks at the pictures: lite (offline), an open_clip model NAME/PRETRAINED "
        "(ViT-L-14/openai is KnowBLIP's), or NAME:PATH for weights of your own.",
    )
    @click.option("--bulk", is_flag=True, help="Load the facts of a large graph offline, into an empty database.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_how(*arguments: Any, encoder: str, bulk: bool, as_json: bool, **others: Any) -> None:
        command(*arguments, how=How(encoder, bulk, as_json), **others)

    return with_how


def load_into(kwk: Kwk, graph_name: str, read: Callable[[], Source], how: How) -> None:
    """Read a source, load it and say what became of it."""
    from ingest.load import load, write_rejects
    from ingest.target import Target, choose_tower
    from kg import bulk
    from kg.browser import publish_assets
    from kg.catalogue import check_name
    from kg.errors import DataError
    from kg.progress import bar, silent
    from kg.stores import open_stores

    check_name(graph_name)
    tower = choose_tower(how.encoder)
    progress = bar if kwk.verbosity >= 0 else silent
    if how.bulk:
        with open_stores(kwk) as stores:
            bulk.refuse_unless_empty(stores.driver, kwk.services)
    kwk.say("Reading …")
    source = read()
    if not len(source.entities) and not len(source.images):
        dropped = write_rejects(kwk.home, graph_name, source.name, source.rejects)
        raise DataError(
            f"Nothing could be read for '{graph_name}' from '{source.name}': "
            + (
                f"{len(source.rejects):,} lines were dropped, each with its reason in {dropped}."
                if dropped
                else "it is empty."
            )
        )
    imported = import_offline(kwk, graph_name, source) if how.bulk else None
    with open_stores(kwk) as stores:
        target = Target(stores.driver, stores.engine, graph_name, kwk.home, progress)
        summary = load(target, source, tower, imported)
        publish_assets(kwk.home, stores.driver)
    if how.as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        tell(summary)


def import_offline(kwk: Kwk, graph_name: str, source: Source) -> int:
    """Import the facts with the server stopped; return how many there were."""
    from ingest.load import relation_names
    from kg.bulk import import_facts
    from kg.progress import bar, silent

    progress = bar if kwk.verbosity >= 0 else silent
    return import_facts(kwk.services, graph_name, source, relation_names(source, {}), kwk.say, progress)


def tell(summary: Summary) -> None:
    """Print what a load did."""
    click.echo(
        f"'{summary.graph}' holds {summary.triples:,} triples ({summary.new_triples:,} new) of {summary.entities:,} "
        f"entities and {summary.images:,} images ({summary.new_images:,} new) from the source '{summary.source}', "
        f"in {summary.seconds:.1f} s."
    )
    if summary.gates:
        told = ", ".join(f"{count:,} {gate}" for gate, count in summary.gates.items() if count)
        click.echo(f"Gates: {told}. {summary.semantic_gate}")
    if summary.rejects:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.rejects.items())
        click.echo(f"Dropped: {reasons}. Each with its place and reason in {summary.rejects_file}")
