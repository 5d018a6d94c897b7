"""Fill both stores from a source: names, entities, facts by the head guard, then pictures, their embeddings and gates.

Every step compares before it writes and every batch stands alone, so a load that was killed goes on by being run again,
and a load that finds nothing new has checked the graph itself.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.explain import semantic_line
from ingest.judge import judge
from ingest.load_images import load_images
from ingest.target import Target, Tower, batches
from kg import bulk, catalogue, facts, graph, queries
from kg.naming import relation_label, relation_types, type_labels
from kg.rdf_entity import best_label, label_key
from kg.types import Entity, Reject, Source
from kg.whole_file import whole_file

ENTITY_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What a load did: counts of what the source says, of what was new, and of what was dropped by reason."""

    graph: str
    source: str
    entities: int
    changed_entities: int
    triples: int
    new_triples: int
    images: int
    new_images: int
    gates: Mapping[str, int]  # how the graph's pictures stand after the gates
    semantic_gate: str  # whether it is in force, and why
    rejects: Mapping[str, int]
    rejects_file: str | None
    seconds: float


def load(target: Target, source: Source, tower: Tower, imported: int | None = None) -> Summary:
    """Load `source`; run again it adds only what is missing.

    `imported` is the number of its facts that `kg.bulk` has put there already. Raises DataError, StoreError.
    """
    start = time.monotonic()
    catalogue.check_name(target.graph)
    writer = graph.claim(target.driver, target.graph)
    fresh = bool(graph.read(target.driver, queries.IS_FRESH, graph=target.graph)[0]["fresh"])
    types = name_all(writer, source)
    changed_entities = write_entities(target, writer, source, fresh)
    write_vocabulary(writer, source)
    if imported is None:
        new_triples = write_facts(target, writer, source, types, fresh)
    else:
        bulk.check_count(target.driver, target.graph, imported)
        new_triples = imported
    images = load_images(target, writer, source, tower)
    judged = None
    if images.count:
        judged = judge(target.driver, target.engine, target.graph, tower, target.progress, writer=writer)
    write_splits(target, source)
    rejects = [*source.rejects, *images.rejects]
    rejects_file = write_rejects(target.home, target.graph, source.name, rejects)
    writer.run(queries.STAMP, source=source.name, changed=bool(changed_entities or new_triples or images.new))
    return Summary(
        graph=target.graph,
        source=source.name,
        entities=len(source.entities),
        changed_entities=changed_entities,
        triples=len(source.triples),
        new_triples=new_triples,
        images=images.count,
        new_images=images.new,
        gates=dict(judged.gates) if judged else {},
        semantic_gate=semantic_line(judged.semantic, judged.why, None) if judged else "",
        rejects=dict(Counter(reject.reason for reject in rejects).most_common()),
        rejects_file=rejects_file,
        seconds=round(time.monotonic() - start, 2),
    )


def name_all(writer: graph.Writer, source: Source) -> dict[str, str]:
    """Name the source's relations and types in the graph, never renaming one; return relation -> relationship type."""
    taken = {row["path"]: row["type"] for row in graph.read(writer.driver, queries.RELATIONS, graph=writer.graph)}
    types = relation_names(source, taken)
    labels = {path: best_label(by_language) for path, by_language in source.relation_labels.items()}
    rows = [
        {
            "path": path,
            "type": types[path],
            "direction": "forward",  # a type always reads from head to tail
            "labels": {"label": relation_label(path, labels)}
            | {label_key("label", lang): text for lang, text in source.relation_labels.get(path, {}).items() if lang},
        }
        for path in sorted(types)
    ]
    writer.run(queries.NAME_RELATIONS, rows=rows)
    known = {row["path"]: row["label"] for row in graph.read(writer.driver, queries.TYPES, graph=writer.graph)}
    winning = sorted({entity.types[0] for entity in source.entities if entity.types})
    kinds = type_labels(winning, known, {path: best_label(found) for path, found in source.type_labels.items()})
    writer.run(queries.NAME_TYPES, rows=[{"path": path, "label": label} for path, label in kinds.items()])
    return types


