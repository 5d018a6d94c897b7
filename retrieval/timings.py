"""Where the time of an answer goes: the stores, the sentence encoder, a shown picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_spent: ContextVar[dict[str, float] | None] = ContextVar("spent", default=None)


@dataclass
class Timings:
    """The seconds of an answer: in all, and by the name of the kind of work."""

    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    def told(self) -> str:
        """Return it as a line: "0.41 s: stores 0.03, sentences 0.30, the rest 0.08"."""
        each = "".join(f"{on} {taken:.3f}, " for on, taken in sorted(self.spent.items()))
        return f"{self.seconds:.3f} s: {each}the rest {self.seconds - sum(self.spent.values()):.3f}"


@contextmanager
def timed() -> Iterator[Timings]:
    """Yield what is filled with the time that passes within."""
    timings, begun = Timings(), time.monotonic()
    token = _spent.set(timings.spent)
    try:
        yield timings
    finally:
        _spent.reset(token)
        timings.seconds = time.monotonic() - begun


@contextmanager
def spending(on: str) -> Iterator[None]:
    """Count the time within as spent on something, where anybody asked."""
    spent = _spent.get()
    if spent is None:
        yield
        return
    begun = time.monotonic()
    try:
        yield
    finally:
        spent[on] = spent.get(on, 0.0) + time.monotonic() - begun
