"""What a run answers by heart is what it says itself: a name that there is, pictures that are in the gallery."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dialogue.types import FORMATS, Shown
from model.generate import speak
from model.run import Run
from retrieval.album import Album, View, view
from retrieval.answer import Answerer
from retrieval.baselines import head_blind
from retrieval.closed_book import ClosedBook, closed_book
from retrieval.trials import Prior, Trial

Ask = Callable[..., Trial]
PERU = "urn:kwk:atlas:country/PE"
BLIND = head_blind(Prior())


@pytest.fixture(scope="module")
def book(run: Run, answerer: Answerer, seen_view: View) -> ClosedBook:
    """The run, in the names of the atlas."""
    return closed_book(run, answerer.understanding.names, seen_view)


def flag(album: Album, entity: str) -> Shown:
    place = next(i for i, owners in enumerate(album.owners) if entity in owners and album.styles[i] == "noto")
    return Shown(album.paths[place], album.shas[place], entity)


def questions(ask: Ask, album: Album, *answers: str) -> list[Trial]:
    """Return a question of each format."""
    peru = flag(album, PERU)
    return [
        ask(
            "<image>\nWhat is the capital of this country?" if form.startswith("I") else "What is the capital of Peru?",
            PERU,
            answers=answers,
            form=form,
            image=peru if form.startswith("I") else None,
            number=number,
        )
        for number, form in enumerate(FORMATS)
    ]


def test_name_that_is_said_is_one_that_there_is(
    book: ClosedBook, run: Run, answerer: Answerer, ask: Ask, album: Album
) -> None:
    names = {entity.name for entity in answerer.understanding.names.by_id.values()}
    assert names <= book.ids.keys()
    assert book.ids["Peru"] == book.ids["Republic of Peru"] == {PERU}
    for trial in questions(ask, album):
        place = album.shas.index(trial.image.sha256) if trial.image else 0
        measured = album.measured[[place]] if trial.image else run.no_images
        said = speak(run, [trial.turn], measured, book.names, lambda state: None)
        assert {name for _, name in said.names} <= names
        if trial.format.endswith("T"):
            right = replace(trial, answers=frozenset().union(*(book.ids[name] for _, name in said.names[:1])))
            ((_, outcome),), _, _ = book.judge([right], BLIND)
            assert outcome.first is bool(said.names)


def test_every_question_is_answered_and_only_those_for_pictures_once_more(
    book: ClosedBook, ask: Ask, album: Album
) -> None:
    trials = questions(ask, album, PERU)
    spoken, masked, _ = book.judge(trials, BLIND)
    assert [trial for trial, _ in spoken] == trials
    assert [trial.format for trial, _ in masked] == ["T2I", "I2I"]
    assert all(outcome.prior_fails for _, outcome in spoken)
    assert book.judge(trials, BLIND) == (spoken, masked, [])


def test_picture_that_is_found_is_right_if_it_shows_an_answer(book: ClosedBook, ask: Ask, album: Album) -> None:
    everybody = [entity for owners in album.owners for entity in owners]
    _, masked, _ = book.judge(questions(ask, album, *everybody), BLIND)
    assert [(outcome.first, outcome.five) for _, outcome in masked] == [(True, True)] * 2
    spoken, masked, _ = book.judge(questions(ask, album, "nobody"), BLIND)
    assert not any(outcome.five for _, outcome in [*spoken, *masked])


def test_query_is_not_found_even_where_the_gallery_has_fewer_than_five(
    run: Run, answerer: Answerer, album: Album, ask: Ask
) -> None:
    assert run.descriptor is not None
    owners = (("a",), ("b",), ("b",))
    few = Album(("s0", "s1", "s2"), album.paths[:3], owners, album.measured[:3], album.plain[:3], album.hashes[:3])
    book = closed_book(run, answerer.understanding.names, view(few, run.descriptor, None, unseen=False))
    for answer, right in (("a", False), ("b", True)):
        trial = ask("<image>\nWhich is this?", answers=[answer], form="I2I", image=Shown("s0.png", "s0", "a"))
        _, ((_, outcome),), _ = book.judge([trial], BLIND)
        assert (outcome.first, outcome.five) == (right, right)


def test_run_answers_in_words_where_there_are_no_pictures(run: Run, answerer: Answerer, ask: Ask) -> None:
    blind = closed_book(run, answerer.understanding.names, None)
    trials = [ask("What is the capital of Peru?", PERU, answers=["x"]), ask("Show me Peru", PERU, form="T2I", number=1)]
    spoken, masked, _ = blind.judge(trials, BLIND)
    assert len(spoken) == 2
    assert [(outcome.first, outcome.five) for _, outcome in masked] == [(False, False)]
