"""What a build is told on the command line, checked: formats, kinds, languages and relations by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dialogue.types import Format, Kind
    from kg.adjacency import Adjacency


def parse_formats(text: str) -> tuple[Format, ...]:
    """Return the formats named in a text. Raises DataError for one that there is not."""
    from dialogue.types import FORMATS
    from kg.errors import DataError

    named = [part.strip().upper() for part in text.split(",") if part.strip()]
    if unknown := [name for name in named if name not in FORMATS]:
        raise DataError(f"There is no format {unknown[0]!r}; there are {', '.join(FORMATS)}.")
    return tuple(name for name in FORMATS if name in named)


def parse_languages(text: str) -> tuple[str, ...]:
    """Return the languages named in a text. Raises DataError for one that has no wordings."""
    from dialogue.joining import joining
    from kg.errors import DataError

    named = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not named:
        raise DataError("No language was chosen; --languages en is the default.")
    for lang in named:
        joining(lang)
    return named


def parse_kinds(text: str | None) -> tuple[Kind, ...]:
    """Return the kinds of rounds named in a text, facts always among them. Raises DataError for one there is not."""
    from dialogue.types import KINDS
    from kg.errors import DataError

    if text is None:
        return KINDS
    named = {part.strip().lower().replace("-", "_") for part in text.split(",") if part.strip()} - {"none"}
    if unknown := sorted(named.difference(KINDS)):
        raise DataError(f"There is no kind of round called {unknown[0]!r}; there are {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kind == "fact" or kind in named)


def parse_relations(graph: Adjacency, text: str | None) -> tuple[str, ...]:
    """Return the paths of the relations named in a text, by type or path. Raises DataError for one there is not."""
    from difflib import get_close_matches

    from kg.errors import DataError

    paths = {each.type: each.path for each in graph.relations} | {each.path: each.path for each in graph.relations}
    found = []
    for part in (part.strip() for part in (text or "").split(",")):
        if path := paths.get(part) or paths.get(part.upper()):
            found.append(path)
        elif part:
            near = get_close_matches(part.upper(), [each.type for each in graph.relations], 3)
            known = (
                f"near it: {', '.join(near)}" if near else f"`kwk graphs relations --graph {graph.graph}` lists them"
            )
            raise DataError(f"The graph '{graph.graph}' has no relation {part!r}; {known}.")
    return tuple(dict.fromkeys(found))


def usable_formats(graph: Adjacency, asked: tuple[Format, ...] | None) -> tuple[Format, ...]:
    """Return the formats to build; a graph without images has T2T alone. Raises DataError if others were asked for."""
    from dialogue.types import FORMATS
    from kg.errors import DataError

    if any(entity.images for entity in graph.entities):
        return asked or FORMATS
    if asked is None:
        click.echo(
            f"Warning: no entity of the graph '{graph.graph}' has an image, so all dialogues are text to text, "
            "and split by format they all belong to train; `kwk ingest images` adds images.",
            err=True,
        )
        return ("T2T",)
    if asked != ("T2T",):
        raise DataError(
            f"The graph '{graph.graph}' has no images for {', '.join(name for name in asked if name != 'T2T')}; "
            "`kwk ingest images` adds images, `--formats T2T` goes without."
        )
    return asked
