"""Check what a split keeps apart, where it keeps whole triples or entities apart: read from the files beside the lines.

Belongs to `dialogue.verify`: it shares no code with what composes dialogues.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.truth import Truth
from kg.errors import DataError
from kg.types import Triple

FILES = ("train.jsonl", "valid.jsonl", "test.jsonl")
ORDER = ("train", "valid", "test", "none")

Place = tuple[str, int, str]  # file, line, dialogue
Fact = tuple[str, str, str]


@dataclass(slots=True)
class Apart:
    """What belongs to which split, and what was met where."""

    by: str
    parts: Mapping[Fact, str]  # of triples that are not train's
    entities: Mapping[str, str]  # that are held out
    _pairs: dict[tuple[str, ...], dict[str, Place]] = field(default_factory=dict)

    def sight(self, name: str, truth: Truth) -> Truth:
        """Return what is true as far as the dialogues of a file may list it: test's may list everything."""
        own = ORDER.index(name.removesuffix(".jsonl"))
        if own == ORDER.index("test"):
            return truth
        return truth.without(frozenset(fact for fact, part in self.parts.items() if ORDER.index(part) > own))

    def leaks(self, kg: Mapping[str, Any], images: Sequence[Mapping[str, Any]], place: Place) -> Iterator[str]:
        """Yield what a round tells that belongs to another split."""
        split = place[0].removesuffix(".jsonl")
        for triple in kg["triples"]:
            fact = (triple[0], triple[1], triple[2])
            if (part := self.parts.get(fact, "train")) != split:
                yield f"{' '.join(fact)} belongs to {part}"
            self._pairs.setdefault(tuple(sorted((fact[0], fact[2]))), {}).setdefault(split, place)
        query = kg.get("query") or {}
        for subject, (relation, direction), answer in _listed(kg, query):
            fact = (subject, relation, answer) if direction == "tail" else (answer, relation, subject)
            if ORDER.index(self.parts.get(fact, "train")) > ORDER.index(split) and split != "test":
                yield f"{' '.join(fact)}, whose answer is listed, belongs to {self.parts[fact]}"
        told = {end for head, _, tail in kg["triples"] for end in (head, tail)} | {each["entity"] for each in images}
        told |= {*kg["answers"], *query.get("subjects", ()), query.get("claim")} - {None}
        for entity in sorted(told & self.entities.keys()):
            if ORDER.index(self.entities[entity]) > ORDER.index(split):
                yield f"{entity} is held out for {self.entities[entity]}"

    def findings(self) -> Iterator[tuple[Place, str]]:
        """Yield the pairs of entities of which two splits tell, where triples are split by their entities."""
        if self.by != "triple":
            return
        for pair, places in self._pairs.items():
            first, *others = [split for split in ORDER if split in places]
            for split in others:
                yield places[split], f"{' and '.join(pair)} are also told of in {first}"


def _listed(kg: Mapping[str, Any], query: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str], str]]:
    """Yield what a round of another kind than a fact lists, where it asks one step: subject, step, answer."""
    if len(query.get("path", ())) == 1:
        for subject in query["subjects"]:
            for answer in {*kg["answers"], query["claim"]} - {None}:
                yield subject, tuple(query["path"][0]), answer


def read_apart(folder: Path, truth: Truth, graph: str) -> Apart | None:
    """Read what a folder keeps apart; None where it splits the formats of a triple.

    Raises DataError if the folder does not say how it splits.
    """
    try:
        by = json.loads((folder / "build.json").read_bytes()).get("split", {"by": "format"})["by"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DataError(f"{folder / 'build.json'} does not say how the dialogues are split: {exc!r}.") from exc
    if by == "format":
        return None
    try:
        lines = (folder / "split.tsv").read_text("utf-8").splitlines()
        named = dict(line.split("\t") for line in lines)
        held = json.loads((folder / "split_entities.json").read_bytes()) if by == "entity" else {}
        entities = {entity: part for part, ids in held.items() for entity in ids}
    except (OSError, ValueError, AttributeError) as exc:
        raise DataError(f"{folder} is split by {by}, but does not say how: {exc}. Build the dialogues again.") from exc
    if unknown := ({*named.values(), *entities.values()} - {*ORDER}):
        raise DataError(f"{folder / 'split.tsv'} has a split {sorted(unknown)[0]!r}; there are {', '.join(ORDER)}.")
    facts = ((head, relation, tail) for (head, relation), tails in truth.tails.items() for tail in tails)
    parts = {fact: named[key] for fact in facts if (key := Triple(*fact).key(graph)) in named}
    return Apart(by, parts, entities)
