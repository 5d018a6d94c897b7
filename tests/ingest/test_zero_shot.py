"""A text tower is believed only as far as the graph's own pictures bear it out."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ingest.zero_shot import (
    CHANCE,
    Measured,
    Power,
    area,
    margin,
    measure,
    properties,
    sampled,
    stored,
    what_it_is,
    worded,
)

Floats = NDArray[np.float32]


def entities(count: int, signal: float, seed: int = 0, width: int = 64) -> tuple[list[Measured], dict[str, Floats]]:
    """Entities with pictures, and what a tower thinks of their names: `signal` of it is the picture."""
    rng = np.random.default_rng(seed)
    measured = [Measured(f"n{n}", "", rng.normal(size=width).astype(np.float32)) for n in range(count)]
    noise = rng.normal(size=(count, width)).astype(np.float32)
    return measured, {each.name: signal * each.feature + noise[n] for n, each in enumerate(measured)}


def tower_of(thoughts: dict[str, Floats]) -> Callable[[Sequence[str]], Floats]:
    return lambda texts: np.stack([thoughts[text.removeprefix("a photo of ").split(",")[0]] for text in texts])


@given(arrays(np.float32, (6, 6), elements=st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0])))
def test_the_area_is_how_often_a_picture_is_more_like_its_own_name(cosines: Floats) -> None:
    wins = [
        1.0 if cosines[i, j] < cosines[i, i] else 0.5 if cosines[i, j] == cosines[i, i] else 0.0
        for i in range(6)
        for j in range(6)
        if i != j
    ]
    assert area(cosines) == pytest.approx(np.mean(wins))


def test_a_tower_that_knows_is_in_force_with_its_figures() -> None:
    measured, thoughts = entities(200, signal=1.0)
    power = measure(measured, tower_of(thoughts))
    assert power.in_force and power.entities == 200 and power.wording is not None
    assert power.auc is not None and power.auc > 0.95
    assert power.bound == pytest.approx(power.auc - margin(200), abs=1e-6)
    assert f"{power.auc:.1%}" in power.why and "99% confidence" in power.why


def test_towers_that_guess_are_hardly_ever_believed() -> None:
    believed = sum(measure(*guess).in_force for guess in (guesser(seed) for seed in range(100)))
    assert believed <= 1


def guesser(seed: int) -> tuple[list[Measured], Callable[[Sequence[str]], Floats]]:
    measured, thoughts = entities(40, signal=0.0, seed=seed)
    return measured, tower_of(thoughts)


def test_a_perfect_tower_on_few_entities_is_not_believed() -> None:
    for count in (0, 1, 2, 5, 11):
        measured, thoughts = entities(count, signal=100.0)
        assert not measure(measured, tower_of(thoughts)).in_force
    measured, thoughts = entities(12, signal=100.0)
    power = measure(measured, tower_of(thoughts))
    assert power.in_force and power.bound is not None and power.bound > CHANCE


def test_the_wording_that_tells_most_is_taken() -> None:
    measured, thoughts = entities(100, signal=1.0)
    lost = np.zeros(64, np.float32)

    def bare_names_alone(texts: Sequence[str]) -> Floats:
        return np.stack([thoughts.get(text, lost) for text in texts])

    assert measure(measured, bare_names_alone).wording == "{name}"


def test_a_tower_whose_values_are_no_numbers_is_out_of_force() -> None:
    measured, _ = entities(20, signal=1.0)
    power = measure(measured, lambda texts: np.full((len(texts), 64), np.nan, np.float32))
    assert (power.in_force, power.wording) == (False, None) and "no numbers" in power.why


def test_the_sample_is_the_same_in_any_order() -> None:
    ids = [f"/m/{n}" for n in range(2_000)]
    drawn = sampled(ids)
    random.Random(1).shuffle(ids)  # noqa: S311
    assert sampled(ids) == drawn and len(drawn) == 500


@pytest.mark.parametrize(
    ("description", "label", "what"),
    [
        ("Country in South America.", "Country", "Country in South America"),
        ("Capital of Peru. It lies on the coast.", None, "Capital of Peru"),
        ("Film by J. R. Smith", None, "Film by J. R. Smith"),
        ("", "FilmActor", "film actor"),
        ("", "film_actor", "film actor"),
        ("  ", None, ""),
    ],
)
def test_what_an_entity_is_fits_into_a_few_words(description: str, label: str | None, what: str) -> None:
    assert what_it_is(description, label) == what
    assert len(what_it_is("word " * 200, None)) <= 120


def test_a_name_is_never_taken_for_a_pattern() -> None:
    assert worded("a photo of {name}, {what}", "{what} {0}", "") == "a photo of {what} {0}"
    assert worded("a photo of {name}, {what}", "Lima", "capital") == "a photo of Lima, capital"


def test_a_measure_is_read_from_the_graph_as_it_was_written() -> None:
    power = Power(True, "because", "{name}", 0.9, 0.8, 40)
    written = properties("space", power)
    assert written["gates_encoder"] == "space" and stored(written) == power
    assert stored({}) == Power()
