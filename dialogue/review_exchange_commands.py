"""`kwk dialogues review-export`, review-import."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialogue.review_commands import choice_of, choosing, opened, truth_of, words_of
from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from dialogue.review_exchange import Address
    from kg.stores import Stores

TOOLS = ("argilla", "label-studio")
SIDE = 320  # pixels of a picture's longer side, where it goes into the file


@click.command("review-export")
@click.argument("tool", type=click.Choice(TOOLS))
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@graph_option
@choosing
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write, which must be new.")
@click.option("--needed", type=click.IntRange(min=1), default=2, show_default=True, help="Reviews a round (Argilla).")
@click.option(
    "--image-url", metavar="PREFIX", help="What comes before a picture's path; default: pictures go into the file."
)
@click.pass_obj
def review_export(
    kwk: Kwk, /, tool: str, folder: Path | None, graph_name: str | None, out: Path, needed: int,
    image_url: str | None, **chosen: Any,
) -> None:  # fmt: skip
    """Write rounds to review as a dataset of Argilla 2, or as tasks of Label Studio."""
    from dialogue import argilla_format, label_studio_format
    from dialogue.folder import count_lines, new_folder
    from dialogue.review_exchange import items
    from dialogue.review_rounds import places
    from kg.errors import DataError

    if out.exists():
        raise DataError(f"{out} is there already; name a folder that is not with --out.")
    with opened(kwk, folder, graph_name) as (stores, place, graph):
        with kwk.progress("dialogues", count_lines(place)) as seen:
            rounds = places(place, choice_of(**chosen), seen)
        words, address = words_of(stores, graph, truth_of(kwk, stores, graph)), address_of(stores, graph, image_url)
        with new_folder(out) as partial:
            if tool == "argilla":
                count = argilla_format.write(partial, items(place, rounds), words, address, needed)
            else:
                count = label_studio_format.write(partial, items(place, rounds), words, address)
    first = "rg.Dataset.from_disk reads it" if tool == "argilla" else "its config.xml is the labelling configuration"
    click.echo(f"{count:,} rounds in {out}; {first}")


def address_of(stores: Stores, graph: str, prefix: str | None) -> Address:
    """Return how a picture is addressed: below a prefix, or as data."""
    from base64 import b64encode
    from functools import lru_cache
    from urllib.parse import quote

    from ingest.images import Unusable
    from ingest.sheet import picture

    if prefix is not None:
        return lambda image: f"{prefix}{quote(str(image['file']))}"

    @lru_cache(maxsize=1_000)
    def data(sha256: str) -> str:
        try:
            return f"data:image/webp;base64,{b64encode(picture(stores.driver, graph, sha256, SIDE)).decode()}"
        except Unusable:
            return "data:,gone"

    return lambda image: data(str(image["sha256"]))


@click.command("review-import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@graph_option
@click.option("--name", "names", multiple=True, metavar="ID=NAME", help="What a user of the tool is called here.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Refusals to print.")
@json_option
@click.pass_obj
def review_import(
    kwk: Kwk, /, file: Path, folder: Path | None, graph_name: str | None, names: tuple[str, ...], limit: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Read verdicts from Label Studio's JSON export, or from what Argilla's Dataset.to_disk wrote.

    A verdict on words that the folder no longer has is refused, and so is a refinement that is not true.
    """
    from dialogue.folder import count_lines
    from dialogue.review_checks import checks_of
    from dialogue.review_exchange import Imported, checked
    from dialogue.review_rounds import Choice, places
    from dialogue.verdicts import Verdicts

    foreign = foreign_verdicts(file, named(names))
    done = Imported()
    with opened(kwk, folder, graph_name) as (stores, place, graph):
        with kwk.progress("dialogues", count_lines(place)) as seen:
            rounds = {each.key: each for each in places(place, Choice(), seen)}
        checks = checks_of(place, truth_of(kwk, stores, graph), graph)
        verdicts = list(checked(foreign, place, graph, rounds, checks, done))
        done.added = Verdicts(stores.engine, graph).add(verdicts)
    done.repeated = len(verdicts) - done.added
    if as_json:
        click.echo(json.dumps(asdict(done) | {"details": done.details[:limit]}, ensure_ascii=False))
        return
    refused = ", ".join(f"{count:,} {reason}" for reason, count in done.refused.items()) or "none"
    click.echo(f"{done.read:,} verdicts read, {done.added:,} added, {done.repeated:,} known before; refused: {refused}")
    for sentence in done.details[:limit]:
        click.echo(f"  {sentence}", err=True)


def named(names: tuple[str, ...]) -> dict[str, str]:
    """Return the names that were given to users of a tool. Raises a click error for what is none."""
    pairs = [name.partition("=") for name in names]
    if wrong := [user for user, sign, name in pairs if not (user and sign and name)]:
        raise click.UsageError(f"--name {wrong[0]!r} is not ID=NAME.")
    return {user: name for user, _, name in pairs}


def foreign_verdicts(file: Path, names: dict[str, str]) -> Any:
    """Return the verdicts in a file or folder, whichever tool wrote it. Raises DataError."""
    from dialogue import argilla_format, label_studio_format
    from dialogue.review_exchange import read_json
    from kg.errors import DataError

    found = argilla_format.read_folder(file) if file.is_dir() else read_json(file)
    if argilla_format.is_argilla(found):
        return argilla_format.read(found, names)
    if label_studio_format.is_label_studio(found):
        return label_studio_format.read(found, names)
    raise DataError(
        f"{file} is neither a JSON export of Label Studio nor a dataset that Argilla wrote to disk; "
        "export the project again, as JSON."
    )
