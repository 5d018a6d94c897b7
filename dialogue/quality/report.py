"""The report on a folder of dialogues: one HTML file that stands by itself, without a figure that was not computed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from dialogue.leakage import write_leakage
from dialogue.quality import plots
from dialogue.quality.clusters import Clusters
from dialogue.quality.conversation import shown
from dialogue.quality.principles import Measure
from dialogue.quality.survey import Survey
from dialogue.quality.textbind import REASONS
from dialogue.statistics import numbers
from dialogue.types import SPLITS
from dialogue.verify import REASONS as FINDINGS
from dialogue.verify import Report
from kg.errors import DataError
from kg.templates import templates

LEAKAGE = "leakage.json"
ROWS = 200  # of a table that is made from a file of others
PARTS = {"T2T": "text to text", "I2T": "image to text", "T2I": "text to image", "I2I": "image to image"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with what it shows in words."""

    title: str
    svg: Markup
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table beside the papers: None where a paper does not say."""

    name: str
    here: float
    iwk: float | None = None
    textbind: float | None = None


@cache
def papers() -> dict[str, dict[str, Any]]:
    """Return what the papers say of their own datasets."""
    return tomllib.loads((files("dialogue.quality") / "papers.toml").read_text(encoding="utf-8"))


def environment() -> Environment:
    """Return the templates of reports and cards."""
    return templates("dialogue.quality", figure=figure_text)


def figure_text(value: Any) -> str:
    """Return a figure as it is read."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def report(
    folder: Path, settings: Mapping[str, Any], survey: Survey, measures: Sequence[Measure], verified: Report | None
) -> str:
    """Return the report as HTML."""
    root = Path(settings["image_root"]) if settings.get("image_root") else None
    found = numbers(survey.tally)
    return environment().get_template("report.html").render(
        settings=settings,
        found=found,
        papers=papers(),
        rows=compared(found),
        figures=pictured(survey, found),
        measures=[(measure, _plot(measure, n)) for n, measure in enumerate(measures)],
        survey=survey,
        splits=[split for split in SPLITS if found["dialogues"][split]],
        checks=[(name, text, survey.refused[name]) for name, text in REASONS.items()],
        filtered=settings.get("filtered", []),
        verified=verified,
        findings=FINDINGS,
        leakage=leakage(folder),
        conversations=[shown(dialogue, root) for _, dialogue in survey.shown.items()],
    )  # fmt: skip


def compared(found: Mapping[str, Any]) -> list[Row]:
    """Return this dataset's figures beside the papers'."""
    iwk, textbind, images, words = papers()["iwk"], papers()["textbind"], found["images"], found["words"]
    return [
        Row("conversations", found["dialogues"]["total"], None, textbind["dialogues"]),
        Row("rounds", found["rounds"]["total"], iwk["rounds"]),
        Row("entities", found["entities"], iwk["entities"]),
        Row("rounds over entities", found["rounds_by_entities"], iwk["rounds_by_entities"]),
        Row("rounds that an entity takes part in", found["rounds_per_entity"]),
        Row("images of an entity that has some", images["per_entity"], iwk["images_per_entity"]),
        Row("rounds of a conversation", found["rounds_per_dialogue"], iwk["rounds_per_dialogue"],
            textbind["rounds_per_dialogue"]),
        Row("images of a conversation", images["per_dialogue"], None, textbind["images_per_dialogue"]),
        Row("… in instructions", images["per_dialogue_in_instructions"], None, textbind["images_in_instructions"]),
        Row("… in responses", images["per_dialogue_in_responses"], None, textbind["images_in_responses"]),
        Row("words of a conversation", words["per_dialogue"], None, textbind["words_per_dialogue"]),
        Row("… in instructions", words["per_dialogue_in_instructions"], None, textbind["words_in_instructions"]),
        Row("… in responses", words["per_dialogue_in_responses"], None, textbind["words_in_responses"]),
        Row("words of a question", found["words_per_question"]["mean"], iwk["words_per_question"]),
        Row("topics", len(found["topics"]), iwk["topics"]),
        Row("diversity: sum of distinct n-grams over all, n = 2 to 4", found["diversity"]),
        Row("relations", found["relations"]),
        Row("triples", found["triples"]),
    ]  # fmt: skip


