"""What a run reads of a picture is drawn towards training images like it, and towards nothing that it was not given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from ingest.descriptor import COLOURS
from kg.cli import Kwk
from kg.errors import DataError
from kg.settings import ServiceSettings
from kg.stores import Stores
from model.cli import read_material
from model.run import Run
from model.run import load as load_run
from model.settings import TrainSettings
from model.train import train
from retrieval.album import Album, view
from retrieval.assemble import open_answerer
from retrieval.visual_cache import BALANCE, NEIGHBOURS, SHARPNESS, VisualCache, enhanced, open_cache
from tests.retrieval.conftest import HELD_OUT

Command = Callable[..., Result]

SMALL = 6  # values of the grid in what is made by hand


@pytest.fixture(scope="module")
def bound(
    stores: Stores, atlas: str, dialogues: Path, home: Path, tmp_path_factory: pytest.TempPathFactory, brief: None
) -> Run:
    """A short training of a bind network, the twemoji held out."""
    folder = tmp_path_factory.mktemp("runs") / "bound"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.wordings.STEPS", 1)
        patch.setattr("model.wordings.lexicon", dict)
        material = read_material(Kwk(ServiceSettings(home), -1), stores, atlas, dialogues, HELD_OUT)
        settings = TrainSettings(
            atlas, str(dialogues), "brief", adapter="bind", drawn=2, steps=4, every=4, holdout_style=HELD_OUT
        )
        train(material, settings, folder)
    return load_run(folder)


@pytest.fixture(scope="module")
def cache(stores: Stores, bound: Run) -> VisualCache:
    """Its cache."""
    return open_cache(stores, bound)


def by_hand(run: Run, album: Album, place: int, but: set[str]) -> np.ndarray:
    """Return what the paper's equations give of an image, computed over all images without any store."""
    keys = run.describe(album.measured)
    cosines = keys @ keys[place]
    there = [i for i, sha in enumerate(album.shas) if album.styles[i] != HELD_OUT and sha not in but]
    near = sorted(there, key=lambda i: -cosines[i])[:NEIGHBOURS]
    shares = np.exp(SHARPNESS * cosines[near])
    drawn = (shares / shares.sum()) @ album.measured[near]
    added = drawn[:-COLOURS] / np.linalg.norm(drawn[:-COLOURS])
    grid = BALANCE * added + (1 - BALANCE) * album.measured[place][:-COLOURS]
    colours = BALANCE * drawn[-COLOURS:] + (1 - BALANCE) * album.measured[place][-COLOURS:]
    return np.concatenate([grid / np.linalg.norm(grid), colours])


def test_picture_is_drawn_towards_the_likeliest_by_the_paper_s_equations() -> None:
    rows = np.eye(SMALL, SMALL + COLOURS, dtype=np.float32)
    found = enhanced(rows[0], np.array([0.9, 0.9, 0.1]), rows[1:4])
    assert np.linalg.norm(found[:SMALL]) == pytest.approx(1)
    assert found[0] == pytest.approx(0.5**0.5, abs=1e-3)  # α = 0.5 of what was there, and of what is added
    assert found[1] == found[2] == pytest.approx(0.5, abs=1e-3)
    assert 0 < found[3] < 1e-6  # 20 times a cosine makes the unlike next to nothing


def test_cache_holds_the_training_images_and_never_the_style_that_was_held_out(
    cache: VisualCache, bound: Run, album: Album
) -> None:
    for place in range(0, len(album.shas), 9):
        but = {album.shas[place]}
        np.testing.assert_allclose(cache(album.measured[place], but), by_hand(bound, album, place, but), atol=2e-3)
    held_out = album.styles.index(HELD_OUT)
    np.testing.assert_allclose(cache(album.measured[held_out]), by_hand(bound, album, held_out, set()), atol=2e-3)


def test_evaluation_gives_no_query_away_through_the_cache(cache: VisualCache, bound: Run, album: Album) -> None:
    assert bound.descriptor is not None
    seen = view(album, bound.descriptor, HELD_OUT, unseen=False, cache=cache)
    place = next(i for i, style in enumerate(album.styles) if style == "noto")
    alike = {album.shas[i] for i in seen.alike[place]}
    np.testing.assert_allclose(seen.read(place), by_hand(bound, album, place, alike), atol=2e-3)
    np.testing.assert_array_equal(
        view(album, bound.descriptor, HELD_OUT, unseen=False).read(place), album.measured[place]
    )


def test_cache_changes_what_is_read_of_a_picture_and_not_whom_it_shows(
    stores: Stores, atlas: str, home: Path, bound: Run, album: Album
) -> None:
    plain, cached = (open_answerer(stores, atlas, home, bound, visual_cache=on).pictures() for on in (False, True))
    assert plain is not None and cached is not None
    measured = album.measured[0]
    np.testing.assert_array_equal(plain.read(measured), measured)
    assert not np.allclose(cached.read(measured), measured, atol=1e-3)
    plain.known(measured)  # whoever is first writes the descriptors, and has them as they were before they are rounded
    assert cached.known(measured) == plain.known(measured)


def test_cache_is_refused_where_nothing_would_read_through_it(stores: Stores, atlas: str, home: Path, run: Run) -> None:
    with pytest.raises(DataError, match=r"is a bind network's; .* reads by 'qformer'"):
        open_answerer(stores, atlas, home, run, visual_cache=True)
    with pytest.raises(DataError, match="and there is none; train one first"):
        open_answerer(stores, atlas, home, visual_cache=True)


@pytest.mark.parametrize("command", [["ask", "What is this?"], ["serve", "--port", "0"]])
def test_commands_that_answer_refuse_it_too(kwk: Command, atlas: str, run: Run, command: list[str]) -> None:
    refused = kwk(*command, "--graph", atlas, "--run", str(run.folder), "--visual-cache", code=1)
    assert "is a bind network's" in refused.output
