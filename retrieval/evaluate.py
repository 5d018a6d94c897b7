"""Judge whole answers by K27: linking, relation and hit for each question of the test split, grounded in the graph.

The query image and its near-duplicates are in no gallery and tell nobody whom it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dialogue.types import FORMATS, Format
from kg.progress import Progress, silent
from retrieval.album import View
from retrieval.answer import Answerer
from retrieval.baselines import Baseline, Ranked, fails
from retrieval.ground import Slot
from retrieval.metrics import Outcome, figures, leaf, rank_of
from retrieval.trials import Trial
from retrieval.understood import Understood

MOST = 100  # answers, best first, whose images are looked for


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
    view: View | None,
    head_blind: Baseline,
    progress: Progress = silent,
) -> list[Judged]:
    """Answer every trial from the graph, and compare. Trials with images need the view that these are from."""
    found = []
    with progress("grounded", len(trials)) as advance:
        for trial in trials:
            found.append(judged(answerer, trial, view, fails(head_blind, trial)))
            advance(1)
    return found


def about_all_shown(answerer: Answerer, trial: Trial, view: View | None) -> Trial:
    """Return a trial that counts what is true of any entity that its image shows, where one flag is that of several."""
    place = view.place(trial) if view else -1
    relation = answerer.understanding.relations.by_path.get(trial.relation)
    if view is None or place < 0 or relation is None or len(view.album.owners[place]) < 2:
        return trial
    slots = [Slot(owner, relation, trial.direction) for owner in view.album.owners[place]]
    found = answerer.reader.fill(slots, answerer.understanding.relations)
    return replace(trial, answers=trial.answers.union(edge.other.id for each in found for edge in each.edges))


def judged(answerer: Answerer, trial: Trial, view: View | None, prior_fails: bool) -> Judged:
    """Answer one trial from the graph."""
    place = view.place(trial) if view else -1
    shown = view.read(place) if view and place >= 0 else None
    understood = answerer.understanding.understand(trial.turn.value, view.seen(trial) if view else None, shown)
    each = understood[0] if understood else None
    ranked = [other.id for other in answerer.answers(each)] if each else []
    link = each.link if each else None
    subjects = {trial.subject, *(view.album.owners[place] if view and place >= 0 else ())}
    path = answerer.understanding.relations.each[link.relation].path if link and link.relation is not None else None
    same_end = link is not None and (link.direction == trial.direction or frozenset(ranked) == trial.answers)
    return Judged(
        trial,
        linked=link is not None and link.subject.id in subjects,
        related=path == trial.relation and same_end,
        outcome=outcome_of(answerer, trial, each, ranked, view, prior_fails),
    )


def outcome_of(
    answerer: Answerer, trial: Trial, each: Understood | None, ranked: Ranked, view: View | None, prior_fails: bool
) -> Outcome:
    """Compare the answers, or the images of the answers, with what is right."""
    if trial.format in ("T2T", "I2T"):
        places: list[int] = []
        hits = [entity in trial.answers for entity in ranked]
    elif view is None or each is None or not each.wish:
        places, hits = [], []
    else:
        there = view.gallery(trial)
        images = answerer.reader.images(ranked[:MOST])
        found = [view.number.get(image.sha256, -1) for entity in ranked[:MOST] for image in images.get(entity, ())]
        places = list(dict.fromkeys(place for place in found if place >= 0 and there[place]))
        hits = [not trial.answers.isdisjoint(view.album.owners[place]) for place in places]
    return Outcome(trial.relation, rank_of(hits), prior_fails, exact_rank(trial, view, places))


def exact_rank(trial: Trial, view: View | None, places: Sequence[int]) -> int | None:
    """Return the rank of the very image that the dialogue answers with, among the places found; 0 if it is not there.

    None where the gallery lacks it, or no image is asked for.
    """
    place = view.number.get(trial.target, -1) if view and trial.target else -1
    if view is None or place < 0 or not view.gallery(trial)[place]:
        return None
    return rank_of([other == place for other in places])


def table(outcomes: Mapping[Format, Sequence[Outcome]], gallery: int | None) -> dict[str, Any]:
    """Return the figures by format, those that were judged."""
    return {
        form.lower(): figures(found, images=form.endswith("I"), gallery=gallery if "I" in form else None)
        for form, found in outcomes.items()
        if found
    }


def by_format(found: Iterable[tuple[Trial, Outcome]]) -> dict[Format, list[Outcome]]:
    """Group outcomes by format."""
    groups: dict[Format, list[Outcome]] = {form: [] for form in FORMATS}
    for trial, outcome in found:
        groups[trial.format].append(outcome)
    return groups


def alone(found: Sequence[Judged], part: Callable[[Judged], bool]) -> dict[str, Any]:
    """Return the share of trials in which one part is right, by format and over all."""
    groups: dict[str, list[Judged]] = {"all": list(found)}
    groups |= {form.lower(): [each for each in found if each.trial.format == form] for form in FORMATS}
    return {
        name: leaf([Outcome(o.outcome.relation, int(part(o)), o.outcome.prior_fails) for o in group], images=False)
        for name, group in groups.items()
        if group
    }


def parts(found: Sequence[Judged]) -> dict[str, Any]:
    """Return linking and relation, each on its own, and both on wordings that occur in test only."""
    met, kept = ([each for each in found if each.trial.held_out == is_kept] for is_kept in (False, True))
    return {
        "linking": alone(met, lambda each: each.linked),
        "relation": alone(met, lambda each: each.related),
        "held_out_wordings": {
            "linking": alone(kept, lambda each: each.linked),
            "relation": alone(kept, lambda each: each.related),
            "answer": alone(kept, lambda each: each.outcome.first),
        },
    }
