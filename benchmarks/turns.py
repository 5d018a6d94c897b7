"""Time two sides in turn, so that a machine whose speed drifts is as slow for one as for the other."""

import statistics
import time
from collections.abc import Callable


def in_turn(
    title: str,
    ours: Callable[[], None],
    peer: Callable[[], None],
    runs: int = 5,
    before: Callable[[], None] = lambda: None,
) -> float:
    """Run both sides `runs` times, alternating; print the medians and return peer/ours. `before` is not timed."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for side, kept in zip((ours, peer), seconds, strict=True):
            before()
            start = time.perf_counter()
            side()
            kept.append(time.perf_counter() - start)
    a, b = (statistics.median(kept) for kept in seconds)
    print(f"{title}: ours {a:.3f} s, peer {b:.3f} s, ratio {b / a:.1f} (medians of {runs}, in turn)")
    return b / a
