"""What dialogues of one graph are made from, prepared once: its arrays, wordings, nouns, splits, and what can be said.

Nothing here changes once it is made: batches of dialogues can be made from it in any order, on any number of workers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring

import numpy as np
from numpy.typing import NDArray

from dialogue.articles import article_of
from dialogue.grammar import noun_of_type
from dialogue.joining import Joining, joining
from dialogue.kind_words import KindWords, kind_words
from dialogue.mentions import Names
from dialogue.parts import Parts, codes, knows
from dialogue.pictures import PictureWords, picture_words
from dialogue.relation_ends import has_several, is_sole, nouns_at_ends, spoken_type, types_at_ends
from dialogue.splits import NONE, NOWHERE, formats_in, in_scope, split_table
from dialogue.survey import Survey, survey
from dialogue.topics_of_images import Topic
from dialogue.types import FORMATS, KINDS, SPLITS, Format, Kind
from dialogue.verbalise import NOTHING, own_wordings, wordings
from dialogue.wordings import Wordings
from kg.adjacency import Adjacency, Side, Vertex
from kg.naming import relation_label

UNSPEAKABLE = re.compile(r"<(?:image|RET|KNO)>|[\x00-\x1f\x7f\u2028\u2029]|^(?:[QP]\d+|\s*)$")
_PRIVATE_TYPES = ("/user/", "/base/", "/common/")  # their names are nobody's words


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """One side of the graph as memory views: what Python reads a number from quickly."""

    neighbour: memoryview
    triple: memoryview
    runs: memoryview
    run_relation: memoryview
    run_start: memoryview

    def run(self, entity: int, relation: int) -> int:
        """Return the run of an entity's triples with a relation, or -1."""
        last = self.runs[entity + 1]
        run = bisect_left(self.run_relation, relation, self.runs[entity], last)
        return run if run < last and self.run_relation[run] == relation else -1

    def size(self, run: int) -> int:
        """Return how many triples a run has: how many true answers its question has."""
        return int(self.run_start[run + 1] - self.run_start[run])


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Triples that dialogues may begin with, by relation, which weighs the square root of how many triples it has."""

    triples: memoryview
    relation_start: memoryview
    weights: Sequence[float]  # of the relations, cumulative


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What a split's dialogues may begin with."""

    any_format: Starts
    by_format: tuple[tuple[int, Starts], ...]  # the formats that some triple has in this split
    entities: memoryview  # that such a triple touches, shuffled
    relations: memoryview  # of such triples, shuffled
    pictured: memoryview  # entities with images that such a triple touches
    pairs: int  # of a triple and a format


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What a material is made from: the same in every process. `seed` orders the entities that dialogues begin with."""

    graph: Adjacency
    seed: int = 0
    formats: tuple[Format, ...] = FORMATS  # that may be used
    languages: tuple[str, ...] = ("en",)
    kinds: tuple[Kind, ...] = KINDS
    parts: Parts | None = None  # of a split that keeps all formats of a triple together
    topics: tuple[Topic, ...] = ()  # clusters of the graph's images
    lexicon: Mapping[str, Wordings] = field(default_factory=dict)  # of the user, which comes before ours
    imaged: bool = False  # whether only triples are asked for of which both entities have images
    relations: tuple[str, ...] = ()  # paths of the relations that are asked for; none: all


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All that dialogues of one graph are made from."""

    origin: Origin
    graph: Adjacency
    lang: str
    kinds: tuple[Kind, ...]  # beside facts
    wordings: tuple[Wordings, ...]  # by relation
    pictures: PictureWords
    joining: Joining
    out: Ends
    into: Ends
    heads: memoryview  # by triple
    relation_of: memoryview  # by triple
    degree: memoryview  # by entity
    splits: memoryview  # by triple: two bits a format
    format_table: tuple[tuple[tuple[int, ...], ...], ...]  # [split][entry of `splits`] -> formats
    pools: tuple[Pool, ...]  # by split
    parts: Parts | None  # of a split that keeps all formats of a triple together
    known: tuple[bytes, ...]  # by split: 1 for each triple that it knows as an answer
    ids: tuple[str, ...]
    names: tuple[str, ...]
    said: tuple[str, ...]  # names as they stand within a sentence: with "the " where they take it
    quoted: tuple[str, ...]  # ids as JSON
    quoted_names: tuple[str, ...]  # names as JSON
    quoted_paths: tuple[str, ...]  # relations as JSON
    shown: bytes  # 1 for an entity with images
    speakable: bytes  # 0 for an entity whose name is none, would be taken for a token, or breaks a line
    symmetric: bytes  # 1 for a relation that holds both ways: asking for its head and for its tail is the same
    nouns: tuple[str, ...]  # of entities: "country"; empty where the type has no good name
    nouns_at_ends: tuple[tuple[frozenset[str], frozenset[str]], ...]  # by relation: its heads' and its tails'
    aliases: dict[int, Names]  # of entities with images
    homonyms: dict[int, tuple[int, ...]]  # an entity -> the others of its name
    survey: Survey
    topics: tuple[Topic, ...]  # clusters of like images; none where nobody clustered them
    kind_words: KindWords | None  # None where the language has none: then there are facts alone
    others: tuple[Material, ...] = ()  # the same in the other languages of a build (dialogue/tongues.py)

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages that every dialogue is written in."""
        return (self.lang, *(other.lang for other in self.others))

    def side(self, asks_tail: bool) -> Ends:
        """Return the side on which a question's subject has its runs."""
        return self.out if asks_tail else self.into

    def knows(self, split: int, triple: int) -> bool:
        """Say whether a split may draw on a triple at all: only test may draw on what is held out."""
        return self.known[split][triple] == 1

    def may_name(self, split: int, entity: int) -> bool:
        """Say whether a split may speak of an entity: no split before them speaks of those that are held out."""
        parts = self.parts
        return parts is None or parts.entities is None or knows(split, int(parts.entities[entity]))

    def ambiguous(self, entity: int, relation: int, asks_tail: bool) -> bool:
        """Say whether the question about an entity by name could as well be about another of the same name."""
        side, homonyms = self.side(asks_tail), self.homonyms
        return entity in homonyms and any(side.run(other, relation) >= 0 for other in homonyms[entity])


