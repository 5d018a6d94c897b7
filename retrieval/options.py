"""What the commands that answer have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kg.cli import Kwk

if TYPE_CHECKING:
    from retrieval.conversation import Host

run_option = click.option(
    "--run", "run_name", metavar="RUN", help="The trained run; default: the graph's newest, if there is one."
)

visual_cache_option = click.option(
    "--visual-cache", is_flag=True, help="Read pictures through ImageBind-LLM's visual cache (runs with `bind`)."
)

timings_option = click.option("--timings", is_flag=True, help="Say where the time of each answer went, on stderr.")


@contextmanager
def opened_host(kwk: Kwk, graph_name: str | None, run_name: str | None, visual_cache: bool = False) -> Iterator[Host]:
    """Yield what answers about the graph that is meant, with the run that is meant. Raises KwkError."""
    from kg.graph_commands import chosen
    from kg.stores import open_stores
    from retrieval.assemble import open_host

    with open_stores(kwk) as stores:
        graph = chosen(kwk, stores.driver, graph_name)
        yield open_host(stores, graph, kwk.home, run_name, kwk.progress, visual_cache)
