"""Fill both stores from a source: names, entities, facts by the head guard, then pictures, their embeddings and gates.

Every step compares before it writes and every batch stands alone, so a load that was killed goes on by being run again,
and a load that finds nothing new has checked the graph itself.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ingest.explain import semantic_line
from ingest.judge import judge
from ingest.load_images import load_images
from ingest.target import Target, Tower, batches
from kg import bulk, catalogue, facts, graph, queries
from kg.bulk import Imported
from kg.entity_rows import entity_row
from kg.errors import DataError
from kg.naming import relation_label
from kg.rdf_entity import label_key
from kg.source_names import Names, labels_of, source_names
from kg.spool import Reading
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


def load(target: Target, source: Source, tower: Tower, imported: Imported | None = None) -> Summary:
    """Load `source`; run again it adds only what is missing.

    `imported` is what `kg.bulk` has put there already. Raises DataError, StoreError.
    """
    start = time.monotonic()
    catalogue.check_name(target.graph)
    writer = graph.claim(target.driver, target.graph)
    settle_origin(writer, source)
    fresh = bool(graph.read(target.driver, queries.IS_FRESH, graph=target.graph)[0]["fresh"])
    names = imported.names if imported else find_names(writer, source)
    write_names(writer, source, names)
    if imported:
        changed_entities, new_triples = complete(target, writer, source, imported)
    else:
        changed_entities = write_entities(target, writer, source, fresh)
        new_triples = write_facts(target, writer, source, names.relations, fresh)
    write_vocabulary(writer, source)
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


def settle_origin(writer: graph.Writer, source: Source) -> None:
    """Keep which file a source is called after. Raises DataError if that was another one, which is still there.

    What a source says takes the place of what it said before, so the second file would undo the first.
    """
    if source.origin is None:
        return
    [row] = graph.read(writer.driver, queries.ORIGINS, graph=writer.graph)
    origins: dict[str, str] = dict(each.split("\t", 1) for each in row["origins"])
    former = origins.get(source.name, str(source.origin))
    if former != str(source.origin) and Path(former).exists():
        raise DataError(
            f"The graph '{writer.graph}' has a source '{source.name}' already, from {former}, and {source.origin} "
            "would take its place: give it a name of its own with --name (or the same one, if it is the same source)."
        )
    writer.run(queries.KEEP_ORIGIN, source=source.name, origin=str(source.origin))


def find_names(writer: graph.Writer, source: Source) -> Names:
    """Name the source's relations and types, each as the graph calls it already where it does."""
    relations = {row["path"]: row["type"] for row in graph.read(writer.driver, queries.RELATIONS, graph=writer.graph)}
    types = {row["path"]: row["label"] for row in graph.read(writer.driver, queries.TYPES, graph=writer.graph)}
    return source_names(source, relations, types)


def write_names(writer: graph.Writer, source: Source, names: Names) -> None:
    """Write the names of the source's relations and types; none that is there is changed."""
    labels = labels_of(source.relation_labels)
    rows = [
        {
            "path": path,
            "type": names.relations[path],
            "direction": "forward",  # a type always reads from head to tail
            "labels": {"label": relation_label(path, labels)}
            | {label_key("label", lang): text for lang, text in source.relation_labels.get(path, {}).items() if lang},
        }
        for path in sorted(names.relations)
    ]
    writer.run(queries.NAME_RELATIONS, rows=rows)
    writer.run(queries.NAME_TYPES, rows=[{"path": path, "label": label} for path, label in names.types.items()])


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


def complete(target: Target, writer: graph.Writer, source: Source, imported: Imported) -> tuple[int, int]:
    """Write what the importer's tables could not hold; return how many entities and facts are there."""
    whole = len(source.entities)
    if imported.unfinished:
        rest = Reading(len(imported.unfinished), lambda: (e for e in source.entities if e.id in imported.unfinished))
        write_entities(target, writer, replace(source, entities=rest), fresh=True)
    bulk.check_import(writer, imported, whole)
    return whole, imported.facts


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
