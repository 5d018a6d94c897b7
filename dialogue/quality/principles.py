"""The review's ten principles of a dataset (section 4), each as numbers, and as values that can be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dialogue.quality import pictures
from dialogue.quality.balance import balance
from dialogue.quality.clusters import Clusters, cluster
from dialogue.quality.survey import Survey

if TYPE_CHECKING:
    from dialogue.quality.features import Eye
    from dialogue.quality.readability import Reader
    from dialogue.verify import Report

TASKS = 40  # of the most frequent tasks, whose words are joined into communities
Figures = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Measure:
    """A principle measured. `values` are counts by name, numbers, or clusters: what its plot shows."""

    principle: str
    title: str
    how: str
    figures: Figures
    values: Mapping[Any, int] | Sequence[float] | Clusters | None = None
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What dearer measures need; where one is missing, the measure says so."""

    root: Path | None = None
    reader: Reader | None = None
    eye: Eye | None = None
    embed: Callable[[Sequence[str]], NDArray[np.float32]] | None = None  # texts -> (N, D) of length 1
    verified: Report | None = None
    seen: Callable[[int], None] = field(default=lambda done: None)


def principles(survey: Survey, instruments: Instruments) -> list[Measure]:
    """Measure all that can be measured with the instruments at hand."""
    looked = [
        (sha, found)
        for sha, (file, _) in survey.images.items()
        if (place := pictures.below(instruments.root, file)) and (found := pictures.measure(place))
    ]
    visual = dict(looked)
    shas, features = _features(survey, instruments)
    steps: list[Callable[[], Measure]] = [
        lambda: _readable(survey, instruments),
        lambda: _sharp(visual, survey),
        lambda: _matching(survey, instruments, shas, features),
        lambda: _correct(instruments),
        lambda: _tasks(survey),
        lambda: _instructions(survey),
        lambda: _responses(survey, instruments),
        lambda: _visual(survey, instruments, shas, features),
        lambda: _complex(survey),
        lambda: _elements(survey),
        lambda: _crowded(visual, survey),
        lambda: _balanced(survey),
    ]
    measures = []
    for step in steps:
        measures.append(step())
        instruments.seen(1)
    return measures


def _features(survey: Survey, instruments: Instruments) -> tuple[list[str], NDArray[np.float32]]:
    if instruments.eye is None:
        return [], np.empty((0, 1), np.float32)
    parts = list(instruments.eye.see({sha: file for sha, (file, _) in survey.images.items()}))
    shas = [sha for part, _ in parts for sha in part]
    return shas, np.concatenate([features for _, features in parts]) if parts else np.empty((0, 1), np.float32)


def _readable(survey: Survey, instruments: Instruments) -> Measure:
    title = "Readability of the text"
    if instruments.reader is None:
        return Measure("V1", title, "Not measured: no language model was named (--readability-model).", {})
    scores = instruments.reader.score([text for _, text in survey.read.items()])
    scores = [score for score in scores if not math.isnan(score)]
    how = (
        f"Mean log-probability of a token, given those before it in the dialogue, under {instruments.reader.name}: "
        f"{len(scores):,} of {survey.read.seen:,} dialogues, drawn by seed."
    )
    return Measure("V1", title, how, spread(scores), scores, "mean log-probability of a token")


def _sharp(visual: Mapping[str, pictures.Seen], survey: Survey) -> Measure:
    values = [found.sharpness for found in visual.values()]
    how = "Variance of the Laplacian of grey values at 256 pixels: "
    return Measure("V1", "Sharpness of the images", how + _drawn(values, survey), spread(values), values, "sharpness")


def _drawn(values: Sequence[float], survey: Survey) -> str:
    distinct = len(set().union(*survey.tally.images.values()))
    missing = len(survey.images.items()) - len(values)
    text = f"{len(values):,} of {distinct:,} images, drawn by seed"
    return text + (f"; {missing:,} more of the sample could not be read." if missing else ".")


def _matching(survey: Survey, instruments: Instruments, shas: Sequence[str], features: NDArray[np.float32]) -> Measure:
    title, eye = "Images and names match", instruments.eye
    if eye is None or not eye.reads:
        return Measure("V2", title, "Not measured: no encoder with a text tower was named (--encoder).", {})
    known, values = dict(survey.images.items()), []
    for sha, image in zip(shas, features, strict=True):
        if name := survey.names.get(known[sha][1]):
            values.append(eye.match(image, name))
    figures = spread(values) | {"share under 30 (T2)": share(sum(value < 30 for value in values), len(values))}
    how = f"100 times the cosine of image and entity's name under {eye.encoder.space}: {_drawn(values, survey)}"
    return Measure("V2", title, how, figures, values, "100 × cosine")


def _correct(instruments: Instruments) -> Measure:
    title, found = "Answers hold against the graph", instruments.verified
    if found is None:
        return Measure("V2", title, "Not measured: the dialogues were not checked (--verify).", {})
    figures: Figures = {
        "rounds checked": found.rounds,
        "answers checked": found.answers,
        "images checked": found.images,
        "findings": len(found.findings),
    }
    how = "Every round of every split, by `kwk dialogues verify`, which shares no code with what composes them."
    return Measure("V2", title, how, figures, found.reasons or None, "findings")


