"""A confidence that is printed has been held against the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.calibration import calibration
from retrieval.metrics import Outcome


def said(*pairs: tuple[float, bool]) -> list[Outcome]:
    return [Outcome("r", int(hit), False, confidence=confidence) for confidence, hit in pairs]


def test_model_that_is_as_often_right_as_it_says_has_no_calibration_error() -> None:
    found = calibration(said(*[(0.75, place < 3) for place in range(4)]))
    assert found is not None
    assert (found["ece"], found["accuracy"], found["confidence"]) == (0.0, 0.75, 0.75)


def test_model_that_is_sure_and_wrong_is_told_so() -> None:
    found = calibration(said((1.0, False), (1.0, False)))
    assert found is not None
    assert (found["ece"], found["brier"]) == (1.0, 1.0)
    assert [each["n"] for each in found["bins"]] == [2]


def test_answers_without_a_confidence_are_not_counted() -> None:
    assert calibration([Outcome("r", 1, False)]) is None
    found = calibration([Outcome("r", 1, False), *said((0.5, True))])
    assert found is not None and found["n"] == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_error_and_score_are_what_counting_by_hand_gives(pairs: list[tuple[float, bool]]) -> None:
    found = calibration(said(*pairs))
    assert found is not None
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, hit in pairs:
        bins.setdefault(min(int(confidence * 10), 9), []).append((confidence, hit))
    gaps = [abs(sum(hit for _, hit in own) - sum(sure for sure, _ in own)) for own in bins.values()]
    assert found["ece"] == pytest.approx(sum(gaps) / len(pairs), abs=1e-4)
    assert found["brier"] == pytest.approx(np.mean([(sure - hit) ** 2 for sure, hit in pairs]), abs=1e-4)
    assert sum(each["n"] for each in found["bins"]) == len(pairs)
