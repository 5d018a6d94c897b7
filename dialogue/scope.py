"""What one dialogue of one split draws on while it looks for rounds that are no plain facts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dialogue.derived import Derived, Image
from dialogue.draws import Draws, mix
from dialogue.kind_words import KindWords
from dialogue.material import Ends, Material
from dialogue.mentions import plain
from dialogue.wordings import Wordings, opening

TRIES = 8  # draws of a run, a sibling or a claim
SHARES = (6, 8, 10)  # in tenths: what has no triple to decide by is train's, valid's or test's
MANY = 100  # a question with more answers is not drawn


class Asked(NamedTuple):
    """A question of one step: its path, all that answers it truly, and the run that holds the answers."""

    path: tuple[tuple[int, bool], ...]
    truths: tuple[int, ...]
    runs: tuple[tuple[bool, int], ...]


class Scope:
    """The material, the split and the chance of one dialogue; `allowed` says whether a triple may have a format here.

    `seen` says whether an entity was named or shown before.
    """

    __slots__ = ("_draws", "_split", "allowed", "material", "seen", "words")

    def __init__(
        self,
        material: Material,
        split: int,
        draws: Draws,
        allowed: Callable[[int, int], bool],
        seen: Callable[[int], bool],
    ) -> None:
        assert material.kind_words is not None  # noqa: S101 - or there would be no kinds to look for
        self.material = material
        self.words: KindWords = material.kind_words
        self.allowed = allowed
        self.seen = seen
        self._split = split
        self._draws = draws

    def run_of(self, subject: int, least: int = 1, most: int = MANY) -> tuple[bool, int] | None:
        """Draw a question about an entity that has so many answers, as (asks for the tail, run)."""
        m = self.material
        outward = m.out.runs[subject + 1] - m.out.runs[subject]
        runs = outward + m.into.runs[subject + 1] - m.into.runs[subject]
        for _ in range(TRIES if runs else 0):
            drawn = self._draws.below(runs)
            asks_tail = drawn < outward
            side = m.side(asks_tail)
            run = side.runs[subject] + (drawn if asks_tail else drawn - outward)
            if least <= side.size(run) <= most:
                return asks_tail, run
        return None

    def single_run_of(self, subject: int, directions: Sequence[bool]) -> tuple[bool, int] | None:
        """Draw a question about an entity among those that have one answer nearly always, and not the same for all."""
        m = self.material
        found = []
        for asks_tail in directions:
            side, runs = m.side(asks_tail), m.survey.runs(asks_tail)
            first = side.runs[subject]
            last = min(side.runs[subject + 1], first + MANY)
            relations = enumerate(side.run_relation[first:last], first)
            found += [(asks_tail, run) for run, each in relations if runs.single[each] and runs.telling[each]]
        return found[self.below(len(found))] if found else None

    def asked(self, asks_tail: bool, run: int) -> Asked:
        """Return what a run's question asks."""
        side = self.material.side(asks_tail)
        truths = tuple([side.neighbour[place] for place in places(side, run)])
        return Asked(((side.run_relation[run], asks_tail),), truths, ((asks_tail, run),))

    def worded(self, asks_tail: bool, run: int) -> Wordings:
        """Return the wordings of a run's relation."""
        return self.material.wordings[self.material.side(asks_tail).run_relation[run]]

    def can_say(self, entity: int, subject: int) -> bool:
        """Say whether an entity has a name that means it alone, and is another than the subject."""
        m = self.material
        return bool(entity != subject and m.speakable[entity] and entity not in m.homonyms)

    def may_show(self, pair: Sequence[int]) -> bool:
        """Say whether a question may show these entities instead of naming them."""
        return all(self.material.shown[each] and not self.seen(each) for each in pair)

    def names_any(self, pair: Sequence[int], text: str) -> bool:
        """Say whether a text names one of two entities that have images."""
        words = plain(text)
        return any(self.material.aliases[each].within(words) for each in pair)

    def image(self, entity: int) -> Image:
        """Draw one of an entity's images, the best more often."""
        count = len(self.material.graph.entities[entity].images)
        return entity, min(self.below(count), self.below(count))

    def named(self, form: str, entity: int) -> tuple[str, tuple[int, int]]:
        """Put an entity in the place of {winner}; return the text, and where its name stands, without an article."""
        name, said = self.material.names[entity], self.material.said[entity]
        at = form.index("{winner}")
        said = said if at else opening(said)
        text = form.replace("{winner}", said)
        if form.endswith("{winner}."):
            text = ended(text.removesuffix("."))
        start = at + len(said) - len(name)
        return text, (start, start + len(name))

    def knows(self, found: Derived) -> bool:
        """Say whether this split may know all that answers a question truly, and all whom it names."""
        m, split = self.material, self._split
        if m.parts is None:
            return True
        named = {*found.subjects, *found.truths, *(() if found.claim is None else (found.claim,))}
        if not all(m.may_name(split, entity) for entity in named):
            return False
        reached = set(found.subjects)
        for relation, asks_tail in found.path:
            side = m.side(asks_tail)
            runs = [run for entity in reached if (run := side.run(entity, relation)) >= 0]
            onward = [place for run in runs for place in places(side, run)]
            if not all(m.knows(split, side.triple[place]) for place in onward):
                return False
            reached = {side.neighbour[place] for place in onward}
        return True

    def is_here(self, *numbers: int) -> bool:
        """Say whether what has no triple belongs to this split, by numbers that are its own."""
        tenth = mix(*numbers) % 10
        return next(split for split, end in enumerate(SHARES) if tenth < end) == self._split

    def in_any_order(self, a: int, b: int) -> tuple[int, int]:
        """Return two entities as chance orders them."""
        return (a, b) if self.below(2) else (b, a)

    def pick(self, forms: Sequence[str]) -> str:
        """Draw one of some texts."""
        return forms[self.below(len(forms))]

    def below(self, limit: int) -> int:
        """Draw a number from 0 to `limit` - 1."""
        return self._draws.below(limit)


def places(side: Ends, run: int) -> range:
    """Return the places of a run's answers on its side."""
    return range(side.run_start[run], side.run_start[run + 1])


def holds(side: Ends, run: int, entity: int) -> bool:
    """Say whether an entity is among the answers of a run."""
    first, last = side.run_start[run], side.run_start[run + 1]
    at = bisect_left(side.neighbour, entity, first, last)
    return bool(at < last and side.neighbour[at] == entity)


def ended(text: str) -> str:
    """Return a sentence with its full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
