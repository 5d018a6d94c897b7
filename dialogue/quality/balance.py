"""How many tasks there are (principle 3), how evenly they are filled (principle 10), and a sampler that evens them."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts over tasks in numbers."""

    tasks: int
    effective: float  # e to the entropy: as many tasks of equal size would be as varied
    evenness: float  # entropy over its highest, 0 to 1
    variance: float  # of the counts, in units of their mean squared: the same for a dataset twice the size
    largest: float  # share of the commonest


def balance(counts: Mapping[str, int]) -> Balance:
    """Measure counts over tasks."""
    found = np.array([n for n in counts.values() if n > 0], float)
    if not len(found):
        return Balance(0, 0.0, 0.0, 0.0, 0.0)
    shares = found / found.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    evenness = entropy / math.log(len(found)) if len(found) > 1 else 1.0
    variance = float(found.var() / found.mean() ** 2)
    return Balance(len(found), math.exp(entropy), evenness, variance, float(shares.max()))


def shared_out(total: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """Share `total` out evenly over tasks; what a task has too little of goes to the others."""
    left, quotas = total, dict.fromkeys(sizes, 0)
    waiting = sorted(sizes, key=lambda task: (sizes[task], task))
    while waiting:
        task = waiting.pop(0)
        quotas[task] = min(sizes[task], left // (len(waiting) + 1))
        left -= quotas[task]
    return quotas


def drawn_evenly(tasks: Sequence[str], total: int, seed: int = 0) -> list[int]:
    """Draw `total` places of a list, uniformly over the tasks that stand there; in ascending order."""
    places: dict[str, list[int]] = {}
    for place, task in enumerate(tasks):
        places.setdefault(task, []).append(place)
    quotas = shared_out(total, {task: len(found) for task, found in places.items()})
    chance = random.Random(seed)  # noqa: S311 - a draw, no secret
    return sorted(place for task in sorted(places) for place in chance.sample(places[task], quotas[task]))
