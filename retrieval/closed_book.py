"""What a model answers by itself, without the graph: the name that it says at <KNO>, the images that <RET> finds.

`<RET>` is judged on the model's own free-running text, and once more right after the question, where no name tells it
what to look for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kg.progress import Progress, silent
from model.generate import Names, speak
from model.run import Run
from retrieval.album import View
from retrieval.baselines import Baseline
from retrieval.evaluate import SHOWN, fails
from retrieval.metrics import Outcome
from retrieval.names import NameIndex
from retrieval.trials import Trial

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ClosedBook:
    """A run that answers by heart."""

    run: Run
    names: Names
    ids: Mapping[str, frozenset[str]]  # name -> the entities that are called so
    view: View | None
    keys: Floats  # (N, retrieval width) of the view's images

    def judge(
        self, trials: Sequence[Trial], head_blind: Baseline, progress: Progress = silent
    ) -> tuple[list[tuple[Trial, Outcome]], list[tuple[Trial, Outcome]]]:
        """Answer every trial by heart; return what came of it, and of those for images with the name masked."""
        spoken: list[tuple[Trial, Outcome]] = []
        masked: list[tuple[Trial, Outcome]] = []
        with progress("closed-book", len(trials)) as advance:
            for trial in trials:
                prior_fails = fails(head_blind, trial)
                spoken.append((trial, self._outcome(trial, self._answered(trial), prior_fails)))
                if trial.format in ("T2I", "I2I"):
                    prompt = self.run.prompt([trial.turn])
                    (query,) = self.run.ret_queries([prompt], self._measured(trial))
                    masked.append((trial, self._outcome(trial, self._found(trial, query), prior_fails)))
                advance(1)
        return spoken, masked

    def _measured(self, trial: Trial) -> Floats:
        if trial.image is None or self.view is None:
            return self.run.no_images
        return self.view.album.measured[[self.view.place(trial)]]

    def _answered(self, trial: Trial) -> list[bool]:
        """Say whether what the model says, or each image that it finds, is right; nothing where it gives none."""
        queries: list[Floats] = []

        def show(state: Tensor) -> None:
            queries.append(self.run.ret_query(state))

        said = speak(self.run, [trial.turn], self._measured(trial), self.names, show)
        if trial.format in ("T2T", "I2T"):
            return [not trial.answers.isdisjoint(self.ids[name]) for _, name in said.names[:1]]
        return self._found(trial, queries[0]) if queries else []

    def _found(self, trial: Trial, query: Floats) -> list[bool]:
        """Say whether each of the nearest images shows a right answer."""
        if self.view is None:
            return []
        there = np.flatnonzero(self.view.gallery(trial))
        best = there[np.argsort(-(self.keys[there] @ query), kind="stable")[:SHOWN]]
        return [not trial.answers.isdisjoint(self.view.album.owners[place]) for place in best]

    def _outcome(self, trial: Trial, hits: Sequence[bool], prior_fails: bool) -> Outcome:
        return Outcome(trial.relation, list(hits[:1]) == [True], any(hits), prior_fails)


def closed_book(run: Run, index: NameIndex, view: View | None) -> ClosedBook:
    """Return a run that answers by heart, in the names of a graph's entities."""
    ids: dict[str, set[str]] = {}
    for entity in index.by_id.values():
        for name in (entity.name, *entity.names):
            ids.setdefault(name, set()).add(entity.id)
    main = sorted({entity.name for entity in index.by_id.values()})
    keys = run.ret_keys(view.album.measured) if view else np.zeros((0, 1), np.float32)
    return ClosedBook(
        run, Names.of(main, run.tokenizer), {name: frozenset(found) for name, found in ids.items()}, view, keys
    )
