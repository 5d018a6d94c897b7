"""One part of a question, understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retrieval.ground import Slot
from retrieval.link import Link
from retrieval.names import Named
from retrieval.questions import Part


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that is asked for: of one, or which of two has the larger or the smaller."""

    name: str  # the property
    likeness: float  # of the question with the measure's own, about 0 to 1
    against: Named | None = None  # whom the subject is compared with
    more: bool = True  # the larger number is asked for
    whether: bool = False  # whether it is the subject's is asked

    def pair(self, subject: Named) -> list[Named]:
        """Return whose numbers are asked for: the subject's, and that of whom it is compared with."""
        return [subject, *([self.against] if self.against else ())]


@dataclass(frozen=True, slots=True)
class Outnumbered:
    """Which of two has more answers, or fewer, is asked for."""

    against: Named  # whom the subject is compared with
    own: int  # answers of the subject
    theirs: int
    more: bool = True  # more are asked for
    whether: bool = False  # whether it is the subject is asked

    def winner(self, subject: Named) -> Named | None:
        """Return of which of the two the proposition is true; None if they have as many."""
        if self.own == self.theirs:
            return None
        return subject if (self.own > self.theirs) == self.more else self.against


@dataclass(frozen=True, slots=True)
class Superlative:
    """The answer with the largest or the smallest number is asked for."""

    said: str  # "smallest"
    properties: tuple[str, ...]  # that it is said of
    more: bool  # the largest


@dataclass(frozen=True, slots=True)
class Understood:
    """One part of a question. `link` is None where it asks for no fact."""

    part: Part
    subject: Named | None
    link: Link | None = None
    who: bool = False  # the subject itself is asked for
    wish: bool = False  # a picture is asked for: of the answers, or of the subject where there is no link
    pictured: bool = False  # the subject was shown, not named
    unknown_picture: bool = False
    has: Mapping[int, int] = field(default_factory=dict)  # what the graph holds of the subject: answers by column
    masked: str = ""  # what was asked, HOLE in the place of the subject
    claim: Named | None = None  # the answer that the question proposes
    counts: bool = False  # the number of answers is asked for
    measured: Measured | None = None  # a number that the graph keeps as a property is asked for
    outnumbered: Outnumbered | None = None  # which of two has more answers is asked for
    both: tuple[Named, Named] | None = None  # only answers that these share are asked for; the subject is one of them
    best: Superlative | None = None  # only the answer with the largest or smallest number is asked for

    @property
    def likeness(self) -> float:
        """Return how like the question is to what it was taken for, about 0 to 1."""
        found = self.measured or self.link
        return found.likeness if found else 0.0

    @property
    def slot(self) -> Slot | None:
        """Return what is asked of the graph, if it has it."""
        found = self.link
        if found is None or found.relation is None or not found.held:
            return None
        other = next((each.id for each in self.both or () if each.id != found.subject.id), None)
        among = tuple(each.id for each in self.part.among) or None
        return Slot(found.subject.id, found.relation, found.direction, other, among)
