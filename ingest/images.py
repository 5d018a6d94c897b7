"""Open pictures safely: what does not decode, is no picture or is too large becomes a reject with a reason.

Reading and decoding are apart: `ingest/rooted.py` reads bytes below a root and nothing outside it; here they become
pixels. What is kept of a picture is small whatever its file claims, and large ones are decoded one at a time.
"""

import hashlib
import io
import math
import os
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ingest.dhash import dhash
from ingest.rooted import MAX_BYTES, Unusable, read_within
from kg.types import ImageFile, ImageRecord, Reject

__all__ = ["FORMATS", "MAX_BYTES", "MAX_PIXELS", "Picture", "Unusable", "decode", "dhash", "open_picture"]
__all__ += ["open_pictures", "read_within"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 64_000_000  # checked in the header, before anything is decoded
LARGE = 16_000_000  # pixels of a picture that is decoded while no other large one is
DECODE_AT_LEAST = 448  # pixels of a side: a JPEG may be decoded smaller, never below twice what the encoders see
KEPT_AT_MOST = 16_000_000  # pixels of a picture that are kept
BATCH_AT_MOST = 32_000_000  # pixels of the pictures of a batch
TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
THREADS = min(16, (os.cpu_count() or 1) + 4)

one_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: what the stores keep of it, and its pixels for the encoders."""

    record: ImageRecord
    pixels: Image.Image  # RGB, upright, transparency on white


def decode(data: bytes, at_least: int = DECODE_AT_LEAST) -> tuple[Image.Image, int, int, str]:
    """Decode a picture to RGB; return it with width and height in pixels and the format.

    The first frame of an animation counts; EXIF orientation is applied; transparency is laid on white. A large JPEG is
    decoded at a reduced scale, no side below `at_least`, and what has more than KEPT_AT_MOST pixels is reduced, so the
    picture may be smaller than width × height. Raises Unusable.
    """
    try:
        with silence(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            kind, (width, height) = image.format or "", image.size
            if width * height > MAX_PIXELS:
                raise Unusable("too_large", f"is {width}×{height} pixels; the limit is {MAX_PIXELS}")
            if kind in ("JPEG", "MPO"):  # MPO: a JPEG with further ones behind it
                kind = "JPEG"
                image.draft("RGB", (at_least, at_least))
            with one_large if width * height > LARGE else nullcontext():
                pixels = upright(image)
            if orientation(image) in TURNED:
                width, height = height, width
            return pixels, width, height, kind
    except UnidentifiedImageError as exc:
        raise Unusable("not_an_image", f"is none of {', '.join(FORMATS)}") from exc
    except Image.DecompressionBombError as exc:
        raise Unusable("too_large", str(exc)) from exc
    except Unusable:
        raise
    except Exception as exc:  # Pillow's decoders raise whatever a broken file makes them raise
        truncated = "truncated" in str(exc).lower()
        raise Unusable("truncated" if truncated else "corrupt", f"does not decode: {exc}") from exc


def upright(image: Image.Image) -> Image.Image:
    """Return an opened picture's pixels as RGB, reduced to what is kept, upright, what is transparent in white."""
    image.load()
    plain = eight_bits(image)
    factor = math.ceil(math.sqrt(plain.width * plain.height / KEPT_AT_MOST))
    reduced = plain.reduce(factor) if factor > 1 else plain
    if reduced.mode != "RGB":
        white = Image.new("RGBA", reduced.size, "white")
        reduced = Image.alpha_composite(white, reduced).convert("RGB")
    turn = TURN.get(orientation(image))
    if turn is not None:
        return reduced.transpose(turn)
    return reduced.copy() if reduced is image else reduced  # what is kept holds no file


TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where the file has none, or an EXIF part that can't be read."""
    try:
        found = image.getexif().get(0x0112, 1)
    except Exception:  # the picture is whole, so what stands beside it must not cost us the picture
        return 1
    return found if isinstance(found, int) else 1


def eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture as RGB, or RGBA where something may be transparent, with deep values brought to 8 bits."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        deep: NDArray[np.float32] = np.nan_to_num(np.asarray(image, np.float32), posinf=0, neginf=0)
        brightest = float(deep.max(initial=0))
        # 16 bits are what they say; 32 may hold a share of one, 8 or 16 bits, or anything.
        scales = (65535.0,) if image.mode.startswith("I;16") else (1.0, 255.0, 65535.0, brightest)
        white = next(scale for scale in scales if brightest <= scale)
        return Image.fromarray((deep * (255 / white)).clip(0, 255).astype(np.uint8)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


quiet_threads = 0
quiet_lock = threading.Lock()
before_silence: list[Any] = []


@contextmanager
def silence() -> Iterator[None]:
    """Hold Pillow's warnings back on all threads: `catch_warnings` alone would undo on one what another needs."""
    global quiet_threads
    with quiet_lock:
        quiet_threads += 1
        if quiet_threads == 1:
            before_silence.append(warnings.catch_warnings())
            before_silence[0].__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with quiet_lock:
            quiet_threads -= 1
            if quiet_threads == 0:
                before_silence.pop().__exit__(None, None, None)


def open_picture(root: Path, file: ImageFile, at_least: int = DECODE_AT_LEAST) -> Picture | Reject:
    """Read, decode and measure one picture; a picture that can't be used comes back as a reject."""
    try:
        data = read_within(root, file.path)
        pixels, width, height, kind = decode(data, at_least)
    except Unusable as exc:
        return Reject(file.path, 0, exc.reason, str(exc))
    sha256 = hashlib.sha256(data).hexdigest()
    record = ImageRecord(file.entity, file.path, sha256, dhash(pixels), width, height, kind, size=len(data))
    return Picture(record, pixels)


def open_pictures(
    root: Path, files: Iterable[ImageFile], batch: int = 64, at_least: int = DECODE_AT_LEAST
) -> Iterator[list[Picture | Reject]]:
    """Open pictures on a thread pool (Pillow decodes without the interpreter's lock); yield them in order, in batches.

    A batch of large pictures is shorter than `batch`. While one is being used, the next pictures are decoded.
    """
    rest = iter(files)
    with ThreadPoolExecutor(THREADS) as pool:
        open_one = partial(open_picture, root, at_least=at_least)
        ahead = deque(pool.submit(open_one, file) for file in islice(rest, THREADS))
        opened: list[Picture | Reject] = []
        pixels = 0
        while ahead:
            found = ahead.popleft().result()
            ahead.extend(pool.submit(open_one, file) for file in islice(rest, 1))
            opened.append(found)
            pixels += found.pixels.width * found.pixels.height if isinstance(found, Picture) else 0
            if len(opened) == batch or pixels > BATCH_AT_MOST:
                yield opened
                opened, pixels = [], 0
        if opened:
            yield opened
