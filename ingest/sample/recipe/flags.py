"""Flags of npm packages → 224-pixel pictures in up to four drawing styles."""

import hashlib
import io
import subprocess
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import resvg_py  # type: ignore[import-not-found,unused-ignore]
from PIL import Image, ImageChops, ImageStat

from kg.errors import DataError

SIDE = 224  # pixels
_SHARPER = 2  # drawn this many times larger, then reduced
_QUALITY = 90  # of WebP
_SAME_DRAWING = 1.0  # mean difference of a channel, of 255
_SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package, with the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str


NOTO = Package("@svgmoji/noto", "3.2.0", "4bd1ef9824efaa08f124541a4c3420899a273333169aada20761384f9c7a35d0")
TWEMOJI = Package("@twemoji/svg", "15.0.0", "1d2907557a422c7c4e3feca50ef915c39da1db3d76b4a4d7e73fb59bce4403c3")
FLAG_ICONS = Package("flag-icons", "7.5.0", "c0b80bf0e08006a60f56621d6bc49f8c7131f4d1fef6737a165a673431f4b518")


def unpack(package: Package, scratch: Path) -> Path:
    """Fetch the package with the npm client into `scratch` and return the folder of its files."""
    target = scratch / package.name.replace("/", "-").lstrip("@")
    target.mkdir(parents=True)
    command = ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(target)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=target)  # noqa: S603
    (archive,) = target.glob("*.tgz")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise DataError(f"{archive.name} has the SHA-256 {digest}, not {package.sha256}: look at what changed.")
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def drawings(countries: Iterable[str], scratch: Path) -> dict[str, dict[str, str]]:
    """Return SVG text by style and country; the styles stand in the order in which they are preferred."""
    codes = list(countries)
    twemoji, icons = unpack(TWEMOJI, scratch), unpack(FLAG_ICONS, scratch) / "flags"
    return {
        "noto": _sprites(unpack(NOTO, scratch) / "sprites" / "all.svg", codes),
        "twemoji": {code: (twemoji / f"{_emoji(code)}.svg").read_text(encoding="utf-8") for code in codes},
        "flagicons": {code: (icons / "4x3" / f"{code.lower()}.svg").read_text(encoding="utf-8") for code in codes},
        "flagiconsSquare": {
            code: (icons / "1x1" / f"{code.lower()}.svg").read_text(encoding="utf-8") for code in codes
        },
    }


def draw(svg: str) -> Image.Image:
    """Return the drawing on white, 224×224 pixels, its aspect kept."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE * _SHARPER, skip_system_fonts=True)
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    drawn.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=None)
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    picture.paste(drawn, ((SIDE - drawn.width) // 2, (SIDE - drawn.height) // 2), drawn)
    return picture


def choose(
    pictures: Mapping[str, Mapping[str, Image.Image]],
    sovereign: Mapping[str, str],
    of_state: Collection[str],
    outdated: Mapping[str, Collection[str]],
) -> dict[str, dict[str, Image.Image]]:
    """Return each country's own pictures by style, at least two of them.

    Some styles draw a territory with the flag of the state it belongs to; such a picture says nothing about the
    territory, so it is left out, and so is one that repeats the picture of another style. The territories `of_state`
    have no other flag: they keep two of their state's.
    """
    chosen: dict[str, dict[str, Image.Image]] = {}
    for code in next(iter(pictures.values())):
        if code in of_state:
            chosen[code] = {style: pictures[style][sovereign[code]] for style in list(pictures)[:2]}
            continue
        fresh = [style for style in pictures if style not in outdated.get(code, ())]
        own: dict[str, Image.Image] = {}
        for style in fresh:
            picture = pictures[style][code]
            repeated = any(_difference(picture, other) < _SAME_DRAWING for other in own.values())
            if not repeated and not _borrowed(pictures[style], code, sovereign):
                own[style] = picture
        if len(own) < 2:
            raise DataError(f"{code} has {len(own)} pictures of its own: decide in countries.toml what to show for it.")
        chosen[code] = own
    return chosen


def write(chosen: Mapping[str, Mapping[str, Image.Image]], folder: Path) -> dict[str, list[str]]:
    """Write the pictures, replacing those that are there, and return the names of the files by country."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    names: dict[str, list[str]] = {}
    for code, pictures in chosen.items():
        names[code] = [f"flag-{code}-{style}.webp" for style in pictures]
        for name, picture in zip(names[code], pictures.values(), strict=True):
            picture.save(folder / name, quality=_QUALITY, method=6)
    return names


def _borrowed(pictures: Mapping[str, Image.Image], code: str, sovereign: Mapping[str, str]) -> bool:
    """Tell whether a territory's picture is that of its state, or of another territory of that state."""
    state = sovereign.get(code)
    if state is None:
        return False
    family = [other for other in pictures if other != code and state in (other, sovereign.get(other))]
    return any(_difference(pictures[code], pictures[other]) < _SAME_DRAWING for other in family)


def _difference(one: Image.Image, other: Image.Image) -> float:
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


def _sprites(sheet: Path, codes: Iterable[str]) -> dict[str, str]:
    """Return the flags of a sheet of nested SVG elements, each a document of its own."""
    ET.register_namespace("", _SVG)
    by_id = {child.get("id"): child for child in ET.parse(sheet).getroot()}  # noqa: S314 (pinned by its SHA-256)
    return {code: ET.tostring(by_id[_emoji(code).upper()], encoding="unicode") for code in codes}


def _emoji(code: str) -> str:
    """Return the code points of the flag emoji as file names have them: "PE" → "1f1f5-1f1ea"."""
    return "-".join(f"{0x1F1E6 + ord(letter) - ord('A'):x}" for letter in code)