def relation_names(source: Source, taken: Mapping[str, str]) -> dict[str, str]:
    """Return the relationship type of each relation of a source, given those that the graph has."""
    labels = {path: best_label(by_language) for path, by_language in source.relation_labels.items()}
    return relation_types({triple.relation for triple in source.triples}, taken, labels)


def write_entities(target: Target, writer: graph.Writer, source: Source, fresh: bool) -> int:
    """Write the entities that the graph does not hold as the source says them; return how many.

    An entity has its winning type as a second label.
    """
    named = {row["path"]: row["label"] for row in graph.read(target.driver, queries.TYPES, graph=target.graph)}
    labels = sorted(named.values())
    said = {"graph": target.graph, "source": source.name}

    def differing(batch: list[Entity]) -> tuple[int, list[dict[str, object]]]:
        rows = [entity_row(entity, named, source.name) for entity in batch]
        if fresh:
            return len(rows), rows
        found = graph.read(target.driver, queries.DIFFERING_ENTITIES, rows=rows, **said)
        return len(rows), [rows[row["i"]] for row in found]

    changed = 0
    with target.progress("entities", len(source.entities)) as advance, ThreadPoolExecutor(facts.READERS) as pool:
        for group in batches(batches(source.entities, ENTITY_BATCH), facts.AHEAD):
            for size, rows in pool.map(differing, group):
                if rows:
                    writer.run(queries.WRITE_ENTITIES, rows=rows, source=source.name, labels=labels)
                changed += len(rows)
                advance(size)
    return changed


def entity_row(entity: Entity, named: Mapping[str, str], source: str) -> dict[str, object]:
    """Return an entity as a row: `properties` are what the source says, `makeshift` what stands until one does."""
    properties: dict[str, object] = dict(entity.properties)
    properties |= {label_key("name", language): text for language, text in entity.labels.items()}
    makeshift = {"name": entity.name, "names": [entity.name], "description": "", "types": []}
    if entity.names:
        properties["name"] = entity.name
    if entity.description:
        properties["description"] = entity.description
    if entity.types:
        properties["types"] = list(entity.types)
    return {
        "id": entity.id,
        "properties": properties,
        "makeshift": makeshift,
        "names": list(entity.names),
        "label": named[entity.types[0]] if entity.types else None,
        "said": [f"{source}\t{fragment}" for fragment in entity.said],
    }


def write_vocabulary(writer: graph.Writer, source: Source) -> None:
    """Keep what the source says of its own vocabulary, for the way back to RDF."""
    for part in batches(source.vocabulary.items(), ENTITY_BATCH):
        rows = [{"id": each, "said": [f"{source.name}\t{text}" for text in said]} for each, said in part]
        writer.run(queries.WRITE_VOCABULARY, rows=rows, source=source.name)


def write_facts(target: Target, writer: graph.Writer, source: Source, types: Mapping[str, str], fresh: bool) -> int:
    """Write the facts that the graph lacks; return how many were new."""
    new = 0
    with target.progress("triples", len(source.triples)) as advance:
        for size, lacking in facts.compared(target.driver, target.graph, source.name, source.triples, fresh):
            if lacking.rows:
                new += facts.write(writer, source.name, types, lacking)
            advance(size)
    return new


def write_splits(target: Target, source: Source) -> None:
    """Keep the splits that a source publishes as files keyed by triple: they are no marks in the graph."""
    for name, parts in source.splits.items():
        lines = sorted(f"{triple.key(target.graph)}\t{part}\n" for triple, part in parts.items())
        write_lines(splits_file(target.home, target.graph, name), lines)


def splits_file(home: Path, graph_name: str, split: str) -> Path:
    """Return the file of a published split: lines of a triple's key, a tab, and the part it belongs to."""
    return home / "splits" / graph_name / f"{split}.tsv"


def write_rejects(home: Path, graph_name: str, source: str, rejects: Iterable[Reject]) -> str | None:
    """Write what was dropped as JSON lines below the home folder; return the path, or None if nothing was."""
    path = home / "rejects" / f"{graph_name}-{source.replace('/', '_')}.jsonl"
    lines = [json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects]
    if not lines:
        path.unlink(missing_ok=True)
        return None
    write_lines(path, lines)
    return str(path)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(lines)
