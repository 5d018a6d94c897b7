"""`kwk graphs`: list, relations, remove."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from kg.cli import Kwk

if TYPE_CHECKING:
    import neo4j

graph_option = click.option("--graph", "graph_name", metavar="NAME", help="The graph; default: the one ingested last.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def graphs() -> None:
    """List the graphs, their relations and types; remove one."""


@graphs.command("list")
@json_option
@click.pass_obj
def list_graphs(kwk: Kwk, as_json: bool) -> None:
    """List the graphs, the one ingested last first."""
    from kg import catalogue
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        rows = catalogue.graphs(stores.driver)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo("No graph has been ingested yet; `kwk ingest sample` loads the small atlas that kwk brings.")
        return
    print_table(
        ("graph", "entities", "triples", "relations", "images", "illustrated", "ingested"),
        [
            (r["name"], r["entities"], r["triples"], r["relations"], r["images"], r["illustrated"], when(r["ingested"]))
            for r in rows
        ],
    )


@graphs.command()
@graph_option
@json_option
@click.pass_obj
def relations(kwk: Kwk, graph_name: str | None, as_json: bool) -> None:
    """List a graph's relations: type in Neo4j, path or IRI, number of triples."""
    from kg import catalogue
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)
        rows = catalogue.relations(stores.driver, name)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        print_table(("triples", "type", "relation"), [(r["triples"], r["type"], r["path"]) for r in rows])


@graphs.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(kwk: Kwk, name: str, yes: bool) -> None:
    """Remove the graph NAME from both stores; pictures that another graph shows stay."""
    from kg import removal
    from kg.browser import publish_assets
    from kg.catalogue import choose
    from kg.progress import bar, silent
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        choose(stores.driver, name)
        if not yes:
            click.confirm(f"Remove the graph '{name}' and its embeddings?", abort=True, err=True)
        progress = bar if kwk.verbosity >= 0 else silent
        removed = removal.remove_graph(stores.driver, stores.engine, name, progress)
        publish_assets(kwk.home, stores.driver)
    click.echo(f"Removed '{name}': {removed.nodes:,} nodes from Neo4j, {removed.images:,} images from Postgres.")


def chosen(kwk: Kwk, driver: neo4j.Driver, name: str | None) -> str:
    """Return the graph that is meant; say which one was taken where there was a choice."""
    from kg.catalogue import choose

    graph, among_several = choose(driver, name)
    if among_several:
        kwk.say(f"Taking the graph '{graph}', which was ingested last; --graph names another.")
    return graph


def when(moment: str | None) -> str:
    """Return an ISO time to the minute."""
    return moment[:16].replace("T", " ") if moment else "not finished"


def print_table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print rows under a head; numbers stand to the right."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    numeric = [bool(rows) and isinstance(cell, int) for cell in (rows[0] if rows else head)]
    for line in ([*head], *cells):
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        click.echo("  ".join(parts).rstrip())
