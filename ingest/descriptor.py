"""What identifies the thing in a picture whatever the style it is drawn in: a descriptor, whitened within entities.

A picture is first *measured*: the vision tower's last grid pooled to 2×2 cells, and a colour thumbnail of its
foreground. The descriptor is one linear map of that, fitted in closed form on a graph's own pictures: principal
components of both parts, then the inverse square root of the covariance of an entity's pictures around their mean,
so that what differs between two pictures of one thing counts little. Cosine compares descriptors.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ingest.encoders import CHUNK, Encoder
from kg.errors import CheckpointError, DataError

Floats = NDArray[np.float32]

CELLS = 4  # of the pooled grid, row by row
THUMBNAIL = (16, 12)  # width, height
COLOURS = THUMBNAIL[0] * THUMBNAIL[1] * 3
GRID_PARTS, COLOUR_PARTS = 256, 128  # principal components that are kept
COLOUR_WEIGHT = 0.05  # more helps where colours stay and hurts where a picture is drawn in others or cut differently
MOST = 16_000  # values that pgvector's halfvec holds
SHRINKAGE = 0.1  # of the within-entity covariance towards a multiple of the identity


def measured_space(encoder: Encoder) -> str:
    """Return the name of the space of measurements: what determines them, and the version of `measure`."""
    return f"measured-{encoder.space}-{CELLS}x{THUMBNAIL[0]}x{THUMBNAIL[1]}"


def measured_width(encoder: Encoder) -> int:
    """Return the number of values of a measurement. Raises DataError if they are more than pgvector holds."""
    width = CELLS * encoder.tower.channels + COLOURS
    if width > MOST:
        raise DataError(f"The tower {encoder.space} gives {width:,} values a picture, and pgvector holds {MOST:,}.")
    return width


def measure(encoder: Encoder, pictures: Sequence[Image.Image]) -> Floats:
    """Measure pictures: the grid of length 1, then the colours from -0.5 to 0.5. (N, CELLS·C + COLOURS) float32"""
    parts = []
    for start in range(0, len(pictures), CHUNK):
        with torch.inference_mode():
            grid = encoder.tower.encode_grid(encoder.pixels(pictures[start : start + CHUNK]))
            cells = (
                torch.nn.functional.adaptive_avg_pool2d(grid.float(), (2, 2)).flatten(2).transpose(1, 2)
            )  # (B, 4, C)
        parts.append(torch.nn.functional.normalize(cells.flatten(1), dim=-1).cpu().numpy())
    colours = [thumbnail(picture) for picture in pictures]
    return np.concatenate([np.concatenate(parts), np.stack(colours)], axis=1)


def thumbnail(picture: Image.Image) -> Floats:
    """Return the colours of a picture's foreground, from -0.5 to 0.5, row by row. (COLOURS,)

    The foreground is the box around whatever differs from the median of the border.
    """
    small = np.asarray(picture.resize((64, 64)), np.float32)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    differs = np.abs(small - np.median(border, axis=0)).max(axis=2) > 24
    box = (0.0, 0.0, float(picture.width), float(picture.height))
    if differs.any():
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        x, y = picture.width / 64, picture.height / 64
        box = (columns[0] * x, rows[0] * y, (columns[-1] + 1) * x, (rows[-1] + 1) * y)
    reduced = picture.resize(THUMBNAIL, Image.Resampling.BOX, box=box)
    return np.asarray(np.asarray(reduced).reshape(-1) / 255 - 0.5, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """A fitted descriptor: (measurement - mean) @ projection, of length 1."""

    mean: Floats  # (M,)
    projection: Floats  # (M, D)

    @property
    def width(self) -> int:
        """Return the number of values of a descriptor."""
        return int(self.projection.shape[1])

    @property
    def space(self) -> str:
        """Return the name of the space: it changes with every fit."""
        digest = hashlib.sha256(self.mean.tobytes() + self.projection.tobytes()).hexdigest()[:8]
        return f"lite@{digest}"

    def describe(self, measured: Floats) -> Floats:
        """Map measurements (N, M) to descriptors of length 1, (N, D) float32."""
        described = (measured - self.mean) @ self.projection
        described /= np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-9)
        return np.asarray(described, np.float32)

    def save(self, path: Path) -> None:
        """Write the descriptor as safetensors."""
        save_file({"mean": self.mean, "projection": self.projection}, path)


def load_descriptor(path: Path) -> Descriptor:
    """Read a descriptor. Raises CheckpointError."""
    try:
        tensors = load_file(path)
        return Descriptor(tensors["mean"], tensors["projection"])
    except (OSError, SafetensorError, KeyError) as exc:
        raise CheckpointError(f"{path} holds no image descriptor ({exc}); train the run again.") from exc


def fit(measured: Floats, entities: Sequence[str], grid_width: int) -> Descriptor:
    """Fit a descriptor on pictures (N, M) and whom each shows; `grid_width` of the M values are the grid's.

    A picture of an entity that has no other counts for the principal components alone. Raises DataError if there are
    fewer than two pictures.
    """
    if len(measured) < 2:
        raise DataError(f"{len(measured)} pictures are too few to compare pictures by; ingest images first.")
    mean = measured.mean(axis=0)
    centred = measured - mean
    grid = components(centred[:, :grid_width], GRID_PARTS)
    colour = components(centred[:, grid_width:], COLOUR_PARTS) * np.float32(COLOUR_WEIGHT)
    projection = np.zeros((measured.shape[1], grid.shape[1] + colour.shape[1]), np.float32)
    projection[:grid_width, : grid.shape[1]] = grid
    projection[grid_width:, grid.shape[1] :] = colour
    whitening = within_whitening(centred @ projection, entities)
    return Descriptor(mean.astype(np.float32), (projection @ whitening).astype(np.float32))


def components(centred: Floats, most: int) -> Floats:
    """Return the principal directions of centred rows (N, M) as columns, at most `most`. (M, K)"""
    many = len(centred) > centred.shape[1]
    if many:
        values, vectors = np.linalg.eigh(centred.T @ centred)
    else:
        values, vectors = np.linalg.eigh(centred @ centred.T)  # (N, N): far smaller than (M, M)
    keep = np.flatnonzero(values > max(values[-1], 1e-6) * 1e-6)[::-1][:most]
    if not len(keep):  # all pictures are one
        return np.eye(centred.shape[1], 1, dtype=np.float32)
    if many:
        return np.ascontiguousarray(vectors[:, keep], np.float32)
    return np.ascontiguousarray(centred.T @ (vectors[:, keep] / np.sqrt(values[keep])), np.float32)


def within_whitening(reduced: Floats, entities: Sequence[str]) -> Floats:
    """Return the inverse square root of the shrunk covariance of each entity's rows around their mean. (K, K)"""
    _, entity, counts = np.unique(np.asarray(entities), return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), reduced.shape[1]), np.float64)
    np.add.at(means, entity, reduced)
    around = (reduced - (means / counts[:, None])[entity])[counts[entity] > 1]
    free = len(around) - int((counts > 1).sum())
    identity = np.eye(reduced.shape[1])
    covariance = around.T @ around / free if free > 0 else identity
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * max(np.trace(covariance) / len(identity), 1e-12) * identity
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors / np.sqrt(values), np.float32)
