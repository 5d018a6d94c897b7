"""How much of each tier is drawn, and how that hardens as training goes on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kg.errors import DataError
from model.tiers import NAMES, RANDOM

Shares = NDArray[np.float64]  # (tiers,), of sum 1

# What stands next to the answer is confused most, but an answer has little of it; the range holds what the question
# could have meant.
HARD = "range=0.3,shares=0.2,neighbour=0.3,type=0.2"
HARDEST = 0.8  # the share of the hard part at the end of the ramp
RAMP = 0.6  # of the training, in which the hard part grows from nothing


def parse_mix(text: str) -> Mapping[str, float]:
    """Return the shares in a text such as "range=0.3,shares=0.7", scaled to a sum of 1. Raises DataError."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        try:
            shares[name] = float(value)
        except ValueError as exc:
            raise DataError(f"'{part.strip()}' is no share of a mix; write it as in {HARD}.") from exc
        if name not in NAMES:
            raise DataError(f"There is no tier '{name}' of negatives; there are: {', '.join(NAMES)}.")
    total = sum(shares.values())
    if not (0 < total < np.inf) or min(shares.values()) < 0:
        raise DataError(f"The shares of the mix '{text}' must be zero or more, and one of them above zero.")
    return {name: share / total for name, share in shares.items()}


def mix_at(progress: float, mix: str = HARD, hardest: float = HARDEST, ramp: float = RAMP) -> Shares:
    """Return the share of each tier after `progress` (0 to 1) of the training: random at first, then ever harder.

    Without a ramp (0) the mix is as hard from the first step on.
    """
    hard = hardest * (min(1.0, progress / ramp) if ramp else 1.0)
    wanted = parse_mix(mix)
    shares = hard * np.array([wanted.get(name, 0.0) for name in NAMES])
    shares[RANDOM] += 1 - hard
    return shares


def all_random() -> Shares:
    """Return the mix that draws by no proximity: the baseline."""
    shares = np.zeros(len(NAMES))
    shares[RANDOM] = 1
    return shares