def pictured(survey: Survey, found: Mapping[str, Any]) -> list[Figure]:
    """Draw the statistics."""
    tally, iwk = survey.tally, papers()["iwk"]
    asked = {word: n for word, n in found["question_words"].items() if n}
    fields = found["areas"] if len(found["areas"]) > 1 else dict(tally.relations.most_common(20))
    drawn = [
        Figure("Question words", _svg(plots.beside("words", shares(asked), shares(iwk["question_words"]), iwk["name"])),
               "Share of rounds, beside the paper's table 2."),
        Figure("Areas" if fields is found["areas"] else "Relations", _svg(plots.bars("areas", fields, "rounds")),
               f"{len(found['topics'])} topics in {len(found['areas'])} areas; the paper's figures 5 and 9: 63 in 12."
               if fields is found["areas"] else "The vocabulary has no topics; its commonest relations."),
        Figure("Length of questions", _svg(plots.columns("asked", tally.question_length, "words", "rounds",
               {"IWK-300k: over": iwk["words_per_question"]})), "The paper's figure 5 (b)."),
        Figure("Length of answers", _svg(plots.columns("given", tally.answer_length, "words", "rounds"))),
        Figure("Rounds of a conversation", _svg(plots.columns("rounds", tally.lengths, "rounds", "conversations",
               {"IWK-300k": iwk["rounds_per_dialogue"], "TextBind": papers()["textbind"]["rounds_per_dialogue"]}))),
        Figure("Rounds that an entity takes part in", _svg(plots.columns("ends", _counts(tally.entities), "rounds",
               "entities", {"IWK-300k": iwk["rounds_by_entities"]}))),
        Figure("True answers of a question", _svg(plots.columns("answers", tally.answers, "answers", "rounds"))),
        Figure("Formats", _svg(plots.stacked("formats", tally.formats, "% of rounds")), "By split."),
        Figure("Kinds of rounds", _svg(plots.stacked("kinds", tally.kinds, "% of rounds")), "By split."),
        Figure("Strategies", _svg(plots.stacked("strategies", tally.strategies, "% of conversations")), "By split."),
        Figure("Languages", _svg(plots.stacked("languages", tally.languages, "% of conversations")), "By split."),
    ]  # fmt: skip
    if survey.tally.shown.total():
        drawn += [
            Figure("Where images stand", _svg(plots.sides("places", _places(tally.places), "round", "images")),
                   "As in TextBind's figure 4."),
            Figure("Images of a conversation", _svg(plots.columns("shown", tally.shown_in, "images", "conversations",
                   {"TextBind": papers()["textbind"]["images_per_dialogue"]}))),
            Figure("Images of an entity", _svg(plots.columns("album", _counts({name: len(each) for name, each in
                   tally.images.items()}), "images shown of an entity", "entities"))),
        ]  # fmt: skip
    return drawn


def _places(places: Mapping[str, Mapping[int, int]]) -> dict[str, dict[int, int]]:
    names = {"human": "in instructions", "model": "in responses"}
    return {names.get(speaker, speaker): dict(sorted(found.items())) for speaker, found in places.items()}


def _counts(sizes: Mapping[str, int]) -> dict[int, int]:
    """Return how many have each size."""
    found: dict[int, int] = {}
    for n in sizes.values():
        found[n] = found.get(n, 0) + 1
    return dict(sorted(found.items()))


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return counts as shares of their sum."""
    total = max(1, sum(counts.values()))
    return {name: n / total for name, n in counts.items()}


def _plot(measure: Measure, n: int) -> Markup | None:
    """Draw a measure by what its values are."""
    values, name = measure.values, f"measure-{n}"
    if isinstance(values, Clusters):
        return _svg(plots.scatter(name, values))
    if not values:
        return None
    if isinstance(values, Mapping):
        if measure.principle == "V10":
            return _svg(plots.ranked(name, values, measure.axis, "rounds"))
        if all(isinstance(value, int) for value in values):
            return _svg(plots.columns(name, values, measure.axis, "rounds"))
        return _svg(plots.bars(name, values, measure.axis))
    return _svg(plots.histogram(name, values, measure.axis, "dialogues" if "text" in measure.title else "images"))


def _svg(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - drawn by `plots`, which escapes what it is given


def leakage(folder: Path) -> list[tuple[str, str]]:
    """Return a leakage report's figures, counted now if nobody did; one that can't be read says so."""
    path = folder / LEAKAGE
    try:
        if not path.exists():
            write_leakage(folder)
        return list(_flat(json.loads(path.read_bytes())))[:ROWS]
    except (OSError, ValueError, RecursionError, DataError) as exc:
        return [(LEAKAGE, f"can't be read: {exc}")]


def _flat(value: Any, name: str = "") -> Any:
    """Yield the figures of nested mappings and lists, each with its path."""
    pairs: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        pairs = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        pairs = [(str(n), each) for n, each in enumerate(value)]
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else figure_text(value)
        yield name.replace("_", " "), text
    for key, each in pairs:
        yield from _flat(each, f"{name} › {key}" if name else key)
