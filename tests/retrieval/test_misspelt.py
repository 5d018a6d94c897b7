"""A misspelt name is found; a word that is merely like a name is not taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.misspelt import Spellings, edits, edits_allowed

NAMES = Spellings(["barack obama", "titanic", "new york city", "peru", "jazz", "iran", "san francisco", "san fernando"])


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("barak obama", [("barack obama", 1)]),
        ("barck obma", [("barack obama", 2)]),
        ("titnaic", [("titanic", 1)]),
        ("newyork city", [("new york city", 1)]),
        ("san fransisko", [("san francisco", 2)]),
        ("perru", [("peru", 1)]),
        ("titanic", [("titanic", 0)]),
        ("atlantic", []),
        ("per", []),
        ("tatinac", []),
        ("", []),
    ],
)
def test_misspelt_name_is_found_by_its_fewest_edits(written: str, found: list[tuple[str, int]]) -> None:
    assert NAMES.near(written) == found


def test_short_name_must_be_nearly_right() -> None:
    assert [edits_allowed("x" * length) for length in (4, 5, 7, 8)] == [0, 1, 1, 2]


def _slow(one: str, other: str) -> int:
    """Count edits by their definition."""
    if not one or not other:
        return len(one) + len(other)
    found = min(_slow(one[1:], other) + 1, _slow(one, other[1:]) + 1, _slow(one[1:], other[1:]) + (one[0] != other[0]))
    if one[:2] == other[1::-1] and len(one) > 1 and len(other) > 1:
        found = min(found, _slow(one[2:], other[2:]) + 1)
    return found


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(0, 5))
def test_edits_are_counted_as_defined(one: str, other: str, most: int) -> None:
    assert edits(one, other, most) == min(_slow(one, other), most + 1)


@given(st.text(max_size=40))
def test_any_text_can_be_looked_up(text: str) -> None:
    assert all(distance <= edits_allowed(text) for _, distance in NAMES.near(text))
