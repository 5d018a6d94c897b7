"""Two drawings of one thing that are told apart, two things that are not, a descriptor that is lost with its run."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ingest.descriptor import (
    CELLS,
    COLOURS,
    THUMBNAIL,
    components,
    fit,
    load_descriptor,
    measure,
    measured_space,
    measured_width,
    thumbnail,
    within_whitening,
)
from ingest.encoders import Encoder
from ingest.sample import folder
from kg.errors import CheckpointError, DataError

COUNTRIES = ("PE", "JP", "FR", "BR", "CA", "KE", "IN", "NO")
STYLES = ("twemoji", "noto")


@pytest.fixture(scope="module")
def flags(encoder: Encoder) -> np.ndarray:
    """The flags of eight countries in two styles, measured: (16, M), the styles of a country side by side."""
    names = [f"flag-{country}-{style}.webp" for country in COUNTRIES for style in STYLES]
    return measure(encoder, [Image.open(folder() / "images" / name).convert("RGB") for name in names])


def test_measurement_is_a_grid_of_length_one_and_colours(encoder: Encoder, flags: np.ndarray) -> None:
    assert flags.shape == (16, measured_width(encoder))
    assert flags.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(flags[:, :-COLOURS], axis=1), 1, rtol=1e-4)
    assert np.abs(flags[:, -COLOURS:]).max() <= 0.5
    assert measured_width(encoder) == CELLS * encoder.width + COLOURS
    assert encoder.space in measured_space(encoder)


def test_picture_measures_the_same_whatever_stands_beside_it(encoder: Encoder, flags: np.ndarray) -> None:
    alone = measure(encoder, [Image.open(folder() / "images" / "flag-JP-noto.webp").convert("RGB")])
    np.testing.assert_allclose(alone[0], flags[3], atol=1e-4)


def test_flag_is_recognised_in_a_style_that_was_not_fitted_on(flags: np.ndarray) -> None:
    ink, oil = flags[0::2], flags[1::2]
    described = fit(ink, COUNTRIES, flags.shape[1] - COLOURS)
    cosines = described.describe(oil) @ described.describe(ink).T
    assert (cosines.argmax(axis=1) == np.arange(8)).mean() >= 0.75


def test_fitting_draws_the_pictures_of_a_thing_together(flags: np.ndarray) -> None:
    countries = [country for country in COUNTRIES for _ in STYLES]
    knows = fit(flags, countries, flags.shape[1] - COLOURS)
    alone = fit(flags, [str(n) for n in range(16)], flags.shape[1] - COLOURS)
    margins = []
    for descriptor in (alone, knows):
        found = descriptor.describe(flags)
        cosines = found @ found.T
        same = np.array([cosines[2 * n, 2 * n + 1] for n in range(8)])
        others = np.array([np.delete(cosines[2 * n], [2 * n, 2 * n + 1]).mean() for n in range(8)])
        margins.append(float((same - others).mean()))
    assert margins[1] > margins[0]
    np.testing.assert_allclose(np.linalg.norm(knows.describe(flags), axis=1), 1, rtol=1e-5)
    assert knows.describe(flags).shape == (16, knows.width)
    assert knows.space != alone.space


def test_colours_are_those_of_what_is_in_the_picture() -> None:
    picture = Image.new("RGB", (300, 200), (255, 255, 255))
    ImageDraw.Draw(picture).rectangle((100, 60, 199, 139), (255, 0, 0))
    colours = thumbnail(picture).reshape(THUMBNAIL[1], THUMBNAIL[0], 3)
    np.testing.assert_allclose(colours[2:-2, 2:-2].mean(axis=(0, 1)), (0.5, -0.5, -0.5), atol=0.05)
    moved = Image.new("RGB", (600, 400), (255, 255, 255))
    ImageDraw.Draw(moved).rectangle((20, 220, 219, 379), (255, 0, 0))
    np.testing.assert_allclose(thumbnail(moved).mean(), thumbnail(picture).mean(), atol=0.1)


def test_picture_of_one_colour_is_taken_whole() -> None:
    colours = thumbnail(Image.new("RGB", (40, 30), (0, 0, 255))).reshape(-1, 3)
    np.testing.assert_allclose(colours, [[-0.5, -0.5, 0.5]] * len(colours), atol=1e-6)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_no_size_of_a_picture_breaks_the_thumbnail(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    colours = thumbnail(Image.fromarray(pixels))
    assert colours.shape == (COLOURS,)
    assert np.abs(colours).max() <= 0.5


@pytest.mark.parametrize(("rows", "columns"), [(5, 30), (30, 5), (8, 8)])
def test_components_are_the_directions_of_most_variance(rows: int, columns: int) -> None:
    values = np.random.default_rng(0).normal(size=(rows, columns)) * np.linspace(5, 1, columns)
    centred = (values - values.mean(axis=0)).astype(np.float32)
    found = components(centred, 3)
    np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-4)
    _, _, expected = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(found * expected[:3].T, axis=0)), 1, atol=1e-3)


def test_few_pictures_or_all_the_same_are_still_described() -> None:
    for count in (2, 40):
        same = np.tile(np.random.default_rng(0).normal(size=(1, 20 + COLOURS)), (count, 1)).astype(np.float32)
        assert np.isfinite(fit(same, [str(n % 2) for n in range(count)], 20).describe(same)).all()
    with pytest.raises(DataError, match="1 pictures are too few.*ingest images first"):
        fit(same[:1], ["a"], 20)


def test_whitening_shrinks_what_differs_within_an_entity() -> None:
    rng = np.random.default_rng(0)
    entity = np.repeat(np.arange(20), 5)
    rows = rng.normal(size=(20, 4))[entity] + rng.normal(size=(100, 4)) * [3.0, 0.1, 0.1, 0.1]
    whitened = rows @ within_whitening(rows.astype(np.float32), [str(n) for n in entity])
    means = np.stack([whitened[entity == n].mean(axis=0) for n in range(20)])
    around = whitened - means[entity]
    covariance = around.T @ around / (100 - 20)
    assert np.linalg.eigvalsh(covariance).max() < 1.2  # the noisy direction is no louder than the others
    identity = within_whitening(rows.astype(np.float32), [str(n) for n in range(100)])
    np.testing.assert_allclose(identity @ identity.T, np.eye(4), atol=1e-5)  # nothing is known: nothing changes


def test_saved_descriptor_describes_as_before(flags: np.ndarray, tmp_path: Path) -> None:
    descriptor = fit(flags, [str(n) for n in range(16)], flags.shape[1] - COLOURS)
    descriptor.save(tmp_path / "d.safetensors")
    again = load_descriptor(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.describe(flags), descriptor.describe(flags))
    assert again.space == descriptor.space
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for name in ("broken.safetensors", "absent.safetensors"):
        with pytest.raises(CheckpointError, match=f"{name} holds no image descriptor"):
            load_descriptor(tmp_path / name)
