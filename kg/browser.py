"""What Neo4j Browser is given: a style sheet, a guide, where pictures lie, and a link with a first query."""

import hashlib
import json
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import neo4j

from kg import __version__, guide, guide_queries, queries, tour
from kg.errors import StoreError
from kg.graph import read
from kg.grass import Colour, colours, style_sheet
from kg.settings import Neo4jAddress
from kg.showcase import example, showcase
from kg.whole_file import whole_file


def publish_assets(home: Path, driver: neo4j.Driver) -> None:
    """Write style sheet, guide and image roots for the static server, from what the graphs hold now."""
    assets = home / "assets"
    graphs = read(driver, queries.GRAPHS)
    labels: dict[str, list[str]] = {}  # by graph
    for row in read(driver, guide_queries.LABELS):
        labels.setdefault(row["graph"], []).append(row["label"])
    types = colours(labels.values())
    write(
        assets / "roots.json",
        json.dumps({g["name"]: [g["image_root"], *g["other_roots"]] for g in graphs if g["image_root"]}),
    )
    write(assets / "kg.grass", style_sheet(types))
    forget_slides(assets / "slides", {graph["name"] for graph in graphs})
    slides = []
    for graph in graphs:
        own = {label: types[label] for label in labels.get(graph["name"], ())}
        slides.append(slides_of(assets, driver, graph, own))
    write(assets / "guide.html", guide.page([guide.welcome(graphs), *slides]) if graphs else guide.empty())


def refresh_assets(home: Path, driver: neo4j.Driver, say: Callable[[str], None]) -> None:
    """Publish after a change that is done: where another command's writing keeps Neo4j from answering, say so."""
    try:
        publish_assets(home, driver)
    except StoreError as exc:
        say(f"What Neo4j Browser is shown is of before ({exc}); `kwk explore` writes it anew.")


def publish_nothing(home: Path) -> None:
    """Write what Browser asks for at login, unless it is there: before the first graph it finds these."""
    assets = home / "assets"
    for name, text in (("kg.grass", style_sheet({})), ("guide.html", guide.empty())):
        if not (assets / name).exists():
            write(assets / name, text)


def slides_of(assets: Path, driver: neo4j.Driver, graph: dict[str, Any], types: Mapping[str, Colour]) -> str:
    """Return the slides of a graph; those of the last time if nothing changed since: choosing takes seconds."""
    (state,) = read(driver, guide_queries.STATE_OF_CHECKS, graph=graph["name"])
    stands = sorted((graph | state | {"ingested": None}).items())
    made_of = repr((__version__, stands, list(types.items())))
    mark = f"<!-- {hashlib.sha256(made_of.encode()).hexdigest()} -->\n"
    kept = assets / "slides" / f"{graph['name']}.html"
    if kept.exists() and kept.read_text("utf-8").startswith(mark):
        return kept.read_text("utf-8")
    text = mark + guide.slides_of(showcase(driver, graph["name"]), types, assets)
    write(kept, text)
    return text


def forget_slides(folder: Path, graphs: Set[str]) -> None:
    """Remove the slides of graphs that are no more."""
    if folder.exists():
        for path in folder.glob("*.html"):
            if path.stem not in graphs:
                path.unlink(missing_ok=True)


def link(address: Neo4jAddress, query: str) -> str:
    """Return the address of Browser with the server, its user and a query filled in."""
    bolt = urlsplit(address.uri)
    place = f"{bolt.scheme}://{quote(address.user)}@{bolt.netloc.rpartition('@')[2]}"
    browser = address.browser or f"http://{bolt.hostname}:7474/browser/"  # where a Neo4j of the user's own has it
    return f"{browser}?dbms={place}&cmd=edit&arg={quote(query)}"


def first_query(driver: neo4j.Driver, graph: str, entity: str | None = None) -> str:
    """Return the query that draws a good first picture of a graph, or what is around the entity of that id."""
    start = example(driver, graph, entity)
    if start is None:
        return tour.GRAPHS
    around = tour.neighbourhood(start)
    return around if entity is None or read(driver, around) else tour.alone(start)


def write(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(text, "utf-8")
