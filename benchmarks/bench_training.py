"""Training: rows that hold several conversations against padded ones, and a frozen language model against all of it.

The conversations are FB15K's, built from KWK_FB15K_DIR's dialogues in KWK_BENCH_DIALOGUES, a folder with train.jsonl
(`kwk dialogues build --graph fb15k`). Both sides of a comparison take the same steps in turn, in float32.
"""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_
from transformers import LlamaForCausalLM

from dialogue.serialise import read_dialogues
from model.anchors import Anchors
from model.batches import Batch, collate, in_one_row, packed, padded
from model.data import Example
from model.encode import encode
from model.export import llama_config
from model.network import KnowBLIP, Sizes
from model.objective import Objective, Whole
from model.presets import Scratch, preset
from model.pretrained import Pretrained
from model.settings import TrainSettings
from model.tokens import FIRST_WORD, IMAGE_ID, KNO_ID, RET_ID, train_tokenizer

CONVERSATIONS = 3000
STEPS = 6  # that are timed together
ROUNDS = 5
FROZEN = {  # shape, conversations a step, steps that are timed together
    "tiny's": (Scratch(vocabulary=4000, width=192, layers=4, heads=4, inner=512), 16, STEPS),
    "OPT-125m's": (Scratch(vocabulary=50272, width=768, layers=12, heads=12, inner=2048), 4, 1),
}
NONE = np.empty(0, np.int32)


def examples(folder: Path) -> tuple[list[Example], int]:
    """Return the first conversations, without their images, and the size of the vocabulary."""
    shape = preset("tiny")
    dialogues = list(islice(read_dialogues(folder / "train.jsonl"), CONVERSATIONS))
    tokenizer = train_tokenizer((turn.value for each in dialogues for turn in each.turns), 4000)
    found = []
    for dialogue in dialogues:
        encoded = encode(dialogue, tokenizer, shape.queries, shape.max_length)
        ids = np.where(encoded.ids == IMAGE_ID, RET_ID, encoded.ids)  # as long as with images
        named = np.zeros(len(ids), np.bool_)
        for slot in encoded.slots:
            named[slot.start : slot.end] = True
        slots = np.flatnonzero(ids == KNO_ID).astype(np.int32)
        nobody = Anchors(image=NONE, entity=NONE, subject=NONE, relation=NONE, asks_tail=NONE.astype(bool), answers=[])
        found.append(Example(ids, encoded.mask, named, NONE, slots, np.zeros(len(slots), np.int32), NONE, nobody))
    return found, tokenizer.get_vocab_size()


def in_turn(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Run the sides in turn, five times; return the median of what each says."""
    for side in sides.values():
        side()
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            found[name].append(side())
    return {name: statistics.median(values) for name, values in found.items()}


class Trainee:
    """A network with its optimiser: around tiny's own language model, or one that stands for a pretrained one."""

    def __init__(self, vocabulary: int, language: Pretrained | None = None, name: str = "tiny") -> None:
        torch.manual_seed(0)
        self.network = KnowBLIP(preset(name), Sizes(vocabulary, 1345, 1280, 512, 384), language)
        settings = TrainSettings("fb15k", "", steps=1)
        self.objective = Objective(self.network, settings, None, None)
        self.objective._bf16 = False
        self._optimise()

    def train_all(self) -> None:
        """Train the language model too."""
        self.network.language.requires_grad_(True)  # type: ignore[attr-defined]
        self._optimise()

    def _optimise(self) -> None:
        self.trained = [each for each in self.network.parameters() if each.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, 1e-4, fused=True)

    def step(self, batch: Batch) -> None:
        """Take a step on a batch."""
        self.optimiser.zero_grad()
        losses = self.objective.losses(batch, Whole(batch.anchors, None, np.zeros(0), batch.counts))
        losses["total"].backward()
        clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()


def speed(trainee: Trainee, batches: list[Batch]) -> float:
    """Return useful tokens a second."""
    start = time.perf_counter()
    for batch in batches:
        trainee.step(batch)
    return sum(batch.counts.tokens for batch in batches) / (time.perf_counter() - start)


def compare_packing(members: list[Example], vocabulary: int) -> None:
    """Print useful tokens a second, packed against padded: in random order, and with those of a length together."""
    rng = np.random.default_rng(0)
    for size in (16, 64):
        order = rng.permutation(len(members))[: STEPS * size]
        drawn = [[members[i] for i in order[k * size : (k + 1) * size]] for k in range(STEPS)]
        pool = rng.permutation(len(members))[: 16 * size]
        by_length = pool[np.argsort([len(members[i].ids) for i in pool], kind="stable")]
        starts = rng.permutation(16)[:STEPS] * size
        alike = [[members[i] for i in by_length[start : start + size]] for start in starts]
        laid = {
            "packed": [collate(each, in_one_row(each)) for each in drawn],
            "padded": [collate(each, padded(each)) for each in drawn],
            "by length": [collate(each, padded(each)) for each in alike],
        }
        trainee = Trainee(vocabulary)
        found = in_turn({name: partial(speed, trainee, batches) for name, batches in laid.items()})
        for name, batches in laid.items():
            full = sum(each.counts.tokens for each in batches) / sum(each.ids.numel() for each in batches)
            print(f"  batch {size}, {name:9}: {found[name]:8,.0f} useful tokens/s, rows {full:.0%} full")
        print(f"  packed : padded in random order {found['packed'] / found['padded']:.2f} : 1 (goal 2)")
        print(f"  packed : padded by length       {found['packed'] / found['by length']:.2f} : 1")


def compare_frozen(members: list[Example], vocabulary: int) -> None:
    """Print the time of a step with a frozen language model as a part of that with all gradients.

    The model has random weights and is opened as --llm opens one: frozen, only our tokens' rows train in it.
    """
    rng = np.random.default_rng(1)
    for name, (shape, size, steps) in FROZEN.items():
        drawn = [[members[i] for i in rng.permutation(len(members))[:size]] for _ in range(steps)]
        batches = [collate(each, packed(each)) for each in drawn]
        sides = {told: Trainee(max(vocabulary, shape.vocabulary), like(shape)) for told in ("frozen", "all")}
        sides["all"].train_all()
        found = in_turn({told: partial(speed, trainee, batches) for told, trainee in sides.items()})
        ratio = found["all"] / found["frozen"]
        print(f"  language model of {name} shape, frozen: {ratio:.2f} of the time of all gradients (goal 0.75)")


def like(shape: Scratch) -> Pretrained:
    """Return a frozen language model of a shape, with random weights."""
    torch.manual_seed(0)
    config = llama_config(shape, shape.vocabulary - FIRST_WORD, 2048)
    config._attn_implementation = "eager"  # the fastest on a CPU (model/language.py)
    return Pretrained(LlamaForCausalLM(config))


def main() -> None:
    """Measure what there is data for."""
    folder = os.environ.get("KWK_BENCH_DIALOGUES")
    if not folder:
        print("training: KWK_BENCH_DIALOGUES names no folder of dialogues: NOT MEASURED")
        return
    torch.set_num_threads(1)
    members, vocabulary = examples(Path(folder))
    lengths = [len(each.ids) for each in members]
    print(f"training: {len(members):,} conversations of {np.mean(lengths):.0f} tokens, the longest {max(lengths)}")
    compare_packing(members, vocabulary)
    compare_frozen(members, vocabulary)


if __name__ == "__main__":
    main()
