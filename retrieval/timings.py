"""Where the time of an answer goes: the stores, the sentence encoder, a shown picture."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_spent: ContextVar[dict[str, float] | None] = ContextVar("spent", default=None)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Yield what is filled with the seconds that each kind of work takes within, by its name."""
    spent: dict[str, float] = {}
    token = _spent.set(spent)
    try:
        yield spent
    finally:
        _spent.reset(token)


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


def account(seconds: float, spent: Mapping[str, float]) -> str:
    """Return it as a line: "0.41 s: stores 0.03, sentences 0.30, the rest 0.08"."""
    each = "".join(f"{on} {taken:.3f}, " for on, taken in sorted(spent.items()))
    return f"{seconds:.3f} s: {each}the rest {seconds - sum(spent.values()):.3f}"
