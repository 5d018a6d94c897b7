"""Sizes of the models that `kwk train` knows: one value each, to be read and copied."""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.errors import DataError


@dataclass(frozen=True, slots=True)
class Preset:
    """The shape of a KnowBLIP, and how it is trained unless settings say otherwise."""

    name: str
    vocabulary: int  # tokens of the byte-level BPE, the special ones among them; fewer where the corpus gives fewer
    width: int  # of the language model and of the Q-Former
    layers: int
    heads: int
    inner: int  # of the language model's feed-forward layers
    queries: int  # tokens that the Q-Former makes of an image
    qformer_layers: int
    retrieval_width: int  # where <RET> states and images meet
    max_length: int  # tokens of a conversation; later rounds are left out
    batch: int  # conversations a step
    learning_rate: float


TINY = Preset(
    name="tiny",
    vocabulary=4000,
    width=192,
    layers=4,
    heads=4,
    inner=512,
    queries=8,
    qformer_layers=2,
    retrieval_width=256,
    max_length=384,
    batch=16,
    learning_rate=1.5e-3,
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (TINY,)}


def preset(name: str) -> Preset:
    """Return the preset of a name. Raises DataError if there is none."""
    if name not in PRESETS:
        raise DataError(f"There is no preset '{name}'; there are: {', '.join(PRESETS)}.")
    return PRESETS[name]
