"""Why each image of one entity was kept or dropped: read from the graph, as a table or as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import neo4j
from rich.console import Console
from rich.table import Table

from ingest import queries
from ingest.gates import NO_IMAGE, TYPICAL, counted
from ingest.judge import GateSummary, votes_of
from ingest.zero_shot import stored
from kg import graph
from kg.errors import DataError

SHOWN = 12  # entities that a message names
LONGEST = 60  # characters of a file's name in a table
WIDE = 200  # columns off a terminal, where lines are as long as they need to be
ORDER = ("chosen", "kept", "dropped", "unjudged")


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """An image of an entity and what the gates say of it; what is None was not computed."""

    file: str
    sha256: str
    width: int | None
    height: int | None
    gate: str
    reason: str
    duplicate_of: str | None  # sha256
    dhash_score: float | None
    clip_score: float | None
    typicality: float | None
    typicality_rank: int | None
    semantic: float | None
    semantic_rank: int | None
    votes: int
    voters: list[str]


@dataclass(frozen=True, slots=True)
class Explained:
    """An entity with its images, the best first, and the gates that judged them."""

    graph: str
    id: str
    name: str
    encoder: str | None
    semantic: bool
    why: str  # the semantic gate is in force, or out of it
    wording: str | None
    votes_for_none: int
    images: list[JudgedImage]


def explain(driver: neo4j.Driver, name: str, entity: str) -> Explained:
    """Return what the gates say of the images of an entity, which is named by id or name. Raises DataError."""
    id = find_entity(driver, name, entity)
    (row,) = graph.read(driver, queries.EXPLAIN, graph=name, id=id)
    if not row["images"]:
        raise DataError(f"'{row['name'] or id}' ({id}) has no images in '{name}', so no gate has judged any.")
    (row_of_graph,) = graph.read(driver, queries.GATES, graph=name)
    power = stored(row_of_graph["gates"])
    votes = counted(votes_of(row))
    images = [
        JudgedImage(**{key: image.get(key) for key in JudgedImage.__slots__} | {"votes": votes[image["sha256"]]})
        for image in row["images"]
    ]
    return Explained(
        graph=name,
        id=id,
        name=row["name"] or id,
        encoder=row_of_graph["gates"].get("gates_encoder"),
        semantic=power.in_force,
        why=power.why or "the gates have not judged this graph yet; `kwk images gates` does",
        wording=power.wording,
        votes_for_none=votes[NO_IMAGE],
        images=sorted(images, key=standing),
    )


def standing(image: JudgedImage) -> tuple[int, float, float, str]:
    """Return what puts images in order: gate, semantic rank, typicality rank, file."""
    place = ORDER.index(image.gate) if image.gate in ORDER else len(ORDER)
    return place, image.semantic_rank or math.inf, image.typicality_rank or math.inf, image.file


def find_entity(driver: neo4j.Driver, name: str, entity: str) -> str:
    """Return the id of the entity that an id or a name means, small and capital letters alike if need be.

    Raises DataError if there is none, or if several are meant; the message names those that might be.
    """
    rows = graph.read(driver, queries.FIND_ENTITY, graph=name, wanted=entity.strip()) if entity.strip() else []
    if not rows or rows[0]["how"] == queries.ONLY_LIKE:
        like = f"; like it: {told(rows)}" if rows else ""
        raise DataError(f"'{name}' has no entity with the id or name {entity!r}{like}.")
    best = [row for row in rows if row["how"] == rows[0]["how"]]
    if len(best) > 1:
        raise DataError(f"{entity!r} may mean several entities of '{name}'; name one by its id: {told(best)}.")
    return str(best[0]["id"])


def told(rows: Sequence[dict[str, object]]) -> str:
    """Name some entities in a message."""
    names = [f"{row['name']} ({row['id']}, {row['images']} images)" for row in rows[:SHOWN]]
    return ", ".join(names) + (", …" if len(rows) > SHOWN else "")


def console() -> Console:
    """Return where tables go: standard output, in which nothing of theirs is taken for markup."""
    there = Console(markup=False, highlight=False)
    return there if there.is_terminal else Console(markup=False, highlight=False, width=WIDE)


def print_explained(explained: Explained, console: Console) -> None:
    """Print the table of one entity."""
    table = Table(title=f"{explained.name} ({explained.id})", title_justify="left", show_edge=False)
    for title in ("file", "gate", "reason"):
        table.add_column(title, overflow="fold")
    for title in ("pixels", "dHash", "CLIP", "typicality", "rank", "semantic", "rank", "votes"):
        table.add_column(title, justify="right", no_wrap=True)
    files = {image.sha256: image.file for image in explained.images}
    for image in explained.images:
        other = files.get(image.duplicate_of or "", image.duplicate_of or "")
        table.add_row(
            short(image.file),
            image.gate,
            f"duplicate of {short(other)}" if image.reason == "duplicate" else image.reason,
            f"{image.width}×{image.height}" if image.width else "",
            *(figure(value) for value in (image.dhash_score, image.clip_score, image.typicality)),
            str(image.typicality_rank or ""),
            figure(image.semantic),
            str(image.semantic_rank or ""),
            str(image.votes or ""),
        )
    console.print(table)
    if explained.votes_for_none:
        console.print(f"{explained.votes_for_none} voted that none of them fits.")
    console.print(semantic_line(explained.semantic, explained.why, explained.wording))


def print_summary(summary: GateSummary, console: Console) -> None:
    """Print what a run of the gates did."""
    gates = ", ".join(f"{summary.gates[gate]:,} {gate}" for gate in ORDER if summary.gates.get(gate)) or "no images"
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(summary.reasons.items()))
    console.print(
        f"'{summary.graph}': {gates}{f' ({reasons})' if reasons else ''}; {summary.judged:,} entities were judged in "
        f"{summary.seconds:.1f} s, by features of {summary.encoder}."
    )
    console.print(semantic_line(summary.semantic, summary.why, None))


def semantic_line(in_force: bool, why: str, wording: str | None) -> str:
    """Say whether the semantic gate is in force, and why."""
    if in_force:
        asked = f", asked as “{wording}”" if wording else ""
        return f"The semantic gate is in force{asked}: {why}."
    return f"The semantic gate is out of force: {why}. Of the {TYPICAL} most typical images the first five stay."


def short(file: str) -> str:
    """Return a file's name in one line, the middle of a long one left out."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in file)
    half = LONGEST // 2
    return plain if len(plain) <= LONGEST else f"{plain[: half - 1]}…{plain[-half:]}"


def figure(value: float | None) -> str:
    """Return a score for a table."""
    return "" if value is None else f"{value:.4f}"