def prepare(origin: Origin) -> Material:
    """Prepare a graph for dialogues in English; `dialogue.tongues` puts it into other languages."""
    graph, parts, formats = origin.graph, origin.parts, origin.formats
    usable = frozenset(FORMATS.index(each) for each in formats)
    table = split_table(graph) if parts is None else codes(graph, parts)
    table[~in_scope(graph, origin.imaged, origin.relations)] = NOWHERE
    names = tuple(entity.name for entity in graph.entities)
    nouns = tuple(_noun(graph, entity) for entity in graph.entities)
    shown = bytes(bool(entity.images) for entity in graph.entities)
    format_table = tuple(
        tuple(tuple(number for number in formats_in(code, split) if number in usable) for code in range(256))
        for split in range(len(SPLITS))
    )
    return Material(
        origin=origin,
        graph=graph,
        lang="en",
        kinds=tuple(kind for kind in origin.kinds if kind != "fact") if "T2T" in formats else (),
        wordings=tuple(all_wordings(graph, own_wordings(origin.lexicon, "en"))),
        pictures=picture_words("en"),
        joining=joining("en"),
        out=_ends(graph.outgoing),
        into=_ends(graph.incoming),
        heads=_view(graph.triple_heads()),
        relation_of=_view(graph.outgoing.relation),
        degree=_view(graph.degree()),
        splits=table.data,
        format_table=format_table,
        pools=pools(graph, table, format_table, origin.seed),
        parts=parts,
        known=tuple(_known(split, parts, len(graph)) for split in range(len(SPLITS))),
        ids=tuple(entity.id for entity in graph.entities),
        names=names,
        said=tuple(_said(graph, entity) for entity in graph.entities),
        quoted=tuple(encode_basestring(entity.id) for entity in graph.entities),
        quoted_names=tuple(map(encode_basestring, names)),
        quoted_paths=tuple(encode_basestring(relation.path) for relation in graph.relations),
        shown=shown,
        speakable=bytes(e.name != e.id and not UNSPEAKABLE.search(e.name) for e in graph.entities),
        symmetric=_symmetric(graph),
        nouns=nouns,
        nouns_at_ends=nouns_at_ends(graph, nouns),
        aliases={i: Names(entity.names) for i, entity in enumerate(graph.entities) if entity.images},
        homonyms=homonyms(names),
        survey=survey(graph),
        topics=origin.topics,
        kind_words=kind_words("en"),
    )


def _known(split: int, parts: Parts | None, triples: int) -> bytes:
    """Mark the triples that a split knows as answers."""
    if parts is None:
        return b"\1" * triples
    by_part = np.array([knows(split, part) for part in range(NONE + 1)], np.uint8)
    return bytes(by_part[parts.triples].tobytes())


