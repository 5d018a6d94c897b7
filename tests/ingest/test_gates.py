"""Gates decide by the equations alone: the same for any order of the input, and never against the experts."""

import random
import tracemalloc
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest import gates
from ingest.gates import Candidate, Verdict, chosen, judge

Floats = NDArray[np.float32]


def sha(number: int) -> str:
    return f"{number:064x}"


def candidates(hashes: Sequence[int], pixels: Sequence[int] | None = None) -> list[Candidate]:
    return [Candidate(sha(n), dhash, (pixels or [100] * len(hashes))[n]) for n, dhash in enumerate(hashes)]


def distinct(count: int, width: int = 16, seed: int = 0) -> tuple[list[Candidate], Floats]:
    """Images of which no two are alike."""
    rng = np.random.default_rng(seed)
    hashes = [int(each) for each in rng.choice(2**62, count, replace=False)]
    return candidates(hashes), rng.normal(size=(count, width)).astype(np.float32)


def kept(verdicts: dict[str, Verdict]) -> list[str]:
    return sorted(sha for sha, verdict in verdicts.items() if verdict.gate == "kept")


@st.composite
def entities(draw: st.DrawFn) -> tuple[list[Candidate], Floats]:
    """Images with collisions of hashes, repeated, opposite and empty features."""
    count = draw(st.integers(1, 14))
    hashes = draw(st.lists(st.sampled_from([0, 1, 3, 2**63, 2**64 - 1]), min_size=count, max_size=count))
    pixels = draw(st.lists(st.sampled_from([1, 64, 4096]), min_size=count, max_size=count))
    near = 0.02  # an angle whose cosine is 0.9998: two such steps are no longer the same
    rows = [[np.cos(n * near), np.sin(n * near), 0] for n in range(4)] + [[0, 0, 1], [0, 0, -1], [0, 0, 0]]
    picked = draw(st.lists(st.sampled_from(rows), min_size=count, max_size=count))
    length = draw(st.sampled_from([1e-3, 1.0, 1e3]))
    return candidates(hashes, pixels), np.array(picked, np.float32) * np.float32(length)


def by_definition(images: Sequence[Candidate], features: Floats) -> dict[str, tuple[float, float, float]]:
    """Equations 6 to 8, word for word."""
    bits = np.array([[1 if image.dhash >> place & 1 else -1 for place in range(64)] for image in images], float)
    length = np.linalg.norm(features.astype(float), axis=1, keepdims=True)
    rows = features / np.where(length > 0, length, 1)
    found = {}
    for i, image in enumerate(images):
        others = [t for t in range(len(images)) if t != i]
        hashed = np.mean([bits[i] @ bits[t] / 64 for t in others]) if others else 1.0
        featured = np.mean([rows[i] @ rows[t] for t in others]) if others else 1.0
        found[image.sha256] = (float(hashed), float(featured), float(0.2 * hashed + 0.8 * featured))
    return found


@given(entities())
@settings(deadline=None)
def test_scores_are_those_of_the_equations_over_what_is_no_duplicate(entity: tuple[list[Candidate], Floats]) -> None:
    images, features = entity
    verdicts = judge(images, features)
    left = [n for n, image in enumerate(images) if verdicts[image.sha256].reason != "duplicate"]
    expected = by_definition([images[n] for n in left], features[left])
    for sha256, scores in expected.items():
        verdict = verdicts[sha256]
        assert (verdict.dhash_score, verdict.clip_score, verdict.typicality) == pytest.approx(scores, abs=1e-6)
    ranked = sorted(expected, key=lambda sha256: verdicts[sha256].typicality_rank or 0)
    assert ranked == sorted(expected, key=lambda sha256: (-(verdicts[sha256].typicality or 0), sha256))
    assert kept(verdicts) == sorted(ranked[: gates.SEMANTIC])


