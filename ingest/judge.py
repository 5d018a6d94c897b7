"""Pass a graph's images through the gates: hashes and features from Postgres, verdicts on HAS_IMAGE in Neo4j.

An entity is judged anew where its images, its votes or the space changed since; everything else is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import neo4j
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ingest import gates, queries, zero_shot
from ingest.gates import Candidate, Verdict
from ingest.zero_shot import Measured, Power, Space, what_it_is, worded
from kg import graph, vectors
from kg import queries as kg_queries
from kg.errors import DataError
from kg.progress import Progress, silent

BATCH = 2_000  # images that are judged at a time; an entity that has more is judged alone
LOOKED_AT = 4  # images of an entity of which one is measured
ROUNDS = 2  # times that votes are looked at again
BLANK = Verdict(gate="unjudged")

Floats = NDArray[np.float32]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GateSummary:
    """What the gates did, and how the whole graph stands after it."""

    graph: str
    encoder: str  # the space of the features
    judged: int  # entities, in this run
    images: int  # of the graph, once for each entity that has them
    gates: Mapping[str, int]  # gate -> images: kept, dropped, chosen, unjudged
    reasons: Mapping[str, int]  # why images were dropped -> images
    semantic: bool  # whether the semantic gate is in force …
    why: str  # … and why
    seconds: float


def judge(
    driver: neo4j.Driver,
    engine: Engine,
    name: str,
    encoder: Space,
    progress: Progress = silent,
    again: bool = False,
    writer: graph.Writer | None = None,
) -> GateSummary:
    """Judge those images of the graph `name` that are not judged yet; with `again` all of them.

    `encoder` is where the features are from. Images without an embedding in its space stay unjudged. Raises DataError
    if that is so of all; StoreError if a store does not answer or another command took over.
    """
    start = time.monotonic()
    pending: Sequence[Row]
    pending = graph.read(driver, queries.UNJUDGED, graph=name, space=encoder.space, again=again, most=gates.SEMANTIC)
    power, changed = settled_power(driver, engine, name, encoder, bool(pending))
    if changed and not again:  # or one entity's images would be ranked in one way and those of the next in another
        pending = graph.read(driver, queries.UNJUDGED, graph=name, space=encoder.space, again=True, most=gates.SEMANTIC)
    judged = 0
    for _ in range(1 + ROUNDS):  # experts go on voting: what they chose is read once all else is written
        pending = pending or unsettled(driver, name)
        if not pending:
            break
        writer = writer or graph.claim(driver, name)
        judged += judge_all(writer, engine, encoder, power, pending, progress)
        pending = []
    if writer and judged:
        writer.run(kg_queries.DESCRIBE, properties=zero_shot.properties(encoder.space, power))
    return summary(driver, encoder, power, (name, judged, time.monotonic() - start))


def judge_all(
    writer: graph.Writer, engine: Engine, encoder: Space, power: Power, rows: Sequence[Row], progress: Progress
) -> int:
    """Judge entities, rows of `id` and `count` of images; return how many could be judged."""
    judged = 0
    with progress("gates", sum(row["count"] for row in rows)) as advance:
        for batch in batches(rows):
            judged += judge_batch(writer, engine, encoder, power, [row["id"] for row in batch])
            advance(sum(row["count"] for row in batch))
    return judged


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut entities into batches of at most BATCH images, or of one entity."""
    batch: list[Row] = []
    room = BATCH
    for row in rows:
        if row["count"] > room and batch:
            yield batch
            batch, room = [], BATCH
        batch.append(row)
        room -= row["count"]
    if batch:
        yield batch


def judge_batch(writer: graph.Writer, engine: Engine, encoder: Space, power: Power, ids: Sequence[str]) -> int:
    """Judge some entities and write the verdicts in one transaction; return how many could be judged.

    An entity of which no image has an embedding here, and none is chosen, stays as it is.
    """
    entities = graph.read(writer.driver, queries.IMAGES_OF, graph=writer.graph, ids=list(ids))
    shas = sorted({image["sha256"] for entity in entities for image in entity["images"]})
    features = usable(vectors.fetch(engine, encoder.space, shas, encoder.width))
    records = vectors.stored(engine, encoder.space, list(features))
    texts = texts_of(entities, encoder, power)
    rows = []
    for entity, text in zip(entities, texts, strict=True):
        images = [
            Candidate(sha, records[sha].dhash, records[sha].width * records[sha].height)
            for sha in (image["sha256"] for image in entity["images"])
            if sha in features and sha in records
        ]
        winner = gates.chosen(votes_of(entity))
        if images or winner:
            matrix = np.stack([features[image.sha256] for image in images]) if images else np.empty((0, encoder.width))
            verdicts = gates.judge(images, matrix.astype(np.float32), text, winner)
            rows.append({"id": entity["id"], "images": written(entity["images"], verdicts, encoder.space, winner)})
    writer.run(queries.WRITE_VERDICTS, rows=rows)
    return len(rows)


