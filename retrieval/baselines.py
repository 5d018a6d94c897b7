"""Answers that a figure has to beat: priors that read half of the question or none, and a frozen encoder alone.

A query that the head-blind prior gets wrong is *prior-defeating*: only there does it take the fact itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.trials import Prior, Trial

Ranked = Sequence[str]  # entities, best first
Baseline = Callable[[Trial], Ranked]


def head_blind(prior: Prior) -> Baseline:
    """Answer what is most often right for the relation, whoever is asked about."""
    return lambda trial: prior.by_relation.get((trial.relation, trial.direction), prior.overall)


def question_blind(prior: Prior) -> Baseline:
    """Answer what is most often said of the subject, whatever is asked."""
    return lambda trial: prior.by_subject.get(trial.subject, prior.overall)


def nearest_image(
    vectors: Mapping[str, NDArray[np.float32]],
    owners: Mapping[str, Sequence[str]],
    left_out: Mapping[str, Sequence[str]],
) -> Baseline:
    """Answer with whom the image most like the shown one shows: a frozen encoder's nearest neighbours.

    `vectors` (D,) of length 1 and `owners` by sha256; `left_out` are an image's near-duplicates. A question without an
    image gets no answer.
    """
    shas = sorted(vectors)
    matrix = np.stack([vectors[sha] for sha in shas]) if shas else np.zeros((0, 1), np.float32)  # (N, D)

    def ranked(trial: Trial) -> Ranked:
        if trial.image is None or trial.image.sha256 not in vectors:
            return ()
        away = {trial.image.sha256, *left_out.get(trial.image.sha256, ())}
        order = np.argsort(-(matrix @ vectors[trial.image.sha256]))[: len(away) + 12]
        entities = [entity for i in order if shas[i] not in away for entity in owners[shas[i]]]
        return list(dict.fromkeys(entities))

    return ranked
