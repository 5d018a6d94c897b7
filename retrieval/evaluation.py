"""A whole evaluation of a run on the test split of its dialogues: `kwk evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dialogue.types import FORMATS
from ingest.target import Tower, choose_tower
from kg.progress import Progress, silent
from kg.stores import Stores
from model.run import Run
from retrieval.album import Album, View, read_album, view
from retrieval.answer import Answerer
from retrieval.assemble import image_roots, open_answerer
from retrieval.baselines import Baseline, head_blind, judge_baseline, nearest_image, question_blind
from retrieval.calibration import calibration
from retrieval.closed_book import closed_book
from retrieval.embeddings import KINDS, tail_ranker
from retrieval.evaluate import Judged, about_all_shown, by_format, judge, parts, table
from retrieval.ground import Reader
from retrieval.harness import Harness, read_harness
from retrieval.language_baseline import language_model
from retrieval.lmms_export import export_tasks
from retrieval.metrics import Outcome, difference
from retrieval.names import NameIndex
from retrieval.outcomes import Tables, by_wording
from retrieval.trials import Prior, Trial, read_prior, read_trials
from retrieval.visual_cache import open_cache

LIMIT = 400  # questions of each format and kind of wording, unless more are asked for


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What decides an evaluation."""

    dialogues: Path
    limit: int | None = LIMIT  # questions of each format, in wordings of train and in kept ones
    seed: int = 0
    embeddings: bool = False  # whether knowledge-graph embeddings are fitted beside
    llm: str | None = None  # a language model that is asked in words beside, see `retrieval.language_baseline`
    grounded: bool = True  # whether answers from the graph are judged, or those by heart alone
    visual_cache: bool = False  # whether runs read pictures through their visual cache


@dataclass(frozen=True, eq=False)
class Judgement:
    """What came of a run: its trials by table, on images as it was trained on and on those of a style never seen."""

    run: Run
    harness: Harness
    seen: Tables
    parts: Mapping[str, Any]
    unseen: Tables = field(default_factory=dict)
    unseen_parts: Mapping[str, Any] | None = None
    baselines: Tables = field(default_factory=dict)


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
    space: str = ""  # of the tower that measured the album

    @property
    def head_blind(self) -> Baseline:
        """Return the prior that decides which trials are prior-defeating."""
        return head_blind(self.prior)

    def seeing_as(self, run: Run) -> Evaluation:
        """Return the same with the album as another run sees it."""
        if self.album is None or run.descriptor is None or run.tower.space == self.space:
            return self
        album = measured_album(self.stores, self.graph, run.tower, self.progress)
        return replace(self, album=album, space=run.tower.space)

    def judge(self, run: Run, baselines: bool = True) -> Judgement:
        """Ask a run, and what it is compared with."""
        if (seeing := self.seeing_as(run)) is not self:
            return seeing.judge(run, baselines)
        answerer = open_answerer(self.stores, self.graph, self.home, run, self.progress)
        harness = read_harness(run.manifest, self.graph, self.settings.dialogues, self.trials)
        seen = self._view(run, unseen=False)
        tables, found = self._judged(run, answerer, seen)
        beside = self._baselines(seen, answerer.understanding.names) if baselines else {}
        if not (run.holdout_style and self.album and harness.kind != "zero-shot"):
            return Judgement(run, harness, tables, parts(found), baselines=beside)
        unseen, others = self._judged(run, answerer, self._view(run, unseen=True), images_only=True)
        return Judgement(run, harness, tables, parts(found), unseen, parts(others), beside)

    def report(self, ours: Judgement, theirs: Judgement | None = None) -> dict[str, Any]:
        """Return the figures of a run, and how it differs from another."""
        report = {
            "run": ours.run.manifest.id,
            "graph": self.graph,
            "split": "test",
            "visual_cache": self.settings.visual_cache,
            "harness": ours.harness.record(),
            "metrics": self._metrics(ours.seen),
            "parts": ours.parts,
            "calibration": calibrations(ours.seen),
            "baselines": self._metrics(ours.baselines),
        }
        if ours.unseen_parts is not None:
            report["unseen_style"] = {
                "style": ours.run.holdout_style,
                "metrics": self._metrics(ours.unseen),
                "parts": ours.unseen_parts,
            }
        if theirs:
            report["against"] = {
                "run": theirs.run.manifest.id,
                "harness": theirs.harness.record(),
                "metrics": self._metrics(theirs.seen),
                "difference": differences(ours.seen, theirs.seen),
            }
        return report

    def export_tasks(self, out: Path) -> dict[str, int]:
        """Write the questions as tasks of lmms-eval; return how many each has."""
        reader = Reader(self.stores.driver, self.graph)
        names = {entity.id: entity for entity in reader.entities()}
        return export_tasks(out, self.graph, self.trials, names, image_roots(reader), self.head_blind)

    def _view(self, run: Run, unseen: bool) -> View | None:
        if self.album is None or run.descriptor is None:
            return None
        holdout = run.holdout_style if run.holdout_style in self.album.styles or unseen else None
        cache = open_cache(self.stores, run, self.progress) if self.settings.visual_cache else None
        return view(self.album, run.descriptor, holdout, unseen, cache)

    def _judged(
        self, run: Run, answerer: Answerer, seen: View | None, images_only: bool = False
    ) -> tuple[Tables, list[Judged]]:
        """Return what came of the trials that fit a view, by table, and the parts of the grounded answers."""
        fitting = [about_all_shown(answerer, trial, seen) for trial in fitted(self.trials, seen)]
        if images_only:
            fitting = [trial for trial in fitting if trial.format != "T2T"]
        found = judge(answerer, fitting, seen, self.head_blind, self.progress) if self.settings.grounded else []
        book = closed_book(run, answerer.understanding.names, seen, answerer.understanding.encode)
        by_heart = book.judge(fitting, self.head_blind, self.progress)
        tables = {"grounded": [(each.trial, each.outcome) for each in found]} if self.settings.grounded else {}
        tables["closed_book"] = by_heart.spoken
        others = {"closed_book_name_masked": by_heart.masked, "closed_book_described": by_heart.described}
        return by_wording(tables | {name: pairs for name, pairs in others.items() if pairs}), found

    def _metrics(self, tables: Tables) -> dict[str, Any]:
        size = len(self.album.shas) if self.album else None
        return {name: table(by_format(found), size) for name, found in tables.items()}

    def _baselines(self, seen: View | None, index: NameIndex) -> Tables:
        fitting = [trial for trial in fitted(self.trials, seen) if not trial.held_out]
        baselines = {"head_blind_prior": self.head_blind, "question_blind_prior": question_blind(self.prior)}
        if seen:
            baselines["nearest_image"] = nearest_image(seen)
        if self.settings.embeddings:
            train = self.settings.dialogues / "train.jsonl"
            baselines |= {kind: tail_ranker(train, kind, self.settings.seed, self.progress) for kind in KINDS}
        if self.settings.llm:
            train, names = self.settings.dialogues / "train.jsonl", {id: each.names for id, each in index.by_id.items()}
            baselines["language_model"] = language_model(
                self.settings.llm, train, fitting, names, self.settings.seed, self.progress
            )
        return {
            name: judge_baseline(baseline, asked(name, fitting), self.head_blind)
            for name, baseline in baselines.items()
        }