def _tasks(survey: Survey) -> Measure:
    found = balance(survey.tasks)
    figures: Figures = {"tasks": found.tasks, "effective tasks (e to the entropy)": round(found.effective, 2)}
    figures |= {"tasks of a dialogue, mean": _mean(survey.tasks_in)}
    how = (
        "A task is a kind of question, a format and the area of the relation (the relation itself where a vocabulary "
        "has no areas). Every round."
    )
    return Measure("V3", "Tasks", how, figures, dict(survey.tasks.most_common(20)), "rounds")


def _instructions(survey: Survey) -> Measure:
    most = [task for task, _ in survey.tasks.most_common(TASKS)]
    found = {task: set(survey.communities(task).values()) for task in most}
    counts = {task: len(each) for task, each in found.items()}
    asked = sum(len(survey.questions[task].items()) for task in most)
    figures: Figures = {
        "communities": sum(counts.values()),
        "communities of a task, mean": round(sum(counts.values()) / max(1, len(counts)), 2),
    }
    how = (
        f"Content words of a task's questions, names left out, joined where two questions hold both; communities by "
        f"Louvain. {asked:,} questions of the {len(most)} commonest tasks, {survey.sizes.questions} of each at most."
    )
    shown = dict(sorted(counts.items(), key=lambda pair: -pair[1])[:20])
    return Measure("V4", "Diversity of instructions", how, figures, shown, "communities of words")


def _responses(survey: Survey, instruments: Instruments) -> Measure:
    title, texts = "Diversity of responses", [text for _, text in survey.answers.items()]
    if instruments.embed is None or not texts:
        return Measure("V5", title, "Not measured: there is no sentence encoder, or no answer.", {})
    found = cluster(instruments.embed(texts))
    how = f"Density clusters (HDBSCAN) of sentence embeddings: {len(texts):,} of {survey.answers.seen:,} answers."
    return Measure("V5", title, how, _clustered(found), found)


def _visual(survey: Survey, instruments: Instruments, shas: Sequence[str], features: NDArray[np.float32]) -> Measure:
    title, eye = "Diversity of images", instruments.eye
    if eye is None or not len(shas):
        return Measure("V6", title, "Not measured: no image could be encoded (--encoder).", {})
    found = cluster(features)
    stored = f", {eye.stored:,} of them as the store holds them" if eye.stored else ""
    how = (
        f"Density clusters (HDBSCAN) of embeddings in {eye.encoder.space}{stored}: {_drawn([0.0] * len(shas), survey)}"
    )
    return Measure("V6", title, how, _clustered(found), found)


def _clustered(found: Clusters) -> Figures:
    return {
        "clusters": found.count,
        "log of clusters": round(math.log(found.count), 2) if found.count else 0.0,
        "share in no cluster": round(found.loose, 4),
    }


def _complex(survey: Survey) -> Measure:
    figures = of_counts(survey.operations)
    how = (
        "Operations that an answer takes: a relation followed from a subject, comparing, counting, deciding, listing, "
        "seeing an image, choosing one, resolving a pronoun: one each. Every round."
    )
    return Measure(
        "V7", "Complexity of instructions", how, figures, dict(sorted(survey.operations.items())), "operations"
    )


def _elements(survey: Survey) -> Measure:
    how = "Content words, names and images of a question, each one element. Every round."
    counts = dict(sorted(survey.elements.items()))
    return Measure("V8", "Elements of an instruction", how, of_counts(survey.elements), counts, "elements")


def _crowded(visual: Mapping[str, pictures.Seen], survey: Survey) -> Measure:
    values = [found.complexity for found in visual.values()]
    how = f"Bits a pixel of JPEG at quality 75, grey, 256 pixels: {_drawn(values, survey)}"
    return Measure("V9", "Complexity of images", how, spread(values), values, "bits a pixel")


def _balanced(survey: Survey) -> Measure:
    found = balance(survey.tasks)
    figures: Figures = {
        "variance of counts over tasks, over the mean squared": round(found.variance, 4),
        "evenness (entropy over its highest)": round(found.evenness, 4),
        "share of the commonest task": round(found.largest, 4),
    }
    ranked = {n: count for n, (_, count) in enumerate(survey.tasks.most_common(), 1)}
    return Measure(
        "V10", "Balance of tasks", "Rounds of each task of V3. Every round.", figures, ranked, "rank of a task"
    )


def spread(values: Sequence[float]) -> Figures:
    """Return mean, median and the middle four fifths of numbers; nothing of none."""
    if not values:
        return {}
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    rounded = {"mean": float(np.mean(values)), "median": middle, "10 %": low, "90 %": high}
    return {name: float(f"{value:.4g}") for name, value in rounded.items()}


def of_counts(counts: Mapping[int, int]) -> Figures:
    """Return mean and highest of what was counted."""
    return {"mean": _mean(counts), "highest": max(counts, default=0)}


def _mean(counts: Mapping[int, int]) -> float:
    return round(sum(value * n for value, n in counts.items()) / max(1, sum(counts.values())), 2)


def share(part: int, whole: int) -> float:
    """Return a share, 0 of nothing."""
    return round(part / max(1, whole), 4)
