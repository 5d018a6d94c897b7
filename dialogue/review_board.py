"""Who reviews which round next: each round gets its reviews evenly, also while several people look at once."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from dialogue.review_rounds import Place
from dialogue.verdicts import RoundKey, Verdict, Verdicts
from kg.errors import DataError

LOOKING = 600.0  # seconds that a round counts as looked at by somebody who says nothing of it


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a review is."""

    mine: int  # rounds that this reviewer judged
    rounds: int
    complete: int  # rounds with as many reviews as are needed
    verdicts: int
    reviewers: int


@dataclass(slots=True)
class Board:
    """The rounds to review, what was said of them, and who looks at what."""

    places: Sequence[Place]
    verdicts: Verdicts
    needed: int  # reviewers a round
    clock: Callable[[], float] = time.monotonic
    _numbers: dict[RoundKey, int] = field(init=False)
    _named: dict[str, int] = field(init=False)
    _looking: dict[int, dict[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._numbers = {place.key: n for n, place in enumerate(self.places)}
        self._named = {round_name(place.key): n for n, place in enumerate(self.places)}

    def number(self, name: str) -> int:
        """Return the number of the round that is called `name` (`dialogue#turn`). Raises DataError."""
        if name not in self._named:
            raise DataError(
                f"The round '{name}' is not among the {len(self.places):,} that are reviewed: go on to the next."
            )
        return self._named[name]

    def judged(self) -> dict[int, dict[str, Verdict]]:
        """Return what counts, by the number of the round."""
        found = {}
        for key, each in self.verdicts.standing().items():
            if (n := self._numbers.get(key)) is not None:
                found[n] = each
        return found

    def following(self, reviewer: str, after: int = -1) -> int | None:
        """Return the round that this reviewer judges next: of those with the fewest reviews the first after `after`.

        None if every round has the reviews that it needs, or one of this reviewer.
        """
        judged = self.judged()
        with self._lock:
            self._forget(reviewer)
            best, fewest = None, None
            for n in chain(range(after + 1, len(self.places)), range(after + 1)):
                verdicts = judged.get(n, {})
                if reviewer in verdicts or len(verdicts) >= self.needed:
                    continue
                count = len(verdicts.keys() | self._looking.get(n, {}).keys())
                if fewest is None or count < fewest:
                    best, fewest = n, count
                if count == 0:
                    break
            if best is not None:
                self._looking.setdefault(best, {})[reviewer] = self.clock()
            return best

    def _forget(self, reviewer: str) -> None:
        """Let go of what a reviewer looked at, and of what others have looked at for too long."""
        old = self.clock() - LOOKING
        for n, each in list(self._looking.items()):
            kept = {who: since for who, since in each.items() if who != reviewer and since > old}
            if kept:
                self._looking[n] = kept
            else:
                del self._looking[n]

    def progress(self, reviewer: str) -> Progress:
        """Return how far the review is, and this reviewer in it."""
        judged = self.judged()
        return Progress(
            mine=sum(reviewer in each for each in judged.values()),
            rounds=len(self.places),
            complete=sum(len(each) >= self.needed for each in judged.values()),
            verdicts=sum(map(len, judged.values())),
            reviewers=len({who for each in judged.values() for who in each}),
        )


def round_name(key: RoundKey) -> str:
    """Return what a round is called on the page: as the (:Turn) of its answer in the graph."""
    return f"{key.dialogue}#{key.turn}"
