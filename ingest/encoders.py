"""Image encoders behind the interface of open_clip's towers: a transform, `encode_image`, the name of their space."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ingest.encoder_names import LITE, LITE_WIDTH, lite_weights, resolve, space_of, width_of
from ingest.preprocess import Preprocess, Resample

__all__ = ["CHUNK", "Encoder", "effnet_lite0", "load_encoder", "space_of", "width_of"]

CHUNK = 16  # pictures at a time: more only makes the allocator return and fetch pages, at a quarter of the speed
CHUNK_CUDA = 256  # pictures at a time on a GPU, which is idle with few


class ImageTower(Protocol):
    """The part of an open_clip model that sees pictures."""

    @property
    def channels(self) -> int:
        """Return how many values a place of the grid has."""
        ...

    def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Map (B, 3, H, W) float to features (B, D) float; with `normalize` of length 1."""
        ...

    def encode_grid(self, image: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, H, W) float to what is seen place by place, before any pooling, (B, channels, h, w) float."""
        ...


@dataclass(frozen=True, slots=True)
class Encoder:
    """A frozen encoder. `space` names what determines its features, so that two never mix in pgvector."""

    space: str
    width: int  # D
    preprocess: Preprocess  # RGB -> (3, H, W) float32
    tower: ImageTower
    # Texts -> (N, D) float32 of length 1, comparable with `encode`'s; None where there is no text tower.
    encode_text: Callable[[Sequence[str]], NDArray[np.float32]] | None = None
    device: torch.device = torch.device("cpu")  # where the tower is
    dtype: torch.dtype = torch.float32  # of its weights

    def encode(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Encode pictures to L2-normalised features, (B, D) float32."""
        chunk = CHUNK_CUDA if self.device.type == "cuda" else CHUNK
        rest = iter(pictures)
        parts = [self.encode_chunk(part) for part in iter(lambda: list(islice(rest, chunk)), [])]
        return np.concatenate(parts) if parts else np.empty((0, self.width), np.float32)

    def encode_chunk(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Encode as many pictures as go through the tower at once."""
        with torch.inference_mode():
            features = self.tower.encode_image(self.pixels(pictures), normalize=False).float()
            lengths = features.norm(dim=-1, keepdim=True).clamp_min(1e-12)
            return np.asarray((features / lengths).cpu().numpy())

    def pixels(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """Return pictures as the tower takes them, where it is, (B, 3, H, W)."""
        pixels = torch.stack([self.preprocess(picture) for picture in pictures])
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        if self.device.type == "cuda":
            pixels = pixels.pin_memory().to(self.device, non_blocking=True)
        return pixels.to(self.dtype)


class EffNetLite0(torch.nn.Module):
    """EfficientNet-Lite0, pooled features of 1,280 values, as open_clip's image tower (Tan & Le 2019; Liu 2020)."""

    channels = LITE_WIDTH

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

    def encode_grid(self, image: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, 224, 224) float to (B, 1280, 7, 7) float."""
        grid: torch.Tensor = self.trunk.forward_features(image)  # type: ignore[operator]
        return grid


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
    """Load EfficientNet-Lite0 from the package that carries its weights: no hub, no download, always float32."""
    # The network was trained on (x - 127) / 128; whole pictures rather than a crop, as a flag's edge belongs to it.
    mean, deviation = torch.full((3, 1, 1), 127.0), torch.full((3, 1, 1), 128.0)
    preprocess = Resample(224, "squash", "bicubic", mean, deviation)
    return Encoder(space_of(LITE), LITE_WIDTH, preprocess, EffNetLite0(lite_weights()))


def load_encoder(name: str, device: str = "auto", dtype: torch.dtype | None = None) -> Encoder:
    """Load the encoder that `--encoder` names: `lite`, `ViT-L-14/openai`, `NAME:PATH`. Raises DataError.

    `device` is `cpu`, `cuda` or `auto`: CUDA where there is one. `dtype` is that of the weights; without it bfloat16
    where the device computes in it, else float32. `lite` is small: it stays on the CPU, in float32.
    """
    from ingest.open_clip_models import load_open_clip

    if name == LITE:
        return effnet_lite0()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    place = torch.device(device)
    return load_open_clip(name, resolve(name), place, dtype or (torch.bfloat16 if has_bf16(place) else torch.float32))


def has_bf16(device: torch.device) -> bool:
    """Say whether a device multiplies bfloat16 as it stands; others emulate it, far slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))
