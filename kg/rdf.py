"""Read RDF: entities with labels and types, facts between them, literals as properties, pictures; and all else as said.

Whatever the format, files become statements, which are sorted by subject on disk (`kg/spool.py`), so that a source may
be larger than memory. What rdflib must read whole (all but N-Triples and N-Quads) must fit into memory once.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from kg.errors import DataError
from kg.progress import Progress, silent
from kg.rdf_entity import (
    EXACT,
    IMAGE,
    PREFIX,
    STRUCTURAL,
    TYPE,
    Reader,
    Said,
    entity,
    fragment,
    image_path,
    is_fact,
    is_vocabulary,
    labels_of,
    object_text,
    property_keys,
)
from kg.rdf_files import statements
from kg.rdf_lines import is_text
from kg.rdf_terms import is_iri, node_id
from kg.spool import Reading, Sorter, Spool
from kg.types import Entity, ImageFile, Reject, Source, Triple


def read_rdf(
    paths: Sequence[Path],
    name: str,
    image_root: Path | None = None,
    scratch: Path | None = None,
    progress: Progress = silent,
) -> Source:
    """Read RDF files as one source called `name`.

    A picture (`schema:image`, `foaf:depiction`, `wdt:P18`) that is a file must lie below `image_root`, by default the
    first file's folder; the address of one on the web becomes the property `image_addresses`. Blank nodes keep their
    labels in N-Triples, and are named by what is said of them in the other formats, so reading the same file twice
    gives the same graph. `scratch` is a folder for sorting what does not fit into memory. Raises DataError.
    """
    if image_root is not None and not image_root.is_dir():
        raise DataError(f"There is no folder {image_root}; --image-root names the one that the pictures lie below.")
    rejects: list[Reject] = []
    sorter = Sorter(scratch)
    for subject, predicate, value in statements(paths, rejects.append, progress):
        sorter.append(f"{subject}\t{predicate}\t{value}".encode())
    gathered = Gathered((image_root or paths[0].parent).resolve(), scratch)
    for subject, said in subjects(sorter.sorted()):
        gathered.take(subject, said)
    return gathered.source(name, rejects)


def subjects(lines: Iterable[bytes]) -> Iterator[tuple[str, list[Said]]]:
    """Group sorted lines by subject."""
    rows = (line.decode().split("\t") for line in lines)
    for subject, group in groupby(rows, itemgetter(0)):
        yield subject, [(predicate, value) for _, predicate, value in group]


@dataclass(slots=True)
class Gathered:
    """What the pass over the sorted statements finds; lines of entities, their objects and pictures go to disk."""

    root: Path
    scratch: Path | None
    vocabulary: dict[str, list[Said]] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    relations: set[str] = field(default_factory=set)
    literals: set[str] = field(default_factory=set)
    prefix: str = ""
    facts: int = 0
    kept: Spool = field(init=False)
    pictures: Spool = field(init=False)
    objects: Sorter = field(init=False)
    others: Spool = field(init=False)  # objects of facts, sorted

    def __post_init__(self) -> None:
        """Make the files."""
        self.kept, self.pictures, self.others = Spool(self.scratch), Spool(self.scratch), Spool(self.scratch)
        self.objects = Sorter(self.scratch)

    def take(self, subject: str, said: list[Said]) -> None:
        """Take all that is said of one subject."""
        if is_vocabulary(said):
            self.vocabulary[subject] = said
            return
        prefixes = [object_text(value) for predicate, value in said if predicate == PREFIX]
        if prefixes:
            self.prefix = prefixes[0] if is_iri(prefixes[0]) else ""
            said = [each for each in said if each[0] != PREFIX]
        files = set()
        for predicate, value in said:
            self.kept.append(f"{subject}\t{predicate}\t{value}".encode())
            if is_fact(predicate, value):
                self.facts += 1
                self.relations.add(predicate)
                self.objects.append(node_id(value).encode())
            elif predicate == TYPE:
                self.types[node_id(value)] += 1
            elif predicate in IMAGE:
                files.add(image_path(object_text(value), self.root))
            elif predicate not in STRUCTURAL and not predicate.startswith(EXACT):
                self.literals.add(predicate)
        for file in sorted(files - {None}, key=str):
            self.pictures.append(json.dumps([subject, file]).encode())

    def source(self, name: str, rejects: Sequence[Reject]) -> Source:
        """Return what was gathered as a source whose streams read from disk."""
        for line in self.objects.sorted():
            self.others.append(line)
        own = {predicate for predicate in self.literals if not (self.prefix and predicate.startswith(self.prefix))}
        reader = Reader(property_keys(own), self.types, self.prefix)
        labels = self.labels(self.relations | self.types.keys())
        return Source(
            name=name,
            entities=Reading(sum(1 for _ in self.ids()), lambda: self.entities(reader)),
            triples=Reading(self.facts, lambda: self.triples(reader)),
            images=Reading(len(self.pictures), lambda: self.images(reader)),
            image_root=self.root,
            relation_labels={reader.name(each): labels[each] for each in sorted(self.relations) if each in labels},
            type_labels={reader.name(each): labels[each] for each in sorted(self.types) if each in labels},
            vocabulary={each: tuple(fragment(*pair) for pair in said) for each, said in self.vocabulary.items()},
            rejects=rejects,
        )

    def labels(self, wanted: set[str]) -> dict[str, dict[str, str]]:
        """Return the labels of relations and types, which may stand in the vocabulary or beside the entities."""
        found = {each: labels_of(said) for each, said in self.vocabulary.items() if each in wanted}
        if wanted - found.keys():
            heads = {each.encode() for each in wanted}
            lines = (line for line in self.kept if line[: line.index(b"\t")] in heads)
            found |= {subject: labels_of(said) for subject, said in subjects(lines)}
        return {each: labels for each, labels in found.items() if labels}

    def ids(self) -> Iterator[bytes]:
        """Yield the id of everything that facts or literals speak of, once each, in order."""
        heads = (line[: line.index(b"\t")] for line in self.kept)
        return (each for each, _ in groupby(heapq.merge(heads, self.others)))

    def entities(self, reader: Reader) -> Iterator[Entity]:
        """Yield the entities in the order of their ids; of what is an object alone nothing is said."""
        described = subjects(self.kept)
        subject, said = next(described, ("", []))
        for raw in self.ids():
            each = raw.decode()
            if each == subject:
                yield entity(subject, said, reader)
                subject, said = next(described, ("", []))
            else:
                yield entity(each, (), reader)

    def triples(self, reader: Reader) -> Iterator[Triple]:
        """Yield the facts, all of one head together."""
        head, name = "", ""
        for line in self.kept:
            subject, predicate, value = line.decode().split("\t")
            if not is_text(value) and is_fact(predicate, value):
                if subject != head:
                    head, name = subject, reader.name(subject)
                yield Triple(name, reader.name(predicate), reader.name(node_id(value)))

    def images(self, reader: Reader) -> Iterator[ImageFile]:
        """Yield the files that are pictures."""
        for line in self.pictures:
            subject, path = json.loads(line)
            yield ImageFile(reader.name(subject), path)
