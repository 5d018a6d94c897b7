"""The pictures of an export: named where they lie, brought along into the export's folder, or read to be embedded."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dialogue.export_lines import Sample
from dialogue.types import Shown
from ingest.rooted import Unusable, parts_below, read_within
from kg.errors import DataError

Way = Literal["paths", "link", "copy", "embed"]
FOLDER = "images"  # of the export, for pictures that are linked or copied
ELSEWHERE = "_elsewhere"  # below it: pictures of a graph's further image roots
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)  # fmt: skip


class MissingPicture(DataError):
    """A picture that can't be had, or that is not the one of the dialogue."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as an export names it; `content` only where it is embedded."""

    path: str
    content: bytes | None = None


@dataclass(slots=True)
class Pictures:
    """Finds the pictures of dialogues below their image root, and brings them along where that was asked for."""

    root: Path | None
    way: Way
    folder: Path  # of the export
    distinct: set[str] = field(default_factory=set)
    _places: dict[str, Path] = field(default_factory=dict)
    _brought: dict[str, str] = field(default_factory=dict)

    def of(self, sample: Sample) -> list[Picture]:
        """Return a dialogue's pictures in their order. Raises MissingPicture; then none of them was brought along."""
        images = sample.images
        places = [self._place(image, sample.place) for image in images]
        if self.way == "embed":
            found = [self._read(image, place, sample.place) for image, place in zip(images, places, strict=True)]
        elif self.way == "paths":
            found = [Picture(str(place)) for place in places]
        else:
            found = [
                Picture(self._bring(image, place, sample.place)) for image, place in zip(images, places, strict=True)
            ]
        self.distinct.update(image.file for image in images)
        return found

    def _place(self, image: Shown, line: str) -> Path:
        """Return where a picture lies, links resolved."""
        known = self._places.get(image.file)
        if known is not None:
            return known
        root = self._root(image, line)
        try:
            place = Path(os.path.realpath(root), *parts_below(root, image.file))
        except Unusable as exc:
            if exc.reason == "outside_root":
                raise DataError(f"{line} shows {image.file!r}, which {exc}; nothing is taken from there.") from exc
            raise _missing(image, line, str(exc)) from exc
        if not place.is_file():
            raise _missing(image, line, f"is not at {place}")
        self._places[image.file] = place
        return place

    def _root(self, image: Shown, line: str) -> Path:
        if self.root is None:
            raise DataError(f"{line} shows {image.file!r}, but build.json names no image root; name it: --image-root.")
        if Path(image.file).is_absolute() and image.sha256:  # of another root of the graph: known by its content
            return Path(image.file).parent
        return self.root

    def _read(self, image: Shown, place: Path, line: str) -> Picture:
        try:
            content = read_within(place.parent, place.name)
        except Unusable as exc:
            raise _missing(image, line, str(exc)) from exc
        if image.sha256 and hashlib.sha256(content).hexdigest() != image.sha256:
            raise _missing(image, line, "has another content than when the dialogues were built")
        return Picture(f"{Path(image.file).stem}.{suffix(content, image.file)}", content)

    def _bring(self, image: Shown, place: Path, line: str) -> str:
        """Link or copy a picture once into the export's folder; return its path there."""
        known = self._brought.get(image.file)
        if known is not None:
            return known
        self._read(image, place, line)
        root = Path(os.path.realpath(self.root or "/"))
        inside = (
            place.relative_to(root) if place.is_relative_to(root) else Path(ELSEWHERE, f"{image.sha256}{_end(place)}")
        )
        target = self.folder / FOLDER / inside
        if not target.exists():  # two names may lead to one file
            target.parent.mkdir(parents=True, exist_ok=True)
            if self.way == "link":
                _link(place, target)
            else:
                shutil.copyfile(place, target)
        return self._brought.setdefault(image.file, f"{FOLDER}/{inside.as_posix()}")


def _missing(image: Shown, line: str, why: str) -> MissingPicture:
    return MissingPicture(
        f"{line} shows {image.file!r}, which {why}; restore it, name the folder of the pictures with --image-root, or "
        "leave such dialogues out with --skip-missing."
    )


def _link(place: Path, target: Path) -> None:
    try:
        target.hardlink_to(place)
    except OSError as exc:
        if exc.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        raise DataError(
            f"{place} can't be linked to ({exc.strerror}); name a folder on the same disk with --out, or use "
            "--images copy."
        ) from exc


def _end(place: Path) -> str:
    """Return a file's suffix if it is a plain one."""
    return place.suffix if re.fullmatch(r"\.\w{1,8}", place.suffix, re.ASCII) else ""


def suffix(content: bytes, name: str) -> str:
    """Return the suffix of a picture, without a dot, by its content; by its name where that is of no known kind."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    for start, kind in _SIGNATURES:
        if content.startswith(start):
            return kind
    return _end(Path(name))[1:].lower() or "img"
