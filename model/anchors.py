"""What negatives are drawn for: a question with the image that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.gallery import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Questions with the images that answer them, by numbers."""

    image: Ints  # (A,) in the gallery
    entity: Ints  # (A,) whom the image shows
    relation: Ints  # (A,) -1 where nothing was asked
    asks_tail: NDArray[np.bool_]  # (A,)
    answers: Sequence[Ints]  # A lists of entities: every true answer
    subject: Ints  # (A,) whom the question is about, -1 where nothing was asked
    keys: Sequence[bytes] = ()  # A of them, alike where all of the above is: what is known of an anchor is found by it

    def __post_init__(self) -> None:
        if not self.keys:
            columns = self.image, self.subject, self.relation, self.asks_tail, self.entity
            rows = np.stack(columns, axis=1).astype(np.int32)
            pairs = zip(rows, self.answers, strict=True)
            object.__setattr__(self, "keys", [row.tobytes() + answers.tobytes() for row, answers in pairs])
