"""Pictures as people send them: the atlas' own as a phone would take them, and pictures of what it does not know.

`KWK_FB15K_DIR=FOLDER make bench ONLY=seen [RUN=FOLDER]`: the strangers are pictograms.
"""

import csv
import io
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter

from benchmarks.stores import opened
from kg.progress import silent
from model.run import load
from retrieval.assemble import image_roots, open_pictures
from retrieval.ground import Reader
from retrieval.search import Pictures

GRAPH = "atlas"
EACH = 400
SEED = 0
TILT = 0.08  # of a side, by which a corner may lie elsewhere than it would in front of the camera
CUT = 0.06  # of a side, that may be missing at most
QUALITY = 30


def main() -> None:
    """Show both kinds; print how many are linked to their entity, refused, and refused wrongly."""
    torch.set_num_threads(1)
    chance = random.Random(SEED)  # noqa: S311
    with opened() as (both, home):
        reader = Reader(both.driver, GRAPH)
        run = load(Path(os.environ["RUN"])) if os.environ.get("RUN") else None
        pictures = open_pictures(both, reader, image_roots(reader), home, run, silent)
        assert pictures is not None  # noqa: S101 - the atlas has pictures
        paths, owners = pictures.files()
        root = pictures.roots[0]
        shown = chance.sample(sorted(paths), min(EACH, len(paths)))
        own = [(Image.open(root / paths[sha]), owners[sha]) for sha in shown]
        report("as they are", pictures, own)
        report("as a phone takes them", pictures, [(photographed(each, chance), whose) for each, whose in own])
        report("of nothing in the graph", pictures, [(each, []) for each in strangers(chance)])
        left_out(pictures, shown)


def report(title: str, pictures: Pictures, shown: Sequence[tuple[Image.Image, Sequence[str]]]) -> None:
    """Print how many pictures are linked to who they show, and how many are refused."""
    linked = refused = 0
    for picture, whose in shown:
        known = pictures.known(pictures.measured(picture.convert("RGB")))
        refused += not known
        linked += bool(known) and known[0].entity in whose
    said = f"{linked / len(shown):.1%} linked, " if any(whose for _, whose in shown) else ""
    print(f"pictures {title}: {said}{refused / len(shown):.1%} refused, of {len(shown)}")


def photographed(image: Image.Image, chance: random.Random) -> Image.Image:
    """Take a picture of a picture: aslant, cut, out of focus, too light or dark, saved small."""
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image.convert("RGB"), mask=image.getchannel("A") if image.mode in ("RGBA", "LA") else None)
    width, height = flat.size
    corners = [(x + chance.uniform(-TILT, TILT) * width, y + chance.uniform(-TILT, TILT) * height)
               for x, y in ((0, 0), (width, 0), (width, height), (0, height))]  # fmt: skip
    seen = flat.transform(flat.size, Image.Transform.PERSPECTIVE, perspective(corners, width, height),
                          Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))  # fmt: skip
    left, top, right, bottom = (chance.uniform(0, CUT) for _ in range(4))
    seen = seen.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )
    seen = seen.filter(ImageFilter.GaussianBlur(chance.uniform(0, 0.008) * width))
    seen = ImageEnhance.Brightness(seen).enhance(chance.uniform(0.65, 1.35))
    file = io.BytesIO()
    seen.save(file, "jpeg", quality=QUALITY)
    return Image.open(file)


def perspective(corners: Sequence[tuple[float, float]], width: int, height: int) -> list[float]:
    """Return the eight coefficients that take the frame's corners to these."""
    rows, right = [], []
    for (x, y), (u, v) in zip(((0, 0), (width, 0), (width, height), (0, height)), corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return [float(each) for each in np.linalg.solve(np.array(rows, float), np.array(right, float))]


def strangers(chance: random.Random) -> Iterator[Image.Image]:
    """Yield pictograms: a tiger, a violin."""
    folder = Path(os.environ["KWK_FB15K_DIR"])
    with (folder / "images.tsv").open(encoding="utf-8") as file:
        ids = [row["mid"] for row in csv.DictReader(file, delimiter="\t") if row["kind"] == "pictogram"]
    files = sorted(
        file for id in ids for file in (folder / "image-graph_images" / id.strip("/").replace("/", ".")).iterdir()
    )
    for file in chance.sample(files, min(EACH, len(files))):
        yield Image.open(file)


def left_out(pictures: Pictures, shown: Sequence[str]) -> None:
    """Print how many pictures are refused where the graph has none of whom they show, and where it has only others."""
    _, owners = pictures.files()
    shas, described = pictures.described()
    place = {sha: row for row, sha in enumerate(shas)}
    unknown, known = [], []
    for sha in shown:
        cosines = described @ described[place[sha]]
        same = np.array([not set(owners[sha]).isdisjoint(owners[other]) for other in shas])
        unknown.append(float(cosines[~same].max()))
        same[place[sha]] = False
        if same.any():
            known.append(float(cosines[same].max()))
    for title, reached in (
        ("of the same kind, of whom the graph has none", unknown),
        ("of whom the graph has only others", known),
    ):
        refused = sum(cosine < pictures.threshold for cosine in reached)
        print(f"pictures {title}: {refused / len(reached):.1%} refused, of {len(reached)}")


if __name__ == "__main__":
    main()
