"""What is given for a question: what is said and shown, and the edges that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.grounds import Grounds


@dataclass(frozen=True, slots=True)
class Shown:
    """An image of an answer: the file, its content, and the entity that it shows."""

    path: str
    sha256: str
    entity: str
    name: str  # of the entity


@dataclass(frozen=True, slots=True)
class Evidence:
    """An edge that answers, as the graph has it.

    That of an image has its file's name and sha256 for an object; a property's value is an object without id.
    """

    subject: str
    subject_id: str
    relation: str
    object: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, what is shown, and the edges that it rests on."""

    text: str
    images: tuple[Shown, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    grounded: bool = False  # something of it is answered from the graph
    grounds: tuple[Grounds, ...] = ()  # how each part of the question was understood
