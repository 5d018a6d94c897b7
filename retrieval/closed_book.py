"""What a model answers by itself, without the graph: the name that it says at <KNO>, the images that <RET> finds.

`<RET>` is judged on the model's own free-running text, and once more right after the question, where no name tells it
what to look for; and beside it TextBind's way, which has no such token: what the model wrote is looked for in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kg.progress import Progress, silent
from model.generate import Names, speak
from model.run import Run
from retrieval.album import View
from retrieval.baselines import Baseline, fails
from retrieval.evaluate import exact_rank
from retrieval.metrics import Outcome, rank_of
from retrieval.names import NameIndex
from retrieval.relations import Encode
from retrieval.text_tower import TextTower, fit_text_tower
from retrieval.trials import Trial

Floats = NDArray[np.float32]


Pairs = list[tuple[Trial, Outcome]]


class Answered(NamedTuple):
    """What came of trials that a run answered by heart."""

    spoken: Pairs  # in the model's own text
    masked: Pairs  # images that <RET> finds right after the question
    described: Pairs  # images that a text tower finds by the model's own text


@dataclass(frozen=True, eq=False)
class ClosedBook:
    """A run that answers by heart."""

    run: Run
    names: Names
    ids: Mapping[str, frozenset[str]]  # name -> the entities that are called so
    view: View | None
    keys: Floats  # (N, retrieval width) of the view's images
    tower: TextTower | None = None

    def judge(self, trials: Sequence[Trial], head_blind: Baseline, progress: Progress = silent) -> Answered:
        """Answer every trial by heart, and those for images in the other two ways too."""
        found = Answered([], [], [])
        with progress("closed-book", len(trials)) as advance:
            for trial in trials:
                prior_fails = fails(head_blind, trial)
                text, outcome = self._answered(trial, prior_fails)
                found.spoken.append((trial, outcome))
                if trial.format in ("T2I", "I2I"):
                    prompt = self.run.prompt([trial.turn])
                    (query,) = self.run.ret_queries([prompt], self._measured(trial))
                    found.masked.append((trial, self._found(trial, query, prior_fails)))
                    if self.tower:
                        found.described.append((trial, self._described(trial, self.tower.query(text), prior_fails)))
                advance(1)
        return found

    def _measured(self, trial: Trial) -> Floats:
        if trial.image is None or self.view is None:
            return self.run.no_images
        return self.view.read(self.view.place(trial))[None]

    def _answered(self, trial: Trial, prior_fails: bool) -> tuple[str, Outcome]:
        """Compare what the model says, or the images that it looks for, with what is right; nothing said is wrong.

        Return what it wrote before the first image, too.
        """
        queries: list[Floats] = []

        def show(state: Tensor) -> None:
            queries.append(self.run.ret_query(state))

        said = speak(self.run, [trial.turn], self._measured(trial), self.names, show)
        sure = said.sure[0] if said.sure else None
        if trial.format in ("T2T", "I2T"):
            rank = rank_of([not trial.answers.isdisjoint(self.ids[name]) for _, name in said.names[:1]])
            return said.text, Outcome(trial.relation, rank, prior_fails, confidence=sure)
        text = said.text[: said.shown[0]] if said.shown and said.shown[0] else said.text
        return text, self._found(trial, queries[0] if queries else None, prior_fails)

    def _found(self, trial: Trial, query: Floats | None, prior_fails: bool) -> Outcome:
        """Rank all images by how near they are to where the model looks."""
        return self._ranked(trial, self.keys, query, prior_fails)

    def _described(self, trial: Trial, query: Floats, prior_fails: bool) -> Outcome:
        """Rank all images by how near they are to what the text tower makes of the model's words."""
        assert self.view is not None  # noqa: S101 - there is a tower
        return self._ranked(trial, self.view.vectors, query, prior_fails)

    def _ranked(self, trial: Trial, keys: Floats, query: Floats | None, prior_fails: bool) -> Outcome:
        places: list[int] = []
        if self.view is not None and query is not None:
            there = np.flatnonzero(self.view.gallery(trial))
            places = there[np.argsort(-(keys[there] @ query), kind="stable")].tolist()
        owners = self.view.album.owners if self.view else ()
        rank = rank_of([not trial.answers.isdisjoint(owners[place]) for place in places])
        return Outcome(trial.relation, rank, prior_fails, exact_rank(trial, self.view, places))


def closed_book(run: Run, index: NameIndex, view: View | None, encode: Encode | None = None) -> ClosedBook:
    """Return a run that answers by heart, in the names of a graph's entities.

    With `encode`, a frozen sentence encoder, its descriptions are looked for too.
    """
    ids: dict[str, set[str]] = {}
    for entity in index.by_id.values():
        for name in (entity.name, *entity.names):
            ids.setdefault(name, set()).add(entity.id)
    main = sorted({entity.name for entity in index.by_id.values()})
    keys = run.ret_keys(view.album.measured) if view else np.zeros((0, 1), np.float32)
    tower = fit_text_tower(view, run.holdout_style, index, encode) if view and encode else None
    return ClosedBook(
        run, Names.of(main, run.tokenizer), {name: frozenset(found) for name, found in ids.items()}, view, keys, tower
    )
