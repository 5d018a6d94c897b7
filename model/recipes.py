"""Recipes of others as settings of ours: trained on the same data for the same time, they are baselines.

Only what makes a recipe is taken over: its losses and negatives. Language model, images and data stay ours, so that a
difference is the recipe's. True answers are never negatives, in which we are kinder to both than they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.errors import DataError


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named set of training settings, and where it is from."""

    name: str
    source: str
    settings: Mapping[str, str | float]


GILL = Recipe(
    "gill",
    "Koh, Fried and Salakhutdinov, Generating Images with Multimodal Language Models, NeurIPS 2023, section 3.2: a "
    "retrieval token learned by InfoNCE with the batch's other images as negatives; no knowledge slot, no relations",
    {"negatives": "batch", "knowledge": 0.0, "relation": 0.0},
)
TEXTBIND = Recipe(
    "textbind",
    "Li et al., TextBind: Multi-turn Interleaved Multimodal Instruction-following in the Wild, 2024, section 5 (MIM): "
    "the language model alone is trained, to describe the image that it would show; what it writes is looked for",
    {"negatives": "batch", "knowledge": 0.0, "relation": 0.0, "retrieval": 0.0},
)
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (GILL, TEXTBIND)}


def recipe(name: str) -> Recipe:
    """Return the recipe of a name. Raises DataError if there is none."""
    if name not in RECIPES:
        raise DataError(f"There is no recipe '{name}'; there are: {', '.join(RECIPES)}.")
    return RECIPES[name]
