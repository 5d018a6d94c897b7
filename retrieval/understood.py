"""One part of a question, understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    together: tuple[Link, ...] = ()  # only what answers all of these is asked for; `link` is one of them
    never: tuple[Link, ...] = ()  # and none of these
    best: Superlative | None = None  # only the answer with the largest or smallest number is asked for
    kinds: tuple[str, ...] = ()  # only answers of this kind are asked for, the longest noun first

    @property
    def likeness(self) -> float:
        """Return how like the question is to what it was taken for, about 0 to 1."""
        found = self.measured or self.link
        return found.likeness if found else 0.0

    @property
    def denied(self) -> bool:
        """Say whether what does not answer `link` is asked for, and nothing that answers anything else."""
        return bool(self.never) and not self.together

    @property
    def shared(self) -> bool:
        """Say whether the same is asked of each of several: what they share."""
        return len({(each.relation, each.direction) for each in (*self.together, *self.never)}) == 1 and not self.never

    @property
    def slot(self) -> Slot | None:
        """Return what is asked of the graph, if it has it."""
        if self.link is None or not self.link.held or (own := _slot(self.link)) is None:
            return None
        also = tuple(slot for each in self.together if each != self.link and (slot := _slot(each)))
        never = tuple(slot for each in self.never if each != self.link and (slot := _slot(each)))
        return replace(own, also=also, never=never, among=tuple(each.id for each in self.part.among) or None)


def _slot(link: Link) -> Slot | None:
    return None if link.relation is None else Slot(link.subject.id, link.relation, link.direction)
