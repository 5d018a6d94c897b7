"""How sure a figure is: Wilson's score, bootstrap intervals, paired tests. All at 95 %."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z = 1.959964  # of a 95 % interval
RESAMPLES = 2_000
ROOM = 4_000_000  # numbers that a bootstrap holds at a time

Booleans = NDArray[np.bool_]
Values = NDArray[np.float64]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the interval of a share by Wilson's score."""
    if not n:
        return 0.0, 1.0
    share, square = hits / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding aside


def macro(values: Values | Booleans, groups: Sequence[str]) -> float:
    """Return the mean over groups of each group's mean value (N,)."""
    _, group, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    return float((np.bincount(group, weights=values, minlength=len(counts)) / counts).mean())


def macro_interval(hits: Booleans, groups: Sequence[str]) -> tuple[float, float]:
    """Return the interval of the macro average, by the normal approximation.

    Each group's variance is that of its share with one hit and one miss more (after Agresti and Coull), so a group
    that was never missed is not held to be sure, however few its queries are.
    """
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.bincount(group, minlength=len(names))
    shares = (np.bincount(group, weights=hits, minlength=len(names)) + 1) / (counts + 2)
    half = Z * math.sqrt(float((shares * (1 - shares) / counts).sum())) / len(names)
    value = macro(hits, groups)
    return max(0.0, value - half), min(1.0, value + half)


def bootstrap_means(values: Values, seed: int = 0) -> Values:
    """Return the means of RESAMPLES resamples of values (N,), drawn with replacement."""
    draws = np.random.Generator(np.random.PCG64(seed))
    at_once = max(1, ROOM // len(values))
    parts = [
        values[draws.integers(0, len(values), (min(at_once, RESAMPLES - done), len(values)))].mean(axis=1)
        for done in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(parts)


def bootstrap_macros(values: Values, groups: Sequence[str], seed: int = 0) -> Values:
    """Return the macro averages of RESAMPLES resamples of values (N,); a group that none was drawn of is left out."""
    draws = np.random.Generator(np.random.PCG64(seed))
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    n, wide = len(values), len(names)
    at_once = max(1, ROOM // max(n, wide))
    parts = []
    for done in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - done)
        drawn = draws.integers(0, n, (rows, n))
        places = (group[drawn] + wide * np.arange(rows)[:, None]).ravel()
        counts = np.bincount(places, minlength=rows * wide).reshape(rows, wide)
        sums = np.bincount(places, weights=values[drawn].ravel(), minlength=rows * wide).reshape(rows, wide)
        parts.append((sums / np.maximum(counts, 1)).sum(axis=1) / (counts > 0).sum(axis=1))
    return np.concatenate(parts)


def quantiles(means: Values) -> tuple[float, float]:
    """Return the interval that the middle 95 % of bootstrap means span."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def paired_interval(difference: Values, seed: int = 0) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of paired differences (N,)."""
    return quantiles(bootstrap_means(difference, seed))


def mcnemar(ours: Booleans, theirs: Booleans) -> float:
    """Return the two-sided p of McNemar's exact test over paired hits (N,): that either is as often right alone."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    return float(binomtest(only_ours, only_ours + only_theirs).pvalue) if only_ours + only_theirs else 1.0
