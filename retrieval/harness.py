"""Which of the harnesses an evaluation is: what the run was trained on, what it is asked, whether it has met the facts.

KnowBLIP (K26) has three: zero-shot, trained on the mix of formats, trained on one format alone. Nobody says which:
it is read from the run and from both folders of dialogues.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dialogue.folder import read_settings
from dialogue.serialise import read_dialogues
from dialogue.types import FORMATS
from kg.errors import DataError
from model.checkpoint import Manifest
from retrieval.trials import Trial

Kind = Literal["zero-shot", "mix", "alone", "some formats"]
_FACTS = {
    "format": "facts trained on in another format",
    "triple": "facts never trained on (triple-disjoint)",
    "entity": "entities never trained on (entity-disjoint)",
    "published": "facts of a published split",
}


@dataclass(frozen=True, slots=True)
class Harness:
    """What a run knew before it was asked."""

    trained_on: str  # graph
    asked_on: str  # graph
    formats: tuple[str, ...]  # that it was trained on; empty where its dialogues are gone
    split: str  # how the dialogues that ask were split: format, triple, entity, published
    stated: float | None  # share of the questions of which a true answer is stated in its training dialogues
    holdout_style: str | None

    @property
    def kind(self) -> Kind:
        """Return which harness of K26 it is."""
        if self.trained_on != self.asked_on:
            return "zero-shot"
        return "mix" if set(self.formats) >= set(FORMATS) else "alone" if len(self.formats) == 1 else "some formats"

    @property
    def title(self) -> str:
        """Say it in words."""
        if self.kind == "zero-shot":
            return f"zero-shot: trained on '{self.trained_on}', asked on '{self.asked_on}'"
        trained = {
            "mix": "trained on the mix of formats",
            "alone": f"trained on {self.formats[:1] and self.formats[0]} alone",
        }
        text = trained.get(self.kind, f"trained on {', '.join(self.formats) or 'dialogues that are gone'}")
        stated = "" if self.stated is None else f"; train states {100 * self.stated:.0f} % of what is asked"
        return f"{text}; {_FACTS.get(self.split, self.split)}{stated}"

    def record(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "trained_on": self.trained_on,
            "asked_on": self.asked_on,
            "formats": list(self.formats),
            "split": self.split,
            "stated": None if self.stated is None else round(self.stated, 4),
            "holdout_style": self.holdout_style,
        }


def read_harness(manifest: Manifest, graph: str, dialogues: Path, trials: Sequence[Trial]) -> Harness:
    """Read which harness it is when a run is asked the trials of a folder of dialogues."""
    trained = Path(manifest.settings["dialogues"])
    try:
        formats = tuple(read_settings(trained)["settings"]["formats"])
        stated = share_stated(trials, trained / "train.jsonl")
    except DataError:  # the folder that it was trained on is gone
        formats, stated = (), None
    return Harness(
        trained_on=manifest.graph,
        asked_on=graph,
        formats=formats,
        split=read_settings(dialogues).get("split", {}).get("by", "format"),
        stated=stated,
        holdout_style=manifest.settings.get("holdout_style"),
    )


def share_stated(trials: Sequence[Trial], train: Path) -> float:
    """Return the share of trials of which some true answer is stated by a file of dialogues. Raises DataError."""
    known = set(stated_in(train))
    return sum(not known.isdisjoint(triples_of(trial)) for trial in trials) / max(len(trials), 1)


def stated_in(path: Path) -> Iterable[tuple[str, str, str]]:
    """Yield the triples that a file of dialogues states, whatever kind of round does it. Raises DataError."""
    for dialogue in read_dialogues(path):
        for turn in dialogue.turns:
            if turn.fact is not None:
                yield from turn.fact.triples


def triples_of(trial: Trial) -> list[tuple[str, str, str]]:
    """Return the triples that answer a trial truly."""
    if trial.direction == "tail":
        return [(trial.subject, trial.relation, answer) for answer in trial.answers]
    return [(answer, trial.relation, trial.subject) for answer in trial.answers]
