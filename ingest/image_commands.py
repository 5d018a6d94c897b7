"""`kwk images`: what becomes of a graph's pictures."""

from __future__ import annotations

import click


@click.group()
def images() -> None:
    """Fetch a graph's pictures, see why each was kept or dropped, and vote on them."""
