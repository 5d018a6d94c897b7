"""A picture is judged by others than itself: nothing of it is in the gallery, and nothing of it tells whom it shows."""

from collections.abc import Callable

import numpy as np
import pytest

from dialogue.types import Shown
from ingest.encoders import Encoder
from kg.errors import DataError
from kg.progress import silent
from kg.stores import Stores
from model.run import Run
from retrieval.album import Album, View, read_album, view
from retrieval.answer import Answerer
from retrieval.assemble import image_roots
from retrieval.trials import Trial

Ask = Callable[..., Trial]
MakeView = Callable[..., View]
COUNTRY = "urn:kwk:atlas:country/"
NORWAY, SVALBARD, PERU, LIECHTENSTEIN = (f"{COUNTRY}{code}" for code in ("NO", "SJ", "PE", "LI"))


def picture(album: Album, entity: str, style: str) -> Shown:
    """Return the picture of an entity in a style."""
    (place,) = [i for i, owners in enumerate(album.owners) if entity in owners and album.styles[i] == style]
    return Shown(album.paths[place], album.shas[place], entity)


def shown(place: int, entity: str = "a") -> Shown:
    return Shown(f"s{place}.png", f"s{place}", entity)


def test_album_holds_every_picture_with_all_whom_it_shows(album: Album) -> None:
    assert len(album.shas) == 15 * 4 + 3 + 1  # Switzerland has no flag of its own format that is square
    assert set(album.styles) == {"noto", "twemoji", "flagicons", "flagiconsSquare"}
    assert set(album.owners[album.shas.index(picture(album, NORWAY, "noto").sha256)]) == {NORWAY, SVALBARD}
    np.testing.assert_allclose(np.linalg.norm(album.plain, axis=1), 1, rtol=1e-5)


def test_query_and_what_is_nearly_it_are_in_no_gallery(
    album: Album, seen_view: View, unseen_view: View, ask: Ask
) -> None:
    for chosen in (seen_view, unseen_view):
        assert any(len(near) > 1 for near in chosen.alike)
        for place in np.flatnonzero(chosen.own):
            image = Shown(album.paths[place], album.shas[place], album.owners[place][0])
            there = chosen.gallery(ask("?", image.entity, answers=[image.entity], form="I2I", image=image))
            assert not there[place]
            assert not there[chosen.alike[place]].any()


def test_right_answers_are_looked_for_among_the_pictures_of_the_view_alone(
    album: Album, seen_view: View, unseen_view: View, ask: Ask
) -> None:
    trial = ask("Show me Peru", "x", answers=[PERU], form="T2I")
    styles = np.array(album.styles)
    for chosen, right in ((seen_view, styles != "twemoji"), (unseen_view, styles == "twemoji")):
        of_peru = np.array([PERU in owners for owners in album.owners])
        there = chosen.gallery(trial)
        np.testing.assert_array_equal(there[of_peru], right[of_peru])
        assert there[~of_peru].all()


def test_query_of_the_unseen_style_is_drawn_in_it_and_of_the_seen_is_not(
    album: Album, seen_view: View, unseen_view: View, ask: Ask
) -> None:
    noto, twemoji = (ask("?", PERU, form="I2T", image=picture(album, PERU, style)) for style in ("noto", "twemoji"))
    assert seen_view.fitting(noto) is noto
    assert unseen_view.fitting(twemoji) is twemoji
    for chosen, trial, fit in ((seen_view, twemoji, False), (unseen_view, noto, True)):
        found = chosen.fitting(trial)
        assert found is not None and found.image is not None
        assert found.image.entity == PERU
        assert (album.styles[chosen.place(found)] == "twemoji") is fit


def test_question_in_words_fits_every_view(seen_view: View, unseen_view: View, ask: Ask) -> None:
    trial = ask("What is the capital of Peru?")
    assert seen_view.fitting(trial) is unseen_view.fitting(trial) is trial
    assert seen_view.place(trial) == -1
    assert seen_view.seen(trial) is None


def test_entity_without_a_picture_of_a_view_is_not_asked_about_there(
    album: Album, seen_view: View, unseen_view: View, ask: Ask
) -> None:
    trial = ask("?", LIECHTENSTEIN, form="I2T", image=picture(album, LIECHTENSTEIN, "twemoji"))
    assert seen_view.fitting(trial) is None
    assert unseen_view.fitting(trial) is trial
    gone = ask("?", "nobody", form="I2T", image=Shown("gone.png", "0" * 64, "nobody"))  # deleted since
    assert seen_view.fitting(gone) is None


