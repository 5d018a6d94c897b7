"""Images by themselves: how sharp they are (principle 1), how much there is to see (principle 9)."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 256  # pixels of the longer side at which images are compared


@dataclass(frozen=True, slots=True)
class Seen:
    """What an image measures, as grey values of at most 256 by 256 pixels on white."""

    sharpness: float  # variance of the Laplacian
    complexity: float  # bits a pixel that JPEG needs at quality 75


def measure(file: Path) -> Seen | None:
    """Measure an image; None if it can't be read."""
    with opened(file) as picture:
        if picture is None:
            return None
        grey = flattened(picture).convert("L")
    grey.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    grey.save(written, "JPEG", quality=75)
    return Seen(sharpness(np.asarray(grey, np.float64)), 8 * written.tell() / (grey.width * grey.height))


def sharpness(grey: NDArray[np.float64]) -> float:
    """Return the variance of the Laplacian of grey values (H, W) in 0 to 255; 0 of what is too small to have one."""
    if min(grey.shape) < 3:
        return 0.0
    middle = grey[1:-1, 1:-1]
    return float((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle).var())


@contextmanager
def opened(file: Path) -> Iterator[Image.Image | None]:
    """Yield an image, or None where there is none to be had; a bomb is none."""
    picture = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            picture = Image.open(file)
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            picture.load()
    except (OSError, ValueError, SyntaxError, LookupError, EOFError, Warning, Image.DecompressionBombError):
        picture = None
    try:
        yield picture
    finally:
        if picture is not None:
            picture.close()


def flattened(picture: Image.Image) -> Image.Image:
    """Return an image as RGB, what is transparent white."""
    if picture.mode == "RGB":
        return picture.copy()
    layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    ground.alpha_composite(layered)
    return ground.convert("RGB")


def thumbnail(file: Path, size: int) -> bytes | None:
    """Return an image as WEBP, its longer side `size` pixels; None if it can't be read."""
    with opened(file) as picture:
        if picture is None:
            return None
        small = flattened(picture)
    small.thumbnail((size, size))
    written = io.BytesIO()
    small.save(written, "WEBP", quality=80)
    return written.getvalue()


def below(root: Path | None, file: str) -> Path | None:
    """Return where an image of a dialogue lies; None if there is no root, or if the path leads out of it."""
    if root is None:
        return Path(file) if Path(file).is_absolute() else None
    path = root / file
    return path if Path(file).is_absolute() or ".." not in Path(file).parts else None
