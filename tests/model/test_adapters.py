"""An adapter that shows the wrong picture, sees nothing, or disturbs a language model before it has learned."""

import pytest
import torch
from torch import Tensor

from model.adapters import ADAPTERS, Bind, BindShape, Seen
from model.network import KnowBLIP, Sizes, in_force
from model.presets import preset
from model.tokens import FIRST_WORD, IMAGE_ID

SIZES = Sizes(vocabulary=50, relations=3, grid=5, descriptor=7, question=6)
CELLS = 4


@pytest.fixture(params=ADAPTERS)
def network(request: pytest.FixtureRequest) -> KnowBLIP:
    torch.manual_seed(0)
    return KnowBLIP(preset("minute", adapter=request.param), SIZES)


@pytest.fixture
def bound() -> KnowBLIP:
    torch.manual_seed(0)
    return KnowBLIP(preset("minute", adapter="bind"), SIZES)


def pictures(n: int) -> tuple[Tensor, Tensor]:
    return torch.randn(n, CELLS, SIZES.grid), torch.randn(n, SIZES.descriptor)


def sequence(queries: int) -> Tensor:
    return torch.tensor([[FIRST_WORD, *[IMAGE_ID] * queries, FIRST_WORD + 1, FIRST_WORD + 2]])


def opened(network: KnowBLIP) -> KnowBLIP:
    """Open the gates, if there are any."""
    if network.adapter.gates is not None:
        torch.nn.init.constant_(network.adapter.gates, 0.5)
    return network


def test_picture_changes_what_is_said_after_it_and_nothing_before(network: KnowBLIP) -> None:
    images = opened(network).images(*pictures(2))
    ids = sequence(images.shape[1])
    with torch.inference_mode():
        one, other = (network.states(ids, images[n : n + 1]) for n in range(2))
    torch.testing.assert_close(one[0, 0], other[0, 0])
    assert not torch.allclose(one[0, -1], other[0, -1], atol=1e-4)


def test_every_part_of_an_adapter_learns(network: KnowBLIP) -> None:
    images = opened(network).images(*pictures(2))
    ids = sequence(images.shape[1]).expand(2, -1)
    network.logits(network.states(ids, images)).square().mean().backward()
    for name, parameter in network.adapter.named_parameters():
        assert parameter.grad is not None, name
        if "crossattention.attention.key.bias" not in name and "attention.attention.key.bias" not in name:
            assert parameter.grad.abs().sum() > 0, name


def test_bind_begins_by_changing_nothing_but_can_learn_to(bound: KnowBLIP) -> None:
    images = bound.images(*pictures(2))
    ids = sequence(1).expand(2, -1)
    states = bound.states(ids, images)
    torch.testing.assert_close(states, bound.language.read(bound.language.embed(ids)), rtol=0, atol=0)
    states.square().sum().backward()
    assert bound.adapter.gates is not None
    assert bound.adapter.gates.grad is not None
    assert bound.adapter.gates.grad.abs().min() > 0


def test_bind_network_is_that_of_the_paper() -> None:
    torch.manual_seed(0)
    bind = Bind(BindShape(inner=11, blocks=3), Seen(grid=5, descriptor=7, width=6, layers=2))
    cells, descriptors = pictures(3)
    feature = torch.cat([cells.mean(dim=1), descriptors], dim=1) @ bind.project.weight.T
    for block in bind.blocks:
        normal = feature / (feature.square().mean(dim=1, keepdim=True) + 1e-6).sqrt()
        gate = normal @ block.w1.weight.T
        feature = feature + (normal @ block.w2.weight.T * gate * gate.sigmoid()) @ block.w3.weight.T
    torch.testing.assert_close(bind(cells, descriptors), feature[:, None])


def test_no_image_is_a_zero_image(bound: KnowBLIP) -> None:
    zero = bound.images(torch.zeros(1, CELLS, SIZES.grid), torch.zeros(1, SIZES.descriptor))
    assert not zero.any()
    words = torch.tensor([[FIRST_WORD, FIRST_WORD + 1]])
    plain = bound.language.read(bound.language.embed(words))
    torch.testing.assert_close(opened(bound).states(words, zero[:0]), plain, rtol=0, atol=0)


def test_image_that_holds_is_the_last_one_shown_in_its_own_conversation() -> None:
    a, b, c, w = *torch.randn(3, 1, 6), torch.zeros(6)
    ids = torch.tensor([[8, IMAGE_ID, 9, IMAGE_ID, 9], [8, 8, IMAGE_ID, 9, 9], [8, 8, 8, 8, 8]])
    held = in_force(ids, torch.stack([a, b, c]))
    rows = [[w, a[0], a[0], b[0], b[0]], [w, w, c[0], c[0], c[0]], [w] * 5]
    torch.testing.assert_close(held, torch.stack([torch.stack(row) for row in rows]))
    goes_on = in_force(torch.tensor([[8, IMAGE_ID]]), a[None], b)
    torch.testing.assert_close(goes_on, torch.stack([b[0], a[0]])[None])


def test_image_that_was_read_before_still_holds(network: KnowBLIP) -> None:
    images = opened(network).images(*pictures(1))
    ids = sequence(images.shape[1])
    with torch.inference_mode():
        whole = network.states(ids, images)
        cache = network.language.cache()
        network.states(ids[:, :-1], images, cache)
        last = network.states(ids[:, -1:], images[:0], cache, images[:, -1])
    torch.testing.assert_close(last[0, -1], whole[0, -1])


def test_two_who_share_a_model_do_not_see_each_other_s_images(bound: KnowBLIP) -> None:
    from concurrent.futures import ThreadPoolExecutor

    images = opened(bound).images(*pictures(8)).detach()

    def state(n: int) -> Tensor:
        with torch.inference_mode():
            return bound.states(sequence(1), images[n : n + 1])[0, -1].clone()

    alone = [state(n) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(state, [*range(8)] * 4))
    for n, found in enumerate(together):
        torch.testing.assert_close(found, alone[n % 8])
