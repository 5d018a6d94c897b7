"""Jinja's templates of a package's own folder."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def templates(package: str, **filters: Callable[[Any], Any]) -> Environment:
    """Return the templates of a package, with its filters by name; whatever they are given is escaped.

    A name that a template reads and is not given is an error.
    """
    made = Environment(
        loader=PackageLoader(package, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= filters
    return made
