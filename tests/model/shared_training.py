"""One of the processes that train together: `torchrun -m tests.model.shared_training FOLDER`."""

import hashlib
import sys
from pathlib import Path

import torch

from ingest.sentences import minilm
from model import objective
from model.prepare import Material
from model.train import begin
from tests.model.conftest import Remembering, make_isles, measured_isles, settings_of, small_trainings


def sha_of(network: torch.nn.Module) -> str:
    """Return the sha256 of all weights."""
    digest = hashlib.sha256()
    for tensor in network.state_dict().values():
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def main(folder: Path) -> None:
    """Train three steps on the dialogues in `folder`, whole floats and a line of the log for each."""
    objective.fast_bf16 = lambda device: False
    material = Material(make_isles(), *measured_isles(), folder / "isles")
    with small_trainings(Remembering(minilm().space, minilm().width, {})):
        settings = settings_of(material, steps=3, every=3, log_every=1, negatives="batch")
        training = begin(material, settings, folder / "shared")
        training.run()
    sys.stdout.write(f"weights {sha_of(training.network)}\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
