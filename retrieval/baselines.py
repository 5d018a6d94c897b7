"""Answers that a figure has to beat: priors that read half of the question or none, and a frozen encoder alone.

A query that the head-blind prior gets wrong is *prior-defeating*: only there does it take the fact itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from retrieval.album import View
from retrieval.metrics import Outcome, rank_of
from retrieval.trials import Prior, Trial

MOST = 100  # neighbours that an image has

Ranked = Sequence[str]  # entities, best first
Baseline = Callable[[Trial], Ranked]


def head_blind(prior: Prior) -> Baseline:
    """Answer what is most often right for the relation, whoever is asked about."""
    return lambda trial: prior.by_relation.get((trial.relation, trial.direction), prior.overall)


def question_blind(prior: Prior) -> Baseline:
    """Answer what is most often said of the subject, whatever is asked."""
    return lambda trial: prior.by_subject.get(trial.subject, prior.overall)


def nearest_image(view: View) -> Baseline:
    """Answer with whom the image most like the shown one shows: a frozen encoder's nearest neighbours.

    A question without an image gets no answer.
    """

    def ranked(trial: Trial) -> Ranked:
        if trial.image is None:
            return ()
        plain, place = view.album.plain, view.place(trial)
        others = np.delete(np.arange(len(plain)), view.alike[place])
        order = others[np.argsort(-(plain[others] @ plain[place]), kind="stable")[:MOST]]
        return list(dict.fromkeys(entity for i in order for entity in view.album.owners[i]))

    return ranked


def fails(baseline: Baseline, trial: Trial) -> bool:
    """Say whether a baseline's first answer is wrong."""
    return not trial.answers.intersection(baseline(trial)[:1])


def judge_baseline(baseline: Baseline, trials: Iterable[Trial], head_blind: Baseline) -> list[tuple[Trial, Outcome]]:
    """Answer every trial by a baseline; an answer's image is taken to be found."""
    return [
        (
            trial,
            Outcome(
                trial.relation,
                rank_of([entity in trial.answers for entity in baseline(trial)]),
                fails(head_blind, trial),
            ),
        )
        for trial in trials
    ]
