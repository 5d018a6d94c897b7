"""A small open_clip model, really trained: on the sample's flags with the names and descriptions of their countries.

It is saved as open_clip saves models for others to load (`open_clip_config.json` beside the weights), so what loads it
takes the path that published weights take. It knows which flag belongs to which name, and nothing else.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from open_clip import ClipLoss, SimpleTokenizer
from open_clip.model import CLIP
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from ingest.sample import folder

SIZE, CONTEXT = 48, 20
CONFIG: dict[str, Any] = {
    "embed_dim": 96,
    "vision_cfg": {"image_size": SIZE, "layers": 2, "width": 128, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": CONTEXT, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
MEAN = STD = (0.5, 0.5, 0.5)
STEPS, BATCH, PEAK = 400, 96, 3e-3
WORDINGS = ("{name}", "{name}", "a photo of {name}", "{name}. {description}", "{name}, {description}", "flag of {name}")
BLOCK = re.compile(r"^country:\w+\n(?:    .*\n)+", re.MULTILINE)
NAME, DESCRIPTION = (re.compile(rf'{key} .*?"([^"]+)"@en') for key in ("rdfs:label", "schema:description"))


@dataclass(frozen=True, slots=True)
class Flag:
    """A country of the sample and the files of its flag."""

    name: str
    description: str
    files: tuple[str, ...]


def flags() -> list[Flag]:
    """Read the sample's countries that have pictures, in the order of the file."""
    found = []
    for block in BLOCK.findall((folder() / "atlas.ttl").read_text("utf-8")):
        files = tuple(re.findall(r"<(images/[^>]+)>", block))
        name, description = NAME.search(block), DESCRIPTION.search(block)
        if files and name:
            found.append(Flag(name[1], description[1] if description else "", files))
    return found


def train_small_clip(target: Path) -> str:
    """Train on one core, under a minute; save below `target`; return what `--encoder` takes (NAME:PATH)."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIP(**CONFIG)
        train(model, flags())
    save(model, target)
    return f"small:{target}"


def train(model: CLIP, countries: list[Flag]) -> None:
    """Bring flags and texts of a country together, and those of different countries apart."""
    texts, used = tokens(countries)
    pixels = torch.from_numpy(np.stack([decoded(file) for flag in countries for file in flag.files]))  # (N, S, S, 3)
    many = torch.tensor([len(flag.files) for flag in countries])
    whole = model.token_embedding
    model.token_embedding = torch.nn.Embedding(len(used), whole.embedding_dim, _weight=whole.weight.detach()[used])
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK, total_steps=STEPS, pct_start=0.1)
    loss_of = ClipLoss()
    model.train()
    for _ in range(STEPS):
        chosen = torch.randperm(len(countries))[:BATCH]
        rows = (many.cumsum(0) - many)[chosen] + (torch.rand(BATCH) * many[chosen]).long()
        image, text, scale = model(varied(pixels[rows]), texts[chosen, torch.randint(len(WORDINGS), (BATCH,))])
        optimiser.zero_grad(set_to_none=True)
        loss_of(image, text, scale).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, np.log(100))
    with torch.no_grad():
        whole.weight[used] = model.token_embedding.weight
    model.token_embedding = whole


def tokens(countries: list[Flag]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every country's texts in new ids, (countries, wordings, CONTEXT), and what these stand for.

    Most of the 49,408 tokens occur in no text, and optimising them takes half of a step. The order of ids is kept,
    since CLIP finds the end of a text by the largest.
    """
    texts = [text.format(name=flag.name, description=flag.description) for flag in countries for text in WORDINGS]
    used, ids = torch.unique(SimpleTokenizer(context_length=CONTEXT)(texts), return_inverse=True)
    return ids.view(len(countries), len(WORDINGS), CONTEXT), used


def decoded(file: str) -> np.ndarray:
    """Return a picture of the sample as the trained model's preprocessing sees it, (SIZE, SIZE, 3) uint8."""
    with Image.open(folder() / file) as image:
        return np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def varied(pixels: torch.Tensor) -> torch.Tensor:
    """Shift, scale, brighten and blur pictures a little, and normalise them. (B, S, S, 3) uint8 -> (B, 3, S, S)"""
    batch = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    matrix = torch.zeros(len(batch), 2, 3)
    matrix[:, [0, 1], [0, 1]] = torch.empty(len(batch), 2).uniform_(0.8, 1.05)
    matrix[:, [0, 1], [1, 0]] = torch.empty(len(batch), 2).uniform_(-0.06, 0.06)
    matrix[:, :, 2] = torch.empty(len(batch), 2).uniform_(-0.1, 0.1)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    moved = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    if torch.rand(()) < 0.3:
        moved = functional.interpolate(functional.avg_pool2d(moved, 2), scale_factor=2, mode="bilinear")
    contrast, brightness = torch.empty(2, len(batch), 1, 1, 1).uniform_(-0.2, 0.2)
    moved = moved * (1 + contrast) + brightness
    return moved + torch.randn_like(moved) * 0.03


def save(model: CLIP, target: Path) -> None:
    """Write the model as open_clip's `save_for_hf` does; the tokenizer is the one that open_clip brings."""
    target.mkdir(parents=True, exist_ok=True)
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()}, target / "open_clip_model.safetensors"
    )
    preprocess = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "squash"}
    config = {"model_cfg": CONFIG, "preprocess_cfg": preprocess}
    (target / "open_clip_config.json").write_text(json.dumps(config, indent=2), "utf-8")
