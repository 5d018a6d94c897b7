"""Topics of a collection of images, and how a conversation draws some of one: TextBind's topic-aware sampling (T3).

TextBind runs k-means over image features (4,096 clusters for 3 million images), drops clusters under 32, and a
conversation draws one cluster, then 2, 3 or 4 images of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from dialogue.derived import Image
from ingest.target import choose_tower
from kg import vectors
from kg.adjacency import Adjacency

PER_CLUSTER = 3_000_000 / 4_096  # images
FEWEST_CLUSTERS = 16  # of a small collection
SMALLEST = 32  # images of a cluster, or a quarter of the mean where clusters are smaller than that
ROUNDS = 20  # of k-means

Topic = tuple[Image, ...]


def features_of(engine: Engine, graph: Adjacency) -> dict[str, NDArray[np.float32]]:
    """Return the features of a graph's images by sha256, each (D,) float32, as the default encoder left them."""
    tower = choose_tower()
    shas = sorted({picture.sha256 for entity in graph.entities for picture in entity.images})
    return vectors.fetch(engine, tower.space, shas, tower.width) if shas else {}


def image_topics(graph: Adjacency, features: Mapping[str, NDArray[np.float32]], seed: int = 0) -> tuple[Topic, ...]:
    """Cluster the images of a graph by their features, each (D,) float32; return the clusters that are large enough.

    An image that several entities have belongs to each of them. Empty where there are fewer than four images.
    """
    from scipy.cluster.vq import kmeans2  # type: ignore[import-untyped]  # a second, that `kwk ask` does not need

    images = [
        (n, place)
        for n, entity in enumerate(graph.entities)
        for place, picture in enumerate(entity.images)
        if picture.sha256 in features
    ]
    if len(images) < 4:
        return ()
    points = np.stack([features[graph.entities[n].images[place].sha256] for n, place in images]).astype(np.float32)
    points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    count = min(max(FEWEST_CLUSTERS, round(len(points) / PER_CLUSTER)), len(points) // 2)
    _, labels = kmeans2(points, count, iter=ROUNDS, minit="++", rng=np.random.default_rng(seed))
    return large_enough(images, labels.tolist())


def large_enough(images: Sequence[Image], labels: Sequence[int]) -> tuple[Topic, ...]:
    """Return the clusters that are not too small and show two entities at least, in the order of their labels."""
    clusters: dict[int, list[Image]] = {}
    for image, label in zip(images, labels, strict=True):
        clusters.setdefault(label, []).append(image)
    least = min(SMALLEST, len(images) / len(clusters) / 4) if clusters else 0
    return tuple(
        tuple(cluster)
        for _, cluster in sorted(clusters.items())
        if len(cluster) >= least and len({entity for entity, _ in cluster}) > 1
    )
