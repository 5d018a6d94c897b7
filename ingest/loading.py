"""The end that all `kwk ingest` commands have in common: load a source into the stores and say what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.load import Summary
    from kg.types import Source


@dataclass(frozen=True, slots=True)
class How:
    """How a source is loaded, as the options that all commands share say."""

    encoder: str
    bulk: bool
    as_json: bool


def load_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of loading a graph; it gets them as `how`."""
    return click.option("--bulk", is_flag=True, help="Load a large graph offline, into an empty database.")(
        picture_options(command)
    )


def picture_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of loading pictures; it gets them as `how`."""

    @click.option(
        "--encoder",
        default="lite",
        show_default=True,
        metavar="NAME",
        help="What looks at the pictures: lite (offline), an open_clip model NAME/PRETRAINED "
        "(ViT-L-14/openai is KnowBLIP's), or NAME:PATH for weights of your own.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_how(*arguments: Any, encoder: str, as_json: bool, bulk: bool = False, **others: Any) -> None:
        command(*arguments, how=How(encoder, bulk, as_json), **others)

    return with_how


def load_into(
    kwk: Kwk, graph_name: str, read: Callable[[], Source], how: How, origin: Path | None = None
) -> None:  # fmt: skip
    """Read a source, load it and say what became of it; `origin` is where it lies, if it is called after that."""
    from ingest.load import load, write_rejects
    from ingest.target import Target, choose_tower
    from kg import bulk
    from kg.browser import refresh_assets
    from kg.catalogue import check_name
    from kg.errors import DataError
    from kg.stores import open_stores

    check_name(graph_name)
    tower = choose_tower(how.encoder)
    offline = False
    if how.bulk:
        with open_stores(kwk) as stores:
            offline = bulk.may_import(stores.driver, kwk.services, graph_name)
        if not offline:
            kwk.say(f"A load of '{graph_name}' was cut short: it goes on where it was.")
    kwk.say("Reading …")
    source = read()
    if origin:
        source = replace(source, origin=origin.absolute())
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
    imported = bulk.import_source(kwk.services, graph_name, source, kwk.say, kwk.progress) if offline else None
    with open_stores(kwk) as stores:
        target = Target(stores.driver, stores.engine, graph_name, kwk.home, kwk.progress)
        summary = load(target, source, tower, imported)
        refresh_assets(kwk.home, stores.driver, kwk.say)
    if how.as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        tell(summary)


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
