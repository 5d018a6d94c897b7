"""The offline encoder sees what its network was trained to see."""

import numpy as np
import torch
from PIL import Image

from ingest.encoders import Encoder, fold_norms
from ingest.sample import folder


def test_features_have_length_one_and_the_width_that_is_promised(encoder: Encoder) -> None:
    features = encoder.encode([Image.new("RGB", (40, 30), colour) for colour in ("red", "white")] * 9)
    assert features.shape == (18, encoder.width)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[0], features[2], atol=1e-5)  # whatever stands beside it in a batch


def test_a_space_is_named_by_its_weights(encoder: Encoder) -> None:
    assert encoder.space == "effnet-lite0@57934424"


def test_two_drawings_of_a_flag_are_nearer_than_two_flags(encoder: Encoder) -> None:
    names = ["flag-PE-twemoji", "flag-PE-noto", "flag-JP-twemoji", "flag-JP-noto"]
    pictures = [Image.open(folder() / "images" / f"{name}.webp").convert("RGB") for name in names]
    features = encoder.encode(pictures)
    near = features @ features.T
    assert near[0, 1] > near[0, 2]
    assert near[2, 3] > near[2, 1]


def test_folding_the_norms_changes_no_feature() -> None:
    from timm.layers.norm_act import BatchNormAct2d

    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), BatchNormAct2d(4, act_layer=torch.nn.ReLU6)).eval()
    with torch.no_grad():
        plain[1].running_mean.uniform_(-1, 1)
        plain[1].running_var.uniform_(0.5, 2)
        plain[1].weight.uniform_(0.5, 2)
        pixels = torch.randn(2, 3, 8, 8)
        before = plain(pixels)
        fold_norms(plain)
        torch.testing.assert_close(plain(pixels), before)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in plain.modules())
