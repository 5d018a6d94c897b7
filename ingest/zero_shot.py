"""Whether an encoder's text tower knows the things of a graph, measured on the graph's own pictures and names.

The semantic gate drops half of what it sees. With a tower that can't tell whom a picture shows it would drop at
random, so it is in force only where the measure leaves no doubt.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.gates import unit

Floats = NDArray[np.float32]
TextTower = Callable[[Sequence[str]], Floats]

SAMPLE = 500  # entities that the measure looks at
DOUBT = 0.01  # the chance that a tower without any power passes, over all wordings
CHANCE = 0.5  # how often a tower without any power puts the right name above a wrong one
WORDINGS = ("a photo of {name}", "a photo of {name}, {what}", "{name}")


class Space(Protocol):
    """What the gates ask of an encoder: the name and width of its space, and its text tower if it has one."""

    @property
    def space(self) -> str:
        """Return the name of the features' space."""
        ...

    @property
    def width(self) -> int:
        """Return the number of values of a feature."""
        ...

    @property
    def encode_text(self) -> TextTower | None:
        """Return what maps texts to features (N, D); None where there is no text tower."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """An entity of the sample: what it is called, and the feature of one of its pictures."""

    name: str
    what: str  # what it is, in a few words; may be empty
    feature: Floats  # (D,)


@dataclass(frozen=True, slots=True)
class Power:
    """Whether the semantic gate is in force, and why. `wording` is the text of an entity (KnowBLIP eq. 9)."""

    in_force: bool = False
    why: str = ""
    wording: str | None = None  # where it is in force
    auc: float | None = None  # how often a picture is more like its own name than like another's
    bound: float | None = None  # what that is at least, at a confidence of 1 - DOUBT
    entities: int = 0  # that were measured


def sampled(ids: Sequence[str], size: int = SAMPLE) -> list[str]:
    """Return some of the entities, drawn by a hash of their ids: the same ones in every run and in any order."""
    return sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())[:size]


def worded(wording: str, name: str, what: str) -> str:
    """Return the text of an entity; without knowing what it is, the wording ends at the name."""
    return wording.format(name=name, what=what).removesuffix(", ")


def what_it_is(description: str, label: str | None) -> str:
    """Return in a few words what an entity is: the first sentence of its description, else its type."""
    first = re.split(r"(?<=\w\w)[.!?](?:\s|$)", description.strip(), maxsplit=1)[0].strip()
    if first:
        return first[:120]
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", label).lower() if label else ""


def measure(entities: Sequence[Measured], tower: TextTower) -> Power:
    """Measure a text tower on entities of different names and pictures; the wording that tells most is taken."""
    count = len(entities)
    if count < 2:
        return Power(False, "the graph has no two entities of different names with pictures to measure it on")
    features = unit(np.stack([each.feature for each in entities]))
    found: list[tuple[float, str]] = []
    for wording in WORDINGS:
        texts = unit(np.asarray(tower([worded(wording, each.name, each.what) for each in entities]), np.float32))
        if not np.isfinite(texts).all():
            return Power(False, "its text tower gives values that are no numbers")
        found.append((area(features @ texts.T), wording))
    auc, wording = max(found, key=lambda each: each[0])
    bound = max(auc - margin(count), 0.0)
    told = (
        f"of {count} of the graph's pictures, one is more like the name of its own entity than like another's in "
        f"{auc:.1%} of pairs (at least {bound:.1%} with {1 - DOUBT:.0%} confidence; chance is {CHANCE:.0%})"
    )
    in_force = bound > CHANCE
    return Power(in_force, told, wording if in_force else None, round(auc, 6), round(bound, 6), count)


def area(cosines: Floats) -> float:
    """Return how often row i is higher at column i than at another column, ties by half: cosines (N, N)."""
    own = np.diag(cosines)[:, None]
    wins = (cosines < own).sum() + 0.5 * ((cosines == own).sum() - len(cosines))
    return float(wins / (len(cosines) * (len(cosines) - 1)))


def margin(count: int) -> float:
    """Return how far above the truth a mean of `count` shares may lie: Hoeffding's bound, for the best of WORDINGS."""
    return math.sqrt(math.log(len(WORDINGS) / DOUBT) / (2 * count))


def properties(space: str, power: Power) -> dict[str, str | bool | float | int | None]:
    """Return what is kept of the measure on the (:Graph) node, beside the space that it holds for."""
    return {"gates_encoder": space} | {f"gates_{key}": value for key, value in asdict(power).items()}


def stored(properties: Mapping[str, Any]) -> Power:
    """Return the measure that a (:Graph) node keeps."""
    return Power(**{each.name: properties.get(f"gates_{each.name}", each.default) for each in fields(Power)})
