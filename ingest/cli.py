"""`kwk ingest`: files to graph, pictures to embeddings."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from ingest.loading import How, load_into, load_options, picture_options
from kg.cli import Kwk
from kg.graph_commands import graph_option

subset_option = click.option(
    "--subset", metavar="NAME", help="Only the triples of this split (fb15k-237): train.txt, valid.txt, test.txt."
)


@click.group()
def ingest() -> None:
    """Load a knowledge graph with its pictures into both stores."""


@ingest.command()
@click.option("--graph", "graph_name", default="atlas", show_default=True, metavar="NAME", help="Name of the graph.")
@load_options
@click.pass_obj
def sample(kwk: Kwk, graph_name: str, how: How) -> None:
    """Load the small atlas of the world that kwk brings: countries, cities, currencies, languages, flags."""
    from ingest.sample import folder
    from kg.rdf import read_rdf

    load_into(kwk, graph_name, lambda: read_rdf([folder() / "atlas.ttl"], "atlas"), how)


@ingest.command()
@click.option(
    "--source", envvar="KWK_FB15K_DIR", type=click.Path(path_type=Path), help="Folder in MMKB's layout [KWK_FB15K_DIR]."
)
@click.option("--fetch", is_flag=True, help="Fetch MMKB's published files into KWK_HOME first.")
@click.option("--mirror", metavar="URL", help="Fetch them from here instead.")
@click.option("--graph", "graph_name", default="fb15k", show_default=True, metavar="NAME", help="Name of the graph.")
@subset_option
@load_options
@click.pass_obj
def fb15k(
    kwk: Kwk, source: Path | None, fetch: bool, mirror: str | None, graph_name: str, subset: str | None, how: How
) -> None:  # fmt: skip
    """Load FB15K with MMKB's images, or a subset of it with its published splits."""
    from ingest.mmkb import read_mmkb

    folder = source if source and not fetch else fetched(kwk, "fb15k", fetch, mirror)
    load_into(kwk, graph_name, lambda: read_mmkb(folder, subset or "fb15k", subset), how)


@ingest.command()
@click.option("--source", required=True, type=click.Path(path_type=Path), help="Folder in MMKB's layout.")
@click.option("--graph", "graph_name", required=True, metavar="NAME", help="Name of the graph.")
@click.option("--name", help="Name of the source on its edges; default: the graph's name.")
@subset_option
@load_options
@click.pass_obj
def mmkb(
    kwk: Kwk, source: Path, graph_name: str, name: str | None, subset: str | None, how: How
) -> None:  # fmt: skip
    """Load a folder in MMKB's layout: DB15K, YAGO15K, or one of your own."""
    from ingest.mmkb import read_mmkb

    load_into(kwk, graph_name, lambda: read_mmkb(source, name or graph_name, subset), how, None if name else source)


@ingest.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--graph", "graph_name", required=True, metavar="NAME", help="Name of the graph.")
@click.option("--name", help="Name of the source on its edges; default: the first file's name.")
@click.option(
    "--image-root", type=click.Path(path_type=Path), help="Folder of its pictures; default: the first file's folder."
)
@load_options
@click.pass_obj
def rdf(
    kwk: Kwk, files: tuple[Path, ...], graph_name: str, name: str | None, image_root: Path | None, how: How
) -> None:  # fmt: skip
    """Load Turtle, N-Triples, N-Quads, RDF/XML, TriG or JSON-LD FILES, also compressed (.gz).

    N-Triples and N-Quads may be larger than memory, and a bad line of theirs is dropped; the others are read whole.
    """
    from kg.rdf import read_rdf

    scratch = kwk.home / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    first = files[0]
    called = name or first.name
    read = partial(read_rdf, files, called, image_root, scratch, kwk.progress)
    load_into(kwk, graph_name, read, how, None if name else first)


@ingest.command("csv")
@click.option("--nodes", multiple=True, type=click.Path(path_type=Path), help="Table of entities; several are allowed.")
@click.option("--edges", multiple=True, type=click.Path(path_type=Path), help="Table of facts; several are allowed.")
@click.option("--graph", "graph_name", required=True, metavar="NAME", help="Name of the graph.")
@click.option("--name", help="Name of the source on its edges; default: the first edge table's name.")
@click.option("--delimiter", help="What parts the cells, or 'tab'; default: found out.")
@load_options
@click.pass_obj
def csv_tables(
    kwk: Kwk, /, nodes: tuple[Path, ...], edges: tuple[Path, ...], graph_name: str, how: How, **options: str | None
) -> None:  # fmt: skip
    """Load node and edge tables, plain or with neo4j-admin's headers.

    Nodes: id, name, name_de, aliases (a|b), type (a;b), description, image (a.png|b.png); other columns are properties.
    Edges: head, relation, tail.
    """
    from ingest.tabular import read_tables

    delimiter = {"tab": "\t", "\\t": "\t"}.get(options["delimiter"] or "", options["delimiter"])
    first = next(iter([*edges, *nodes]), None)
    called = options["name"] or (first.name if first else "")
    scratch = kwk.home / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    origin = None if options["name"] else first
    load_into(kwk, graph_name, lambda: read_tables(nodes, edges, called, delimiter, scratch), how, origin)


@ingest.command()
@click.option("--map", "map_file", required=True, type=click.Path(path_type=Path), help="Lines of: id TAB path.")
@graph_option
@click.option("--name", help="Name of the source; default: the map file's name.")
@picture_options
@click.pass_obj
def images(kwk: Kwk, map_file: Path, graph_name: str | None, name: str | None, how: How) -> None:
    """Add pictures to a graph; their paths are relative to the map file."""
    from ingest.image_map import read_image_map
    from kg import catalogue
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        graph = chosen(kwk, stores.driver, graph_name)
        known = catalogue.entity_ids(stores.driver, graph)
    load_into(kwk, graph, lambda: read_image_map(map_file, known, name or map_file.name), how)


def fetched(kwk: Kwk, dataset: str, fetch: bool, mirror: str | None) -> Path:
    """Return the folder of MMKB's published files, fetched if the user agrees. Raises DataError if they do not."""
    from ingest.published import fetch_published, folder_of
    from kg.errors import DataError
    from kg.progress import bar

    folder = folder_of(kwk.home, dataset)
    question = f"No folder was named. Fetch MMKB's published files into {folder}?"
    asked = not fetch and not folder.exists() and sys.stdin.isatty()
    if fetch or (asked and click.confirm(question, err=True)):
        fetch_published(dataset, folder, mirror, bar)
    if not folder.exists():
        raise DataError(
            "No FB15K was named: `--source DIR` or KWK_FB15K_DIR names a folder in MMKB's layout, `--fetch` fetches "
            "the published files, and `kwk ingest sample` loads the small atlas that kwk brings, without any download."
        )
    return folder
