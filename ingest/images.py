"""Open pictures safely: what does not decode, is no picture or is too large becomes a reject with a reason."""

import hashlib
import io
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from kg.types import ImageFile, ImageRecord, Reject

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_BYTES = 64 * 2**20
MAX_PIXELS = 64_000_000  # checked in the header, before anything is decoded
DECODE_AT_LEAST = (448, 448)  # a JPEG may be decoded smaller, never below twice the encoders' input


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: what the stores keep of it, and its pixels for the encoders."""

    record: ImageRecord
    pixels: Image.Image  # RGB, upright, transparency on white


class Unusable(Exception):
    """A picture that can't be used: `reason` is the code in the rejects file."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_within(root: Path, path: str) -> bytes:
    """Return the bytes of a file below `root`. Raises Unusable: a path that leads outside, no file, too large."""
    try:
        place = (root / path).resolve(strict=True)
        inside = place.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError) as exc:  # missing, NUL byte, a loop of links
        raise Unusable("unreadable", str(exc)) from exc
    if not inside:
        raise Unusable("outside_root", f"leads to a file outside {root}")
    if not place.is_file():
        raise Unusable("unreadable", "is no regular file")
    try:
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise Unusable("unreadable", str(exc)) from exc
    if not data:
        raise Unusable("empty", "has no bytes")
    if len(data) > MAX_BYTES:
        raise Unusable("too_large", f"is larger than {MAX_BYTES} bytes")
    return data


def decode(data: bytes) -> tuple[Image.Image, int, int, str]:
    """Decode a picture to RGB; return it with width and height in pixels and the format.

    The first frame of an animation counts; EXIF orientation is applied; transparency is laid on white. A large JPEG is
    decoded at a reduced scale, so the picture may be smaller than width × height. Raises Unusable.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                kind, (width, height) = image.format or "", image.size
                if width * height > MAX_PIXELS:
                    raise Unusable("too_large", f"is {width}×{height} pixels; the limit is {MAX_PIXELS}")
                if kind == "JPEG":
                    image.draft("RGB", DECODE_AT_LEAST)
                image.load()
                upright = ImageOps.exif_transpose(image)
                if upright.size != image.size and (width > height) != (upright.width > upright.height):
                    width, height = height, width
                return flatten(upright), width, height, kind
    except UnidentifiedImageError as exc:
        raise Unusable("not_an_image", f"is none of {', '.join(FORMATS)}") from exc
    except Image.DecompressionBombError as exc:
        raise Unusable("too_large", str(exc)) from exc
    except Unusable:
        raise
    except Exception as exc:  # Pillow's decoders raise whatever a broken file makes them raise
        truncated = "truncated" in str(exc).lower()
        raise Unusable("truncated" if truncated else "corrupt", f"does not decode: {exc}") from exc


def flatten(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, with what is transparent in white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I"):
        deep: NDArray[np.float32] = np.asarray(image, np.float32)
        return Image.fromarray((deep / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def dhash(image: Image.Image) -> int:
    """Return the 64-bit difference hash: the signs of horizontal differences of a 9×8 grey thumbnail, row by row."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))  # (8, 9) uint8
    return int.from_bytes(np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes(), "big")


def open_picture(root: Path, file: ImageFile) -> Picture | Reject:
    """Read, decode and measure one picture; a picture that can't be used comes back as a reject."""
    try:
        data = read_within(root, file.path)
        pixels, width, height, kind = decode(data)
    except Unusable as exc:
        return Reject(file.path, 0, exc.reason, str(exc))
    sha256 = hashlib.sha256(data).hexdigest()
    record = ImageRecord(file.entity, file.path, sha256, dhash(pixels), width, height, kind, size=len(data))
    return Picture(record, pixels)


def open_pictures(root: Path, files: Iterable[ImageFile], batch: int = 64) -> Iterator[list[Picture | Reject]]:
    """Open pictures in batches on a thread pool (Pillow decodes without the interpreter's lock)."""
    rest = iter(files)
    with ThreadPoolExecutor() as pool:
        while chunk := list(islice(rest, batch)):
            yield list(pool.map(lambda file: open_picture(root, file), chunk))
