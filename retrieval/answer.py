"""Answer a question from the graph: link its parts, fill their slots, find the images, say it with its edges."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.verbalise import question as worded
from retrieval.given import Answer
from retrieval.ground import Filled, Reader
from retrieval.grounds import grounds
from retrieval.link import Link
from retrieval.names import Named
from retrieval.of_kind import of_kind
from retrieval.search import Pictures
from retrieval.spoken import NOTHING, Spoken, after
from retrieval.superlatives import best
from retrieval.telling import Found, Telling
from retrieval.understand import Model, Understanding
from retrieval.understood import Understood

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

MOST_RANKED = 32  # answers, the best connected, that a model puts in an order


@dataclass(frozen=True, eq=False)
class Answerer:
    """Answers questions about one graph. Names and wordings are kept; facts are read anew for each question."""

    reader: Reader
    understanding: Understanding
    pictures: Callable[[], Pictures | None]  # opened when the first picture is shown; None: the graph has none
    image_root: Path | None = None
    state: tuple[object, ...] = ()  # of the graph, before names and relations were read

    def ask(self, question: str, picture: Image.Image | None = None) -> Answer:
        """Answer a question by itself, about a picture where one is shown."""
        return self.turn(question, picture)[0]

    def turn(
        self, question: str, picture: Image.Image | None = None, spoken: Spoken = NOTHING
    ) -> tuple[Answer, Spoken]:
        """Answer one turn of a conversation; return what it has spoken of then."""
        seen = shown = None
        if picture is not None:
            pictures = self.pictures()
            shown = pictures.measured(picture) if pictures else None
            seen = pictures.known(shown) if pictures and shown is not None else []
            shown = pictures.read(shown) if pictures and shown is not None else None
        understood = self.understanding.understand(question, seen, shown, spoken)
        slots = [each.slot for each in understood]
        filled = iter(self._fill([each for each in understood if each.slot]))
        telling = Telling(self.reader, self.understanding, self.pictures, self.image_root, question, shown, spoken)
        answers: list[Sequence[Named]] = []
        reasons = tuple(grounds(each, self.understanding.relations, self.reader.graph) for each in understood)
        for each, slot, reason in zip(understood, slots, reasons, strict=True):
            log.info("understood %s", "; ".join(reason.told()))
            found = self._found(each, next(filled) if slot else None)
            telling.tell(each, found)
            answers.append(found.picked.winners if found.picked else found.others)
        answer = telling.answer(reasons)
        return answer, after(spoken, understood, answers, [image.sha256 for image in answer.images])

    def answers(self, each: Understood) -> list[Named]:
        """Return every answer that the graph holds to one part, best first; nobody where none was understood."""
        if each.slot is None:
            return []
        found = self._found(each, *self._fill([each]))
        return list(found.picked.winners if found.picked else found.others)

    def _found(self, each: Understood, filled: Filled | None) -> Found:
        """Return what answers: where that is denied of those listed before, the rest; where it is ranked, the first."""
        others = filled.others if filled else []
        if each.denied and each.part.among:
            others = [entity for entity in each.part.among if entity not in others]
        if each.best is None:
            return Found(filled, others)
        ranked = filled.others if filled else each.part.among
        return Found(filled, others, best(each.best, ranked, self.reader.numbers([entity.id for entity in ranked])))

    def _fill(self, understood: Sequence[Understood]) -> list[Filled]:
        """Fill the slots of a turn by one query; with a trained model, what it holds likeliest comes first."""
        relations, model = self.understanding.relations, self.understanding.model
        filled = self.reader.fill([each.slot for each in understood if each.slot], relations)
        narrowed = [of_kind(self.understanding, each, found) for each, found in zip(understood, filled, strict=True)]
        return [
            self._ranked(model, each.link, found) if model and each.link else found
            for each, found in zip(understood, narrowed, strict=True)
        ]

    def _ranked(self, model: Model, link: Link, filled: Filled) -> Filled:
        """Rank answers by decoding constrained to their names, after the plainest question for the relation."""
        others = filled.others[:MOST_RANKED]
        if len(others) < 2 or link.relation is None:
            return filled
        relation = self.understanding.relations.each[link.relation]
        asked = worded(relation.wordings, link.direction, 0, link.subject.name)
        shares = model.shares(asked, [other.name for other in others])
        return filled.ranked({other.id: share for other, share in zip(others, shares.tolist(), strict=True)})
