"""Judge whole answers by K27: linking, relation and hit for each question of the test split, grounded in the graph.

The query image and its near-duplicates are in no gallery and tell nobody whom it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.types import FORMATS, Format
from kg.progress import Progress, silent
from retrieval.answer import Answerer
from retrieval.baselines import Baseline, Ranked
from retrieval.metrics import Outcome, figures, leaf
from retrieval.search import KNOWN, Seen, ranked
from retrieval.trials import Trial
from retrieval.understand import Understood

Floats = NDArray[np.float32]

SHOWN = 5  # images that count


@dataclass(frozen=True, eq=False)
class Gallery:
    """The images that queries are compared with and answers chosen from, by their place in `shas`."""

    shas: tuple[str, ...]
    vectors: Floats  # (N, D) of length 1
    owners: Mapping[str, Sequence[str]]  # sha256 -> entities
    alike: Mapping[str, Collection[str]]  # sha256 -> its near-duplicates, itself among them
    threshold: float  # cosine below which a picture is called unknown

    def seen(self, sha256: str, vector: Floats) -> list[Seen]:
        """Return whom an image shows, by the images that are neither it nor its near-duplicates."""
        away = {*self.alike.get(sha256, ()), sha256}
        cosines: dict[str, list[float]] = {}
        for sha, cosine in zip(self.shas, (self.vectors @ vector).tolist(), strict=True):
            if sha not in away:
                for entity in self.owners[sha]:
                    cosines.setdefault(entity, []).append(cosine)
        seen = ranked(cosines)[:KNOWN]
        return seen if any(each.nearest >= self.threshold for each in seen) else []

    def vector(self, sha256: str) -> Floats:
        """Return an image's descriptor, (D,)."""
        found: Floats = self.vectors[self.shas.index(sha256)]
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a trial."""

    trial: Trial
    linked: bool  # the subject is right
    related: bool  # the relation is right, and the end that is asked for
    outcome: Outcome


def judge(
    answerer: Answerer,
    trials: Sequence[Trial],
    gallery: Gallery | None,
    head_blind: Baseline,
    progress: Progress = silent,
) -> list[Judged]:
    """Answer every trial from the graph, and compare."""
    found = []
    with progress("questions", len(trials)) as advance:
        for trial in trials:
            found.append(judged(answerer, trial, gallery, fails(head_blind, trial)))
            advance(1)
    return found


def judged(answerer: Answerer, trial: Trial, gallery: Gallery | None, prior_fails: bool) -> Judged:
    """Answer one trial from the graph."""
    seen = None
    if trial.image is not None and gallery is not None:
        seen = gallery.seen(trial.image.sha256, gallery.vector(trial.image.sha256))
    understood = answerer.understanding.understand(trial.turn.value, seen)
    each = understood[0] if understood else None
    ranked = [other.id for other in answerer.answers(each)] if each else []
    link = each.link if each else None
    subjects = {trial.subject}
    if trial.image is not None and gallery is not None:
        subjects |= set(gallery.owners.get(trial.image.sha256, ()))
    path = answerer.understanding.relations.each[link.relation].path if link and link.relation is not None else None
    same_end = link is not None and (link.direction == trial.direction or frozenset(ranked) == trial.answers)
    return Judged(
        trial,
        linked=link is not None and link.subject.id in subjects,
        related=path == trial.relation and same_end,
        outcome=outcome_of(answerer, trial, each, ranked, gallery, prior_fails),
    )


def outcome_of(
    answerer: Answerer,
    trial: Trial,
    each: Understood | None,
    ranked: Ranked,
    gallery: Gallery | None,
    prior_fails: bool,
) -> Outcome:
    """Compare the answers, or the images of the answers, with what is right."""
    if trial.format in ("T2T", "I2T"):
        hits = [entity in trial.answers for entity in ranked[:SHOWN]]
    else:
        images = answerer.reader.images(ranked[:100]) if each is not None and each.wish else {}
        away = gallery.alike.get(trial.image.sha256, ()) if trial.image and gallery else ()
        owners = gallery.owners if gallery else {}
        shas = [image.sha256 for entity in ranked for image in images.get(entity, ()) if image.sha256 not in away]
        hits = [not trial.answers.isdisjoint(owners.get(sha, ())) for sha in shas[:SHOWN]]
    return Outcome(f"{trial.relation} {trial.direction}", hits[:1] == [True], any(hits), prior_fails)


def fails(baseline: Baseline, trial: Trial) -> bool:
    """Say whether a baseline's first answer is wrong."""
    return not trial.answers.intersection(baseline(trial)[:1])


def judge_baseline(baseline: Baseline, trials: Iterable[Trial], head_blind: Baseline) -> dict[Format, list[Outcome]]:
    """Answer every trial by a baseline; an answer's image is taken to be found."""
    found: dict[Format, list[Outcome]] = {form: [] for form in FORMATS}
    for trial in trials:
        hits = [entity in trial.answers for entity in baseline(trial)[:SHOWN]]
        relation = f"{trial.relation} {trial.direction}"
        found[trial.format].append(Outcome(relation, hits[:1] == [True], any(hits), fails(head_blind, trial)))
    return found


def table(outcomes: Mapping[Format, Sequence[Outcome]], gallery: int | None) -> dict[str, Any]:
    """Return the figures by format, those that were judged."""
    return {
        form.lower(): figures(found, images=form.endswith("I"), gallery=gallery if "I" in form else None)
        for form, found in outcomes.items()
        if found
    }


def by_format(found: Iterable[Judged]) -> dict[Format, list[Outcome]]:
    """Group what was judged by format."""
    groups: dict[Format, list[Outcome]] = {form: [] for form in FORMATS}
    for each in found:
        groups[each.trial.format].append(each.outcome)
    return groups


def alone(found: Sequence[Judged], part: Callable[[Judged], bool]) -> dict[str, Any]:
    """Return the share of trials in which one part is right, by format and over all."""
    groups: dict[str, list[Judged]] = {"all": list(found)}
    for each in found:
        groups.setdefault(each.trial.format.lower(), []).append(each)
    return {
        name: leaf([Outcome(o.outcome.relation, part(o), part(o), o.outcome.prior_fails) for o in group], images=False)
        for name, group in groups.items()
        if group
    }


def parts(found: Sequence[Judged]) -> dict[str, Any]:
    """Return linking and relation, each on its own, and both on wordings that occur in test only."""
    first, kept = [each for each in found if each.trial.first], [each for each in found if each.trial.held_out]
    return {
        "linking": alone(first, lambda each: each.linked),
        "relation": alone(first, lambda each: each.related),
        "held_out_wordings": {
            "linking": alone(kept, lambda each: each.linked),
            "relation": alone(kept, lambda each: each.related),
            "answer": alone(kept, lambda each: each.outcome.first),
        },
    }
