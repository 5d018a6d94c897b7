"""What comes from outside: a question, a picture. Both are checked before anything is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from ingest.images import Unusable, decode, read_within
from kg.errors import DataError

LONGEST = 2_000  # characters of a question


def checked(question: str) -> str:
    """Return a question that can be read. Raises DataError."""
    text = question.encode("utf-8", "replace").decode().strip()  # a shell may hand over half a character
    if not text:
        raise DataError('There is no question; ask one, such as: kwk ask "What is the capital of Peru?"')
    if len(text) > LONGEST:
        raise DataError(f"The question has {len(text):,} characters; ask it in {LONGEST:,} or fewer.")
    return text


def read_picture(file: Path) -> Image.Image:
    """Return the pixels of a picture, RGB. Raises DataError."""
    with explaining(f" {file}"):
        return decode(read_within(file.absolute().parent, file.name))[0]


def decoded(data: bytes | None) -> Image.Image | None:
    """Return the pixels of a picture that was sent, RGB; None where none was. Raises DataError."""
    if data is None:
        return None
    with explaining():
        return decode(data)[0]


@contextmanager
def explaining(name: str = "") -> Iterator[None]:
    """Say in a sentence why a picture can't be used."""
    try:
        yield
    except Unusable as exc:
        raise DataError(f"The picture{name} can't be used, it {exc}; show another one.") from exc