def usable(features: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the features that are numbers throughout."""
    return {sha: feature for sha, feature in features.items() if np.isfinite(feature).all()}


def texts_of(entities: Sequence[Row], encoder: Space, power: Power) -> Sequence[Floats | None]:
    """Return what each entity is called, in the features' space; None throughout where that tells nothing."""
    if power.wording is None or encoder.encode_text is None or not entities:
        return [None] * len(entities)
    texts = encoder.encode_text([worded(power.wording, *called(entity)) for entity in entities])
    return [text if np.isfinite(text).all() else None for text in texts]


def called(entity: Row) -> tuple[str, str]:
    """Return the name of an entity, and what it is."""
    return str(entity["name"] or entity["id"]), what_it_is(str(entity["description"] or ""), entity["label"])


def votes_of(entity: Row) -> dict[str, dict[str, str]]:
    """Return the votes on an entity: image -> voter -> when; NO_IMAGE has those for none of them."""
    none = {"sha256": gates.NO_IMAGE, "voters": entity["none_voters"], "voted": entity["none_voted"]}
    return {
        row["sha256"]: {voter: str(when) for voter, when in zip_longest(row["voters"], row["voted"], fillvalue="")}
        for row in (none, *entity["images"])
        if row["voters"]
    }


def written(images: Sequence[Row], verdicts: Mapping[str, Verdict], space: str, winner: str | None) -> dict[str, Row]:
    """Return the properties of an entity's relationships by sha256; what is None leaves the relationship."""
    found: dict[str, Row] = {}
    for sha in (image["sha256"] for image in images):
        judged = sha in verdicts
        properties = asdict(verdicts.get(sha, BLANK))
        if sha == winner:
            properties["gate"] = "chosen"
        found[sha] = properties | {"encoder": space if judged else None, "among": len(images) if judged else None}
    return found


def unsettled(driver: neo4j.Driver, name: str) -> list[Row]:
    """Return the entities whose image that stands as chosen is not the one that the votes choose."""
    found: list[Row] = []
    for row in graph.read(driver, queries.VOTED, graph=name):
        winner = gates.chosen(votes_of(row))
        if [image["sha256"] for image in row["images"] if image["gate"] == "chosen"] != ([winner] if winner else []):
            found.append(row)
    return found


def settled_power(
    driver: neo4j.Driver, engine: Engine, name: str, encoder: Space, anew: bool
) -> tuple[Power, bool]:  # fmt: skip
    """Return what the text tower knows of the graph, and whether that changes the gate that the graph was judged by.

    It is measured where there is something to judge; otherwise what was measured then stands.
    """
    (stored,) = graph.read(driver, queries.GATES, graph=name)
    before = zero_shot.stored(stored["gates"]) if stored["gates"].get("gates_encoder") == encoder.space else None
    if before is not None and not anew:
        return before, False
    power = measured(driver, engine, name, encoder)
    return power, before is not None and (before.in_force, before.wording) != (power.in_force, power.wording)


def measured(driver: neo4j.Driver, engine: Engine, name: str, encoder: Space) -> Power:
    """Measure on the graph's own pictures and names whether the encoder's text tower knows them."""
    if encoder.encode_text is None:
        return Power(False, "the encoder has no text tower")
    ids = [row["id"] for row in graph.read(driver, queries.ILLUSTRATED, graph=name)]
    entities = graph.read(driver, queries.IMAGES_OF, graph=name, ids=zero_shot.sampled(ids))
    shas = sorted({image["sha256"] for entity in entities for image in entity["images"][:LOOKED_AT]})
    features = usable(vectors.fetch(engine, encoder.space, shas, encoder.width))
    sample: dict[str, Measured] = {}  # one entity a name, one entity a picture
    taken: set[str] = set()
    for entity in entities:
        own = [image["sha256"] for image in entity["images"][:LOOKED_AT] if image["sha256"] in features]
        title, what = called(entity)
        if own and title not in sample and own[0] not in taken:
            sample[title] = Measured(title, what, features[own[0]])
            taken.add(own[0])
    return zero_shot.measure(list(sample.values()), encoder.encode_text)


def summary(driver: neo4j.Driver, encoder: Space, power: Power, run: tuple[str, int, float]) -> GateSummary:
    """Count how the graph stands after a run, which is (graph, entities judged, seconds). Raises DataError."""
    name, judged, seconds = run
    rows = graph.read(driver, queries.GATE_COUNTS, graph=name, space=encoder.space)
    images = sum(row["images"] for row in rows)
    if images and not any(row["here"] for row in rows):
        raise DataError(
            f"None of the {images:,} images of '{name}' has an embedding in the space '{encoder.space}'; name the "
            "encoder that they were ingested with, or ingest them with this one first."
        )
    kinds: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in rows:
        kinds[row["gate"]] = kinds.get(row["gate"], 0) + row["images"]
        if row["reason"]:
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["images"]
    return GateSummary(
        name, encoder.space, judged, images, kinds, reasons, power.in_force, power.why, round(seconds, 2)
    )
