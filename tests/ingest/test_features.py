"""Pictures that are measured anew each time, otherwise than they were, or although they are others now."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from ingest.descriptor import measured_space, measured_width
from ingest.encoders import Encoder
from ingest.features import measured_pictures
from ingest.images import Picture, open_picture
from kg import vectors
from kg.progress import silent
from kg.types import ImageFile


@pytest.fixture
def pictures(tmp_path: Path, engine: Engine) -> Iterator[list[tuple[str, str]]]:
    """Three pictures of this test alone, as (sha256, path)."""
    found = []
    rng = np.random.default_rng(uuid.uuid4().int % 2**63)
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).save(tmp_path / name)
        opened = open_picture(tmp_path, ImageFile("", name))
        assert isinstance(opened, Picture)
        found.append((opened.record.sha256, name))
    yield found
    vectors.remove(engine, [sha for sha, _ in found])


def test_picture_is_measured_once_and_comes_back_the_same(
    engine: Engine, encoder: Encoder, pictures: list[tuple[str, str]], tmp_path: Path
) -> None:
    seen: list[tuple[str, int]] = []

    def progress(title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        seen.append((title, total))
        return silent(title, total)

    first = measured_pictures(engine, "test-measured", [tmp_path], pictures[:2], lambda: encoder, progress)
    assert set(first) == {sha for sha, _ in pictures[:2]}
    assert all(row.shape == (measured_width(encoder),) and row.dtype == np.float32 for row in first.values())
    (tmp_path / "a.png").unlink()  # what is stored is not opened again
    every = measured_pictures(engine, "test-measured", [tmp_path], pictures, lambda: encoder, progress)
    assert set(every) == {sha for sha, _ in pictures}
    for sha, row in first.items():
        np.testing.assert_array_equal(every[sha], row)
    assert seen == [("measuring", 2), ("measuring", 1)]
    again = measured_pictures(engine, "test-measured", [tmp_path], pictures, lambda: encoder, progress)
    assert len(seen) == 2
    for sha, row in every.items():
        np.testing.assert_array_equal(again[sha], row)
    records = vectors.stored(engine, measured_space(encoder), list(every))
    assert {record.width for record in records.values()} == {32}


def test_picture_that_is_gone_or_another_now_is_left_out(
    engine: Engine, encoder: Encoder, pictures: list[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture any more")
    (tmp_path / "b.png").unlink()
    Image.new("RGB", (5, 5), "red").save(tmp_path / "c.png")
    assert measured_pictures(engine, "test-measured", [tmp_path], pictures, lambda: encoder) == {}
    assert vectors.stored(engine, measured_space(encoder), [sha for sha, _ in pictures]) == {}


def test_nothing_to_measure_is_nothing(engine: Engine, encoder: Encoder, tmp_path: Path) -> None:
    assert measured_pictures(engine, "test-measured", [tmp_path], [], lambda: encoder) == {}


def test_pictures_of_a_second_folder_are_measured_too(
    engine: Engine, encoder: Encoder, pictures: list[tuple[str, str]], tmp_path: Path
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (tmp_path / "a.png").rename(first / "a.png")
    placed = [pictures[0], *((sha, str(tmp_path / path)) for sha, path in pictures[1:])]
    assert set(measured_pictures(engine, "test-measured", [first], placed, lambda: encoder)) == {pictures[0][0]}
    roots = [first, tmp_path]
    assert set(measured_pictures(engine, "test-measured", roots, placed, lambda: encoder)) == dict(pictures).keys()
