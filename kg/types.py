"""The values that flow between the stages: frozen, slotted, and plain."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

PropertyValue = int | float | str | list[int] | list[float] | list[str]
T_co = TypeVar("T_co", covariant=True)


class Stream(Protocol[T_co]):
    """Items that can be read more than once, and counted without reading them: a list, or what lies on disk."""

    def __iter__(self) -> Iterator[T_co]:
        """Read them from the beginning."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...


@dataclass(frozen=True, slots=True)
class Triple:
    """One fact by its ids: (head, relation path or IRI, tail)."""

    head: str
    relation: str
    tail: str

    def key(self, graph: str) -> str:
        """Return the stable key of this fact: sha1 of graph, head, relation and tail, 40 hex digits."""
        text = f"{graph}\x1f{self.head}\x1f{self.relation}\x1f{self.tail}"
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Entity:
    """A node of the graph. `types` are ordered by votes: the first is the winning one.

    Where a source does not name it, `name` is a makeshift and `names` is empty: it gives way to any other.
    """

    id: str
    name: str
    names: tuple[str, ...] = ()  # every label and alias, the name first
    labels: Mapping[str, str] = field(default_factory=dict)  # language tag -> label
    description: str = ""
    types: tuple[str, ...] = ()
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)  # typed literals
    said: tuple[str, ...] = ()  # what RDF says of it besides facts: "<predicate> object" in N-Triples, sorted


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture that was offered for an entity: `path` is relative to the graph's image root."""

    entity: str
    path: str


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A picture that decodes. `dhash` is 64 bits, `sha256` that of the file's bytes, in hex."""

    entity: str
    path: str
    sha256: str
    dhash: int
    width: int  # pixels
    height: int  # pixels
    format: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Reject:
    """What a stage dropped: the place (file, line or 0), a short reason code, and the detail."""

    file: str
    line: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader makes of files. `name` is what its edges carry in `sources`; images lie below `image_root`.

    Triples come in the order of their heads: all facts of a head stand together.
    """

    name: str
    entities: Stream[Entity] = ()
    triples: Stream[Triple] = ()
    images: Stream[ImageFile] = ()
    image_root: Path | None = None
    relation_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # relation -> language -> label
    type_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # type -> language -> label
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # subject -> what RDF says of it, as above
    splits: Mapping[str, Mapping[Triple, str]] = field(default_factory=dict)  # split's name -> triple -> its part
    rejects: Sequence[Reject] = ()
    origin: Path | None = None  # the file or folder that it is called after; None where its user named it
