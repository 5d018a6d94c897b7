"""A planted set: entities whose images are known to be theirs, another's, a copy, or broken.

Each entity gets 25 files: 12 pictures of its own, 5 intruders (pictures of other entities), 5 duplicates of its own
pictures, and 3 files that no longer decode. Own pictures and intruders are made alike, from the pictures of the
sample by mild crops, scalings, rotations, changes of light, margins and formats, so nothing but the content tells them
apart. Everything is drawn from a seed.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance, PngImagePlugin

OWN, INTRUDERS, DUPLICATES, CORRUPT = 12, 5, 5, 3
FLAG = re.compile(r"flag-(?P<entity>[\w-]+)-\w+\.webp")


@dataclass(frozen=True, slots=True)
class Planted:
    """A file of a planted set. `of`: the file that a duplicate repeats."""

    entity: str
    path: str  # below the folder
    kind: str  # own, intruder, duplicate or corrupt
    of: str | None = None


def flags(folder: Path) -> dict[str, list[Path]]:
    """Return the sample's pictures by what they show."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*.webp")):
        if match := FLAG.fullmatch(file.name):
            found.setdefault(match["entity"], []).append(file)
    return found


def plant(
    pictures: dict[str, list[Path]], folder: Path, entities: int, seed: int = 0, one_source: bool = False
) -> list[Planted]:
    """Write a planted set of some entities below `folder`; return what each file is.

    With `one_source` all intruders of an entity show one other entity, which makes them alike among themselves.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    names = sorted(name for name, files in pictures.items() if len(files) >= 3)
    planted: list[Planted] = []
    for entity in chance.sample(names, entities):
        (folder / entity).mkdir(parents=True)
        others = [name for name in names if name != entity]
        strangers = chance.choices(others, k=1) * INTRUDERS if one_source else chance.sample(others, INTRUDERS)
        own = [variant(chance.choice(pictures[entity]), chance) for _ in range(OWN)]
        intruders = [variant(chance.choice(pictures[stranger]), chance) for stranger in strangers]
        copied = chance.choices(range(OWN), k=DUPLICATES)
        files = [("own", each, None) for each in own] + [("intruder", each, None) for each in intruders]
        files += [("duplicate", chance.choice(COPIES)(own[number]), number) for number in copied]
        files += [("corrupt", chance.choice(DAMAGES)(chance.choice(own)[1], chance), None) for _ in range(CORRUPT)]
        paths = [f"{entity}/{number:02}.{suffix}" for number, (_, (suffix, _), _) in enumerate(files)]
        for path, (kind, (_, data), of) in zip(paths, files, strict=True):
            (folder / path).write_bytes(data)
            planted.append(Planted(entity, path, kind, None if of is None else paths[of]))
    chance.shuffle(planted)
    return planted


File = tuple[str, bytes]  # suffix and content


def variant(file: Path, chance: random.Random) -> File:
    """Make another picture of the same thing: cut, scaled, turned, lit, set on a ground and saved in its own way."""
    image = Image.open(file).convert("RGBA")
    width, height = image.size
    cut = [chance.uniform(0, 0.06) for _ in range(4)]
    image = image.crop((cut[0] * width, cut[1] * height, width - cut[2] * width, height - cut[3] * height))
    image = image.rotate(chance.uniform(-3, 3), Image.Resampling.BICUBIC, expand=True)
    scale = chance.uniform(0.7, 1.6)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    margin = round(image.width * chance.uniform(0, 0.08))
    tone = chance.randint(200, 255)
    ground = Image.new("RGB", (image.width + 2 * margin, image.height + 2 * margin), (tone, tone, tone))
    ground.paste(image, (margin, margin), image)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        ground = change(ground).enhance(chance.uniform(0.85, 1.15))
    form = chance.choice(("jpeg", "jpeg", "png", "webp"))
    quality = {} if form == "png" else {"quality": chance.randint(60, 95)}
    return form, saved(ground, form, **quality)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def byte_copy(file: File) -> File:
    """Repeat a file under another name."""
    return file


def png_copy(file: File) -> File:
    """Save the pixels of a file again, as a PNG."""
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "saved again")
    return "png", saved(Image.open(io.BytesIO(file[1])).convert("RGB"), "png", pnginfo=note)


def webp_copy(file: File) -> File:
    """Save the pixels of a file again, as a lossless WebP."""
    return "webp", saved(Image.open(io.BytesIO(file[1])).convert("RGB"), "webp", lossless=True)


def truncated(data: bytes, chance: random.Random) -> File:
    """Cut a file off."""
    return "jpg", data[: int(len(data) * chance.uniform(0.05, 0.9))]


def garbled(data: bytes, chance: random.Random) -> File:
    """Keep the first bytes of a file and put noise for the rest."""
    return "jpg", data[:12] + chance.randbytes(len(data) - 12)


def page(data: bytes, chance: random.Random) -> File:
    """Give what a server answers for a picture that is gone."""
    return "jpg", b"<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>"


COPIES: Sequence[Callable[[File], File]] = (byte_copy, png_copy, webp_copy)
DAMAGES: Sequence[Callable[[bytes, random.Random], File]] = (truncated, garbled, page)
