"""Losses that are not those of the paper, or that a masked entry moves."""

import math

import pytest
import torch

from model.losses import info_nce, mean_of, next_token


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_losses_of_tokens_are_cross_entropies_over_those_that_count(rng: torch.Generator) -> None:
    logits = torch.randn(7, 5, generator=rng)
    ids = torch.tensor([0, 4, 2, 2, 1, 3, 0])
    learned = torch.tensor([True, True, False, True, True, False, True])
    named = torch.tensor([False, True, False, True, False, False, False])
    told, known = next_token(logits, ids, learned, named)
    each = []
    for row, right in zip(logits.tolist(), ids.tolist(), strict=True):
        each.append(math.log(sum(math.exp(value) for value in row)) - row[right])
    assert float(told) == pytest.approx(sum(each[i] for i in (0, 1, 3, 4, 6)) / 5, rel=1e-5)
    assert float(known) == pytest.approx((each[1] + each[3]) / 2, rel=1e-5)


def test_retrieval_loss_is_the_share_of_the_right_image(rng: torch.Generator) -> None:
    positive, negatives = torch.randn(4, generator=rng), torch.randn(4, 6, generator=rng)
    allowed = torch.rand(4, 6, generator=rng) > 0.4
    expected = []
    for i in range(4):
        others = sum(math.exp(negatives[i, k]) for k in range(6) if allowed[i, k])
        expected.append(-math.log(math.exp(positive[i]) / (math.exp(positive[i]) + others)))
    assert float(info_nce(positive, negatives, allowed)) == pytest.approx(sum(expected) / 4, rel=1e-5)


def test_masked_negative_neither_counts_nor_learns(rng: torch.Generator) -> None:
    positive = torch.randn(3, generator=rng, requires_grad=True)
    negatives = torch.randn(3, 4, generator=rng, requires_grad=True)
    allowed = torch.tensor([[True, True, False, False], [False] * 4, [True] * 4])
    loss = info_nce(positive, negatives, allowed)
    loss.backward()  # type: ignore[no-untyped-call]
    assert negatives.grad is not None
    assert (negatives.grad[~allowed] == 0).all()
    assert (negatives.grad[allowed] > 0).all()
    with torch.no_grad():
        wild = torch.where(allowed, negatives, torch.tensor(50.0))
    assert float(info_nce(positive.detach(), wild, allowed)) == pytest.approx(float(loss.detach()))
    assert positive.grad is not None
    assert float(positive.grad[1]) == pytest.approx(0)  # nothing to be told from


def test_batch_without_images_has_no_retrieval_loss() -> None:
    empty = torch.zeros(0, requires_grad=True)
    loss = info_nce(empty, torch.zeros(0, 4), torch.ones(0, 4, dtype=torch.bool))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0


def test_mean_of_nothing_is_zero_rather_than_nan() -> None:
    assert float(mean_of(torch.tensor([2.0, 3.0]), torch.tensor([False, False]))) == 0
    assert float(mean_of(torch.tensor([2.0, 4.0]), torch.tensor([True, True]))) == 3


def test_corrected_draws_approach_the_softmax_over_the_whole_gallery() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(1, 50, generator=generator)
    chances = torch.softmax(2 * torch.randn(50, generator=generator), dim=0)
    drawn = torch.multinomial(chances, 40_000, replacement=True, generator=generator)[None]
    positive, all_of_them = torch.tensor([1.5]), torch.ones(1, 50, dtype=torch.bool)
    whole = info_nce(positive, scores, all_of_them)
    weights = -torch.log(40_000 * chances[drawn])
    sampled = info_nce(positive, scores[0][drawn], torch.ones_like(drawn, dtype=torch.bool), weights)
    assert abs(float(sampled - whole)) < 0.05
