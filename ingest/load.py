"""Fill both stores from a source: names, entities, facts by the head guard, then pictures and their embeddings.

Every step is idempotent and every batch stands alone, so a load that was killed goes on by being run again.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import neo4j
from sqlalchemy import Engine

from ingest.images import Picture, Unusable, open_pictures, read_within
from kg import catalogue, graph, queries, vectors
from kg.naming import relation_label, relation_types, type_labels
from kg.progress import Progress, silent
from kg.types import Entity, ImageFile, ImageRecord, Reject, Source

if TYPE_CHECKING:
    from ingest.encoders import Encoder

T = TypeVar("T")

ENTITY_BATCH = 5_000
TRIPLE_BATCH = 10_000
IMAGE_BATCH = 64


@dataclass(frozen=True, slots=True)
class Summary:
    """What a load did: counts of what the source says, of what was new, and of what was dropped by reason."""

    graph: str
    source: str
    entities: int
    triples: int
    new_triples: int
    images: int
    new_images: int
    rejects: Mapping[str, int]
    rejects_file: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where a source goes: both stores, the graph's name, and the folder for reports."""

    driver: neo4j.Driver
    engine: Engine
    graph: str
    home: Path
    progress: Progress = silent


def load(target: Target, source: Source, encoder: Callable[[], "Encoder"]) -> Summary:
    """Load `source`; run again it adds only what is missing. `encoder` is made only if a picture needs it."""
    start = time.monotonic()
    catalogue.check_name(target.graph)
    writer = graph.claim(target.driver, target.graph)
    types = name_all(writer, source)
    write_entities(target, writer, source)
    new_triples = write_triples(target, writer, source, types)
    images = load_images(target, writer, source, encoder)
    rejects = [*source.rejects, *images.rejects]
    root = {"image_root": str(source.image_root)} if images.count and source.image_root else {}
    writer.run(queries.DESCRIBE, properties={"source": source.name, **root})
    writer.run(queries.STAMP)
    return Summary(
        graph=target.graph,
        source=source.name,
        entities=len(source.entities),
        triples=len(source.triples),
        new_triples=new_triples,
        images=images.count,
        new_images=images.new,
        rejects=dict(Counter(reject.reason for reject in rejects).most_common()),
        rejects_file=write_rejects(target, source.name, rejects),
        seconds=round(time.monotonic() - start, 2),
    )


def name_all(writer: graph.Writer, source: Source) -> dict[str, str]:
    """Name the source's relations and types in the graph, never renaming one; return relation -> relationship type."""
    taken = {row["path"]: row["type"] for row in graph.read(writer.driver, queries.RELATIONS, graph=writer.graph)}
    labels = {path: best_label(by_language) for path, by_language in source.relation_labels.items()}
    paths = sorted({triple.relation for triple in source.triples})
    types = relation_types(paths, taken, labels)
    rows = [
        {
            "path": path,
            "type": types[path],
            "direction": "forward",  # a type always reads from head to tail
            "labels": {"label": relation_label(path, labels)}
            | {label_key("label", lang): text for lang, text in source.relation_labels.get(path, {}).items() if lang},
        }
        for path in paths
    ]
    writer.run(queries.NAME_RELATIONS, rows=rows)
    known = {row["path"]: row["label"] for row in graph.read(writer.driver, queries.TYPES, graph=writer.graph)}
    winning = sorted({entity.types[0] for entity in source.entities if entity.types})
    kinds = type_labels(winning, known, {path: best_label(found) for path, found in source.type_labels.items()})
    writer.run(queries.NAME_TYPES, rows=[{"path": path, "label": label} for path, label in kinds.items()])
    return types


def best_label(labels: Mapping[str, str]) -> str:
    """Return the English label, else the one without a language, else the first by language."""
    return labels.get("en") or labels.get("") or labels[min(labels)]


def label_key(stem: str, language: str) -> str:
    """Return the property key of a label in a language: name_de, name_zh_hans."""
    return f"{stem}_{language.lower().replace('-', '_')}"


