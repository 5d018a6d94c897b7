"""Shares with their uncertainty: Wilson intervals, macro averages, paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z = 1.959964  # of a 95 % interval
RESAMPLES = 1_000

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one query: whether the first answer is right, and whether one of the first five is."""

    relation: str  # its macro average is over these
    first: bool
    five: bool
    prior_fails: bool  # the head-blind prior's first answer is wrong


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score."""
    if not n:
        return 0.0, 1.0
    share, square = hits / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding aside


def macro(hits: Booleans, groups: Sequence[str]) -> float:
    """Return the mean over groups of each group's share of hits (N,)."""
    _, group, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    sums = np.zeros(len(counts))
    np.add.at(sums, group, hits)
    return float((sums / counts).mean())


def macro_interval(hits: Booleans, groups: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % interval of the macro average, by the normal approximation.

    Each group's variance is that of its share with one hit and one miss more (after Agresti and Coull), so a group
    that was never missed is not held to be sure, however few its queries are.
    """
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.bincount(group, minlength=len(names))
    shares = (np.bincount(group, weights=hits, minlength=len(names)) + 1) / (counts + 2)
    half = Z * math.sqrt(float((shares * (1 - shares) / counts).sum())) / len(names)
    value = macro(hits, groups)
    return max(0.0, value - half), min(1.0, value + half)


def paired_interval(difference: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of paired differences (N,)."""
    draws = np.random.Generator(np.random.PCG64(seed))
    chosen = draws.integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[chosen].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def figures(outcomes: Sequence[Outcome], images: bool, gallery: int | None) -> dict[str, Any]:
    """Return micro, macro and prior-defeating figures of one format."""
    defeating = [each for each in outcomes if each.prior_fails]
    return {
        "micro": leaf(outcomes, images, gallery),
        "macro": leaf(outcomes, images, gallery, over_relations=True),
        "prior_defeating": leaf(defeating, images, gallery),
    }


def leaf(
    outcomes: Sequence[Outcome], images: bool, gallery: int | None = None, over_relations: bool = False
) -> dict[str, Any]:
    """Return one figure: accuracy, or recall at 1 and 5, with n, gallery and the 95 % interval of the first."""
    first = np.array([each.first for each in outcomes], np.bool_)
    five = np.array([each.five for each in outcomes], np.bool_)
    relations = [each.relation for each in outcomes]
    value, interval = share(first, relations, over_relations)
    if not images:
        return {"accuracy": value, "n": len(outcomes), "gallery": gallery, "ci95": interval}
    value5, interval5 = share(five, relations, over_relations)
    return {
        "recall1": value,
        "recall5": value5,
        "n": len(outcomes),
        "gallery": gallery,
        "ci95": interval,
        "recall5_ci95": interval5,
    }


def share(hits: Booleans, relations: Sequence[str], over_relations: bool) -> tuple[float | None, list[float] | None]:
    """Return a share and its interval to four digits; None where there is nothing to share."""
    if not len(hits):
        return None, None
    if over_relations:
        value, (low, high) = macro(hits, relations), macro_interval(hits, relations)
    else:
        value, (low, high) = float(hits.mean()), wilson(int(hits.sum()), len(hits))
    return round(value, 4), [round(low, 4), round(high, 4)]


def difference(ours: Mapping[int, Outcome], theirs: Mapping[int, Outcome]) -> dict[str, Any] | None:
    """Return how much more often the first answer is right, over the queries that both were asked."""
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return None
    gaps = np.array([float(ours[i].first) - float(theirs[i].first) for i in both])
    low, high = paired_interval(gaps)
    return {"difference": round(float(gaps.mean()), 4), "n": len(both), "ci95": [round(low, 4), round(high, 4)]}