def test_territory_whose_flag_is_the_query_itself_is_not_asked_for_by_picture(
    album: Album, seen_view: View, ask: Ask
) -> None:
    image = picture(album, NORWAY, "noto")
    assert not seen_view.answerable(ask("?", NORWAY, answers=[SVALBARD], form="I2I", image=image))
    assert seen_view.answerable(ask("?", NORWAY, answers=[SVALBARD], form="I2T", image=image))
    assert seen_view.answerable(ask("?", NORWAY, answers=[SVALBARD], form="T2I"))
    assert seen_view.answerable(ask("?", NORWAY, answers=[SVALBARD, PERU], form="I2I", image=image))
    assert not seen_view.answerable(ask("?", NORWAY, answers=["nobody"], form="T2I"))


def test_picture_does_not_tell_by_itself_whom_it_shows(make_view: MakeView, ask: Ask) -> None:
    vectors = [(1, 0, 0), (0, 1, 0), (0.9, 0.1, 0), (0, 0, 1)]
    flags = make_view([["a"], ["a"], ["b"], ["c"]], vectors)
    seen = flags.seen(ask("?", form="I2T", image=shown(0)))
    assert seen is not None
    assert [each.entity for each in seen] == ["b", "a", "c"]
    assert {each.entity: round(each.nearest, 3) for each in seen} == {"a": 0.0, "b": 0.994, "c": 0.0}
    alone = flags.seen(ask("?", form="I2T", image=shown(3)))
    assert alone is not None and "c" not in {each.entity for each in alone}


def test_near_duplicate_of_a_picture_does_not_tell_whom_it_shows(make_view: MakeView, ask: Ask) -> None:
    flags = make_view([["a"], ["a"], ["b"]], [(1, 0), (1, 0.01), (0, 1)], alike=[[0, 1], [0, 1], [2]])
    seen = flags.seen(ask("?", form="I2T", image=shown(0)))
    assert seen is not None
    assert [each.entity for each in seen] == ["b"]


def test_picture_like_no_other_shows_nobody(make_view: MakeView, ask: Ask) -> None:
    flags = make_view([["a"], ["b"]], [(1, 0), (0, 1)], threshold=0.5)
    assert flags.seen(ask("?", form="I2T", image=shown(0))) == []


def test_shared_picture_counts_for_each_whom_it_shows(make_view: MakeView, ask: Ask) -> None:
    flags = make_view([["a", "b"], ["a"], ["c"]], [(1, 0), (1, 1), (0, 1)])
    seen = flags.seen(ask("?", form="I2T", image=shown(1)))
    assert seen is not None
    assert [each.entity for each in seen] == ["a", "b", "c"]
    assert flags.answerable(ask("?", answers=["b"], form="T2I"))


def test_whom_a_flag_shows_is_told_by_its_other_pictures(album: Album, seen_view: View, ask: Ask) -> None:
    right = 0
    places = np.flatnonzero(seen_view.own)
    for place in places:
        image = Shown(album.paths[place], album.shas[place], album.owners[place][0])
        seen = seen_view.seen(ask("?", image.entity, form="I2T", image=image))
        right += bool(seen) and seen[0].entity in album.owners[place]
    assert right >= 0.8 * len(places)


def test_style_that_the_graph_no_longer_has_is_said(album: Album, run: Run) -> None:
    assert run.descriptor is not None
    with pytest.raises(DataError, match="no image of the style 'crayon' any more; ingest the images again"):
        view(album, run.descriptor, "crayon", unseen=True)


def test_run_that_holds_no_style_out_has_seen_all(album: Album, run: Run) -> None:
    assert run.descriptor is not None
    assert view(album, run.descriptor, None, unseen=False).own.all()


def test_graph_without_pictures_has_no_album(stores: Stores, answerer: Answerer, encoder: Encoder) -> None:
    assert read_album(stores, answerer.reader, [], encoder, silent) is None


def test_pictures_that_are_nowhere_to_be_read_make_no_album(stores: Stores, films: Answerer, encoder: Encoder) -> None:
    assert read_album(stores, films.reader, image_roots(films.reader), encoder, silent) is None
