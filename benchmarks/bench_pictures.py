"""Pictures against the libraries that one would take instead: hashes, pixels for an encoder, near-duplicates."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from benchmarks.turns import in_turn
from ingest.dhash import dhash
from ingest.images import Picture, open_picture
from ingest.near import near_duplicates
from ingest.preprocess import preprocess
from ingest.sample import folder
from kg.types import ImageFile

SIZES = ((224, 224), (500, 375), (1280, 960))
OF_EACH_KIND = 12
HASHES, RADIUS = 100_000, 4
PEER_PAIRS = 200_000  # of 5,000 million: the peer would take hours for all


def main() -> None:
    """Run every comparison, each side on one core: kwk opens pictures on as many threads as there are cores."""
    torch.set_num_threads(1)
    for size in SIZES:
        hash_pictures(size)
    for size in SIZES[1:]:
        with tempfile.TemporaryDirectory() as place:
            for kind in ("JPEG", "PNG"):
                open_files(size, kind, Path(place))
    join_hashes()


def photo(size: tuple[int, int], seed: int) -> Image.Image:
    """Return noise that falls off with its frequency, as in photographs, with the grain of a sensor."""
    width, height = size
    chance = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3))
    for cells in (3, 6, 12, 25, 60, 150):
        noise = chance.integers(0, 256, (max(2, cells * height // width), cells, 3), np.uint8)
        pixels += np.asarray(Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)) / cells**0.6
    pixels = (pixels - pixels.min()) / np.ptp(pixels) * 255 + chance.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def gradient(size: tuple[int, int], seed: int) -> Image.Image:
    """Return a sky: colours that change slowly."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR)


def pictures(size: tuple[int, int]) -> list[Image.Image]:
    """Return photographs, skies and drawings of a size."""
    files = sorted((folder() / "images").iterdir())
    drawings = [Image.open(file) for file in files if file.suffix == ".webp"][:: 965 // OF_EACH_KIND][:OF_EACH_KIND]
    made = [make(size, seed) for make in (photo, gradient) for seed in range(OF_EACH_KIND)]
    return made + [each.convert("RGB").resize(size, Image.Resampling.BICUBIC) for each in drawings]


def all_of(function: Callable[[Image.Image], object], items: Sequence[Image.Image], times: int) -> None:
    """Call a function for every item, several times."""
    for _ in range(times):
        for item in items:
            function(item)


def hash_pictures(size: tuple[int, int]) -> None:
    """Hash the same decoded pictures."""
    items = pictures(size)
    times = max(1, 4_000_000 // (size[0] * size[1]))
    title = f"dHash, {size[0]}×{size[1]}, {len(items) * times} pictures"
    in_turn(title, partial(all_of, dhash, items, times), partial(all_of, imagehash.dhash, items, times))
    theirs = [int.from_bytes(np.packbits(imagehash.dhash(each).hash).tobytes(), "big") for each in items]
    bits = [(dhash(each) ^ other).bit_count() for each, other in zip(items, theirs, strict=True)]
    print(f"  Hamming distance to imagehash: mean {np.mean(bits):.3f} bit, most {max(bits)}")


def open_files(size: tuple[int, int], kind: str, place: Path) -> None:
    """Make dHash and pixels for an encoder of files, as for ViT-L-14/openai; the peers decode each file once each."""
    settings = PreprocessCfg()
    theirs = image_transform_v2(settings, is_train=False)
    ours = preprocess(224, settings.mean, settings.std, settings.resize_mode, settings.interpolation)
    assert ours is not None
    names = []
    for n, picture in enumerate(pictures(size)):
        names.append(f"{n}-{size[0]}.{kind.lower()}")
        picture.save(place / names[-1], kind, **({"quality": 88} if kind == "JPEG" else {}))

    def us() -> None:
        for name in names:
            picture = open_picture(place, ImageFile("e", name))
            assert isinstance(picture, Picture)
            ours(picture.pixels)

    def peer() -> None:
        for name in names:
            imagehash.dhash(Image.open(place / name))
            theirs(Image.open(place / name))

    in_turn(f"one decode for dHash and pixels, {size[0]}×{size[1]} {kind}, {len(names)} files", us, peer)


def join_hashes() -> None:
    """Find all pairs among 100,000 hashes; the peer subtracts a sample of the pairs, and its time is multiplied."""
    hashes = np.random.default_rng(0).integers(0, 2**64, HASHES, np.uint64)
    hashes[HASHES // 2 :: 5] = hashes[: HASHES // 2 : 5] ^ np.uint64(0b1001)  # a tenth of them near another
    objects = [imagehash.hex_to_hash(f"{each:016x}") for each in hashes[:1000]]
    found: list[int] = []

    def us() -> None:
        found.append(sum(len(pairs) for pairs in near_duplicates(hashes, RADIUS)))

    def peer() -> None:
        for n in range(PEER_PAIRS):
            assert objects[n % 1000] - objects[(n * 7 + 1) % 1000] >= 0

    ratio = in_turn(f"near-duplicates of {HASHES:,} hashes, radius {RADIUS}; the peer {PEER_PAIRS:,} pairs", us, peer)
    pairs = HASHES * (HASHES - 1) // 2
    print(f"  {found[-1]:,} pairs found; extrapolated to all {pairs:,} the ratio is {ratio * pairs / PEER_PAIRS:,.0f}")
