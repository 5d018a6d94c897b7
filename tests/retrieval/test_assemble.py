"""Answers come from whatever there is: with and without a run, with pictures that have gone, encoded once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kg.stores import Stores
from model.run import Run
from retrieval import assemble
from retrieval.answer import Answerer
from retrieval.assemble import image_roots, open_answerer, open_pictures, remembering, with_progress


def lengths(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.array([[len(text)] for text in texts], np.float32)


def test_sentence_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return lengths(texts)

    encoded = remembering(encode)
    assert encoded(["a", "bb", "a"]).ravel().tolist() == [1, 2, 1]
    assert encoded(["bb", "ccc"]).ravel().tolist() == [2, 3]
    assert asked == ["a", "bb", "ccc"]
    monkeypatch.setattr(assemble, "REMEMBERED", 2)  # what is remembered is bounded
    assert encoded(["a", "dddd"]).ravel().tolist() == [1, 4]
    assert encoded(["a"]).ravel().tolist() == [1]  # forgotten for "dddd", so asked again
    assert asked == ["a", "bb", "ccc", "dddd", "a"]


def test_memory_of_sentences_is_not_filled_by_very_long_ones() -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return lengths(texts)

    encoded = remembering(encode)
    for _ in range(2):
        assert encoded(["a", "b" * 2000]).ravel().tolist() == [1, 2000]
    assert asked == ["a", "b" * 2000, "b" * 2000]


def test_long_encoding_shows_how_far_it_is() -> None:
    seen: list[int] = []

    @contextmanager
    def progress(title: str, total: int) -> Iterator[object]:
        assert (title, total) == ("wordings", 5)
        yield seen.append

    found = with_progress(lengths, progress, chunk=2)(["a", "bb", "ccc", "dddd", "e"])  # type: ignore[arg-type]
    assert found.ravel().tolist() == [1, 2, 3, 4, 1]
    assert seen == [2, 2, 1]


def test_descriptor_of_the_graphs_own_pictures_is_fitted_once(
    answerer: Answerer, stores: Stores, atlas: str, home: Path
) -> None:
    first = answerer.pictures()
    again = open_answerer(stores, atlas, home).pictures()
    assert first is not None and again is not None
    assert first.run is None
    assert again.descriptor.space == first.descriptor.space
    assert list((home / "cache").glob("descriptor-*.safetensors"))


def test_run_brings_its_own_descriptor(stores: Stores, answerer: Answerer, home: Path, run: Run) -> None:
    found = open_pictures(stores, answerer.reader, image_roots(answerer.reader), home, run, assemble.silent)
    assert found is not None and found.run is run
    assert found.descriptor is run.descriptor


def test_run_that_has_seen_no_pictures_still_shows_those_that_came_since(
    stores: Stores, atlas: str, home: Path, run: Run
) -> None:
    blind = Run(run.folder, run.manifest, run.preset, run.tokenizer, run.network, None, run.known)
    answerer = open_answerer(stores, atlas, home, blind)
    found = answerer.pictures()
    assert found is not None and found.run is None
    assert len(answerer.ask("Show me the flag of Peru").images) == 1


def test_pictures_that_were_moved_away_are_compared_with_nothing(films: Answerer) -> None:
    assert films.pictures() is None
    answer = films.ask("Which film is this?", Image.new("RGB", (64, 48), "navy"))
    assert answer.text == "I do not know what this picture shows: it is like none of the graph's pictures."
    assert not answer.grounded
    assert len(films.ask("Show me a picture of Big Fish").images) == 1


def test_graph_that_is_not_there_has_no_pictures(stores: Stores, films: Answerer, home: Path) -> None:
    nowhere = type(films.reader)(films.reader.driver, "nowhere")
    assert image_roots(nowhere) == []
    assert open_pictures(stores, nowhere, [], home, None, assemble.silent) is None
