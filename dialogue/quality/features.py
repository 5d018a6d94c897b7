"""Embeddings of images, from the store that holds them or by an encoder, and how well an image fits to a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.quality.pictures import below, flattened, opened
from kg.errors import DataError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ingest.encoders import Encoder

Features = NDArray[np.float32]
PART = 64  # images that are read at a time
PROMPT = "a picture of {}"


@dataclass(slots=True)
class Eye:
    """Sees images as an encoder does. `engine`, where it is given, is asked for what it holds before files are read."""

    encoder: Encoder
    root: Path | None
    engine: Engine | None = None
    stored: int = 0  # embeddings that came from the store
    _texts: dict[str, Features] = field(default_factory=dict)

    def see(self, files: Mapping[str, str]) -> Iterator[tuple[list[str], Features]]:
        """Yield parts of sha256 -> file: the sha256 of those that could be seen, their features (N, D) of length 1."""
        wanted = list(files)
        for start in range(0, len(wanted), PART):
            part = wanted[start : start + PART]
            found = self._held(part)
            found |= self._encoded({sha: files[sha] for sha in part if sha not in found})
            if found:
                yield list(found), np.stack(list(found.values()))

    def _held(self, part: Sequence[str]) -> dict[str, Features]:
        from kg import vectors

        if self.engine is None:
            return {}
        held = vectors.fetch(self.engine, self.encoder.space, part, self.encoder.width)
        self.stored += len(held)
        return {sha: vector / max(float(np.linalg.norm(vector)), 1e-12) for sha, vector in held.items()}

    def _encoded(self, files: Mapping[str, str]) -> dict[str, Features]:
        pictures = {}
        for sha, file in files.items():
            place = below(self.root, file)
            if place is not None:
                with opened(place) as picture:
                    if picture is not None:
                        pictures[sha] = flattened(picture)
        return dict(zip(pictures, self.encoder.encode(list(pictures.values())), strict=True))

    @property
    def reads(self) -> bool:
        """Say whether the encoder also has a text tower."""
        return self.encoder.encode_text is not None

    def match(self, image: Features, name: str) -> float:
        """Return 100 times the cosine of an image's features (D,) and a name's. Raises DataError without text tower."""
        if self.encoder.encode_text is None:
            raise DataError(f"The encoder of {self.encoder.space} has no text tower; name one with --encoder.")
        if name not in self._texts:
            if len(self._texts) >= 50_000:
                self._texts.clear()
            self._texts[name] = self.encoder.encode_text([PROMPT.format(name)])[0]
        return 100 * float(image @ self._texts[name])
