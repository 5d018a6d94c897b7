"""The commands of the services: up, down, status, doctor, explore."""

import click

from kg.cli import Kwk

_QUERY = "MATCH (a:Entity)-[r]->(b:Entity) RETURN a, r, b LIMIT 25"


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
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
@click.option("--show-password", is_flag=True, help="Print the password too.")
@click.pass_obj
def explore(kwk: Kwk, only_print: bool, show_password: bool) -> None:
    """Open Neo4j Browser on the graph, its address and user filled in."""
    from urllib.parse import quote, urlsplit

    from kg.service_state import password_file
    from kg.services import ensure

    neo4j = ensure(kwk.services, kwk.say).neo4j
    bolt = urlsplit(neo4j.uri)
    browser = neo4j.browser or f"http://{bolt.hostname}:7474/browser/"  # where a Neo4j of the user's own has it
    place = f"{bolt.scheme}://{quote(neo4j.user)}@{bolt.netloc.rpartition('@')[2]}"
    link = f"{browser}?dbms={place}&cmd=edit&arg={quote(_QUERY)}"
    click.echo(f"Browser   {link}")
    click.echo(f"User      {neo4j.user}")
    if show_password:
        click.echo(f"Password  {neo4j.password}")
    else:
        own = kwk.services.neo4j_uri is None
        click.echo(f"Password  in {password_file(kwk.home, 'neo4j') if own else 'KWK_NEO4J_PASSWORD'}")
    if not only_print and click.launch(link) != 0:
        kwk.say("no web browser was found here: open the address above in one")


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
