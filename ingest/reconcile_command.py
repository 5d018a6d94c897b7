"""`kwk graphs reconcile`: do graph, embeddings and files agree?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from kg.reconcile import Finding

SHOWN = 20  # findings of a kind


@click.command()
@graph_option
@click.option("--fix", is_flag=True, help="Mend what is found.")
@json_option
@click.pass_context
def reconcile(ctx: click.Context, graph_name: str | None, fix: bool, as_json: bool) -> None:
    """Find what does not agree between Neo4j, Postgres and the files; exit code 1 if something is left."""
    from dataclasses import asdict

    from ingest.mend import hasher, mend
    from kg.catalogue import image_roots
    from kg.graph_commands import chosen
    from kg.reconcile import find
    from kg.stores import open_stores

    kwk: Kwk = ctx.obj
    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)

        def look() -> list[Finding]:
            hash_file = hasher(image_roots(stores.driver, name))
            return list(find(stores.driver, stores.engine, name, hash_file, kwk.progress))

        found = look()
        mended = mend(stores.driver, stores.engine, name, found, kwk.progress) if fix else 0
        left = look() if mended else found
    if as_json:
        report = {"graph": name, "found": [asdict(each) for each in found], "left": [asdict(each) for each in left]}
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        tell(name, found, left if fix else None)
    ctx.exit(1 if left else 0)


def tell(name: str, found: list[Finding], left: list[Finding] | None) -> None:
    """Print findings by kind, and what became of them."""
    from kg.reconcile import KINDS

    if not found:
        click.echo(f"'{name}': graph, embeddings and files agree.")
    for kind, meaning in KINDS.items():
        those = [each for each in found if each.kind == kind]
        if those:
            click.echo(f"{len(those):,} {kind} ({meaning})")
            for each in those[:SHOWN]:
                click.echo(f"  {each.what}  {each.detail}".rstrip())
            if len(those) > SHOWN:
                click.echo(f"  and {len(those) - SHOWN:,} more; --json lists all")
    if left:
        click.echo(f"{len(left):,} could not be mended:")
        for each in left[:SHOWN]:
            click.echo(f"  {each.kind}  {each.what}  {each.detail}".rstrip())
    elif found and left is not None:
        click.echo("All mended.")
    elif found:
        click.echo("`kwk graphs reconcile --fix` mends them.")
