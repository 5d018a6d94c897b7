"""What an expert sees of an entity: its words, its facts, its links and its images, and no vote of others too early."""

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import neo4j

from ingest import queries
from ingest.ballot import Vote, present
from ingest.images import Unusable, decode, read_within
from kg.browser import link
from kg.errors import DataError
from kg.graph import read
from kg.settings import Neo4jAddress
from kg.tour import Shown, neighbourhood

FACTS = {"scanned": 5_000, "few": 4, "relations": 14}  # edges of a hub that are looked at, objects and relations shown
NAMES = 12  # other names that are shown
PROPERTIES = 8  # other properties that are shown
LONGEST = 120  # characters of a property's value
# Properties that are ours, or are shown elsewhere
KNOWN = {"graph", "id", "name", "names", "description", "types", "sources", "said", "image_addresses"}
KNOWN |= {"no_image_voters", "no_image_voted"}
WIKIDATA_ID = re.compile(r"[QPL][1-9]\d{0,11}")
SAID_ADDRESS = re.compile(r"<([^<>\s]+)> <(https?://[^<>\s]+)>")  # what RDF says: predicate and an IRI
SAME = ("sameAs", "exactMatch", "isPrimaryTopicOf", "primaryTopicOf", "homepage", "seeAlso")


@dataclass(frozen=True, slots=True)
class Fact:
    """What one relation says: how many objects (or subjects, where it points here) it has, and some of them by name."""

    relation: str
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Choice:
    """An image that can be voted for. `voters` is None as long as the reviewer may not see who voted."""

    sha256: str
    path: str
    size: str  # width×height in pixels, where it is known
    dropped: str  # why a gate dropped it; empty if none did
    scores: tuple[tuple[str, int | None, float], ...]  # what is measured, rank, value
    voters: tuple[str, ...] | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """An entity as experts see it. Before the reviewer has voted, nothing in it tells how others did."""

    entity: str
    name: str
    type: str
    names: tuple[str, ...]
    description: str
    properties: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    mentions: tuple[Fact, ...]
    links: tuple[tuple[str, str], ...]  # title, address
    choices: tuple[Choice, ...]
    vote: Vote | None  # the reviewer's own
    none_voters: tuple[str, ...] | None
    state: str | None  # None: not to be seen yet


def open_sheet(driver: neo4j.Driver, address: Neo4jAddress, graph: str, entity: str, reviewer: str) -> Sheet:
    """Read what `reviewer` may see of an entity. Raises DataError if it is gone."""
    rows = read(driver, queries.SHEET, graph=graph, entity=entity)
    if not rows:
        raise DataError(f"The entity '{entity}' is no longer in the graph '{graph}': go on to the next.")
    [row] = rows
    properties: dict[str, Any] = row["properties"]
    voted = {
        "voters": properties.get("no_image_voters") or [],
        "voted": properties.get("no_image_voted") or [],
        "images": [{**i, "voters": i.get("voters"), "voted": i.get("voted")} for i in row["images"]],
    }
    votes = present(entity, voted)
    own = next((vote for vote in reversed(votes) if vote.reviewer == reviewer), None)
    seen = votes if own else None
    name = str(properties.get("name") or entity)
    return Sheet(
        entity=entity,
        name=name,
        type=" · ".join(words(label) for label in row["labels"]),
        names=tuple(str(other) for other in properties.get("names") or () if other != name)[:NAMES],
        description=str(properties.get("description") or ""),
        properties=plain(properties),
        facts=facts(read(driver, queries.FACTS_FROM, graph=graph, entity=entity, **FACTS)),
        mentions=facts(read(driver, queries.FACTS_TO, graph=graph, entity=entity, **FACTS)),
        links=(
            *links(entity, properties),
            ("Neo4j Browser", link(address, neighbourhood(Shown(graph, entity, name, "Entity", unique=False)))),
        ),
        choices=choices(row["images"], seen),
        vote=own,
        none_voters=None if seen is None else voters(seen, None),
        state=row["state"] if own else None,
    )


def voters(votes: Iterable[Vote], sha256: str | None) -> tuple[str, ...]:
    """Return who voted for an image, or for none."""
    return tuple(vote.reviewer for vote in votes if vote.sha256 == sha256)


