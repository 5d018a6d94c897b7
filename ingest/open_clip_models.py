"""Any model of open_clip as an encoder, all by the one call that its documentation shows."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ingest.encoder_names import Named
from ingest.encoders import Encoder
from ingest.preprocess import Preprocess, preprocess
from kg.errors import DataError

TEXTS = 64  # texts at a time


class Tower(torch.nn.Module):
    """The towers of a model, frozen."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        """Map (B, 3, H, W) float to features (B, D) float."""
        features: torch.Tensor = self.model.encode_image(image, normalize=normalize)
        return features

    def encode_grid(self, image: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, H, W) float to the last layer's patches, normalised as before pooling, (B, C, h, w) float."""
        visual = self.model.visual
        normal = getattr(visual, "attn_pool", None) is None  # else its norm is of what is pooled, of another width
        found = visual.forward_intermediates(image, indices=1, normalize_intermediates=normal, intermediates_only=True)
        grid: torch.Tensor = found["image_intermediates"][-1]
        return grid

    @cached_property
    def channels(self) -> int:
        """Return how many values a patch has, by looking at a black picture."""
        weights = next(self.model.parameters())
        with torch.inference_mode():
            return int(self.encode_grid(black(self.model, weights.device, weights.dtype)).shape[1])


def load_open_clip(name: str, named: Named, device: torch.device, dtype: torch.dtype) -> Encoder:
    """Load a model with its preprocessing and its tokenizer. Raises DataError naming the encoder as `name`."""
    import open_clip

    tag = published(name, named)
    try:
        if named.config is not None:
            open_clip.add_model_config(named.config)
        with quiet():
            # Published weights say whether they were trained with QuickGELU; open_clip takes the architecture's word.
            model, _, transform = open_clip.create_model_and_transforms(
                named.model, named.pretrained, force_quick_gelu=bool(tag.get("quick_gelu")), require_pretrained=True
            )
            tokenizer = open_clip.get_tokenizer(named.model)
        model.eval().requires_grad_(False).to(device=device, dtype=dtype)
        width = measured_width(model, device, dtype)
    except Exception as exc:  # whatever a broken file or a missing network makes open_clip, torch and the hub raise
        raise DataError(f"The encoder '{name}' can't be loaded ({said(exc)}); {advice(named)}.") from exc
    if named.width is not None and width != named.width:
        raise DataError(f"The encoder '{name}' gives {width} values, not the {named.width} of its configuration.")
    return Encoder(
        space=named.space,
        width=width,
        preprocess=quick(model, transform),
        tower=Tower(model),
        encode_text=text_encoder(model, tokenizer, device),
        device=device,
        dtype=dtype,
    )


def published(name: str, named: Named) -> dict[str, Any]:
    """Return what open_clip knows of published weights, nothing of a file. Raises DataError."""
    import open_clip

    if named.pretrained is None or "@" in named.space:
        return {}
    tag: dict[str, Any] = open_clip.get_pretrained_cfg(named.model, named.pretrained)
    if not tag:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(named.model)) or "none"
        raise DataError(f"The encoder '{name}' names no published weights; of {named.model} there are: {tags}.")
    return tag


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what open_clip warns of and logs: what matters of it comes as an error."""
    handlers = list(logging.root.handlers)
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        logging.root.handlers[:] = handlers  # `logging.error` has set one of its own


def said(exc: Exception) -> str:
    """Return what an error says, in a line."""
    return " ".join(str(exc).split())[:200] or type(exc).__name__


def advice(named: Named) -> str:
    """Say what to do about a model that can't be loaded."""
    if named.pretrained is None and not named.model.startswith("hf-hub:"):
        return "save the model again, or check that configuration and weights belong together"
    if named.config is not None or "@" in named.space:
        return "check that the file holds weights of this architecture"
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(named.model)
    if named.pretrained not in tags and tags:
        return f"published for {named.model} are {', '.join(tags)}"
    return (
        "published weights are downloaded from the Hugging Face hub, so check the network, or name a file as NAME:PATH"
    )


def measured_width(model: Any, device: torch.device, dtype: torch.dtype) -> int:
    """Return the number of values of a picture's features, by encoding a black one."""
    with torch.inference_mode():
        return int(model.encode_image(black(model, device, dtype)).shape[-1])


def black(model: Any, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return a black picture as a model takes it, (1, 3, H, W)."""
    size = model.visual.preprocess_cfg["size"]
    height, width = (size, size) if isinstance(size, int) else size
    return torch.zeros(1, 3, height, width, device=device, dtype=dtype)


def quick(model: Any, transform: Preprocess) -> Preprocess:
    """Return our preprocessing of the model's settings, or open_clip's own where ours doesn't have them."""
    settings = model.visual.preprocess_cfg
    size, mean, std = settings["size"], settings["mean"], settings["std"]
    square = size if isinstance(size, int) else tuple(size)
    return preprocess(square, mean, std, settings["resize_mode"], settings["interpolation"]) or transform


def text_encoder(
    model: Any, tokenizer: Callable[[list[str]], torch.Tensor], device: torch.device
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Return a function from whole texts to features of length 1, (N, D) float32; a text too long is cut."""

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [np.empty((0, model_width), np.float32)]
        for start in range(0, len(texts), TEXTS):
            with torch.inference_mode():
                features = model.encode_text(tokenizer(list(texts[start : start + TEXTS])).to(device)).float()
                parts.append(torch.nn.functional.normalize(features, dim=-1).cpu().numpy())
        return np.concatenate(parts)

    with torch.inference_mode():
        model_width = int(model.encode_text(tokenizer([""]).to(device)).shape[-1])
    return encode
