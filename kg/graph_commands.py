"""`kwk graphs`: list, relations, remove."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import click

from kg.cli import Kwk, Open
from kg.export_commands import export

if TYPE_CHECKING:
    import neo4j

graph_option = click.option("--graph", "graph_name", metavar="NAME", help="The graph; default: the one ingested last.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class GraphCommands(Open):
    """The commands on graphs; those that need a package to the right of `kg` are registered by it."""

    entry_points = "kwk.graphs"


@click.group(cls=GraphCommands)
def graphs() -> None:
    """List the graphs and their relations, export, check, or remove them or parts of them."""


graphs.add_command(export)


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
@click.option("--source", help="Remove only what this source says and no other.")
@click.option("--entity", help="Remove only this entity (its id, or its name), with its edges.")
@click.option("--image", help="Remove only this picture (its path, or the beginning of its sha256).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(kwk: Kwk, name: str, source: str | None, entity: str | None, image: str | None, yes: bool) -> None:
    """Remove the graph NAME, or a part of it, from both stores; pictures that another graph shows stay."""
    from kg import catalogue, removal
    from kg.browser import refresh_assets
    from kg.stores import open_stores

    if sum(part is not None for part in (source, entity, image)) > 1:
        raise click.UsageError("--source, --entity and --image each mean a part of its own: give one of them.")
    with open_stores(kwk) as stores:
        driver, engine = stores.driver, stores.engine
        catalogue.choose(driver, name)
        if source is not None:
            what, work = f"what only the source '{source}' says", partial(removal.remove_source, source=source)
        elif entity is not None:
            found = catalogue.find_entity(driver, name, entity)
            what, work = f"the entity {found}", partial(removal.remove_entity, entity=found)
        elif image is not None:
            found = catalogue.find_image(driver, name, image)
            what, work = f"the image {found[:12]}", partial(removal.remove_image, sha256=found)
        else:
            what, work = "", partial(removal.remove_graph, progress=kwk.progress)
        if not yes:
            part = f"{what} from" if what else "all of"
            click.confirm(f"Remove {part} the graph '{name}'?", abort=True, err=True)
        removed = work(driver, engine, name)
        refresh_assets(kwk.home, driver, kwk.say)
    edges = f"{removed.edges:,} edges and " if removed.edges else ""
    click.echo(
        f"Removed {f'{what} from ' if what else ''}'{name}': {edges}{removed.nodes:,} nodes from Neo4j, "
        f"{removed.images:,} images from Postgres."
    )


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
