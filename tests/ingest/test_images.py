"""A picture is decoded as a person sees it, or dropped with the reason."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest import images
from ingest.images import Picture, decode, dhash, open_picture, open_pictures
from ingest.sample import folder
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_any_way_gives_the_same_picture(tmp_path: Path, orientation: int, kind: str) -> None:
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that the orientation undoes
    upright = scene(80, 40)
    stored = upright.transpose(Image.Transpose(turn[orientation])) if orientation in turn else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = opened(tmp_path, encoded(stored, kind, exif=exif, quality=95), "a.jpg")
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


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "TIFF"])
def test_an_animation_of_any_format_counts_by_its_first_frame(tmp_path: Path, kind: str) -> None:
    frames = [scene(), *(Image.new("RGB", (64, 48), (0, n % 256, 0)) for n in range(200))]
    picture = opened(tmp_path, encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert isinstance(picture, Picture)
    assert picture.record.format == kind
    assert picture.pixels.getpixel((8, 24))[0] > 200  # type: ignore[index]


def test_a_phones_two_pictures_in_one_file_are_a_jpeg(tmp_path: Path) -> None:
    picture = opened(tmp_path, encoded(scene(900, 900), "MPO", save_all=True, append_images=[scene(900, 900)]))
    assert isinstance(picture, Picture)
    assert (picture.record.format, picture.record.width, picture.pixels.width) == ("JPEG", 900, 450)


def test_a_print_shops_jpeg_shows_its_colours(tmp_path: Path) -> None:
    picture = opened(tmp_path, encoded(scene().convert("CMYK"), "JPEG"), "a.png")  # and a suffix that is wrong
    assert isinstance(picture, Picture)
    red, _, blue = np.asarray(picture.pixels.getpixel((8, 24)), int)
    assert red > 200 > 60 > blue


@pytest.mark.parametrize(("mode", "kind", "top"), [("I;16", "PNG", 65535), ("I;16", "TIFF", 65535), ("F", "TIFF", 1)])
def test_deep_grey_keeps_its_brightness(tmp_path: Path, mode: str, kind: str, top: int) -> None:
    ramp = np.linspace(0, top, 256)[None].repeat(4, 0)
    deep = Image.fromarray(ramp.astype(np.float32 if mode == "F" else np.uint16))
    assert deep.mode == mode
    picture = opened(tmp_path, encoded(deep, kind))
    assert isinstance(picture, Picture)
    np.testing.assert_allclose(np.asarray(picture.pixels)[0, :, 0], np.arange(256), atol=1)


def test_an_exif_part_that_is_broken_does_not_cost_the_picture(tmp_path: Path) -> None:
    picture = opened(tmp_path, encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(8)))
    assert isinstance(picture, Picture)


def test_a_tile_that_claims_gigabytes_is_dropped(tmp_path: Path) -> None:
    tiff = encoded(Image.new("RGB", (16, 16)), "TIFF", compression="tiff_lzw", tiffinfo={322: 60_000, 323: 60_000})
    assert isinstance(opened(tmp_path, tiff), Picture | Reject)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_very_large_picture_is_kept_small(kind: str) -> None:
    pixels, width, height, _ = decode(encoded(Image.new("L", (6000, 4000)), kind))
    assert (width, height) == (6000, 4000)
    assert pixels.size == (3000, 2000)


def test_a_batch_of_large_pictures_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "BATCH_AT_MOST", 20_000)
    for n in range(7):
        (tmp_path / f"{n}.png").write_bytes(encoded(scene(100, 100), "PNG"))
    batches = open_pictures(tmp_path, [ImageFile("e", f"{n}.png") for n in range(7)])
    assert [[each.record.path for each in batch if isinstance(each, Picture)] for batch in batches] == [
        ["0.png", "1.png", "2.png"],
        ["3.png", "4.png", "5.png"],
        ["6.png"],
    ]


def test_a_warning_on_one_thread_never_turns_a_picture_of_another_into_a_reject(tmp_path: Path) -> None:
    palette = scene().convert("P")
    warns = encoded(palette, "PNG", transparency=bytes(range(256)))  # Pillow warns of such a palette
    (tmp_path / "a.png").write_bytes(warns)
    files = [ImageFile("e", "a.png")] * 300
    assert all(isinstance(each, Picture) for batch in open_pictures(tmp_path, files) for each in batch)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"GIF89a", "not_an_image"),
        (b"%PDF-1.7 text", "not_an_image"),
        (b"BM" + bytes(12) + struct.pack("<IiiHH24x", 40, 60_000, 60_000, 1, 24), "too_large"),
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
    for length in range(len(data) - 1):
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


def test_dhash_says_where_a_picture_grows_brighter() -> None:
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)  # dark to bright, left to right
    assert dhash(ramp) == 2**64 - 1
    assert dhash(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 0
    assert dhash(ramp.resize((33, 77))) == dhash(ramp)


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (9, 8), (224, 224), (223, 97), (500, 375), (501, 374), (1280, 960)])
def test_dhash_is_what_imagehash_computes(size: tuple[int, int]) -> None:
    seed = np.random.default_rng(size[0]).integers(0, 256, (24, 40, 3), np.uint8)
    pictures = [
        Image.open(each).convert("RGB").resize(size) for each in sorted((folder() / "images").iterdir())[:999:97]
    ]
    pictures += [Image.fromarray(seed[n:]).resize(size, Image.Resampling.BICUBIC) for n in range(10)]
    theirs = [int.from_bytes(np.packbits(imagehash.dhash(each).hash).tobytes(), "big") for each in pictures]
    differing = [(dhash(each) ^ other).bit_count() for each, other in zip(pictures, theirs, strict=True)]
    assert np.mean(differing) <= 0.5


def test_dhash_of_a_giant_is_that_of_its_parts() -> None:
    giant = Image.linear_gradient("L").rotate(90).resize((2000, 1500))
    assert dhash(giant) == dhash(giant.resize((200, 150), Image.Resampling.BOX)) == 2**64 - 1


def test_batches_keep_the_order_and_lose_nothing(tmp_path: Path) -> None:
    write: Callable[[int], int] = lambda n: (tmp_path / f"{n}.png").write_bytes(encoded(scene(8 + n, 8), "PNG"))  # noqa: E731
    for n in range(10):
        write(n)
    files = [ImageFile("e", f"{n}.png") for n in range(10)]
    batches = list(open_pictures(tmp_path, files, 4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    widths = [each.record.width for batch in batches for each in batch if isinstance(each, Picture)]
    assert widths == list(range(8, 18))
