"""A whole evaluation of a run on the test split of its dialogues: `kwk evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.types import FORMATS
from ingest.encoders import effnet_lite0
from kg.progress import Progress, silent
from kg.stores import Stores
from model.run import Run
from retrieval.album import Album, View, read_album, view
from retrieval.answer import Answerer
from retrieval.assemble import image_roots, open_answerer
from retrieval.baselines import Baseline, head_blind, nearest_image, question_blind
from retrieval.closed_book import closed_book
from retrieval.evaluate import Judged, about_all_shown, by_format, judge, judge_baseline, parts, table
from retrieval.ground import Reader
from retrieval.metrics import Outcome, difference
from retrieval.trials import Prior, Trial, read_prior, read_trials

LIMIT = 400  # questions of each format, unless more are asked for

Tables = dict[str, list[tuple[Trial, Outcome]]]  # grounded, closed_book, … -> what came of each trial


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What decides an evaluation."""

    dialogues: Path
    limit: int | None = LIMIT  # questions of each format
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a run is judged with: the graph as it is now, the test split, the priors of the training split."""

    stores: Stores
    graph: str
    home: Path
    settings: EvaluateSettings
    trials: Sequence[Trial]
    prior: Prior
    album: Album | None
    progress: Progress = field(default=silent)

    @property
    def head_blind(self) -> Baseline:
        """Return the prior that decides which trials are prior-defeating."""
        return head_blind(self.prior)

    def report(self, run: Run, against: Run | None = None) -> dict[str, Any]:
        """Judge a run, and how it differs from another."""
        answerer = open_answerer(self.stores, self.graph, self.home, run, self.progress)
        seen = self._view(run, unseen=False)
        tables, found = self._judged(run, answerer, seen)
        report = {
            "run": run.manifest.id,
            "graph": self.graph,
            "split": "test",
            "metrics": self._metrics(tables),
            "parts": parts(found),
            "baselines": self._baselines(seen),
        }
        if run.holdout_style and self.album:
            unseen, others = self._judged(run, answerer, self._view(run, unseen=True), images_only=True)
            report["unseen_style"] = {
                "style": run.holdout_style,
                "metrics": self._metrics(unseen),
                "parts": parts(others),
            }
        if against:
            other = open_answerer(self.stores, self.graph, self.home, against, self.progress)
            theirs, _ = self._judged(against, other, self._view(against, unseen=False))
            report["against"] = {
                "run": against.manifest.id,
                "metrics": self._metrics(theirs),
                "difference": differences(tables, theirs),
            }
        return report

    def _view(self, run: Run, unseen: bool) -> View | None:
        if self.album is None or run.descriptor is None:
            return None
        return view(self.album, run.descriptor, run.holdout_style, unseen)

    def _judged(
        self, run: Run, answerer: Answerer, seen: View | None, images_only: bool = False
    ) -> tuple[Tables, list[Judged]]:
        """Return what came of the trials that fit a view, by table, and the parts of the grounded answers."""
        fitting = [about_all_shown(answerer, trial, seen) for trial in fitted(self.trials, seen)]
        if images_only:
            fitting = [trial for trial in fitting if trial.format != "T2T"]
        found = judge(answerer, fitting, seen, self.head_blind, self.progress)
        book = closed_book(run, answerer.understanding.names, seen)
        first = [trial for trial in fitting if trial.first]
        spoken, masked = book.judge(first, self.head_blind, self.progress)
        tables: Tables = {
            "grounded": [(each.trial, each.outcome) for each in found if each.trial.first],
            "closed_book": spoken,
        }
        return tables | ({"closed_book_name_masked": masked} if masked else {}), found

    def _metrics(self, tables: Tables) -> dict[str, Any]:
        size = len(self.album.shas) if self.album else None
        return {name: table(by_format(found), size) for name, found in tables.items()}

    def _baselines(self, seen: View | None) -> dict[str, Any]:
        fitting = [trial for trial in fitted(self.trials, seen) if trial.first]
        baselines = {"head_blind_prior": self.head_blind, "question_blind_prior": question_blind(self.prior)}
        if seen:
            baselines["nearest_image"] = nearest_image(seen)
        size = len(self.album.shas) if self.album else None
        return {
            name: table(judge_baseline(baseline, asked(name, fitting), self.head_blind), size)
            for name, baseline in baselines.items()
        }


def asked(baseline: str, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that a baseline can answer at all."""
    return [trial for trial in trials if trial.image or baseline != "nearest_image"]


def fitted(trials: Iterable[Trial], seen: View | None) -> list[Trial]:
    """Return the trials that fit a view; without images, those for text."""
    if seen is None:
        return [trial for trial in trials if trial.format == FORMATS[0]]
    return [found for trial in trials if (found := seen.fitting(trial)) is not None and seen.answerable(found)]


def differences(ours: Tables, theirs: Tables) -> dict[str, Any]:
    """Return how much more often our first answer is right than theirs, by table and format."""
    return {
        name: {
            form.lower(): gap
            for form in FORMATS
            if (gap := difference(numbered(found, form), numbered(theirs[name], form))) is not None
        }
        for name, found in ours.items()
        if name in theirs
    }


def numbered(found: Iterable[tuple[Trial, Outcome]], form: str) -> Mapping[int, Outcome]:
    """Return the outcomes of one format by the number of their trials."""
    return {trial.number: outcome for trial, outcome in found if trial.format == form}


def open_evaluation(
    stores: Stores, graph: str, home: Path, settings: EvaluateSettings, progress: Progress = silent
) -> Evaluation:
    """Read what runs on a graph are judged with. Raises DataError if the dialogues ask nothing."""
    trials = read_trials(settings.dialogues, settings.limit, settings.seed)
    reader = Reader(stores.driver, graph)
    album = read_album(stores, reader, image_roots(reader), effnet_lite0(), progress)
    return Evaluation(stores, graph, home, settings, trials, read_prior(settings.dialogues), album, progress)
