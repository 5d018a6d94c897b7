"""A picture is recognised by an entity's pictures, and the one that <RET> looks for is the one that is shown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from ingest.sample import folder
from kg import vectors
from kg.stores import Stores
from model.run import Run
from retrieval.album import Album
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer
from retrieval.search import LENIENCE, Pictures, calibrated, ranked

PERU, JAPAN = "urn:kwk:atlas:country/PE", "urn:kwk:atlas:country/JP"
QUESTION, SAID = "Show me the flag of Peru", "Here is a picture of Peru."


@pytest.fixture(scope="module")
def trained(stores: Stores, atlas: str, home: Path, run: Run) -> Answerer:
    """What answers questions about the atlas with the short run."""
    return open_answerer(stores, atlas, home, run)


@pytest.fixture(scope="module")
def pictures(trained: Answerer) -> Pictures:
    """The flags as the short run compares them."""
    found = trained.pictures()
    assert found is not None
    return found


def wanted(run: Run, album: Album, shown: np.ndarray | None, question: str = QUESTION) -> list[str]:
    """Return Peru's flags in the order in which <RET> looks for them, computed without any store."""
    places = [place for place, owners in enumerate(album.owners) if PERU in owners]
    scores = run.ret_keys(album.measured[places]) @ run.ret_query_after(question, SAID, shown)
    return [album.shas[places[i]] for i in np.argsort(-scores, kind="stable")]


def test_of_several_pictures_the_one_that_the_run_looks_for_is_shown(
    trained: Answerer, run: Run, album: Album, engine: Engine
) -> None:
    answer = trained.ask(QUESTION)
    assert answer.text == SAID
    (image,) = answer.images
    assert image.entity == PERU
    assert image.sha256 == wanted(run, album, None)[0]
    (space,) = [space for space in vectors.spaces(engine) if space.startswith(f"ret@{run.manifest.id}")]
    of_peru = [sha for sha, owners in zip(album.shas, album.owners, strict=True) if PERU in owners]
    kept = vectors.fetch(engine, space, of_peru, run.preset.retrieval_width)
    assert set(kept) == set(of_peru)
    assert trained.ask(QUESTION) == answer  # from what was kept


def test_question_that_came_with_a_picture_is_looked_for_with_it(pictures: Pictures, run: Run, album: Album) -> None:
    shas = [sha for sha, owners in zip(album.shas, album.owners, strict=True) if PERU in owners]
    shown = album.measured[0]
    question = "Which country is this?"
    assert pictures.best(question, SAID, shown, shas) == wanted(run, album, shown, question)
    assert pictures.best(question, SAID, shown, shas[:1]) == shas[:1]


def test_without_a_run_pictures_stay_in_their_order(pictures: Pictures, album: Album) -> None:
    plain = Pictures(pictures.engine, pictures.reader, pictures.roots, pictures.encoder, pictures.descriptor)
    shas = list(album.shas[:3][::-1])
    assert plain.best(QUESTION, SAID, None, shas) == shas


def test_picture_that_the_graph_lacks_comes_last(pictures: Pictures, run: Run, album: Album) -> None:
    shas = ["f" * 64, *wanted(run, album, None)]
    assert pictures.best(QUESTION, SAID, None, shas)[0] == shas[1]
    assert "f" * 64 in pictures.best(QUESTION, SAID, None, shas)


def test_run_that_is_gone_on_with_looks_for_other_pictures(
    pictures: Pictures, run: Run, album: Album, engine: Engine
) -> None:
    pictures.best(QUESTION, SAID, None, list(album.shas))
    manifest = run.manifest
    later = {**manifest.files, manifest.best or manifest.latest: "f" * 64}
    changed = Run(
        run.folder,
        replace(manifest, files=later),
        run.preset,
        run.tokenizer,
        run.network,
        run.descriptor,
        run.known,
    )
    before = {space for space in vectors.spaces(engine) if space.startswith("ret@")}
    replace(pictures, run=changed).best(QUESTION, SAID, None, list(album.shas))
    assert len({space for space in vectors.spaces(engine) if space.startswith("ret@")} - before) == 1


def test_flag_that_was_never_ingested_is_recognised(pictures: Pictures, album: Album) -> None:
    with Image.open(folder() / "images" / "flag-JP-noto.webp") as image:
        small = image.convert("RGB").resize((90, 90))
    measured = pictures.measured(small)
    assert pictures.known(measured)[0].entity == JAPAN
    shas, described = pictures.described()
    assert len(shas) == len(described) == len(album.shas)
    np.testing.assert_allclose(np.linalg.norm(described, axis=1), 1, atol=1e-2)


def test_entity_is_as_like_as_its_pictures_are_on_average() -> None:
    fair, raw = np.array([0.9, 0.1, 0.6], np.float32), np.array([0.8, 0.2, 0.7], np.float32)
    found = ranked([("a",), ("a", "c"), ("b",)], fair, raw)
    assert [each.entity for each in found] == ["b", "a", "c"]
    assert [round(each.cosine, 3) for each in found] == [0.6, 0.5, 0.1]
    assert [round(each.nearest, 3) for each in found] == [0.7, 0.8, 0.2]
    assert [each.entity for each in ranked([("b",), ("a",)], fair[:2] * 0, raw[:2])] == ["a", "b"]


def test_threshold_lies_between_pictures_of_others_and_of_the_same() -> None:
    def unit(*degrees: float) -> np.ndarray:
        angles = np.deg2rad(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    found = calibrated(unit(0, 10, 90, 100), [["a"], ["a"], ["b"], ["b"]])
    same, other = np.cos(np.deg2rad(10)), np.median(np.cos(np.deg2rad([90, 80, 80, 90])))
    assert found == pytest.approx(other + LENIENCE * (same - other), abs=1e-5)


@pytest.mark.parametrize("owners", [[], [["a"]], [["a"], ["a"]], [["a"], ["b"]]])
def test_threshold_is_a_number_however_few_pictures_there_are(owners: list[list[str]]) -> None:
    described = np.eye(2, dtype=np.float32)[: len(owners)]
    assert 0 <= calibrated(described, owners) <= 1
