"""Splits that keep every format of a triple together: by triple, by entity, or as somebody published them.

In these a split knows its own triples and those of the splits before it: train knows train's alone. What it does not
know it neither asks nor states, and lists as no answer.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dialogue.splits import NONE, TEST, TRAIN, VALID, available, shown_in
from dialogue.types import FORMATS, SPLITS
from kg.adjacency import Adjacency, Ints
from kg.errors import DataError
from kg.types import Triple

SHARES = (0.6, 0.2, 0.2)
HUB = 0.95  # an entity of higher degree than this share of all is held out by no split: types, countries, genres
FORGOTTEN = 0.5  # a published split that knows less than this share of the graph's triples is of another graph

NAMES = (*SPLITS, "none")  # of parts, by number
TRIPLES, ENTITIES = "split.tsv", "split_entities.json"  # files beside the dialogues

By = Literal["triple", "entity", "published"]
Flags = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Which split each triple belongs to, by its number, and of an entity split each entity: TRAIN, VALID, TEST, NONE.

    A triple of NONE is asked in no split.
    """

    by: By
    triples: Flags  # (E,)
    entities: Flags | None = None  # (N,)
    name: str | None = None  # of a published split

    def summary(self) -> dict[str, Any]:
        """Return by what is split, and how many triples and entities each split holds."""
        found: dict[str, Any] = {"by": self.by} | ({"name": self.name} if self.name else {})
        for what, flags in (("triples", self.triples), ("entities", self.entities)):
            if flags is not None:
                counts = np.bincount(flags, minlength=len(NAMES)).tolist()
                found[what] = {name: n for name, n in zip(NAMES, counts, strict=True) if n}
        return found


def knows(split: int, part: int) -> bool:
    """Say whether a split may list a triple of some part as an answer: test may list all that is true."""
    return split == TEST or part <= split


def parts_of(graph: Adjacency, split: str, home: Path) -> Parts | None:
    """Split a graph as the command says; None splits the formats of each triple. Raises DataError for another word."""
    by, _, name = split.partition(":")
    if by == "published" and (name or ":" not in split):
        return published(graph, choose_published(home / "splits" / graph.graph, graph.graph, name or None))
    if split not in ("format", "triple", "entity"):
        raise DataError(f"There is no split {split!r}; there are format, triple, entity, published and published:NAME.")
    return None if by == "format" else by_triple(graph) if by == "triple" else by_entity(graph)


