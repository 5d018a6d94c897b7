"""A whole evaluation of a run on the test split of its dialogues: `kwk evaluate`."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = 400  # questions of each format, unless more are asked for


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What decides an evaluation."""

    limit: int | None = LIMIT  # questions of each format
    seed: int = 0
