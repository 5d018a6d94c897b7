"""An article as it is kept: sections of sentences, each with the facts that it rests on, and places for images.

Pure values, and their way to JSON and back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kg.errors import DataError
from kg.export_cypher import identifier, text
from kg.types import Triple

FORM = "article-1"  # of the JSON


@dataclass(frozen=True, slots=True)
class Fact:
    """An edge as the graph has it, or a property of a node: that is an object without an id."""

    subject: str
    subject_id: str
    relation: str  # path or IRI; of a property, its name
    object: str
    object_id: str = ""
    type: str = ""  # of the edge, in Neo4j

    def key(self, graph: str) -> str:
        """Return the triple's key, which its edge bears as `triple`; empty for a property."""
        return Triple(self.subject_id, self.relation, self.object_id).key(graph) if self.object_id else ""

    def told(self) -> str:
        """Return the fact as it is cited."""
        return f"{self.subject} — {self.relation} → {self.object}"

    def query(self, graph: str) -> str:
        """Return Cypher that finds it, on one line, and runs as it stands."""
        subject = f"(a:Entity {{graph: {text(graph)}, id: {text(self.subject_id)}}})"
        if not self.object_id:
            return f"MATCH {subject} RETURN a.name AS entity, a.{identifier(self.relation)} AS value"
        other = f"(:Entity {{graph: {text(graph)}, id: {text(self.object_id)}}})"
        return f"MATCH fact = {subject}-[:{identifier(self.type)}]->{other} RETURN fact"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and the facts that it rests on, by their places in the article's list."""

    text: str
    facts: tuple[int, ...] = ()
    by_model: bool = False  # in a language model's words


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is said of one entity, or of one thing that several share."""

    about: str  # id of the entity
    sentences: tuple[Sentence, ...]
    mentions: tuple[str, ...] = ()  # ids of the entities that it names, `about` first


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs under a title; the lead has none."""

    title: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image that may stand in a place, and what spoke for it."""

    sha256: str
    file: str  # its name
    origin: str  # "graph", or "own": of a repository of the user's, or put in by a reader
    fit: float = 1.0  # with the place's caption and the text before it, 0 to 1
    variety: float = 1.0  # how unlike the images chosen before it is, 0 to 1
    rank: float = 1.0  # 1 for the gate's first, 1/2 for its second, …
    score: float = 1.0  # the product


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image stands: after a paragraph, by numbers from 0; section 0 is the lead."""

    section: int
    paragraph: int
    entity: str  # id of whom it shows; empty where only a reader knows
    caption: str
    facts: tuple[int, ...]  # that the caption rests on
    image: str  # sha256 of the one that was chosen
    candidates: tuple[Candidate, ...]

    @property
    def chosen(self) -> Candidate:
        """Return the image that stands here."""
        return next(each for each in self.candidates if each.sha256 == self.image)


@dataclass(frozen=True, slots=True)
class Article:
    """A whole article."""

    graph: str
    title: str
    about: tuple[str, ...]  # ids of the entity, or of those that its theme is drawn from
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...]
    places: tuple[Place, ...] = ()
    left_out: int = 0  # facts about its subject that it does not tell
    model: Mapping[str, Any] | None = None  # of a language model: its name, sentences taken, rejections by reason

    def with_places(self, places: Sequence[Place]) -> Article:
        """Return the article with other places, in the order of the text."""
        return replace(self, places=tuple(sorted(places, key=lambda each: (each.section, each.paragraph))))

    def at(self, section: int, paragraph: int) -> list[Place]:
        """Return the places after a paragraph."""
        return [each for each in self.places if (each.section, each.paragraph) == (section, paragraph)]

    def to_json(self) -> str:
        """Return it as `read` takes it, with key and Cypher of each fact beside it."""
        told = {"form": FORM} | asdict(self)
        told["facts"] = [
            asdict(each) | {"n": n, "triple": each.key(self.graph), "cypher": each.query(self.graph)}
            for n, each in enumerate(self.facts, 1)
        ]
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def read(content: bytes, where: str) -> Article:
    """Return an article from its JSON. Raises DataError, naming `where` it stands."""
    try:
        told = json.loads(content)
        if told["form"] != FORM:
            raise ValueError(f"its form is {told['form']!r}")
        article = Article(
            graph=str(told["graph"]),
            title=str(told["title"]),
            about=tuple(map(str, told["about"])),
            sections=tuple(_section(each) for each in told["sections"]),
            facts=tuple(Fact(*(str(each[name]) for name in Fact.__slots__)) for each in told["facts"]),
            places=tuple(_place(each) for each in told["places"]),
            left_out=int(told["left_out"]),
            model=told["model"],
        )
        _check(article)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as exc:
        raise DataError(f"{where} is no article of kwk's ({exc!r}); make it again with `kwk article`.") from exc
    return article


def _section(told: Mapping[str, Any]) -> Section:
    return Section(
        str(told["title"]),
        tuple(
            Paragraph(
                str(each["about"]),
                tuple(Sentence(str(s["text"]), _numbers(s["facts"]), bool(s["by_model"])) for s in each["sentences"]),
                tuple(map(str, each["mentions"])),
            )
            for each in told["paragraphs"]
        ),
    )


def _place(told: Mapping[str, Any]) -> Place:
    candidates = tuple(
        Candidate(
            str(each["sha256"]),
            str(each["file"]),
            str(each["origin"]),
            *(float(each[name]) for name in ("fit", "variety", "rank", "score")),
        )
        for each in told["candidates"]
    )
    return Place(
        int(told["section"]),
        int(told["paragraph"]),
        str(told["entity"]),
        str(told["caption"]),
        _numbers(told["facts"]),
        str(told["image"]),
        candidates,
    )


def _numbers(told: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(each) for each in told)


def _check(article: Article) -> None:
    """Raise ValueError where a number leads nowhere, or an image is none of its candidates."""
    told = [s.facts for section in article.sections for each in section.paragraphs for s in each.sentences]
    cited = [n for numbers in (*told, *(place.facts for place in article.places)) for n in numbers]
    if any(not 0 <= n < len(article.facts) for n in cited):
        raise ValueError("a footnote leads nowhere")
    for place in article.places:
        paragraphs = article.sections[place.section].paragraphs if 0 <= place.section < len(article.sections) else ()
        if not 0 <= place.paragraph < len(paragraphs):
            raise ValueError("an image stands after no paragraph")
        if place.chosen.sha256.strip("0123456789abcdef") or len(place.image) != 64:
            raise ValueError("an image is named by no sha256")
