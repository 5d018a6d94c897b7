"""Images that may stand in an article: an entity's own by gate rank, any that a text tower finds, or a user's own."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ingest.images import Unusable, decode, read_within
from ingest.target import Tower, choose_tower
from kg import vectors
from kg.errors import DataError
from kg.image_roots import place
from kg.progress import Progress, silent
from retrieval import queries
from retrieval.ground import Reader
from retrieval.names import words_of

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

MOST_FILES = 2_000  # pictures of a repository that are looked at
ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
AT_ONCE = 16  # pictures that are encoded together


@dataclass(frozen=True, slots=True)
class Held:
    """An image that can be placed: where its bytes are, and where it lies in the encoder's space."""

    sha256: str
    root: Path
    path: str
    origin: str  # "graph" or "own"
    vector: Floats | None = field(default=None, compare=False)  # (D,) of length 1

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return PurePosixPath(self.path).name

    def read(self) -> bytes:
        """Return its bytes. Raises Unusable where it is gone, or no longer what it was."""
        data = read_within(self.root, self.path)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise Unusable("corrupt", "is no longer what it was")
        return data


@dataclass(frozen=True, slots=True)
class Space:
    """The space that a graph's pictures are compared in, and whether its text tower knows what they show."""

    tower: Tower
    reads: bool = False
    wording: str = "{name}"


def graph_space(reader: Reader) -> Space:
    """Return the space of a graph's pictures; of a graph without any, that of the offline encoder. Raises DataError."""
    (row,) = reader.rows(queries.TOWER) or [{"space": None, "encoders": (), "in_force": False, "wording": None}]
    names = dict(each.split("\t", 1) for each in row["encoders"] if "\t" in each)
    name = names.get(row["space"] or "", "lite")
    return Space(choose_tower(name), bool(row["in_force"]), row["wording"] or "{name}")


@dataclass(frozen=True, eq=False)
class GraphGallery:
    """The images of a graph."""

    reader: Reader
    engine: Engine
    roots: Sequence[Path]
    space: Space

    def of(self, entities: Iterable[str]) -> dict[str, list[Held]]:
        """Return the images of entities that no gate dropped, the best first."""
        found = self.reader.images(list(dict.fromkeys(entities)))
        shas = [image.sha256 for images in found.values() for image in images]
        placed = self._vectors(shas)
        held: dict[str, list[Held]] = {}
        for entity, images in found.items():
            for image in images:
                root, path = place(self.roots, image.path)
                if root is not None:
                    held.setdefault(entity, []).append(
                        Held(image.sha256, root, path, "graph", placed.get(image.sha256))
                    )
        return held

    def like(self, text: str, most: int) -> list[tuple[Held, str, float]]:
        """Return the images of the graph nearest to a text, whom each shows, and the cosine; none without a tower."""
        encode = self.space.tower.encode_text if self.space.reads else None
        if encode is None:
            return []
        (vector,) = encode([text])
        near = dict(vectors.nearest(self.engine, self.space.tower.space, vector, 8 * most))
        rows = {row["sha256"]: row for row in self.reader.rows(queries.OWNERS, shas=list(near))}
        found = []
        for sha256, cosine in near.items():
            if sha256 not in rows:  # of another graph, or dropped
                continue
            root, path = place(self.roots, rows[sha256]["path"])
            if root is not None:
                found.append((Held(sha256, root, path, "graph"), str(rows[sha256]["entity"]), cosine))
        placed = self._vectors([held.sha256 for held, _, _ in found])
        return [(replace(held, vector=placed.get(held.sha256)), entity, cos) for held, entity, cos in found][:most]

    def _vectors(self, shas: Sequence[str]) -> dict[str, Floats]:
        return vectors.fetch(self.engine, self.space.tower.space, shas, self.space.tower.width) if shas else {}


@dataclass(frozen=True, eq=False)
class Repository:
    """A folder of a user's own pictures, encoded as the graph's are; what was encoded once is kept in a file."""

    folder: Path
    space: Space
    cache: Path  # folder
    progress: Progress = silent

    @cached_property
    def held(self) -> list[Held]:
        """Return its pictures, each content once. Raises DataError where there are none."""
        paths = self._paths()
        found: dict[str, Held] = {}
        kept = self._kept()
        batch: list[tuple[Held, Image.Image]] = []
        refused = 0
        with self.progress("pictures", len(paths)) as advance:
            for path in paths:
                try:
                    data = read_within(self.folder, path)
                    sha256 = hashlib.sha256(data).hexdigest()
                    held = Held(sha256, self.folder, path, "own", kept.get(sha256))
                    if sha256 not in found and held.vector is None:
                        batch.append((held, decode(data)[0]))
                    found.setdefault(sha256, held)
                except Unusable as exc:
                    refused += 1
                    log.info("%s is left out: it %s", path, exc)
                advance(1)
                if len(batch) == AT_ONCE:
                    self._encode(batch, found, kept)
        self._encode(batch, found, kept)
        if not found:
            raise DataError(f"{self.folder} holds no picture that can be used ({refused} can't); name another folder.")
        self._keep({sha: held.vector for sha, held in found.items() if held.vector is not None})
        return list(found.values())

    def _paths(self) -> list[str]:
        if not self.folder.is_dir():
            raise DataError(f"{self.folder} is no folder of pictures; name one with --images.")
        found = sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
        )
        return found[:MOST_FILES]

    def _encode(self, batch: list[tuple[Held, Image.Image]], found: dict[str, Held], kept: dict[str, Floats]) -> None:
        if batch:
            encoded = self.space.tower.load().encode([pixels for _, pixels in batch])
            for (held, _), vector in zip(batch, encoded, strict=True):
                kept[held.sha256] = vector
                found[held.sha256] = replace(held, vector=vector)
            batch.clear()

    @property
    def _file(self) -> Path:
        name = json.dumps([self.space.tower.space, str(self.folder.resolve())])
        return self.cache / f"repository-{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"

    def _kept(self) -> dict[str, Floats]:
        try:
            with np.load(self._file, allow_pickle=False) as kept:
                return dict(zip(kept["sha256"].tolist(), kept["vectors"].astype(np.float32), strict=True))
        except (OSError, ValueError, KeyError):  # none yet, or one that was cut
            return {}

    def _keep(self, vectors_by_sha: Mapping[str, Floats]) -> None:
        self.cache.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial.npz")
        np.savez(partial, sha256=np.array(list(vectors_by_sha)), vectors=np.stack(list(vectors_by_sha.values())))
        partial.replace(self._file)


def named_after(file: str, names: Sequence[str]) -> bool:
    """Say whether a file is called after an entity: its words, one after the other, stand in the file's name."""
    words = [word.folded for word in words_of(PurePosixPath(file).stem.replace("_", " ").replace("-", " "))]
    for name in names:
        wanted = [word.folded for word in words_of(name.replace("-", " "))]
        if len("".join(wanted)) > 3 and any(words[i : i + len(wanted)] == wanted for i in range(len(words))):
            return True
    return False