def _view(array: NDArray[np.integer]) -> memoryview:
    return np.ascontiguousarray(array, np.int32).data


def _ends(side: Side) -> Ends:
    return Ends(*map(_view, (side.neighbour, side.triple, side.runs, side.run_relation, side.run_start)))


def pools(
    graph: Adjacency, table: NDArray[np.uint8], format_table: Sequence[Sequence[Sequence[int]]], seed: int
) -> tuple[Pool, ...]:
    """Gather what each split's dialogues may begin with; `table` are the splits of each triple's formats (E,)."""
    return tuple(_pool(graph, table, by_code, seed) for by_code in format_table)


def _pool(graph: Adjacency, table: NDArray[np.uint8], by_code: Sequence[Sequence[int]], seed: int) -> Pool:
    """Gather the triples that have formats in a split. `by_code` gives the formats of an entry of the table (E,)."""
    has = np.array([[number in found for number in range(len(FORMATS))] for found in by_code])[table]  # (E, 4) bool
    triples = np.flatnonzero(has.any(1))
    ends = np.concatenate([graph.triple_heads()[triples], graph.outgoing.neighbour[triples]])
    touched = np.flatnonzero(np.bincount(ends))  # as np.unique, which hashes, would give it in ten times the time
    chance = np.random.Generator(np.random.PCG64(seed))
    return Pool(
        any_format=_starts(graph, triples),
        by_format=tuple(
            (number, _starts(graph, np.flatnonzero(has[:, number])))
            for number in range(len(FORMATS))
            if has[:, number].any()
        ),
        entities=_view(chance.permutation(touched)),
        relations=_view(chance.permutation(np.flatnonzero(np.bincount(graph.outgoing.relation[triples])))),
        pictured=_view(touched[[bool(graph.entities[entity].images) for entity in touched]]),
        pairs=int(has.sum()),
    )


def _starts(graph: Adjacency, triples: NDArray[np.integer]) -> Starts:
    relation = graph.outgoing.relation
    counts = np.bincount(relation[triples], minlength=len(graph.relations))
    return Starts(
        _view(triples[np.argsort(relation[triples], kind="stable")]),
        _view(np.concatenate([[0], np.cumsum(counts)])),
        np.cumsum(np.sqrt(counts)).tolist(),
    )


def all_wordings(graph: Adjacency, own: Mapping[str, Wordings] = NOTHING) -> list[Wordings]:
    """Return every relation's wordings, with the types that its heads and tails most often have."""
    return [
        wordings(
            relation.path,
            None if relation.label == relation_label(relation.path) else relation.label,
            head_types,
            tail_types,
            own=own,
            several=several,
            sole=sole,
        )
        for relation, (head_types, tail_types), several, sole in zip(
            graph.relations, types_at_ends(graph), has_several(graph, graph.outgoing), is_sole(graph), strict=True
        )
    ]


def _symmetric(graph: Adjacency) -> bytes:
    """Mark the relations of which four in five triples hold the other way round too."""
    count, relation = len(graph.entities), graph.outgoing.relation.astype(np.int64)
    heads, tails = graph.triple_heads().astype(np.int64), graph.outgoing.neighbour.astype(np.int64)
    mirrored = np.isin((tails * len(graph.relations) + relation) * count + heads,
                       (heads * len(graph.relations) + relation) * count + tails, assume_unique=True)  # fmt: skip
    both, all_ = (np.bincount(relation, weights, len(graph.relations)) for weights in (mirrored, None))
    return bytes((both >= 0.8 * all_).astype(np.uint8).tobytes())


def _noun(graph: Adjacency, entity: Vertex) -> str:
    """Return what an entity is: "country"."""
    kind = entity.types[0] if entity.types else ""
    if kind.startswith(_PRIVATE_TYPES):
        return ""
    return noun_of_type(spoken_type(graph, kind))


def _said(graph: Adjacency, entity: Vertex) -> str:
    """Return a name with its article; the name itself where it takes none."""
    article = article_of(entity.name, entity.names, [spoken_type(graph, kind) for kind in entity.types[:1]])
    return article + entity.name if article else entity.name


def homonyms(names: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """Return, for entities that share a name, the others that have it."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        by_name[name.casefold()].append(i)
    return {i: tuple(j for j in group if j != i) for group in by_name.values() if len(group) > 1 for i in group}
