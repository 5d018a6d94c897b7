"""The page of `kwk serve`: the conversation, and beside it what the last answer rests on; retrieval/page.js runs it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import neo4j

from ingest.review import shown
from kg.browser import link
from kg.errors import DataError
from kg.local_page import LocalPage, Told, text
from kg.settings import Neo4jAddress
from retrieval.chat_completions import picture_bytes
from retrieval.conversation import Conversation, Given, Host
from retrieval.intake import checked, decoded
from retrieval.recent import Recent

CARD, LARGE = 320, 1600  # pixels of the longer side of an image
REMEMBERED = 500  # conversations
MOST_DRAWN = 24  # edges of the small graph


@dataclass
class Desk:
    """What the page asks for. Each takes what the browser sent and returns what JSON can carry."""

    host: Host
    driver: neo4j.Driver  # for pictures
    neo4j: Neo4jAddress
    conversations: Recent[str, Conversation] = field(default_factory=lambda: Recent(REMEMBERED))

    def begin(self, sent: Told) -> Told:
        """Begin a conversation."""
        del sent
        name = uuid4().hex
        self.conversations.put(name, Conversation())
        return {"conversation": name, "graph": self.host.journal.graph, "run": self.host.run}

    def ask(self, sent: Told) -> Told:
        """Answer a question, about a picture where one came with it."""
        conversation = self._conversation(sent)
        picture = text(sent, "picture")
        shown_picture = decoded(picture_bytes(picture)) if picture else None
        given = self.host.turn(conversation, checked(text(sent, "question")), shown_picture)
        return self._told(given)

    def others(self, sent: Told) -> Told:
        """Return all images of an entity, so that one can take the place of another."""
        entity = text(sent, "entity")
        found = self.host.answerer.reader.images([entity]).get(entity, [])
        return {"images": [image.sha256 for image in found]}

    def thumb(self, sent: Told) -> Told:
        """Keep what somebody thinks of an answer."""
        up = sent.get("up")
        if not isinstance(up, bool):
            raise DataError("A thumb is up or down: reload the page.")
        self.host.journal.rate(identified(text(sent, "answer")), up, text(sent, "reason") or None)
        return {}

    def picture(self, sha256: str, side: int) -> bytes:
        """Return an image as WebP. Raises Gone."""
        return shown(self.driver, self.host.journal.graph, sha256, side)

    def _conversation(self, sent: Told) -> Conversation:
        found = self.conversations.get(text(sent, "conversation"))
        if found is None:
            raise DataError("This conversation is over: reload the page to begin another.")
        return found

    def _told(self, given: Given) -> Told:
        answer = given.answer
        queries = [part.query for part in answer.grounds if part.query and part.held]
        return {
            "id": str(given.id),
            "text": answer.text,
            "grounded": answer.grounded,
            "seconds": round(given.seconds, 2),
            "images": [{"sha256": i.sha256, "entity": i.entity, "name": i.name} for i in answer.images],
            "evidence": [asdict(edge) | {"short": short(edge.relation)} for edge in answer.evidence],
            "drawn": drawn(given),
            "grounds": [line for part in answer.grounds for line in part.told()],
            "browser": [{"query": query, "link": link(self.neo4j, query)} for query in queries],
        }


def identified(id: str) -> UUID:
    """Return an answer's id. Raises DataError."""
    try:
        return UUID(id)
    except ValueError as exc:
        raise DataError(f"{id!r} is no answer's id: reload the page.") from exc


def drawn(given: Given) -> dict[str, Any]:
    """Return an answer's edges as nodes and links, images and numbers aside: what the page draws."""
    edges = [edge for edge in given.answer.evidence if edge.relation != "HAS_IMAGE" and edge.object_id][:MOST_DRAWN]
    names = {edge.subject_id: edge.subject for edge in edges} | {edge.object_id: edge.object for edge in edges}
    asked = {part.subject for part in given.answer.grounds}
    return {
        "nodes": [{"id": id, "name": name, "asked": id in asked} for id, name in names.items()],
        "links": [{"from": edge.subject_id, "to": edge.object_id, "relation": short(edge.relation)} for edge in edges],
    }


def short(relation: str) -> str:
    """Return the last part of a relation's path, to stand on an arrow."""
    return relation.rstrip("/").rpartition("/")[2].rpartition(":")[2].rpartition("#")[2].replace("_", " ")


def chat_page(desk: Desk) -> LocalPage:
    """Return the page on which one talks with a graph."""
    folder = files("retrieval")
    return LocalPage(
        title=f"kwk · {desk.host.journal.graph}",
        root="kwk-chat",
        script=folder.joinpath("page.js").read_text("utf-8"),
        style=folder.joinpath("page.css").read_text("utf-8"),
        asks={"kwk_begin": desk.begin, "kwk_ask": desk.ask, "kwk_others": desk.others, "kwk_thumb": desk.thumb},
        picture=desk.picture,
        sides=(CARD, LARGE),
    )
