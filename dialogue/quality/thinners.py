"""Filters that thin out what there is much of: each puts a dialogue into groups, of which so many may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dialogue.quality.clusters import Clusters, cluster
from dialogue.quality.communities import community_of
from dialogue.quality.features import Eye
from dialogue.quality.judges import Line
from dialogue.quality.rounds import rounds_of
from dialogue.quality.rules import Rule
from dialogue.quality.survey import Survey
from dialogue.quality.text import asked_about, plain
from kg.errors import DataError

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Grouping(Protocol):
    """Puts dialogues into groups."""

    def __call__(self, lines: Sequence[Line]) -> Iterator[Sequence[str]]:
        """Yield the groups of each dialogue: once for each round or image that is of one."""
        ...


def grouping_for(rule: Rule, survey: Survey, embed: Embed | None, eye: Eye | None) -> Grouping:
    """Return how a rule groups dialogues. Raises DataError if what it needs was not given."""
    if rule.name == "V4":
        return by_community(survey)
    if rule.name == "V5":
        if embed is None:
            raise DataError("V5 needs an encoder of sentences.")
        return by_response(survey, embed)
    if rule.name == "V6":
        if eye is None:
            raise DataError("V6 needs an encoder of images; name one with --encoder.")
        return by_image(survey, eye)
    return by_task(survey.tasks)


def by_community(survey: Survey) -> Grouping:
    """Group by the communities of words that the questions belong to."""
    known = {task: survey.communities(task) for task in survey.questions}

    def groups(lines: Sequence[Line]) -> Iterator[Sequence[str]]:
        for line in lines:
            found = []
            for this in rounds_of(line.dialogue):
                about = asked_about(plain(this.asked.value), this.lang)[0]
                community = community_of(about, known.get(this.task, {}))
                if community is not None:
                    found.append(f"{this.task} {community}")
            yield found

    return groups


def by_response(survey: Survey, embed: Embed) -> Grouping:
    """Group by the density clusters that the answers fall into."""
    texts = [text for _, text in survey.answers.items()]
    clusters = cluster(embed(texts) if texts else np.empty((0, 1), np.float32))

    def groups(lines: Sequence[Line]) -> Iterator[Sequence[str]]:
        said = [[plain(this.given.value) for this in rounds_of(line.dialogue)] for line in lines]
        distinct = sorted({text for texts in said for text in texts})
        where = dict(zip(distinct, clusters.assign(embed(distinct)).tolist(), strict=True)) if distinct else {}
        for texts in said:
            yield [str(where[text]) for text in texts if where[text] >= 0]

    return groups


def by_image(survey: Survey, eye: Eye) -> Grouping:
    """Group by the density clusters that the images fall into."""
    parts = [rows for _, rows in eye.see({sha: file for sha, (file, _) in survey.images.items()})]
    clusters = cluster(np.concatenate(parts) if parts else np.empty((0, 1), np.float32))
    known: dict[str, int] = {}

    def groups(lines: Sequence[Line]) -> Iterator[Sequence[str]]:
        shown = [{i.sha256: i.file for turn in line.dialogue.turns for i in turn.images} for line in lines]
        _learn(
            known, {sha: file for images in shown for sha, file in images.items() if sha not in known}, eye, clusters
        )
        for images in shown:
            yield [str(known[sha]) for sha in images if known.get(sha, -1) >= 0]

    return groups


def _learn(known: dict[str, int], files: Mapping[str, str], eye: Eye, clusters: Clusters) -> None:
    known |= dict.fromkeys(files, -1)
    for shas, rows in eye.see(files):
        known |= dict(zip(shas, clusters.assign(rows).tolist(), strict=True))


def by_task(counts: Counter[str]) -> Grouping:
    """Group a dialogue by the rarest of its tasks."""

    def groups(lines: Sequence[Line]) -> Iterator[Sequence[str]]:
        for line in lines:
            tasks = {this.task for this in rounds_of(line.dialogue)}
            yield [min(tasks, key=lambda task: (counts[task], task))] if tasks else []

    return groups
