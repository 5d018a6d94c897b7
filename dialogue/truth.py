"""What Neo4j holds, as `dialogue.verify` checks against it. Shares nothing with what dialogues are composed from."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import neo4j

from dialogue import queries
from kg.errors import DataError
from kg.graph import read

# Chinese, Japanese, Thai: between their words there is no space.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\W]{2,}"
)
_SHORT = 3  # letters and digits; a name that short is a code, and "it" is not Italy's "IT"


@dataclass(slots=True)
class Truth:
    """A graph's facts, names and images; files are hashed and patterns compiled when they are first asked for."""

    tails: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # (head, relation)
    heads: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # (relation, tail)
    names: dict[str, list[str]] = field(default_factory=dict)
    images: set[tuple[str, str, str]] = field(default_factory=set)  # (entity, path, sha256)
    numbers: dict[tuple[str, str], float] = field(default_factory=dict)  # (entity, property)
    image_root: Path | None = None
    withheld: frozenset[tuple[str, str, str]] = frozenset()  # facts that are true and may not be listed
    _contents: dict[str, str | None] = field(default_factory=dict)
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def add(self, head: str, relation: str, tail: str) -> None:
        """Take in a fact."""
        self.tails[head, relation].add(tail)
        self.heads[relation, tail].add(head)

    def without(self, facts: frozenset[tuple[str, str, str]]) -> Truth:
        """Return the same, with facts that may not be listed among answers."""
        return replace(self, withheld=facts)

    def answers(self, entity: str, relation: str, direction: str) -> set[str]:
        """Return the answers to a question that may be listed: at the tails, or at the heads."""
        if not self.withheld:
            return self.within_reach(entity, relation, direction)
        if direction == "tail":
            return {t for t in self.tails.get((entity, relation), ()) if (entity, relation, t) not in self.withheld}
        return {h for h in self.heads.get((relation, entity), ()) if (h, relation, entity) not in self.withheld}

    def within_reach(self, entity: str, relation: str, direction: str) -> set[str]:
        """Return every true answer to a question, whether it may be listed or not."""
        return (
            self.tails.get((entity, relation), set())
            if direction == "tail"
            else self.heads.get((relation, entity), set())
        )

    def holds(self, head: str, relation: str, tail: str) -> bool:
        """Say whether the graph has a fact."""
        return tail in self.tails.get((head, relation), ())

    def content(self, path: str) -> str | None:
        """Return the sha256 of an image's file, None if it can't be read."""
        if path not in self._contents:
            try:
                data = (self.image_root or Path()).joinpath(path).read_bytes()
                self._contents[path] = hashlib.sha256(data).hexdigest()
            except OSError:
                self._contents[path] = None
        return self._contents[path]

    def names_in(self, entity: str, text: str) -> str | None:
        """Return the words by which a text names an entity, None if it does not."""
        if entity not in self._patterns:
            self._patterns[entity] = _pattern(self.names.get(entity, ()))
        found = self._patterns[entity].search(text)
        return found[0] if found else None


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Match any of the names as whole words; a long one in any case."""
    parts = []
    for name in sorted({name for name in names if re.search(r"\w", name)}, key=len, reverse=True):
        word = r"\s+".join(map(re.escape, name.split()))
        if _UNSPACED.fullmatch(name) and len(re.findall(r"\w", name)) > 1:
            parts.append(word)
            continue
        code = len(re.sub(r"[\W_]", "", name)) <= _SHORT
        parts.append(f"(?<!\\w){word if code else f'(?i:{word})'}(?!\\w)")
    return re.compile("|".join(parts) or r"(?!)")


def read_truth(driver: neo4j.Driver, graph: str) -> Truth:
    """Read all that a graph holds. Raises DataError if it holds no facts."""
    truth = Truth()
    for row in read(driver, queries.FACTS, graph=graph):
        for relation, tails in row["facts"]:
            for tail in tails:
                truth.add(row["head"], relation, tail)
    for row in read(driver, queries.FACTS_BY_HAND, graph=graph):
        truth.add(row["head"], row["relation"], row["tail"])
    if not truth.tails:
        raise DataError(f"The graph '{graph}' holds no facts to check dialogues against; ingest it first.")
    truth.names = {row["id"]: row["names"] for row in read(driver, queries.NAMES, graph=graph)}
    truth.numbers = {
        (row["id"], name): value for row in read(driver, queries.NUMBERS, graph=graph) for name, value in row["numbers"]
    }
    truth.images = {(row["entity"], row["path"], row["sha256"]) for row in read(driver, queries.IMAGES, graph=graph)}
    root = read(driver, queries.IMAGE_ROOT, graph=graph)
    truth.image_root = Path(root[0]["image_root"]) if root and root[0]["image_root"] else None
    return truth
