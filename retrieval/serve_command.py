"""`kwk serve`."""

from __future__ import annotations

import ipaddress

import click

from kg.cli import FromEnvironment, Kwk
from kg.graph_commands import graph_option
from retrieval.options import run_option, visual_cache_option

PORT = 8080


@click.command()
@graph_option
@run_option
@visual_cache_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0: any free one.")
@click.option(
    "--deadline", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds an answer may take."
)
@click.option(
    "--rate", type=click.IntRange(min=1), default=200, show_default=True, help="Requests a second of one client."
)
@click.option("--token", cls=FromEnvironment, envvar="KWK_SERVE_TOKEN")
@click.pass_obj
def serve(
    kwk: Kwk,
    /,
    graph_name: str | None,
    run_name: str | None,
    visual_cache: bool,
    host: str,
    port: int,
    deadline: float,
    rate: int,
    token: str | None,
) -> None:
    """Answer over HTTP as OpenAI's chat completions do, and on a page in the browser.

    Where it listens on more than this machine, KWK_SERVE_TOKEN must hold the token that each request bears.
    """
    if not local(host) and not token:
        raise click.UsageError(f"{host} can be reached from elsewhere: set KWK_SERVE_TOKEN to a token of your own.")
    from kg.errors import ServiceError
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    try:
        from retrieval.guard import ServeSettings
        from retrieval.listen import listen
    except ImportError as exc:
        raise ServiceError(f"`kwk serve` needs the extra 'serve' ({exc.name}): pip install 'kwk[serve]'.") from exc

    settings = ServeSettings(token, deadline, rate=rate)
    with open_stores(kwk) as stores:
        graph = chosen(kwk, stores.driver, graph_name)
        listen(stores, graph, kwk.home, run_name, settings, (host, port), kwk.say, kwk.progress, visual_cache)


def local(host: str) -> bool:
    """Say whether an address can be reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
