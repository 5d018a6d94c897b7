"""A model whose answer depends on who else is in the batch, or that sees another picture than the one shown."""

import pytest
import torch
from torch import Tensor

from model.network import SHARPEST, KnowBLIP, Sizes, WordingHead
from model.presets import Preset, preset
from model.tokens import FIRST_WORD, IMAGE_ID, PAD_ID

SIZES = Sizes(vocabulary=50, relations=3, grid=5, descriptor=7, question=6)
CELLS = 4


@pytest.fixture(scope="module", params=["minute", "tiny"])
def shape(request: pytest.FixtureRequest) -> Preset:
    return preset(request.param)


@pytest.fixture(scope="module")
def network(shape: Preset) -> KnowBLIP:
    torch.manual_seed(0)
    return KnowBLIP(shape, SIZES).eval()


@pytest.fixture(scope="module")
def images(network: KnowBLIP) -> Tensor:
    with torch.inference_mode():
        return network.images(torch.randn(2, CELLS, SIZES.grid), torch.randn(2, SIZES.descriptor))


def sequence(shape: Preset, words: int = 4) -> list[int]:
    """Return words, an image, a word, another image, a word."""
    picture = [IMAGE_ID] * shape.queries
    return [*range(FIRST_WORD, FIRST_WORD + words), *picture, FIRST_WORD + 9, *picture, FIRST_WORD + 8]


def test_shapes_are_those_that_are_promised(shape: Preset, network: KnowBLIP, images: Tensor) -> None:
    assert images.shape == (2, shape.queries, network.width)
    with torch.inference_mode():
        states = network.states(torch.tensor([sequence(shape)]), images)
        assert states.shape == (1, len(sequence(shape)), network.width)
        assert network.logits(states).shape == (1, len(sequence(shape)), SIZES.vocabulary)
        assert network.relation(states[0, -1:]).shape == (1, 2 * SIZES.relations)
        assert network.retrieval_query(states[0]).shape == (len(sequence(shape)), shape.retrieval_width)


def test_padding_at_the_end_changes_nothing_before_it(shape: Preset, network: KnowBLIP, images: Tensor) -> None:
    ids = sequence(shape)
    short = [FIRST_WORD + 1, FIRST_WORD + 2]
    together = torch.tensor([[*short, *[PAD_ID] * (len(ids) - 2)], ids])
    with torch.inference_mode():
        alone = network.states(torch.tensor([short]), images[:0])
        both = network.states(together, images)
        longer = network.states(torch.tensor([[*ids, PAD_ID, PAD_ID]]), images)
        plain = network.states(torch.tensor([ids]), images)
    torch.testing.assert_close(both[0, :2], alone[0])
    torch.testing.assert_close(both[1], plain[0])
    torch.testing.assert_close(longer[0, : len(ids)], plain[0])


def test_what_is_said_later_changes_nothing_before_it(shape: Preset, network: KnowBLIP, images: Tensor) -> None:
    ids = sequence(shape)
    other = [*ids[:-1], FIRST_WORD + 20]
    with torch.inference_mode():
        states = network.states(torch.tensor([ids, other]), torch.cat([images, images]))
    torch.testing.assert_close(states[0, :-1], states[1, :-1])
    assert not torch.allclose(states[0, -1], states[1, -1])


def test_images_stand_where_they_are_shown_in_their_order(shape: Preset, network: KnowBLIP, images: Tensor) -> None:
    ids = torch.tensor([sequence(shape)])
    embedded = network.embed(ids, images)[0]
    first, second = 4, 4 + shape.queries + 1
    torch.testing.assert_close(embedded[first : first + shape.queries], images[0])
    torch.testing.assert_close(embedded[second : second + shape.queries], images[1])
    words = (ids[0] != IMAGE_ID).nonzero().flatten()
    torch.testing.assert_close(embedded[words], network.language.embed(ids[0][words]))


def test_two_pictures_are_not_seen_alike(network: KnowBLIP, images: Tensor) -> None:
    assert not torch.allclose(images[0], images[1], atol=1e-3)
    with torch.inference_mode():
        cells, descriptors = torch.randn(1, CELLS, SIZES.grid), torch.randn(2, SIZES.descriptor)
        seen = network.images(cells.expand(2, -1, -1), descriptors)
    assert not torch.allclose(seen[0], seen[1], atol=1e-4)  # the descriptor is looked at as well as the grid


def test_retrieval_compares_what_has_length_one(shape: Preset, network: KnowBLIP) -> None:
    with torch.inference_mode():
        queries = network.retrieval_query(torch.randn(5, network.width) * 9)
        keys = network.retrieval_keys(torch.randn(6, SIZES.descriptor) * 9)
    torch.testing.assert_close(queries.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(6))


def test_sharpness_never_grows_beyond_its_bound() -> None:
    network = KnowBLIP(preset("minute"), SIZES)
    assert float(network.sharpness().detach()) == pytest.approx(1 / 0.07, rel=1e-4)
    with torch.no_grad():
        network.scale.fill_(50.0)
    assert float(network.sharpness().detach()) == SHARPEST


def test_relation_is_told_at_first_by_the_cosine_of_sentences() -> None:
    head = WordingHead(6)
    questions, wordings = torch.randn(3, 6), torch.randn(4, 6)
    cosines = torch.nn.functional.cosine_similarity(questions[:, None], wordings[None], dim=-1)
    torch.testing.assert_close(head(questions, wordings).detach(), 20 * cosines)
