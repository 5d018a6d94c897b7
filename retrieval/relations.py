"""Which relation a question asks for, by its likeness to every relation's wordings and name.

A question is compared with the name of what it is about put out of sight: "What is the capital of it?".
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import neo4j
import numpy as np
from numpy.typing import NDArray

from dialogue.grammar import noun_of_type
from dialogue.relation_ends import types_at_ends
from dialogue.verbalise import lexicon, paraphrases, wordings
from dialogue.wordings import HELD_OUT, PLAIN, Asking, Direction, Wordings
from kg import adjacency
from kg.graph import read
from kg.naming import relation_label
from kg.queries import RELATIONS, TYPES
from model.questions import HOLE
from retrieval import queries
from retrieval.names import folded

IT = "it"  # stands where the name stood, for the sentence encoder
DIRECTIONS: tuple[Direction, Direction] = ("tail", "head")
# A Freebase property has its inverse under another name, and its path is a description: one asks forwards, and the
# path tells more than a made-up question. Elsewhere both ends of a relation are asked for, and the wordings are all
# there is. (docs/results.md: 50 % of the questions people wrote are understood without these two, 79 % with them.)
FREEBASE_BACKWARDS = 0.2
FREEBASE_WORDING = 0.8
FREEBASE_STATEMENT = 0.8  # what a likeness to a statement counts: "it came out under the direction of who"
# A question that is worded to the letter as a relation is asked for is taken at its word, backwards too.
TO_THE_LETTER = 0.85  # from this likeness on, more and more
TO_THE_LETTER_ALONE = 0.0  # what any other likeness to a wording counts that is known to the letter alone
FREEBASE_BACKWARDS_TO_THE_LETTER = 0.05
BY_NOUN = 0.85  # what a likeness to "Name a capital of it" counts
COVERED = 0.8  # a general question that is as like as this to a wording of the graph's is one that the graph answers
_ASKED_WITH = {"person": "who", "group": "who", "place": "where", "time": "when"}
# Of Freebase: what somebody kept for another end, units of measure, and what is said of each entity alike.
_TRIVIA = re.compile(
    r"^/(?:base|common|dataworld|freebase|type|user)/|measurement_unit|netflix|/hud_"
    r"|/(?:gender|type_of_union|type_of_appearance|special_performance_type|administrative_area_type|category)$"
    r"|_(?:crew_role|distribution_medium)$|/marriage_union_type/|/film_cut/|/runtime"
)
_PROPER = re.compile(r"(?<=[^\n])\b[A-Z]\w*")  # a word with a capital that does not begin a text
_HOP = re.compile(r"\.(?=/)")

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Ends = Mapping[str, tuple[Sequence[str], Sequence[str]]]  # relation -> usual types of its heads, and of its tails


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the graph, and how it is asked for and stated."""

    path: str
    type: str  # in Neo4j
    label: str
    wordings: Wordings

    def asking(self, direction: Direction) -> Asking:
        """Return how the given end is asked for."""
        return self.wordings.asking(direction)

    @property
    def freebase(self) -> bool:
        """Say whether this is a property of Freebase."""
        return self.path.startswith("/")

    @property
    def trivial(self) -> bool:
        """Say whether nobody would tell it of anything."""
        return _TRIVIA.search(self.path) is not None


