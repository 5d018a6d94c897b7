"""How each part of a question was understood, and the query that its slot is filled by: kept with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.wordings import Direction
from kg.export_cypher import identifier, text
from retrieval.relations import Relations
from retrieval.understood import Understood

DRAWN = 100  # edges that a query draws


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one part of a question was taken to ask; `query` is Cypher that runs as it stands, empty where none was."""

    asked: str
    subject: str | None  # id
    relation: str | None  # its path; of a number, the property
    direction: Direction | None  # of what is asked for; None of a property
    held: bool  # the graph holds it
    likeness: float | None  # of the question with the relation's wordings, about 0 to 1
    score: float | None  # of subject and relation together
    probability: float | None  # that the trained model gives the relation; None without a run
    query: str

    def told(self) -> list[str]:
        """Return the lines that say it to a person."""
        if self.subject is None:
            return [f"“{self.asked}”: nobody that the graph knows"]
        if self.relation is None:
            return [f"“{self.asked}”: {self.subject}, no relation"]
        if self.direction is None:
            like = f" (likeness {self.likeness:.2f})" if self.likeness is not None else ""
            return [f"“{self.asked}”: {self.subject}, its {self.relation}{like}"]
        believed = f", the model {100 * self.probability:.0f} %" if self.probability is not None else ""
        return [
            f"“{self.asked}”: {self.subject}, {self.relation} for its {self.direction} "
            f"(likeness {self.likeness:.2f}, score {self.score:.2f}{believed}{'' if self.held else ', not held'})"
        ]


def grounds(understood: Understood, relations: Relations, graph: str) -> Grounds:
    """Return how a part was understood."""
    link, subject, measured = understood.link, understood.subject, understood.measured
    relation = relations.each[link.relation] if link is not None and link.relation is not None else None
    asked, id = understood.part.text, subject.id if subject else None
    if measured is not None and subject is not None:
        shown = number_query(graph, [each.id for each in measured.pair(subject)], measured.name)
        return Grounds(asked, id, measured.name, None, True, measured.likeness, None, None, shown)
    if understood.best is not None and link is None:  # of those that were listed before
        name, ids = understood.best.properties[0], [each.id for each in understood.part.among]
        return Grounds(asked, id, name, None, True, None, None, None, number_query(graph, ids, name))
    if link is None or relation is None:
        return Grounds(asked, id, None, None, False, None, None, None, "")
    return Grounds(
        asked,
        id,
        relation.path,
        link.direction,
        link.held,
        round(link.likeness, 4),
        round(link.score, 4),
        None if link.probability is None else round(link.probability, 4),
        query(graph, link.subject.id, relation.type, link.direction),
    )


def query(graph: str, subject: str, type: str, direction: Direction) -> str:
    """Return Cypher that draws the edges of a slot."""
    start, end = ("-", "->") if direction == "tail" else ("<-", "-")
    return (
        f"MATCH fact = (:Entity {{graph: {text(graph)}, id: {text(subject)}}})\n"
        f"             {start}[:{identifier(type)}]{end}(:Entity)\n"
        f"RETURN fact LIMIT {DRAWN}"
    )


def number_query(graph: str, ids: Sequence[str], name: str) -> str:
    """Return Cypher that shows a property of entities."""
    return (
        f"MATCH (e:Entity {{graph: {text(graph)}}})\nWHERE e.id IN [{', '.join(map(text, ids))}]\n"
        f"RETURN e.name AS entity, e.{identifier(name)} AS value, e.sources AS sources"
    )