def by_triple(graph: Adjacency) -> Parts:
    """Split by the two entities of a triple, 0.6/0.2/0.2.

    All triples between the same two entities go together, whatever they say and in which direction: so the inverse, or
    the near-duplicate, of a triple of test is never in train, with no threshold to choose.
    """
    heads, tails = graph.triple_heads(), graph.outgoing.neighbour
    count = max(len(graph.entities), 1)
    pairs = np.minimum(heads, tails).astype(np.int64) * count + np.maximum(heads, tails)
    found, places = np.unique(pairs, return_inverse=True)
    ids = [entity.id for entity in graph.entities]
    parts = np.fromiter(
        (_drawn(graph.graph, *sorted((ids[p // count], ids[p % count]))) for p in found.tolist()), np.uint8
    )
    return Parts("triple", parts[places])


def by_entity(graph: Adjacency) -> Parts:
    """Hold out entities: a triple that touches one of test's is test's, of the others one of valid's valid's.

    Entities are held out in the order of the hash of their id, for test and then for valid, until a split has 0.2 of
    the triples or 0.2 of the entities. Hubs are passed over: with them nearly all triples would be held out.
    """
    degree = graph.degree()
    most = np.quantile(degree, HUB) if len(degree) else 0
    order = sorted(
        np.flatnonzero((degree > 0) & (degree <= most)).tolist(), key=lambda i: _hash(graph.graph, graph.entities[i].id)
    )
    entities = np.full(len(graph.entities), TRAIN, np.uint8)
    triples = np.full(len(graph), TRAIN, np.uint8)
    rest = iter(order)
    for split in (TEST, VALID):
        room, held = SHARES[split] * len(graph), int(SHARES[split] * len(graph.entities))
        while room > 0 and held > 0 and (entity := next(rest, None)) is not None:
            touched = _touching(graph, entity)
            mine = touched[triples[touched] == TRAIN]
            triples[mine] = split
            entities[entity] = split
            room -= len(mine)
            held -= 1
    return Parts("entity", triples, entities)


def published(graph: Adjacency, file: Path) -> Parts:
    """Take a split that an ingest found beside its source; a triple that it does not name is asked nowhere.

    Raises DataError if the file can't be read or is of another graph.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{file} can't be read: {exc}; ingest the graph '{graph.graph}' again.") from exc
    known: dict[str, int] = {}
    for n, line in enumerate(lines, 1):
        key, _, part = line.partition("\t")
        if part not in SPLITS:
            raise DataError(f"{file}, line {n}: {part!r} is not {', '.join(SPLITS)}; ingest '{graph.graph}' again.")
        known[key] = SPLITS.index(part)
    triples = np.fromiter((known.get(key, NONE) for key in keys(graph)), np.uint8)
    if known and (triples != NONE).sum() < FORGOTTEN * len(known):
        raise DataError(
            f"{file} names {len(known):,} triples, of which the graph '{graph.graph}' holds "
            f"{int((triples != NONE).sum()):,}: it is of another state of the graph. Ingest the graph again."
        )
    return Parts("published", triples, name=file.stem)


def choose_published(folder: Path, graph: str, name: str | None) -> Path:
    """Return the file of a graph's published split. Raises DataError if there is none, or several and no name."""
    found = {path.stem: path for path in sorted(folder.glob("*.tsv"))}
    if name in found or (name is None and len(found) == 1):
        return found[name or next(iter(found))]
    if not found:
        raise DataError(f"No split was published with the graph '{graph}'; choose --split triple or entity.")
    said = f"is called {name!r}" if name else "was named"
    choice = " or ".join(f"published:{each}" for each in found)
    raise DataError(f"No published split of '{graph}' {said}; choose --split {choice}.")


def codes(graph: Adjacency, parts: Parts) -> Flags:
    """Return the splits of each triple's formats as `splits.split_table` does: all that it can have in its part."""
    shown = shown_in(graph)
    ends = shown[graph.triple_heads()].astype(np.uint8) + shown[graph.outgoing.neighbour]
    table = np.zeros((3, NONE + 1), np.uint8)
    for images in range(3):
        formats = available(images > 0, images > 1)
        for part in range(NONE + 1):
            for number in range(len(FORMATS)):
                table[images, part] |= (part if number in formats else NONE) << 2 * number
    found: Flags = table[ends, parts.triples]
    return found


def keys(graph: Adjacency) -> list[str]:
    """Return each triple's stable key by its number."""
    ids, paths = [entity.id for entity in graph.entities], [relation.path for relation in graph.relations]
    ends = graph.triple_heads().tolist(), graph.outgoing.relation.tolist(), graph.outgoing.neighbour.tolist()
    return [
        Triple(ids[head], paths[relation], ids[tail]).key(graph.graph)
        for head, relation, tail in zip(*ends, strict=True)
    ]


def write_parts(folder: Path, graph: Adjacency, parts: Parts) -> None:
    """Write which triples and entities do not belong to train beside the dialogues."""
    found = zip(keys(graph), parts.triples.tolist(), strict=True)
    with (folder / TRIPLES).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{key}\t{NAMES[part]}\n" for key, part in found if part != TRAIN)
    if parts.entities is not None:
        entities = {
            NAMES[split]: [graph.entities[i].id for i in np.flatnonzero(parts.entities == split).tolist()]
            for split in (VALID, TEST)
        }
        text = json.dumps(entities, ensure_ascii=False, indent=0)
        (folder / ENTITIES).write_text(text + "\n", encoding="utf-8")


def _touching(graph: Adjacency, entity: int) -> Ints:
    sides = (graph.outgoing, graph.incoming)
    return np.unique(np.concatenate([side.triple[side.indptr[entity] : side.indptr[entity + 1]] for side in sides]))


def _drawn(*ids: str) -> int:
    chance = int(_hash(*ids)[:12], 16) / (1 << 48)
    return TRAIN if chance < SHARES[TRAIN] else VALID if chance < SHARES[TRAIN] + SHARES[VALID] else TEST


def _hash(*ids: str) -> str:
    return hashlib.sha1("\x1f".join(ids).encode(), usedforsecurity=False).hexdigest()
