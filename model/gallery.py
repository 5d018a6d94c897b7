"""The images that a model learns from and retrieves: measurements, owners, near-duplicates, as arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ingest.descriptor import COLOURS, Descriptor, fit
from kg.adjacency import Adjacency
from kg.errors import DataError

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

NEAR_BITS = 6  # two images whose dHash differs in at most so many of 64 bits …
NEAR_COSINE = 0.9  # … and whose descriptors are so close are near-duplicates
BLOCK = 1024  # images that are compared with all others at a time
_NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Lists of numbers by number: row i is `values[start[i] : start[i + 1]]`."""

    start: Ints  # (N+1,)
    values: Ints

    def __getitem__(self, i: int) -> Ints:
        """Return one list."""
        return self.values[self.start[i] : self.start[i + 1]]

    def gather(self, numbers: Ints) -> Ints:
        """Return the lists of several numbers after each other."""
        begin, length = self.start[numbers], self.start[numbers + 1] - self.start[numbers]
        offset = np.repeat(begin - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
        gathered: Ints = self.values[np.arange(length.sum()) + offset]
        return gathered


def rows(lists: Sequence[Sequence[int] | Ints]) -> Rows:
    """Pack lists of numbers."""
    start = np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.int32)
    values = np.concatenate([np.asarray(each, np.int32) for each in lists]) if lists else np.empty(0, np.int32)
    return Rows(start, values.astype(np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Images by number, in the order of their sha256; entities by their number in the graph."""

    sha256: tuple[str, ...]
    number: Mapping[str, int]  # sha256 -> number
    cells: NDArray[np.float16]  # (G, CELLS, C) the pooled grid
    descriptors: Floats  # (G, D)
    owners: Rows  # image -> the entities it belongs to
    images: Rows  # entity -> its images
    near: Rows  # image -> its near-duplicates, itself among them
    descriptor: Descriptor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.sha256)

    @property
    def illustrated(self) -> Ints:
        """Return the entities that have an image here, ascending."""
        return np.flatnonzero(np.diff(self.images.start)).astype(np.int32)


def style_of(path: str) -> str:
    """Return the drawing style in a file's name, its last part: flag-PE-noto.webp and m.x/noto_0.jpg are "noto"."""
    return _NUMBER.sub("", PurePosixPath(path).stem).rpartition("-")[2]


def pictures_of(graph: Adjacency, but: Callable[[str], bool] = lambda path: False) -> dict[str, str]:
    """Return the graph's pictures as sha256 -> path, without those whose path `but` holds for."""
    found: dict[str, str] = {}
    for entity in graph.entities:
        for picture in entity.images:
            if not but(picture.path):
                found.setdefault(picture.sha256, picture.path)
    return found


def gallery(
    graph: Adjacency,
    measured: Mapping[str, Floats],
    hashes: Mapping[str, int],
    descriptor: Descriptor | None = None,
) -> Gallery:
    """Arrange the measured images of a graph. The descriptor is fitted on them unless it is given.

    `hashes` are their dHashes. Raises DataError if there are none.
    """
    if not measured:
        raise DataError(f"The graph '{graph.graph}' has no image that can be read; ingest images first.")
    shas = tuple(sorted(measured))
    number = {sha: i for i, sha in enumerate(shas)}
    images = [
        sorted({number[picture.sha256] for picture in entity.images if picture.sha256 in number})
        for entity in graph.entities
    ]
    owners: list[list[int]] = [[] for _ in shas]
    for entity, found in enumerate(images):
        for image in found:
            owners[image].append(entity)
    matrix = np.stack([measured[sha] for sha in shas])
    split = matrix.shape[1] - COLOURS
    if descriptor is None:
        descriptor = fit(matrix, [str(owner[0]) if owner else "" for owner in owners], split)
    described = descriptor.describe(matrix)
    return Gallery(
        sha256=shas,
        number=number,
        cells=cells_of(matrix).astype(np.float16),
        descriptors=described,
        owners=rows(owners),
        images=rows(images),
        near=rows(near_duplicates(described, np.array([hashes[sha] for sha in shas], np.uint64))),
        descriptor=descriptor,
    )


def cells_of(measured: Floats) -> Floats:
    """Return the grids in measurements (N, M), scaled to a mean square of 1. (N, CELLS, C)"""
    grid = measured[:, :-COLOURS]
    return (grid * np.float32(grid.shape[1] ** 0.5)).reshape(len(measured), 4, -1)


def near_duplicates(descriptors: Floats, hashes: NDArray[np.uint64]) -> list[Ints]:
    """Return for each image those that are nearly the same by both measures, itself among them."""
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    signs = bits.astype(np.float32) * 2 - 1  # (G, 64): the product of two rows is 64 - 2 · Hamming distance
    found: list[Ints] = []
    for start in range(0, len(hashes), BLOCK):
        block = slice(start, start + BLOCK)
        close = descriptors[block] @ descriptors.T >= NEAR_COSINE
        close &= signs[block] @ signs.T >= 64 - 2 * NEAR_BITS
        found += [np.flatnonzero(row).astype(np.int32) for row in close]
    return found
