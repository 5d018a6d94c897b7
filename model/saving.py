"""The state of a training on disk: written as new files that a manifest then names, and taken up again from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from model import checkpoint
from model.checkpoint import Manifest
from model.met import Met
from model.network import KnowBLIP
from model.run import load_weights

MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW remembers of a parameter


@dataclass(frozen=True, slots=True)
class Saved:
    """The files of one save."""

    latest: str
    training: str
    hashes: Mapping[str, str]


def save_state(folder: Path, step: int, network: KnowBLIP, optimiser: torch.optim.Optimizer, met: Met | None) -> Saved:
    """Write weights, optimiser and negatives met under new names; nothing refers to them until a manifest does."""
    latest, training = f"model-{step:06}.safetensors", f"training-{step:06}.safetensors"
    state = {
        f"{number}.{key}": tensor
        for number, values in optimiser.state_dict()["state"].items()
        for key, tensor in values.items()
    }
    hashes = {
        latest: checkpoint.save_tensors(folder / latest, network.learned()),
        training: checkpoint.save_tensors(folder / training, state | (met.tensors() if met else {})),
    }
    return Saved(latest, training, hashes)


def restore_state(
    folder: Path, manifest: Manifest, network: KnowBLIP, optimiser: torch.optim.Optimizer, met: Met | None
) -> None:
    """Take up weights, optimiser and negatives met from the last save."""
    load_weights(network, folder / manifest.latest)
    tensors = checkpoint.read_tensors(folder / manifest.training)
    state = optimiser.state_dict()
    state["state"] = {
        number: {key: tensors[f"{number}.{key}"] for key in MOMENTS}
        for number in sorted({int(name.partition(".")[0]) for name in tensors if name.endswith(MOMENTS[0])})
    }
    optimiser.load_state_dict(state)
    if met:
        met.restore(tensors)
