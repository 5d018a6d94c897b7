"""The commands of the services: up, down, status, doctor, explore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kg.cli import Kwk

if TYPE_CHECKING:
    from kg.settings import Neo4jAddress


@click.command()
@click.pass_obj
def up(kwk: Kwk) -> None:
    """Start Neo4j, Postgres and the static server, if they do not run."""
    from kg import services

    services.ensure(kwk.services, kwk.say)
    _show(services.status(kwk.services))


@click.command()
@click.pass_obj
def down(kwk: Kwk) -> None:
    """Stop the servers that kwk runs."""
    from kg.services import stop

    stopped = stop(kwk.services)
    kwk.say(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status(kwk: Kwk, as_json: bool) -> None:
    """Say which services run, and where."""
    import json

    from kg import services

    told = services.status(kwk.services)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        _show(told)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look for what may be wrong with this machine; exit with 1 if something is."""
    import json
    from dataclasses import asdict

    from kg.doctor import examine

    checks = examine(ctx.obj.services)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            click.echo(f"{'ok ' if check.ok else 'NO '} {check.name:<12} {check.found}")
            if check.advice:
                click.echo(f"    {'':<12} {check.advice}")
    ctx.exit(0 if all(check.ok for check in checks) else 1)


@click.command()
@click.option("--graph", "graph_name", metavar="NAME", help="The graph to begin with; default: the one ingested last.")
@click.option("--entity", metavar="ENTITY", help="The entity to begin with: its id or name.")
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
@click.option("--show-password", is_flag=True, help="Print the password too.")
@click.pass_obj
def explore(kwk: Kwk, graph_name: str | None, entity: str | None, only_print: bool, show_password: bool) -> None:
    """Open Neo4j Browser; address, user and a query that draws a first picture are filled in."""
    from kg.browser import link
    from kg.service_state import password_file
    from kg.services import ensure

    addresses = ensure(kwk.services, kwk.say)
    neo4j, own = addresses.neo4j, kwk.services.neo4j_uri is not None
    address = link(neo4j, _first_query(kwk, neo4j, graph_name, entity))
    click.echo(f"Browser   {address}")
    click.echo(f"User      {neo4j.user}")
    if show_password:
        click.echo(f"Password  {neo4j.password}")
    else:
        click.echo(f"Password  in {'KWK_NEO4J_PASSWORD' if own else password_file(kwk.home, 'neo4j')}")
    if own:  # a server that we run has both done at login
        click.echo(f"Colours   :style {addresses.assets}/kg.grass")
        click.echo(f"Guide     :guide {addresses.assets}/guide.html")
    if not only_print and click.launch(address) != 0:
        kwk.say("no web browser was found here: open the address above in one")


def _first_query(kwk: Kwk, address: Neo4jAddress, graph_name: str | None, entity: str | None) -> str:
    """Return what Browser should show first; its guide is made anew where the graphs changed since."""
    from kg import graph, queries, tour
    from kg.browser import first_query, publish_assets
    from kg.catalogue import find_entity
    from kg.graph_commands import chosen

    with graph.connect(address) as driver:
        if graph_name is None and entity is None and not graph.read(driver, queries.GRAPH_NAMES):
            kwk.say("No graph has been ingested yet; `kwk ingest sample` loads the small atlas that kwk brings.")
            return tour.GRAPHS
        name = chosen(kwk, driver, graph_name)
        start = None if entity is None else find_entity(driver, name, entity)
        publish_assets(kwk.home, driver)
        return first_query(driver, name, start)


def _show(told: dict[str, dict[str, str | None]]) -> None:
    """Print the state of the services, a line each."""
    for name, service in told.items():
        version = f" {service['version']}" if service.get("version") else ""
        vector = f", pgvector {service['pgvector']}" if service.get("pgvector") else ""
        click.echo(f"{name:<9} {service['state']}{version}{vector}  {service.get('uri') or service.get('url')}")
        if service.get("browser"):
            click.echo(f"{'':<9} Browser {service['browser']}")
        if service.get("password_file"):
            user = f"user {service['user']}, " if service.get("user") else ""
            click.echo(f"{'':<9} {user}password in {service['password_file']}")
