"""`kwk graphs export`: a graph out of Neo4j, into files that others read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from kg.cli import Kwk

RDF_FORMATS = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "xml": "xml", "owl": "xml", "trig": "trig"}


@click.command("export")
@click.argument("kind", type=click.Choice(["rdf", "parquet", "graphml", "cypher"]))
@click.option("--graph", "graph_name", metavar="NAME", help="The graph; default: the one ingested last.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write, for parquet a folder; else -, or none, is stdout."
)  # fmt: skip
@click.option(
    "--format",
    "rdf_format",
    type=click.Choice(["turtle", "nt", "xml", "trig"]),
    help="Of rdf; default: what the file's suffix says, else turtle.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.pass_obj
def export(
    kwk: Kwk, kind: str, graph_name: str | None, out: Path | None, rdf_format: str | None, force: bool
) -> None:  # fmt: skip
    """Give a graph back as RDF, as Parquet tables, as GraphML or as a Cypher script.

    RDF that was ingested goes out as it came in, with what was changed in Neo4j since; ingested again it gives the
    same graph. Nothing is overwritten without --force.
    """
    from kg.errors import DataError
    from kg.export import check_target, exported
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    target = None if out is None or str(out) == "-" else out
    if target is None and kind == "parquet":
        raise DataError("Parquet needs a folder of its own: name it with --out.")
    check_target(target, force)
    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)
        graph = exported(stores.driver, name, kwk.progress)
        if kind == "rdf":
            from kg.export_rdf import export_rdf

            suffix = target.suffix[1:].lower() if target else ""
            export_rdf(graph, target, rdf_format or RDF_FORMATS.get(suffix, "turtle"))
        elif kind == "parquet" and target:
            from kg.export_parquet import export_parquet

            export_parquet(graph, target)
        elif kind == "graphml":
            from kg.export_graphml import export_graphml

            export_graphml(graph, target)
        else:
            from kg.export_cypher import export_cypher

            export_cypher(graph, target)
    if target:
        kwk.say(f"Wrote {graph.entities:,} entities of '{name}' to {target}.")
    if graph.images and kind == "rdf":
        kwk.say(f"Its pictures are named as files: {how_to_ingest(graph.image_roots)}.")


def how_to_ingest(roots: Sequence[Path]) -> str:
    """Say by which --image-root an export finds its pictures again; never by the root of all files."""
    shared = Path(os.path.commonpath(roots))
    if shared != Path(shared.anchor):
        return f"ingest it with --image-root {shared}"
    options = ", then with ".join(f"--image-root {root}" for root in roots)
    return f"ingest it once for each of their folders, with {options}"
