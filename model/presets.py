"""Which parts a model is made of, and their sizes: a file in `presets/` each, to be read and copied."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from kg.errors import DataError
from model.adapters import ADAPTERS, Shape

Kno = Literal["slot", "marker"]
SCRATCH = "scratch"  # what `--llm` is called where a small Llama is trained from scratch
ZERO = ("lora", "learning_rate", "weight_decay")  # what may be zero

PRESETS: Mapping[str, Path] = {path.stem: path for path in sorted(Path(str(files("model"))).glob("presets/*.toml"))}


@dataclass(frozen=True, slots=True)
class Scratch:
    """The sizes of a Llama that is trained from scratch, with a tokenizer of its own."""

    vocabulary: int  # tokens of the byte-level BPE, the special ones among them; fewer where the corpus gives fewer
    width: int
    layers: int
    heads: int
    inner: int  # of the feed-forward layers

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise DataError(f"width {self.width} is no multiple of heads {self.heads}")


@dataclass(frozen=True, slots=True)
class Preset:
    """The parts of a model, and how it is trained; the sizes of a part stand in a section of its name."""

    name: str
    vision: str  # what `--vision` takes: see `ingest.encoder_names`
    llm: str  # SCRATCH, or what `--llm` takes: see `model.language`
    adapter: str  # see `model.adapters`
    kno: Kno
    lora: int  # rank; 0 for none
    retrieval_width: int  # where <RET> states and images meet
    max_length: int  # tokens of a conversation; later rounds are left out
    batch: int  # conversations a step
    learning_rate: float
    adapters: Mapping[str, Shape]  # by name
    scratch: Scratch | None = None
    beta2: float = 0.98  # of Adam; β1 is 0.9
    weight_decay: float = 0.05  # of AdamW; 0 for Adam

    def __post_init__(self) -> None:
        for key, value, known in (("adapter", self.adapter, tuple(ADAPTERS)), ("kno", self.kno, get_args(Kno))):
            if value not in known:
                raise DataError(f"there is no {key} '{value}'; there are: {', '.join(known)}.")
        if self.adapter not in self.adapters:
            raise DataError(f"there is no section [{self.adapter}]; copy the file and add one.")
        if self.llm == SCRATCH and self.scratch is None:
            raise DataError(f"there is no section [{SCRATCH}]; copy the file and add one.")
        if self.lora and self.llm == SCRATCH:
            raise DataError("'lora' changes a pretrained language model; name one as 'llm', or let it be 0.")

    @property
    def queries(self) -> int:
        """Return the number of <image> tokens that stand for an image."""
        return self.adapters[self.adapter].queries


def preset(name: str, **parts: object) -> Preset:
    """Return the preset of a name, or the one in a file FILE.toml, with other `parts` where they aren't None.

    Raises DataError that names the file and the key.
    """
    path = Path(name) if name.endswith(".toml") else PRESETS.get(name)
    if path is None:
        raise DataError(f"There is no preset '{name}'; there are: {', '.join(PRESETS)}, or FILE.toml of your own.")
    try:
        record = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise DataError(f"{path} holds no preset ({exc}); copy one of {', '.join(PRESETS)}.") from exc
    for key in ("name", "adapters"):
        if key in record:
            raise DataError(f"{path}: there is no '{key}' in a preset; the file's name is its name.")
    found = {"adapters": {key: record.pop(key) for key in [*record] if key in ADAPTERS}, "name": path.stem} | record
    return preset_of(found, str(path), **parts)


def preset_of(record: Mapping[str, Any], place: str, **parts: object) -> Preset:
    """Return the preset that a record, as `dataclasses.asdict` gives it, describes. Raises DataError."""
    values = dict(record)
    shapes = {}
    for name, sizes in values.get("adapters", {}).items():
        if name not in ADAPTERS:
            raise DataError(f"{place}: there is no adapter '{name}'; there are: {', '.join(ADAPTERS)}.")
        shapes[name] = section(ADAPTERS[name].sizes, sizes, f"{place}, [{name}]")
    values["adapters"] = {name: shapes.get(name) or ADAPTERS[name].sizes() for name in ADAPTERS if sized(name, shapes)}
    if values.get(SCRATCH) is not None:
        values[SCRATCH] = section(Scratch, values[SCRATCH], f"{place}, [{SCRATCH}]")
    made: Preset = section(Preset, values, place)
    try:
        return replace(made, **{name: part for name, part in parts.items() if part is not None})  # type: ignore[arg-type]
    except DataError as exc:
        raise DataError(f"{place}: {exc}") from exc


def sized(name: str, shapes: Mapping[str, Shape]) -> bool:
    """Say whether an adapter's sizes are given, or it has none to give."""
    return name in shapes or not fields(ADAPTERS[name].sizes)


def section(kind: type, values: object, place: str) -> Any:
    """Return a dataclass of values whose names and kinds must be its own. Raises DataError."""
    if not isinstance(values, Mapping):
        raise DataError(f"{place} is {values!r}, not a section with keys.")
    known = {field.name: field for field in fields(kind)}
    for key in values:
        if key not in known:
            raise DataError(f"{place}: there is no '{key}'; there are: {', '.join(known)}.")
    for key, field in known.items():
        if key in values:
            check_value(key, values[key], str(field.type), place)
        elif field.default is MISSING:
            raise DataError(f"{place}: '{key}' is missing.")
    try:
        return kind(**values)
    except DataError as exc:
        raise DataError(f"{place}: {exc}") from exc


def check_value(key: str, value: object, kind: str, place: str) -> None:
    """Raise DataError if a value is not of a kind."""
    if kind in ("int", "float"):
        numbers = (int,) if kind == "int" else (int, float)
        right = isinstance(value, numbers) and not isinstance(value, bool) and (value > 0 or key in ZERO and value == 0)
        if not right:
            raise DataError(f"{place}: '{key}' is {value!r}, not a {'whole ' * (kind == 'int')}number above zero.")
    elif kind in ("str", "Kno") and not isinstance(value, str):
        raise DataError(f"{place}: '{key}' is {value!r}, not a text.")