def asked(baseline: str, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that a baseline can answer at all."""
    if baseline in (*KINDS, "language_model"):  # of T2T alone: it sees no image
        return [trial for trial in trials if trial.format == "T2T"]
    return [trial for trial in trials if trial.image or baseline != "nearest_image"]


def fitted(trials: Iterable[Trial], seen: View | None) -> list[Trial]:
    """Return the trials that fit a view; without images, those for text."""
    if seen is None:
        return [trial for trial in trials if trial.format == FORMATS[0]]
    return [found for trial in trials if (found := seen.fitting(trial)) is not None and seen.answerable(found)]


def calibrations(tables: Tables) -> dict[str, Any]:
    """Return how sure and how right the slot is, by table and format, where answers come with a confidence."""
    found = {
        name: {
            form.lower(): each for form, pairs in by_format(rows).items() if (each := calibration(pairs)) is not None
        }
        for name, rows in tables.items()
    }
    return {name: each for name, each in found.items() if each}


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
    stores: Stores,
    graph: str,
    home: Path,
    settings: EvaluateSettings,
    progress: Progress = silent,
    tower: Tower | None = None,
) -> Evaluation:
    """Read what runs on a graph are judged with, as a tower sees it, `lite` unless it is given.

    Raises DataError if the dialogues ask nothing.
    """
    tower = tower or choose_tower()
    trials = read_trials(settings.dialogues, settings.limit, settings.seed)
    album = measured_album(stores, graph, tower, progress)
    prior = read_prior(settings.dialogues)
    return Evaluation(stores, graph, home, settings, trials, prior, album, progress, tower.space)


def measured_album(stores: Stores, graph: str, tower: Tower, progress: Progress) -> Album | None:
    """Read a graph's images as a tower sees them; None if there are fewer than two."""
    reader = Reader(stores.driver, graph)
    return read_album(stores, reader, image_roots(reader), tower.load(), progress)
