"""A picture is taken for whoever is drawn in its own way, not for whom it shows."""

import numpy as np
import pytest

from retrieval.search import A_STYLE, by_style, ranked


def test_how_a_picture_is_drawn_does_not_decide_whom_it_shows() -> None:
    people = [f"e{n}" for n in range(A_STYLE)]
    drawn = np.linspace(0.1, 0.3, A_STYLE, dtype=np.float32)
    drawn[3] = 0.6  # whom it shows, drawn otherwise
    alike = np.linspace(0.7, 0.75, A_STYLE, dtype=np.float32)  # all others in its own style
    raw = np.concatenate([drawn, alike])
    owners = [(each,) for each in people] * 2
    styles = ["ink"] * A_STYLE + ["oil"] * A_STYLE
    fair = by_style(raw, styles)
    assert fair.argmax() == 3
    assert raw.argmax() == len(raw) - 1
    (first, *_) = ranked(owners, fair, raw)
    assert first.entity == "e3"
    assert first.nearest == pytest.approx(float(raw[A_STYLE + 3]))


def test_scale_stays_that_of_all_cosines() -> None:
    raw = np.random.default_rng(0).normal(0.4, 0.1, 4 * A_STYLE).astype(np.float32)
    fair = by_style(raw, ["ink", "oil", "ink", "pen"] * A_STYLE)
    assert fair.mean() == pytest.approx(raw.mean(), abs=1e-3)
    assert fair.std() == pytest.approx(raw.std(), abs=1e-3)


def test_styles_of_few_pictures_go_together() -> None:
    raw = np.random.default_rng(1).normal(0.4, 0.1, 30).astype(np.float32)
    names = [f"style{n}" for n in range(30)]
    assert by_style(raw, names) == pytest.approx(raw, abs=1e-5)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_pictures_are_compared_all_the_same(count: int) -> None:
    raw = np.full(count, 0.5, np.float32)
    assert by_style(raw, ["ink"] * count) == pytest.approx(raw)
