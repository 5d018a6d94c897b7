"""Pictures of a source into both stores: decoded, hashed and encoded once by content, tied to their entities."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from ingest.images import DECODE_AT_LEAST, Picture, Unusable, open_pictures, read_within
from ingest.target import Target, Tower, batches
from kg import graph, queries, removal, vectors
from kg.types import ImageFile, ImageRecord, Reject, Source

BATCH = 256  # files that are looked up at a time
DECODED = 256  # pictures in memory at a time; fewer where they are large


@dataclass(frozen=True, slots=True)
class LoadedImages:
    """What became of a source's pictures."""

    count: int = 0
    new: int = 0
    rejects: Sequence[Reject] = ()


def load_images(target: Target, writer: graph.Writer, source: Source, tower: Tower) -> LoadedImages:
    """Decode, hash and encode the pictures that Postgres lacks; then tie all of them to their entities."""
    if not len(source.images) or source.image_root is None:
        return LoadedImages()
    root = source.image_root
    prefix = settle_root(writer, root, source.name)
    rejects: list[Reject] = []
    count = new = 0
    former: set[str] = set()
    with target.progress("images", len(source.images)) as advance:
        for batch in batches(source.images, BATCH):
            records, unknown = known_images(target.engine, tower.space, root, batch)
            advance(len(records))
            for opened in open_pictures(root, unknown, DECODED, max(DECODE_AT_LEAST, 2 * tower.size)):
                pictures = [each for each in opened if isinstance(each, Picture)]
                rejects += [each for each in opened if isinstance(each, Reject)]
                if pictures:
                    features = tower.load().encode([picture.pixels for picture in pictures])
                    fresh = [picture.record for picture in pictures]
                    vectors.store(target.engine, (target.graph, source.name), fresh, tower.space, features)
                    records += fresh
                advance(len(opened))
            placed = [replace(record, path=prefix + record.path) for record in records]
            created, replaced = graph.write_images(writer, placed, source.name)
            new += created
            former.update(replaced)
            count += len(records)
    if former:
        removal.remove_bare_images(writer, target.engine, former)
    vectors.build_index(target.engine, tower.space, tower.width)  # also where a load before was killed on its way here
    writer.run(queries.USE_SPACE, space=tower.space, encoder=tower.name)
    return LoadedImages(count, new, rejects)


def settle_root(writer: graph.Writer, root: Path, source: str) -> str:
    """Make `root` a folder of the graph's pictures; return what its files' paths begin with in the graph.

    Paths are relative to the graph's first root. Those of what lies elsewhere are absolute, also where a source of the
    same name has pictures in the first: every folder's map may be called map.tsv.
    """
    [row] = graph.read(writer.driver, queries.IMAGE_ROOTS, graph=writer.graph, source=source)
    first: str | None = row["image_root"]
    others: list[str] = row["others"]
    if first is None or (not row["shared"] and not Path(first).is_dir()):  # none yet, or the source has moved
        others = [other for other in others if other != str(root)]
        writer.run(queries.DESCRIBE, properties={"image_root": str(root), "image_roots": others or None})
        return ""
    if first == str(root):
        return ""
    if root.is_relative_to(first):
        return f"{root.relative_to(first)}{os.sep}"
    if str(root) not in others:
        writer.run(queries.DESCRIBE, properties={"image_roots": [*others, str(root)]})
    return f"{root}{os.sep}"


def known_images(
    engine: Engine, space: str, root: Path, files: Sequence[ImageFile]
) -> tuple[list[ImageRecord], list[ImageFile]]:
    """Split files into those whose content is stored with an embedding in `space`, and those to be opened."""
    shas: dict[ImageFile, str] = {}
    for file in files:
        sha = content_hash(root, file.path)
        if sha:
            shas[file] = sha
    stored: Mapping[str, ImageRecord] = vectors.stored(engine, space, list(shas.values()))
    known = [replace(stored[sha], entity=file.entity, path=file.path) for file, sha in shas.items() if sha in stored]
    return known, [file for file in files if shas.get(file) not in stored]


def content_hash(root: Path, path: str) -> str | None:
    """Return the sha256 of a file below `root`; None if it can't be read (opening it will say why)."""
    try:
        return hashlib.sha256(read_within(root, path)).hexdigest()
    except Unusable:
        return None