def write_entities(target: Target, writer: graph.Writer, source: Source) -> None:
    """Write entities with their winning type as a second label."""
    named = {row["path"]: row["label"] for row in graph.read(target.driver, queries.TYPES, graph=target.graph)}
    labels = sorted(named.values())
    with target.progress("entities", len(source.entities)) as advance:
        for batch in batches(source.entities, ENTITY_BATCH):
            rows = [entity_row(entity, named) for entity in batch]
            writer.run(queries.WRITE_ENTITIES, rows=rows, source=source.name, labels=labels)
            advance(len(batch))


def entity_row(entity: Entity, named: Mapping[str, str]) -> dict[str, object]:
    """Return an entity as a row for Cypher."""
    properties: dict[str, object] = dict(entity.properties)
    properties |= {label_key("name", language): text for language, text in entity.labels.items()}
    properties |= {
        "name": entity.name,
        "names": list(entity.names) or [entity.name],
        "description": entity.description,
        "types": list(entity.types),
    }
    return {"id": entity.id, "properties": properties, "label": named[entity.types[0]] if entity.types else None}


def write_triples(target: Target, writer: graph.Writer, source: Source, types: dict[str, str]) -> int:
    """Write the facts, grouped by head; return how many were new."""
    new = 0
    with target.progress("triples", len(source.triples)) as advance:
        for n, batch in enumerate(graph.head_batches(graph.by_head(source.triples), TRIPLE_BATCH)):
            new += graph.write_triples(writer, batch, types, source.name, n)
            advance(sum(len(facts) for _, facts in batch))
    return new


@dataclass(frozen=True, slots=True)
class LoadedImages:
    """What became of a source's pictures."""

    count: int
    new: int
    rejects: Sequence[Reject]


def load_images(target: Target, writer: graph.Writer, source: Source, encoder: Callable[[], "Encoder"]) -> LoadedImages:
    """Decode, hash and encode the pictures that Postgres lacks; then tie all of them to their entities."""
    if not source.images or source.image_root is None:
        return LoadedImages(0, 0, ())
    root, tower = source.image_root, encoder()
    rejects: list[Reject] = []
    count = new = 0
    with target.progress("images", len(source.images)) as advance:
        for batch in batches(source.images, IMAGE_BATCH * 4):
            known, unknown = known_images(target.engine, tower.space, root, batch)
            records = list(known)
            for opened in open_pictures(root, unknown, IMAGE_BATCH):
                pictures = [each for each in opened if isinstance(each, Picture)]
                rejects += [each for each in opened if isinstance(each, Reject)]
                if pictures:
                    features = tower.encode([picture.pixels for picture in pictures])
                    fresh = [picture.record for picture in pictures]
                    vectors.store(target.engine, (target.graph, source.name), fresh, tower.space, features)
                    records += fresh
                advance(len(opened))
            new += graph.write_images(writer, records, source.name)
            count += len(records)
            advance(len(known))
    vectors.build_index(target.engine, tower.space, tower.width)
    return LoadedImages(count, new, rejects)


def known_images(
    engine: Engine, space: str, root: Path, files: Sequence[ImageFile]
) -> tuple[list[ImageRecord], list[ImageFile]]:
    """Split files into those whose content is stored with an embedding in `space`, and those to be opened."""
    shas: dict[ImageFile, str] = {}
    for file in files:
        sha = content_hash(root, file.path)
        if sha:
            shas[file] = sha
    stored = vectors.stored(engine, space, list(shas.values()))
    known = [replace(stored[sha], entity=file.entity, path=file.path) for file, sha in shas.items() if sha in stored]
    return known, [file for file in files if shas.get(file) not in stored]


def content_hash(root: Path, path: str) -> str | None:
    """Return the sha256 of a file below `root`; None if it can't be read (opening it will say why)."""
    try:
        return hashlib.sha256(read_within(root, path)).hexdigest()
    except Unusable:
        return None


def write_rejects(target: Target, source: str, rejects: Iterable[Reject]) -> str | None:
    """Write what was dropped as JSON lines below the home folder; return the path, or None if nothing was."""
    path = target.home / "rejects" / f"{target.graph}-{source}.jsonl"
    lines = [json.dumps(asdict(reject), ensure_ascii=False) for reject in rejects]
    path.unlink(missing_ok=True)
    if not lines:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into parts of `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
