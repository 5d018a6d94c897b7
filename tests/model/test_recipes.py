"""A recipe of others trains with their losses and negatives, and none of ours: else it is no baseline."""

from collections.abc import Callable

import pytest
from click.testing import Result

from kg.errors import DataError
from model.recipes import GILL, RECIPES, TEXTBIND, recipe
from model.settings import TrainSettings


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_is_a_training_that_there_is_and_says_where_it_is_from(name: str) -> None:
    settings = TrainSettings("g", "d", steps=1, **recipe(name).settings)  # type: ignore[arg-type]
    assert (settings.negatives, settings.knowledge, settings.relation) == ("batch", 0.0, 0.0)
    assert "section" in recipe(name).source


def test_only_gill_learns_to_retrieve() -> None:
    assert "retrieval" not in GILL.settings
    assert TEXTBIND.settings["retrieval"] == 0.0


def test_recipe_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="'flamingo'; there are: gill, textbind"):
        recipe("flamingo")


def test_recipe_and_negatives_of_ones_own_are_refused_together(kwk: Callable[..., Result]) -> None:
    told = kwk("train", "--recipe", "gill", "--negatives", "proximity", code=2).output
    assert "--recipe decides the negatives" in told
