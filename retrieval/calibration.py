"""Whether a model is as often right as it says: Brier score, expected calibration error, and the bins of its plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from retrieval.intervals import wilson
from retrieval.metrics import Outcome, rounded

BINS = 10  # of equal width


def calibration(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """Return how confidence and truth agree; None where no answer came with a confidence.

    ECE = Σ_b n_b/n · |accuracy_b − confidence_b| over bins of equal width (Guo et al. 2017, eq. 3); Brier score =
    mean (confidence − hit)².
    """
    said = [each for each in outcomes if each.confidence is not None]
    if not said:
        return None
    confidence = np.array([each.confidence for each in said], np.float64)
    hits = np.array([each.first for each in said], np.float64)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    right = np.bincount(bins, weights=hits, minlength=BINS)
    sure = np.bincount(bins, weights=confidence, minlength=BINS)
    return {
        "n": len(said),
        "accuracy": round(float(hits.mean()), 4),
        "confidence": round(float(confidence.mean()), 4),
        "ece": round(float(np.abs(right - sure).sum() / len(said)), 4),
        "brier": round(float(((confidence - hits) ** 2).mean()), 4),
        "bins": [
            {
                "from": place / BINS,
                "n": int(counts[place]),
                "confidence": round(float(sure[place] / counts[place]), 4),
                "accuracy": round(float(right[place] / counts[place]), 4),
                "ci95": rounded(wilson(int(right[place]), int(counts[place]))),
            }
            for place in range(BINS)
            if counts[place]
        ],
    }