@given(entities(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_verdicts_are_the_same_in_any_order(entity: tuple[list[Candidate], Floats], chance: random.Random) -> None:
    images, features = entity
    order = list(range(len(images)))
    chance.shuffle(order)
    assert judge([images[n] for n in order], features[order]) == judge(images, features)


@given(entities(), st.integers(0, 13))
@settings(deadline=None)
def test_no_two_that_stay_are_the_same_and_none_goes_without_its_like(
    entity: tuple[list[Candidate], Floats], number: int
) -> None:
    images, features = entity
    winner = images[number % len(images)].sha256
    verdicts = judge(images, features, None, winner)
    rows = gates.unit(features)
    place = {image.sha256: n for n, image in enumerate(images)}

    def same(a: str, b: str) -> bool:
        return images[place[a]].dhash == images[place[b]].dhash and bool(rows[place[a]] @ rows[place[b]] >= gates.SAME)

    stay = [sha256 for sha256, verdict in verdicts.items() if verdict.duplicate_of is None]
    assert not any(same(a, b) for a, b in combinations(stay, 2))
    for sha256, verdict in verdicts.items():
        if verdict.duplicate_of is not None:
            assert verdict.duplicate_of in stay and same(sha256, verdict.duplicate_of)
            assert (verdict.gate, verdict.reason, verdict.typicality) == ("dropped", "duplicate", None)
    assert winner in stay and verdicts[winner].gate == "chosen"


def test_of_two_that_are_the_same_the_larger_stays_and_of_equals_the_first_by_sha256() -> None:
    features = np.ones((3, 4), np.float32)
    verdicts = judge(candidates([7, 7, 7], [100, 400, 400]), features)
    assert kept(verdicts) == [sha(1)]
    assert {verdict.duplicate_of for verdict in verdicts.values()} == {None, sha(1)}


def test_what_is_alike_by_one_measure_alone_is_no_duplicate() -> None:
    same_hash = judge(candidates([7, 7]), np.array([[1, 0], [0, 1]], np.float32))
    same_feature = judge(candidates([7, 6]), np.ones((2, 2), np.float32))
    assert len(kept(same_hash)) == len(kept(same_feature)) == 2


def test_a_chain_of_small_differences_takes_no_picture_away() -> None:
    angles = np.array([0.0, 0.03, 0.06])  # neighbours have a cosine of 0.99955, the two ends one of 0.9982
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert kept(judge(candidates([7, 7, 7], [3, 2, 1]), features)) == [sha(0), sha(2)]
    assert kept(judge(candidates([7, 7, 7], [1, 2, 1]), features)) == [sha(1)]


def test_an_image_that_is_alone_is_typical() -> None:
    (verdict,) = judge(candidates([7]), np.ones((1, 4), np.float32)).values()
    assert (verdict.gate, verdict.dhash_score, verdict.clip_score, verdict.typicality) == ("kept", 1.0, 1.0, 1.0)
    assert judge([], np.empty((0, 4), np.float32)) == {}


def test_five_images_that_differ_lose_none_whatever_they_show() -> None:
    images, features = distinct(5)
    assert len(kept(judge(images, features))) == len(kept(judge(images, features, features[0]))) == 5


def test_of_two_equal_scores_the_first_by_sha256_ranks_first() -> None:
    images, features = distinct(2, width=1280)
    verdicts = judge(images[::-1], features[::-1])
    assert verdicts[sha(0)].typicality == verdicts[sha(1)].typicality
    assert [verdicts[sha(n)].typicality_rank for n in (0, 1)] == [1, 2]


def test_the_semantic_gate_keeps_five_of_the_ten_most_typical() -> None:
    images, features = distinct(24)
    text = features.mean(axis=0)
    verdicts = judge(images, features, text)
    typical = [sha256 for sha256, v in verdicts.items() if (v.typicality_rank or 99) <= 10]
    assert {sha256 for sha256, v in verdicts.items() if v.semantic is not None} == set(typical)
    assert all(v.reason == "typicality" and v.gate == "dropped" for s, v in verdicts.items() if s not in typical)
    rows = gates.unit(features)
    matched = {sha256: float(rows[int(sha256, 16)] @ text / np.linalg.norm(text)) for sha256 in typical}
    best = sorted(matched, key=lambda sha256: -matched[sha256])
    assert [verdicts[sha256].semantic_rank for sha256 in best] == list(range(1, 11))
    assert [verdicts[sha256].semantic for sha256 in best] == pytest.approx([matched[s] for s in best], abs=1e-6)
    assert kept(verdicts) == sorted(best[:5])
    assert {verdicts[sha256].reason for sha256 in best[5:]} == {"semantic"}


def test_without_text_the_most_typical_five_stay() -> None:
    images, features = distinct(24)
    verdicts = judge(images, features)
    assert sorted(verdicts[sha256].typicality_rank or 0 for sha256 in kept(verdicts)) == [1, 2, 3, 4, 5]
    assert {v.reason for v in verdicts.values() if v.gate == "dropped"} == {"typicality"}
    assert all(v.semantic is None and v.semantic_rank is None for v in verdicts.values())


def test_what_experts_chose_is_not_dropped_and_its_scores_stay() -> None:
    images, features = distinct(24)
    without = judge(images, features)
    last = max(without, key=lambda sha256: without[sha256].typicality_rank or 0)
    verdict = judge(images, features, None, last)[last]
    assert (verdict.gate, verdict.reason, verdict.typicality_rank) == ("chosen", "", 24)


def test_thousands_of_images_of_one_entity_take_no_square_of_memory() -> None:
    images, features = distinct(6_000, width=256)
    images = [Candidate(image.sha256, n % 2, 1) for n, image in enumerate(images)]  # all hashes collide
    tracemalloc.start()
    verdicts = judge(images, features)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(verdicts) == 6_000
    assert peak < 6_000 * 6_000  # bytes: less than one a pair; the features themselves are a sixth of that


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ({}, None),
        ({"a": {"ann": "1"}}, None),  # one vote decides nothing
        ({"a": {"ann": "1", "bo": "2"}}, "a"),
        ({"a": {"ann": "1", "bo": "2"}, "b": {"cy": "3"}}, "a"),
        ({"a": {"ann": "1", "bo": "2"}, "b": {"cy": "3", "di": "4"}}, None),  # a tie
        ({"a": {"ann": "1"}, "b": {"bo": "1"}, "c": {"cy": "1"}}, None),
        ({"a": {"ann": "1", "bo": "2"}, gates.NO_IMAGE: {"cy": "3", "di": "4", "ed": "5"}}, None),
        ({"a": {"ann": "1", "bo": "2"}, "b": {"ann": "9"}}, None),  # a vote that was changed counts once, the last time
    ],
)  # fmt: skip
def test_two_votes_or_more_and_the_most_choose_an_image(votes: dict[str, dict[str, str]], winner: str | None) -> None:
    assert chosen(votes) == winner
