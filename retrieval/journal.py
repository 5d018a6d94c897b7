"""The journal: every answer that was given, and the thumbs that people gave it, in Postgres; rows only ever grow.

It is written under a role that may insert there and do nothing else, where the server lets us have one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from kg.errors import DataError, StoreError
from retrieval.given import Answer
from retrieval.timings import spending

ROLE = "kwk_answers"
LONGEST_REASON = 2_000  # characters
KEEP = """
INSERT INTO answer (id, graph, conversation, turn, question, picture, run, said, seconds)
VALUES (:id, :graph, :conversation, :turn, :question, :picture, :run, CAST(:said AS jsonb), :seconds)
"""
RATE = "INSERT INTO thumb (answer, up, reason) VALUES (:answer, :up, :reason)"
FIND = """
SELECT id, graph, conversation, turn, at, question, encode(picture, 'hex') AS picture, run, said, seconds,
       ARRAY(SELECT json_build_object('up', up, 'reason', reason, 'at', thumb.at)
             FROM thumb WHERE answer = answer.id ORDER BY thumb.at) AS thumbs
FROM answer WHERE CAST(id AS text) LIKE :prefix ORDER BY at DESC LIMIT 2
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where in a conversation an answer stands, and what it answers."""

    conversation: UUID
    turn: int
    question: str
    picture: str | None = None  # sha256 of the picture that it came with


@dataclass(frozen=True)
class Journal:
    """The answers about one graph."""

    engine: Engine
    graph: str

    @cached_property
    def _has_role(self) -> bool:
        with self.engine.connect() as connection:
            found = connection.execute(
                text("SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = :role"), {"role": ROLE}
            )
            return bool(found.scalar())

    def keep(self, id: UUID, asked: Asked, answer: Answer, run: str | None, seconds: float) -> None:
        """Write down an answer. Raises StoreError."""
        row = {
            "id": id,
            "graph": self.graph,
            "conversation": asked.conversation,
            "turn": asked.turn,
            "question": storable(asked.question),
            "picture": bytes.fromhex(asked.picture) if asked.picture else None,
            "run": run,
            "said": json.dumps(storable_in(asdict(answer)), ensure_ascii=False),
            "seconds": seconds,
        }
        self._insert(KEEP, row)

    def rate(self, id: UUID, up: bool, reason: str | None = None) -> None:
        """Write down a thumb, with what its giver says of it. Raises DataError if there is no such answer."""
        if reason and len(reason) > LONGEST_REASON:
            raise DataError(f"The reason has {len(reason):,} characters; say it in {LONGEST_REASON:,} or fewer.")
        found = self.find(str(id))
        self._insert(RATE, {"answer": found["id"], "up": up, "reason": storable(reason) if reason else None})

    def find(self, id: str) -> Mapping[str, Any]:
        """Return an answer with its thumbs, by its id or the first characters of it. Raises DataError."""
        wanted = id.strip().lower()
        if not is_id(wanted):
            raise DataError(f"{id!r} is no answer's id; `kwk ask` prints one under each answer.")
        try:
            with self.engine.connect() as connection:
                rows = connection.execute(text(FIND), {"prefix": f"{wanted}%"}).mappings().all()
        except SQLAlchemyError as exc:
            raise StoreError(f"Postgres could not look up the answer {id}: {exc}") from exc
        if len(rows) != 1:
            raise DataError(
                f"{'Several answers begin with' if rows else 'There is no answer'} {id!r}; give its whole id."
            )
        return dict(rows[0])

    def _insert(self, statement: str, row: Mapping[str, Any]) -> None:
        try:
            with spending("stores"), self.engine.begin() as connection:
                if self._has_role:
                    connection.execute(text(f"SET LOCAL ROLE {ROLE}"))
                connection.execute(text(statement), row)
        except SQLAlchemyError as exc:
            raise StoreError(f"Postgres could not write down an answer: {exc}") from exc


def is_id(text: str) -> bool:
    """Say whether a text can be the id of an answer, or the first characters of one."""
    return 4 <= len(text) <= 36 and set(text.lower()) <= set("0123456789abcdef-")


def storable(said: str) -> str:
    """Return a text without what Postgres' text can't hold: the character NUL and halves of others."""
    return said.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def storable_in(value: Any) -> Any:
    """Return nested dictionaries and lists with every text in them as `storable` has it."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {key: storable_in(each) for key, each in value.items()}
    return [storable_in(each) for each in value] if isinstance(value, (list, tuple)) else value
