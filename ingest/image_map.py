"""Read a map of pictures: lines of an entity's id, a tab, and a path relative to the map."""

from collections.abc import Collection
from pathlib import Path

from kg.errors import DataError
from kg.types import ImageFile, Reject, Source


def read_image_map(path: Path, known: Collection[str], name: str) -> Source:
    """Read a map file (UTF-8, `#` begins a comment). An id that the graph does not know is rejected."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise DataError(f"{path} can't be read: {exc.strerror}.") from exc
    images, rejects = [], []
    for n, raw in enumerate(lines, 1):
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError as exc:
            rejects.append(Reject(path.name, n, "encoding", f"is not UTF-8: {exc.reason}"))
            continue
        if not line or line.startswith("#"):
            continue
        each, tab, file = line.partition("\t")
        if not tab or not file.strip():
            rejects.append(Reject(path.name, n, "malformed", f"is not an id, a tab and a path: {line[:200]!r}"))
        elif each.strip() not in known:
            rejects.append(Reject(path.name, n, "unknown_entity", f"names {each.strip()}, which the graph lacks"))
        else:
            images.append(ImageFile(each.strip(), file.strip()))
    return Source(name, images=images, image_root=path.parent.resolve(), rejects=rejects)
