"""A conversation with one graph: each turn is answered in the light of those before it, and written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from retrieval.answer import Answerer
from retrieval.given import Answer
from retrieval.journal import Asked, Journal
from retrieval.spoken import NOTHING, Spoken

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given and written down."""

    id: UUID
    question: str
    answer: Answer
    seconds: float
    spoken: Spoken  # what the conversation has spoken of after it


@dataclass
class Host:
    """What answers conversations about one graph and keeps the journal of them.

    Facts and images are read for each question. Names and relations are kept, and read anew by `reopen` once another
    command of kwk has written the graph.
    """

    answerer: Answerer
    journal: Journal
    run: str | None = None  # the trained run that answers with
    reopen: Callable[[], Answerer] | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def fresh(self) -> Answerer:
        """Return what answers, with names and relations as the last ingest left them. Raises StoreError."""
        if self.reopen is not None:
            state = self.answerer.reader.state()
            with self._lock:
                if state != self.answerer.state:
                    self.answerer = self.reopen()
        return self.answerer

    def turn(self, conversation: Conversation, question: str, picture: Image.Image | None = None) -> Given:
        """Answer the next turn of a conversation and write it down. Raises StoreError, and then nothing has changed."""
        begun = time.monotonic()
        answer, spoken = self.fresh().turn(question, picture, conversation.spoken)
        given = Given(uuid4(), question, answer, time.monotonic() - begun, spoken)
        place = Asked(conversation.id, conversation.place, question, digest_of(picture) if picture else None)
        self.journal.keep(given.id, place, answer, self.run, given.seconds)
        conversation.given.append(given)
        return given


@dataclass(slots=True)
class Conversation:
    """What was said so far."""

    id: UUID = field(default_factory=uuid4)
    given: list[Given] = field(default_factory=list)
    begins_with: Spoken = NOTHING
    earlier: int = 0  # turns that were taken elsewhere, before those of `given`

    @property
    def place(self) -> int:
        """Return the number of the turn that comes next, from 0."""
        return self.earlier + len(self.given)

    @property
    def spoken(self) -> Spoken:
        """Return what was spoken of."""
        return self.given[-1].spoken if self.given else self.begins_with


def digest_of(picture: Image.Image) -> str:
    """Return the sha256 of a picture's pixels and size."""
    header = f"{picture.mode} {picture.width} {picture.height} ".encode()
    return sha256(header + picture.tobytes()).hexdigest()