@dataclass(frozen=True, eq=False)
class Relations:
    """All relations of a graph. Column 2·i stands for the tail of relation i, column 2·i + 1 for its head."""

    each: tuple[Relation, ...]
    texts: tuple[str, ...]  # sorted by column
    columns: NDArray[np.int32]  # (F,) the column of each text
    vectors: NDArray[np.float32]  # (F, D) of length 1
    weights: NDArray[np.float32]  # (F,) how much a likeness to each text counts
    wordings: NDArray[np.bool_]  # (F,) whether a text is a question, and not a name or a statement of its relation
    elsewhere: NDArray[np.float32]  # (E, D) of length 1: questions that this graph has no relation for
    subjects: tuple[frozenset[str], ...]  # by column, the types that one usually asks it of; empty: not known
    labels: Mapping[str, str]  # type -> its label in Neo4j, which is what `subjects` holds of all but Freebase's
    backwards: NDArray[np.float32] = field(init=False)  # (2R,) what is taken off a column
    _usual: dict[tuple[str, ...], NDArray[np.bool_]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        handicap = np.zeros(2 * len(self.each), np.float32)
        handicap[1::2] = [FREEBASE_BACKWARDS if relation.freebase else 0 for relation in self.each]
        object.__setattr__(self, "backwards", handicap)

    @property
    def freebase(self) -> bool:
        """Say whether all relations are properties of Freebase."""
        return all(relation.freebase for relation in self.each)

    @cached_property
    def by_type(self) -> Mapping[str, int]:
        """Map a relationship type to the number of its relation."""
        return {relation.type: i for i, relation in enumerate(self.each)}

    @cached_property
    def by_path(self) -> Mapping[str, int]:
        """Map a path to the number of its relation."""
        return {relation.path: i for i, relation in enumerate(self.each)}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Return the words that questions are made of: a name of these alone is hardly meant as one.

        Not those that have a capital wherever they stand: "Africa" in a wording is a name there too.
        """
        plain = (self.texts[place] for place in np.flatnonzero(self.weights > TO_THE_LETTER_ALONE).tolist())
        return frozenset(folded(_PROPER.sub(" ", "\n".join(plain))))

    @cached_property
    def same(self) -> Mapping[int, frozenset[int]]:
        """Map a column to those that are asked for in some of the same words: they mean the same, or its inverse."""
        asking: dict[str, set[int]] = defaultdict(set)
        for place in np.flatnonzero(self.wordings).tolist():
            asking[self.texts[place].casefold()].add(int(self.columns[place]))
        found: dict[int, set[int]] = defaultdict(set)
        for places in asking.values():
            for place in places:
                found[place] |= places
        return {place: frozenset(others) for place, others in found.items()}

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Return what the answers of each column are: person, place, time, …"""
        return tuple(relation.asking(direction).kind for relation in self.each for direction in DIRECTIONS)

    @cached_property
    def answer_nouns(self) -> tuple[frozenset[str], ...]:
        """Return what the answers of each column usually are, in words: country, city; empty where it is not known."""
        asked = [frozenset(noun_of_type(kind) for kind in kinds) for kinds in self.subjects]
        return tuple(asked[i ^ 1] for i in range(len(asked)))  # who is asked about at one end answers at the other

    @cached_property
    def nouns(self) -> frozenset[str]:
        """Return all that answers are."""
        return frozenset().union(*self.answer_nouns)

    def usual(self, types: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return which columns one usually asks of an entity with these types, (2R,)."""
        if types not in self._usual:
            spoken = {kind if kind.startswith("/") else self.labels.get(kind, kind) for kind in types}
            found = [not expected.isdisjoint(spoken) for expected in self.subjects]
            self._usual[types] = np.array(found, np.bool_)
        return self._usual[types]

    def likeness(self, questions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compare questions (Q, D) with all relations; return (Q, 2R), about 0 to 1."""
        cosines = questions @ self.vectors.T  # (Q, F)
        letter = ((cosines - TO_THE_LETTER) / (1 - TO_THE_LETTER)).clip(0, 1) * self.wordings
        scores = cosines * (self.weights + (1 - self.weights) * letter)
        starts = np.flatnonzero(np.r_[True, self.columns[1:] != self.columns[:-1]])
        found = np.full((len(questions), 2 * len(self.each)), -1, np.float32)
        found[:, self.columns[starts]] = np.maximum.reduceat(scores, starts, axis=1)
        told = np.zeros_like(found)
        told[:, self.columns[starts]] = np.maximum.reduceat(letter, starts, axis=1)
        forgiven = 1 - FREEBASE_BACKWARDS_TO_THE_LETTER / FREEBASE_BACKWARDS
        best: NDArray[np.float32] = found - self.backwards * (1 - forgiven * told)
        return best

    def likeness_elsewhere(self, questions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compare questions (Q, D) with what people ask and this graph has no relation for, (Q,)."""
        weight = FREEBASE_WORDING if self.freebase else 1.0
        found: NDArray[np.float32] = weight * (questions @ self.elsewhere.T).max(axis=1, initial=-1)
        return found


def column(relation: int, direction: Direction) -> int:
    """Return the column of one end of a relation."""
    return 2 * relation + (direction == "head")


def read_relations(driver: neo4j.Driver, graph: str, encode: Encode, encoder: str, cache: Path) -> Relations:
    """Read a graph's relations; their wordings' vectors are kept in `cache`, by the texts that they are of."""
    ends = _ends(driver, graph, cache)
    each = tuple(_named(driver, graph, ends))
    texts, columns, weights, asked = [], [], [], []
    for i, relation in enumerate(each):
        for direction in DIRECTIONS:
            for text, weight, wording in _texts(relation, direction):
                texts.append(text)
                columns.append(column(i, direction))
                weights.append(weight)
                asked.append(wording)
    general = [*asked_elsewhere(), *lacking(each)]
    encoded = _cached([*texts, *general], encode, encoder, cache)
    vectors, elsewhere = encoded[: len(texts)], encoded[len(texts) :]
    counted = np.array(weights, np.float32) > TO_THE_LETTER_ALONE
    covered = (elsewhere @ vectors[counted].T).max(axis=1, initial=-1) >= COVERED
    return Relations(
        each=each,
        texts=tuple(texts),
        columns=np.array(columns, np.int32),
        vectors=vectors,
        weights=np.array(weights, np.float32),
        wordings=np.array(asked, np.bool_),
        elsewhere=elsewhere[~covered],
        subjects=tuple(frozenset(types) for relation in each for types in ends.get(relation.path, ((), ()))),
        labels={row["path"]: row["label"] for row in read(driver, TYPES, graph=graph)},
    )


def asked_elsewhere() -> list[str]:
    """Return what people ask about things in general."""
    found = tomllib.loads((files("retrieval") / "elsewhere.toml").read_text(encoding="utf-8"))
    return [question.replace(HOLE, IT) for questions in found.values() for question in questions]


def lacking(each: Sequence[Relation]) -> list[str]:
    """Return what people ask for in relations of Freebase that a graph of Freebase's does not have."""
    own = {relation.path for relation in each}
    if not each or not all(relation.freebase for relation in each):
        return []
    others = [worded for path, worded in lexicon().items() if path.startswith("/") and path not in own]
    return [form.bare + IT + form.suffix for worded in others for form in worded.tail.forms[:HELD_OUT]]


def _texts(relation: Relation, direction: Direction) -> list[tuple[str, float, bool]]:
    """Return what a question for one end is compared with, its weight, and whether it is a question.

    The last wording is kept for tests and never used.
    """
    weight = FREEBASE_WORDING if relation.freebase else 1.0
    asking = relation.asking(direction)
    forms = [form.bare + IT + form.suffix for form in asking.forms[:HELD_OUT]]
    texts = forms[:PLAIN] + [text.replace(HOLE, IT) for text in paraphrases().get((relation.path, direction), ())]
    found = [(text, weight, True) for text in texts]
    found += [(text, TO_THE_LETTER_ALONE, True) for text in forms[PLAIN:]]  # freer, and like those of other relations
    found.append((f"Name a {asking.noun} of {IT}", BY_NOUN, False))
    if relation.freebase:
        found += [(text, FREEBASE_STATEMENT, False) for text in stated(relation, direction)]
        if direction == "tail":
            found.append((described(relation.path), 1.0, False))
    return found


def stated(relation: Relation, direction: Direction) -> list[str]:
    """Return a relation's statements with a question word for the end that is asked for: "it was directed by who"."""
    asked = _ASKED_WITH.get(relation.asking(direction).kind, "what")
    head, tail = (IT, asked) if direction == "tail" else (asked, IT)
    found = []
    for statement in relation.wordings.statements[:PLAIN]:
        first, second = (head, tail) if statement.head_first else (tail, head)
        before, between = (
            text.removesuffix(lead)
            for text, lead in zip((statement.before, statement.between), statement.leads, strict=True)
        )
        found.append((before + first + between + second + statement.after).rstrip("."))
    return found


def described(path: str) -> str:
    """Return a Freebase path in words: "film genre: films in this genre"."""
    hops = [[part.replace("_", " ") for part in hop.split("/") if part] for hop in _HOP.split(path)]
    return "; ".join(f"{hop[-2]}: {hop[-1]}" if len(hop) > 1 else "".join(hop) for hop in hops)


def _named(driver: neo4j.Driver, graph: str, ends: Ends) -> list[Relation]:
    """Return the relations in the order of their paths, with wordings that know the types at their ends."""
    found = []
    for row in read(driver, RELATIONS, graph=graph):
        path, label = row["path"], row["label"] or row["path"]
        heads, tails = ends.get(path, ((), ()))
        own_label = None if label == relation_label(path) else label
        found.append(Relation(path, row["type"], label, wordings(path, own_label, heads, tails)))
    return found


def _ends(driver: neo4j.Driver, graph: str, cache: Path) -> Ends:
    """Return the types at the ends of each relation, as of the last ingest: they only word questions."""
    (row,) = read(driver, queries.GRAPH, graph=graph)
    file = cache / f"ends-{graph}-{_digest([graph, str(row['fence']), str(row['ingested'])])}.json"
    if not file.exists():
        arrays = adjacency.load(driver, graph)
        ends = {r.path: found for r, found in zip(arrays.relations, types_at_ends(arrays), strict=True)}
        _write(file, json.dumps(ends, ensure_ascii=False).encode())
        return ends
    found: Ends = json.loads(file.read_bytes())
    return found


def _cached(texts: Sequence[str], encode: Encode, encoder: str, cache: Path) -> NDArray[np.float32]:
    """Return the vectors of texts, from a file where they were encoded before."""
    file = cache / f"sentences-{_digest([encoder, *texts])}.npy"
    if file.exists():
        kept: NDArray[np.float32] = np.load(file).astype(np.float32)
        return kept
    distinct = list(dict.fromkeys(texts))
    place = {text: i for i, text in enumerate(distinct)}
    vectors = encode(distinct)[[place[text] for text in texts]] if texts else np.empty((0, 1), np.float32)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npy")
    np.save(partial, vectors.astype(np.float16))
    partial.replace(file)
    return vectors


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(file)


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
