"""What the graph holds about the entities of an article, read at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialogue.grammar import noun_of_type
from dialogue.wordings import Direction
from dialogue.words import kind_of
from kg.adjacency import Picture
from retrieval import queries, say
from retrieval.article.written import Fact
from retrieval.ground import Reader
from retrieval.names import Named
from retrieval.relations import Relation, Relations

MOST = 60  # facts that are read of one relation of one entity; all are counted
_PRIVATE = ("/user/", "/base/", "/common/", "/dataworld/")  # of Freebase: kinds that are nobody's words
_GENDERS = (("female", "her"), ("woman", "her"), ("male", "his"), ("man", "his"))


@dataclass(frozen=True, slots=True)
class Run:
    """The facts of one relation about one entity; `direction` is the end where the others stand."""

    relation: Relation
    direction: Direction
    total: int
    others: tuple[Named, ...]  # the best connected first, MOST at most
    degrees: tuple[int, ...]  # edges of each

    @property
    def noun(self) -> str:
        """Return what one of the others is to the entity: "capital"."""
        return self.relation.asking(self.direction).noun

    @property
    def nouns(self) -> str:
        """Return the same of several."""
        return self.relation.asking(self.direction).nouns

    @property
    def kind(self) -> str:
        """Return what the others are: person, place, …"""
        return self.relation.asking(self.direction).kind

    def facts(self, subject: Named, others: Iterable[Named]) -> list[Fact]:
        """Return the edges to some of the others."""
        path, type = self.relation.path, self.relation.type
        return [
            Fact(subject.name, subject.id, path, other.name, other.id, type)
            if self.direction == "tail"
            else Fact(other.name, other.id, path, subject.name, subject.id, type)
            for other in others
        ]


@dataclass(frozen=True, slots=True)
class About:
    """An entity, and all that is known of it."""

    entity: Named
    said: str  # its name within a sentence
    noun: str  # "country"; empty where its kind has no good name
    possessive: str  # its, his, her; empty where nobody knows
    description: str
    numbers: Mapping[str, float]
    runs: tuple[Run, ...]
    images: tuple[Picture, ...]  # that no gate dropped, the best first

    @property
    def facts(self) -> int:
        """Return how many facts there are."""
        return sum(run.total for run in self.runs) + len(self.numbers)

    def run(self, noun: str, direction: Direction = "tail") -> Run | None:
        """Return the run whose others are called so."""
        return next((each for each in self.runs if each.direction == direction and each.noun == noun), None)


@dataclass(frozen=True, eq=False)
class Shelf:
    """Reads about entities, each once."""

    reader: Reader
    relations: Relations
    names: Mapping[str, Named]

    def about(self, ids: Sequence[str]) -> dict[str, About]:
        """Return what the graph holds about entities, in their order; those that it no longer has are left out."""
        wanted = [id for id in dict.fromkeys(ids) if id in self.names]
        if not wanted:
            return {}
        runs = {row["id"]: row["runs"] for row in self.reader.rows(queries.ABOUT, ids=wanted, most=MOST)}
        told = {row["id"]: row["description"] or "" for row in self.reader.rows(queries.DESCRIPTIONS, ids=wanted)}
        numbers, images = self.reader.numbers(wanted), self.reader.images(wanted)
        return {
            id: self._about(self.names[id], told[id], numbers.get(id, {}), runs.get(id, ()), images.get(id, ()))
            for id in wanted
            if id in told
        }

    def said(self, entity: Named) -> str:
        """Return a name as it stands within a sentence."""
        return say.said(entity, self.relations.labels)

    def _about(
        self,
        entity: Named,
        description: str,
        numbers: Mapping[str, float],
        rows: Sequence[Mapping[str, Any]],
        images: Sequence[Picture],
    ) -> About:
        runs = tuple(self._run(row) for row in rows if row["type"] in self.relations.by_type)
        noun = self._noun(entity)
        return About(
            entity, self.said(entity), noun, possessive(noun, runs), " ".join(description.split()), numbers, runs,
            tuple(images),
        )  # fmt: skip

    def _run(self, row: Mapping[str, Any]) -> Run:
        relation = self.relations.each[self.relations.by_type[row["type"]]]
        others = tuple(
            Named(o["id"], o["name"] or o["id"], tuple(o["names"] or ()), tuple(o["types"] or ()))
            for o in row["others"]
        )
        return Run(relation, row["direction"], row["total"], others, tuple(o["degree"] for o in row["others"]))

    def _noun(self, entity: Named) -> str:
        """Return what an entity is, by its winning type, "" where that has no name of its own."""
        kind = entity.types[0] if entity.types else ""
        if kind.startswith(_PRIVATE):
            return ""
        noun = noun_of_type(kind if kind.startswith("/") else self.relations.labels.get(kind, kind))
        return "" if noun in ("thing", "topic", "entity") else noun


def possessive(noun: str, runs: Sequence[Run]) -> str:
    """Return "its" of a thing; of a person "his" or "her" where the graph says so, else nothing."""
    if kind_of(noun) != "person":
        return "its" if noun else ""
    genders = [run.others[0].name.casefold() for run in runs if run.noun == "gender" and run.direction == "tail"]
    return next((own for word, own in _GENDERS for gender in genders if gender.split()[:1] == [word]), "")
