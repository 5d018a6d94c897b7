"""A step that depends on chance, on who computes it, or on how it is cut."""

import numpy as np
import pytest

from kg.errors import DataError
from model.batches import Counts
from model.data import Example
from model.steps import Order, forgetful, step_of
from model.tokens import FIRST_WORD, PAD_ID


def test_every_conversation_is_seen_once_an_epoch() -> None:
    order = Order(1000, 8, seed=3)
    assert order.steps_per_epoch == 125
    first = np.concatenate([order.at(step) for step in range(125)])
    assert sorted(first.tolist()) == list(range(1000))
    second = np.concatenate([order.at(step) for step in range(125, 250)])
    assert sorted(second.tolist()) == list(range(1000))
    assert first.tolist() != second.tolist()


def test_order_is_decided_by_seed_and_step_alone() -> None:
    forward, backward = Order(50, 4, 1), Order(50, 4, 1)
    steps = [forward.at(step).tolist() for step in range(30)]
    assert [backward.at(step).tolist() for step in reversed(range(30))] == steps[::-1]
    assert [Order(50, 4, 2).at(step).tolist() for step in range(30)] != steps


def test_fewer_conversations_than_a_batch_are_one_batch() -> None:
    order = Order(3, 16, 0)
    assert order.steps_per_epoch == 1
    assert sorted(order.at(9).tolist()) == [0, 1, 2]
    with pytest.raises(DataError, match="No dialogue is left to train on"):
        Order(0, 16, 0)


def test_parts_of_a_step_are_all_of_it_however_many_share_it(talks: list[Example]) -> None:
    members = talks[:13]
    alone = step_of(members, 13)
    assert len(alone.parts) == 1
    assert alone.parts[0].counts == alone.counts
    for processes in (1, 2, 3):
        shares = [step_of(members, 4, rank, processes) for rank in range(processes)]
        parts = [part for share in shares for part in share.parts]
        assert sum((part.counts for part in parts), Counts()) == alone.counts
        places = sorted(place for part in parts for place in part.of_step.tolist())
        assert places == list(range(len(alone.anchors.image)))
        for share in shares:
            assert share.counts == alone.counts
            assert share.anchors.image.tolist() == alone.anchors.image.tolist()
            for part in share.parts:
                assert share.anchors.image[part.of_step].tolist() == part.anchors.image.tolist()


def test_forgetting_hides_words_of_questions_alone(talks: list[Example]) -> None:
    plain = talks[:8]
    forgot = forgetful(plain, 0.5, np.random.default_rng(0))
    hidden, words = 0, 0
    for one, other in zip(plain, forgot, strict=True):
        changed = one.ids != other.ids
        assert (other.ids[changed] == PAD_ID).all()
        assert (one.ids[changed] >= FIRST_WORD).all()
        assert not (changed & one.learned).any()
        hidden, words = hidden + int(changed.sum()), words + int((one.ids >= FIRST_WORD).sum())
    assert 0.1 < hidden / words < 0.5
    again = forgetful(plain, 0.5, np.random.default_rng(0))
    assert [each.ids.tolist() for each in again] == [each.ids.tolist() for each in forgot]
