"""A text tower for a graph's images: what is described in words is looked for among them, without any token for it.

TextBind's model writes a description of the picture that it would show, and a text encoder takes over (Li et al. 2024).
Here a frozen sentence encoder reads what the model wrote, and a linear map, fitted in closed form on the names of the
entities that the training images show, takes that to where images lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.album import View
from retrieval.names import NameIndex
from retrieval.relations import Encode

Floats = NDArray[np.float32]

RIDGE = 1.0  # weight of the map's squared length


@dataclass(frozen=True, eq=False)
class TextTower:
    """Maps texts to where images lie."""

    encode: Encode
    weights: Floats  # (S + 1, D): a sentence's features and a one, to a descriptor

    def query(self, text: str) -> Floats:
        """Return where the image that a text describes is looked for, (D,) of length 1."""
        found = with_one(self.encode([text])) @ self.weights
        query: Floats = (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9))[0]
        return query


def with_one(features: Floats) -> Floats:
    """Append a one to each row, (N, S + 1)."""
    return np.concatenate([features, np.ones((len(features), 1), np.float32)], axis=1)


def fit_text_tower(view: View, holdout: str | None, names: NameIndex, encode: Encode) -> TextTower:
    """Fit the map on the names of whom the images show, but for those of the held-out style."""
    album = view.album
    rows = [
        (names.by_id[owner].name, place)
        for place, owners in enumerate(album.owners)
        if album.styles[place] != holdout
        for owner in owners
        if owner in names.by_id
    ]
    texts = sorted({name for name, _ in rows})
    number = {name: place for place, name in enumerate(texts)}
    features = with_one(encode(texts))[[number[name] for name, _ in rows]].astype(np.float64)
    images = view.vectors[[place for _, place in rows]].astype(np.float64)
    square = features.T @ features + RIDGE * np.eye(features.shape[1])
    return TextTower(encode, np.linalg.solve(square, features.T @ images).astype(np.float32))
