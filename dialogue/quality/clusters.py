"""Density clusters of embeddings (principles 5 and 6), and which of them another embedding falls into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
WIDTH = 32  # principal components that are clustered: density means little in hundreds of dimensions
SMALLEST = 5  # members of a cluster
PART = 4096  # rows that are compared at a time


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of a sample: labels are -1 where the density is too low for any."""

    labels: NDArray[np.int64]  # (N,) of the sample
    centres: Features  # (K, D), the mean of each
    radii: NDArray[np.float32]  # (K,) the distance from a centre within which nine of ten members are
    points: Features  # (N, 2) two principal components, to be drawn

    @property
    def count(self) -> int:
        """Return how many clusters there are."""
        return len(self.centres)

    @property
    def loose(self) -> float:
        """Return the share of the sample that is in no cluster."""
        return float((self.labels < 0).mean()) if len(self.labels) else 0.0

    def assign(self, features: Features) -> NDArray[np.int64]:
        """Return the cluster of each embedding, (N,): the nearest whose radius reaches it, or -1."""
        found = np.full(len(features), -1, np.int64)
        for start in range(0, len(features) if self.count else 0, PART):
            rows = features[start : start + PART]
            apart = (rows**2).sum(1)[:, None] + (self.centres**2).sum(1) - 2 * rows @ self.centres.T  # (B, K)
            nearest = apart.argmin(1)
            near = np.sqrt(np.maximum(apart[np.arange(len(rows)), nearest], 0)) <= self.radii[nearest] + 1e-6
            found[start : start + PART] = np.where(near, nearest, -1)
        return found


def cluster(features: Features) -> Clusters:
    """Find the density clusters of embeddings (N, D) of length 1, by HDBSCAN."""
    from sklearn.cluster import HDBSCAN  # type: ignore[import-untyped]

    width = features.shape[1] if features.ndim == 2 else 0
    empty = np.empty((0, width), np.float32)
    if len(features) < 2 * SMALLEST:
        points = np.zeros((len(features), 2), np.float32)
        return Clusters(np.full(len(features), -1), empty, np.empty(0, np.float32), points)
    reduced = components(features, WIDTH)
    labels = HDBSCAN(min_cluster_size=SMALLEST, copy=True).fit_predict(reduced).astype(np.int64)
    groups = [features[labels == n] for n in range(labels.max() + 1)]
    centres = np.stack([group.mean(0) for group in groups]) if groups else empty
    away = [np.linalg.norm(group - centre, axis=1) for group, centre in zip(groups, centres, strict=True)]
    radii = np.array([np.quantile(each, 0.9) for each in away], np.float32)
    points = np.zeros((len(features), 2), np.float32)
    points[:, : min(2, reduced.shape[1])] = reduced[:, :2]
    return Clusters(labels, centres, radii, points)


def components(features: Features, width: int) -> Features:
    """Return the first principal components of embeddings, (N, at most `width`); signs are made the same everywhere."""
    centred = features - features.mean(0)
    covariance = centred.T @ centred
    _, vectors = np.linalg.eigh(covariance.astype(np.float64))
    leading = vectors[:, ::-1][:, :width]
    leading *= np.sign(leading[np.abs(leading).argmax(0), np.arange(leading.shape[1])])
    return np.asarray(centred @ leading, np.float32)