def choices(images: Sequence[Mapping[str, Any]], seen: Sequence[Vote] | None) -> tuple[Choice, ...]:
    """Return an entity's images, by their ranks and then by path: those that are left before those that are dropped.

    What experts chose looks like what the gates kept until the reviewer has voted, and stands in no other place.
    """
    order = sorted(
        images,
        key=lambda image: (
            image.get("gate") == "dropped",
            image.get("semantic_rank") or 10**6,
            image.get("typicality_rank") or 10**6,
            str(image.get("path")),
            image["sha256"],
        ),
    )
    return tuple(
        Choice(
            sha256=image["sha256"],
            path=str(image.get("path") or ""),
            size=f"{image['width']}×{image['height']}" if image.get("width") and image.get("height") else "",
            dropped=(str(image.get("reason") or "") or "dropped") if image.get("gate") == "dropped" else "",
            scores=tuple(
                (title, image.get(rank), float(image[score]))
                for title, rank, score in (
                    ("text", "semantic_rank", "semantic"),
                    ("typical", "typicality_rank", "typicality"),
                )
                if isinstance(image.get(score), float | int)
            ),
            voters=None if seen is None else voters(seen, image["sha256"]),
            chosen=seen is not None and image.get("gate") == "chosen",
        )
        for image in order
    )


def facts(rows: Iterable[Mapping[str, Any]]) -> tuple[Fact, ...]:
    """Return the rows of a query for facts."""
    return tuple(Fact(str(row["relation"]), tuple(map(str, row["names"])), row["facts"]) for row in rows)


def words(label: str) -> str:
    """Return a node label or a property's name in words: FilmActor -> Film actor, birth_date -> birth date."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", label).replace("_", " ").split()
    return " ".join([*parts[:1], *(part if part.isupper() else part.lower() for part in parts[1:])])


def plain(properties: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return properties that say something beside names, links and what is ours."""
    found = []
    for key, value in sorted(properties.items()):
        if key in KNOWN or key.startswith("name_") or addresses_in(key, value):
            continue
        text = ", ".join(map(written, value if isinstance(value, list) else [value]))
        if text:
            found.append((words(key), text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"))
    return tuple(found[:PROPERTIES])


def written(value: object) -> str:
    """Return a property's value as people write it: whole numbers without a point, large ones in groups."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    years = isinstance(value, int) and abs(value) < 10_000
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) and not years else str(value)


def links(entity: str, properties: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return where one can read more about an entity: title and address, each address once."""
    found: dict[str, str] = {}
    for key, value in sorted(properties.items()):
        for address in addresses_in(key, value):
            found.setdefault(address, title(address, words(key)))
    for said in properties.get("said") or ():
        match = SAID_ADDRESS.match(str(said))
        if match and re.split(r"[/#]", match[1])[-1] in SAME:
            found.setdefault(match[2], title(match[2], "same as"))
    if web(entity):
        found.setdefault(entity, title(entity, "its IRI"))
    return tuple((name, address) for address, name in found.items())


def addresses_in(key: str, value: object) -> list[str]:
    """Return the web addresses that a property holds; ids of Wikidata and titles of Wikipedia become addresses."""
    found = []
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str) or not text:
            continue
        if web(text):
            found.append(text)
        elif key == "wikidata" and WIKIDATA_ID.fullmatch(text):
            found.append(f"https://www.wikidata.org/wiki/{text}")
        elif key == "wikipedia":
            found.append(f"https://en.wikipedia.org/wiki/{quote(text.replace(' ', '_'))}")
    return found


def web(text: str) -> bool:
    """Say whether a text is a web address, and nothing that a browser would run."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"\x00-\x1f]", text)
    except ValueError:
        return False


def title(address: str, otherwise: str) -> str:
    """Return what a link is called: Wikipedia, Wikidata, else the host."""
    host = urlsplit(address).hostname or ""
    known = {"wikipedia.org": "Wikipedia", "wikidata.org": "Wikidata", "dbpedia.org": "DBpedia"}
    named = next((name for end, name in known.items() if host == end or host.endswith("." + end)), None)
    return named or f"{otherwise} ({host.removeprefix('www.')})"


def picture(driver: neo4j.Driver, graph: str, sha256: str, side: int) -> bytes:
    """Return an image of the graph as WebP, its longer side at most `side` pixels. Raises Unusable.

    Only the file that was ingested is shown: what now lies in its place is something that nobody voted on.
    """
    rows = read(driver, queries.IMAGE_FILES, graph=graph, sha256=sha256)
    places = [(Path(root), path) for row in rows for path in row["paths"] for root in row["roots"] if root]
    trouble = Unusable("unreadable", "is no image of this graph, or the graph has no folder of images")
    for root, path in places:
        try:
            data = read_within(root, path)
        except Unusable as exc:
            trouble = exc
            continue
        if hashlib.sha256(data).hexdigest() == sha256:
            return small(data, side)
        trouble = Unusable("changed", f"is no longer the file that was ingested: {path}")
    raise trouble


def small(data: bytes, side: int) -> bytes:
    """Decode a picture and return it as WebP, its longer side at most `side` pixels. Raises Unusable."""
    pixels, *_ = decode(data)
    pixels.thumbnail((side, side))
    written = io.BytesIO()
    pixels.save(written, "WEBP", quality=85)
    return written.getvalue()
