"""A picture is decoded as a person sees it, or dropped with the reason; no file outside the root is opened."""

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.images import Picture, dhash, open_picture, open_pictures
from kg.types import ImageFile, Reject


def scene(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture with a red left half and a blue right one."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(folder: Path, data: bytes, name: str = "a.png") -> Picture | Reject:
    """Open bytes as a file of an entity."""
    (folder / name).write_bytes(data)
    return open_picture(folder, ImageFile("e", name))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds no pixels."""
    body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    header = (13).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + header + (9).to_bytes(4, "big") + b"IDAT" + bytes(13)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_keeps_its_size_and_colours(tmp_path: Path, kind: str) -> None:
    picture = opened(tmp_path, encoded(scene(), kind))
    assert isinstance(picture, Picture)
    assert (picture.record.width, picture.record.height, picture.record.format) == (64, 48, kind)
    red, _, blue = np.asarray(picture.pixels.getpixel((8, 24)), int)
    assert red > 200 > 60 > blue


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_any_way_gives_the_same_picture(tmp_path: Path, orientation: int) -> None:
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that the orientation undoes
    upright = scene(80, 40)
    stored = upright.transpose(Image.Transpose(turn[orientation])) if orientation in turn else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = opened(tmp_path, encoded(stored, "JPEG", exif=exif, quality=95), "a.jpg")
    assert isinstance(picture, Picture)
    assert (picture.record.width, picture.record.height) == (80, 40)
    assert picture.pixels.getpixel((10, 20))[0] > 200  # type: ignore[index]
    assert picture.pixels.getpixel((70, 20))[2] > 200  # type: ignore[index]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (20, 10)) if mode == "I;16" else scene(20, 10).convert(mode)
    picture = opened(tmp_path, encoded(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert isinstance(picture, Picture)
    assert picture.pixels.mode == "RGB"


def test_what_is_transparent_is_seen_on_white(tmp_path: Path) -> None:
    picture = opened(tmp_path, encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG"))
    assert isinstance(picture, Picture)
    assert picture.pixels.getpixel((1, 1)) == (255, 255, 255)


def test_an_animation_counts_by_its_first_frame(tmp_path: Path) -> None:
    frames = [scene(), Image.new("RGB", (64, 48), "green")]
    picture = opened(tmp_path, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert isinstance(picture, Picture)
    assert picture.pixels.getpixel((8, 24))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"GIF89a", "not_an_image"),
        (encoded(scene(), "PNG")[:-60], "truncated"),
        (encoded(scene(), "JPEG")[:-40], "truncated"),
        (png_header(60_000, 60_000), "too_large"),
    ],
)
def test_what_is_no_whole_picture_is_dropped_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    rejected = opened(tmp_path, data)
    assert isinstance(rejected, Reject)
    assert (rejected.file, rejected.reason) == ("a.png", reason)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_no_truncation_crashes(tmp_path: Path, kind: str) -> None:
    data = encoded(scene(16, 12), kind)
    for length in range(0, len(data) - 1, 7):
        found = opened(tmp_path, data[:length])
        assert isinstance(found, Picture) or found.reason in ("empty", "truncated", "not_an_image", "corrupt"), length


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_flipped_byte_crashes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF"]))
    body = bytearray(encoded(scene(16, 12), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    found = opened(tmp_path_factory.mktemp("flip"), bytes(body))
    assert isinstance(found, Picture | Reject)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a\0b", "nowhere.png", ".", "link.png", "loop.png"])
def test_no_file_outside_the_root_is_opened(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(scene(), "PNG"))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "loop.png").symlink_to(root / "loop.png")
    found = open_picture(root, ImageFile("e", path))
    assert isinstance(found, Reject)
    assert found.reason in ("outside_root", "unreadable")


def test_a_named_pipe_does_not_hang_the_ingest(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    found = open_picture(tmp_path, ImageFile("e", "pipe.png"))
    assert isinstance(found, Reject)
    assert found.reason == "unreadable"


def test_dhash_says_where_a_picture_grows_brighter() -> None:
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)  # dark to bright, left to right
    assert dhash(ramp) == 2**64 - 1
    assert dhash(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 0
    assert dhash(ramp.resize((33, 77))) == dhash(ramp)


def test_batches_keep_the_order_and_lose_nothing(tmp_path: Path) -> None:
    write: Callable[[int], int] = lambda n: (tmp_path / f"{n}.png").write_bytes(encoded(scene(8 + n, 8), "PNG"))  # noqa: E731
    for n in range(10):
        write(n)
    files = [ImageFile("e", f"{n}.png") for n in range(10)]
    batches = list(open_pictures(tmp_path, files, 4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    widths = [each.record.width for batch in batches for each in batch if isinstance(each, Picture)]
    assert widths == list(range(8, 18))
