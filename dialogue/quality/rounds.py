"""A round, a question with its answer, as measures see it; its task, and what has to be done to answer it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dialogue.topics import ELSEWHERE, area_of
from dialogue.types import Dialogue, Fact, Turn


@dataclass(frozen=True, slots=True)
class Round:
    """A question, its answer, and what the answer rests on."""

    asked: Turn
    given: Turn
    fact: Fact
    lang: str

    @property
    def task(self) -> str:
        """Return the task: kind of question, format, field of knowledge; the label that principle 3 counts."""
        return f"{self.fact.kind} · {self.fact.format} · {field_of(self.fact)}"


def rounds_of(dialogue: Dialogue) -> Iterator[Round]:
    """Yield the rounds of a dialogue that rest on a fact."""
    for asked, given in zip(dialogue.turns[::2], dialogue.turns[1::2], strict=False):
        if given.fact is not None:
            yield Round(asked, given, given.fact, dialogue.lang)


def field_of(fact: Fact) -> str:
    """Return the area of a Freebase relation; of another vocabulary's the relation itself, or the property compared."""
    relation = fact.relation or ELSEWHERE
    return area_of(relation) if relation.startswith("/") else re.split(r"[/#:]", relation.rstrip("/#:"))[-1]


def operations(fact: Fact) -> int:
    """Count what has to be done to answer (principle 7): the more, the more complex the instruction.

    One for each relation that is followed from each subject; one more to compare, to count, to hold a claim against
    the facts, to find that there is no fact; one to see what the question shows, one to choose an image, one to
    resolve "its", one to find more than one answer.
    """
    query = fact.query
    steps = 1 if query is None else max(1, len(query.path)) * max(1, len(query.subjects))
    decides = fact.kind in ("comparison", "count", "yes_no", "unanswerable")
    lists = fact.kind == "fact" and len(fact.triples) > 1
    return steps + decides + lists + fact.refers + (fact.format[0] == "I") + (fact.format[-1] == "I")
