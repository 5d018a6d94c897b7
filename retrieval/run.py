"""A trained run as questions about a graph are answered with it: what it believes a question asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.errors import CheckpointError
from model import checkpoint
from retrieval.relations import Relations

if TYPE_CHECKING:
    from model.run import Run

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Believes:
    """What the states of a run at <KNO> say of the relations of a graph as it is now."""

    run: Run
    relations: Relations

    @cached_property
    def _columns(self) -> NDArray[np.int64]:
        """Return the run's class of each column, -1 where the run has not met the relation. (2R,)"""
        place = {path: number for number, path in enumerate(self.run.relations)}
        numbers = np.array([place.get(relation.path, -1) for relation in self.relations.each], np.int64)
        return np.where(np.repeat(numbers, 2) < 0, -1, 2 * np.repeat(numbers, 2) + np.tile([0, 1], len(numbers)))

    def belief(self, question: str, noun: str, subject: str, shown: Floats | None) -> Floats:
        """Return the probability of each column, (2R,).

        `question` is masked with `model.questions.HOLE`, `noun` says what its subject is ("country"); `shown` is the
        measured picture that shows the subject, if one does.
        """
        asked = question if question.endswith((".", "!", "?")) else f"{question}?"
        shares = self.run.relation_shares(asked, noun, subject, shown)
        found: Floats = np.where(self._columns >= 0, shares[self._columns], 0).astype(np.float32)
        return found

    def shares(self, question: str, names: Sequence[str]) -> Floats:
        """Return how probable each of some names is as the answer to a question, among all of them, (N,)."""
        from model.generate import name_shares

        return name_shares(self.run, question, names)


def choose_run(home: Path, graph: str, name: str | None) -> Run | None:
    """Return the run that a command means: the one that is named, else the graph's newest, if there is one.

    Raises CheckpointError if the named one is not there, or was trained on another graph.
    """
    if name is None and not checkpoint.runs(home, graph):
        return None
    return open_run(checkpoint.find(home, name), graph) if name else open_run(checkpoint.find(home, None, graph), graph)


def open_run(folder: Path, graph: str, zero_shot: bool = False) -> Run:
    """Load a run. Raises CheckpointError if it was trained on another graph, unless it is to be asked zero-shot."""
    from model.run import load  # seconds of imports, which an answer without a run does not need

    manifest = checkpoint.read_manifest(folder)
    if manifest.graph != graph and not zero_shot:
        raise CheckpointError(f"The run {manifest.id} was trained on '{manifest.graph}', not on '{graph}'.")
    return load(folder)
