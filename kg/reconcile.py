"""Find where a graph, its embeddings and its files contradict each other; `ingest.mend` mends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import neo4j
from sqlalchemy import Engine

from kg import queries, upkeep_queries, vectors
from kg.catalogue import image_roots
from kg.errors import DataError
from kg.graph import read
from kg.progress import Progress, silent

# What can be found, and how it is mended.
KINDS = {
    "no_embedding": "an image node without an embedding: its file is encoded again",
    "no_node": "an image in Postgres that no graph shows: its row goes, with its embeddings",
    "file_gone": "a picture whose file is gone: it leaves both stores",
    "file_changed": "a picture whose file has another content: the file is taken in as it is now",
    "bare_image": "an image node that no entity has: it goes",
    "orphan_entity": "an entity that its sources have left: it goes",
    "double_fact": "a fact that stands more than once: one edge stays, with all sources",
}

# Returns the sha256 of the file at a path below one of the graph's roots, or None.
ContentHash = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: a key of KINDS, what it is about (id, sha256 or path), and what to know of it."""

    kind: str
    what: str
    detail: str = ""


def find(
    driver: neo4j.Driver, engine: Engine, graph: str, content_hash: ContentHash, progress: Progress = silent
) -> Iterator[Finding]:
    """Yield what does not agree. `no_node` is looked for over all graphs, because they share Postgres' rows.

    Raises DataError if the folder of the pictures itself is gone: then no single file is at fault.
    """
    roots = image_roots(driver, graph)
    missing = [str(root) for root in roots if not root.is_dir()]
    if missing:
        raise DataError(
            f"The graph '{graph}' has its images in {', '.join(missing)}, which is not there; mount or move it back, "
            "or ingest the source from its new place."
        )
    shas = {row["sha256"] for row in read(driver, queries.IMAGE_SHAS, graph=graph)}
    for space in spaces(driver, graph):
        for sha in sorted(shas - vectors.held(engine, space)):
            yield Finding("no_embedding", sha, space)
    for sha in sorted(vectors.held(engine) - {row["sha256"] for row in read(driver, upkeep_queries.ALL_SHAS)}):
        yield Finding("no_node", sha)
    for row in read(driver, upkeep_queries.BARE_IMAGES, graph=graph):
        yield Finding("bare_image", row["sha256"], row["path"])
    files = read(driver, upkeep_queries.FILES, graph=graph)
    with progress("files", len(files)) as advance:
        for row in files:
            found = content_hash(row["path"])
            if found != row["sha256"]:
                yield Finding("file_gone" if found is None else "file_changed", row["path"], row["sha256"])
            advance(1)
    for row in read(driver, upkeep_queries.ORPHANS, graph=graph):
        yield Finding("orphan_entity", row["id"], row["name"] or "")
    for row in read(driver, upkeep_queries.DOUBLES, graph=graph):
        yield Finding("double_fact", row["triple"], row["id"])


def spaces(driver: neo4j.Driver, graph: str) -> dict[str, str]:
    """Return the spaces that a graph's pictures are kept in, each with the encoder that made it."""
    [row] = read(driver, upkeep_queries.SPACES, graph=graph)
    return dict(each.split("\t", 1) for each in row["encoders"])
