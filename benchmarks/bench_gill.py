"""A train step against GILL's own loop, at the same sizes: `make bench ONLY=gill GILL=path`.

GILL (Koh et al. 2023) is read from a folder outside of the project, and run as its README shows a small job on a CPU:
`main.py … --opt-version=facebook/opt-125m --precision=fp32`, by the Python of its own `venv`, of GILL_PYTHON, or this
one; its validation between epochs, which it does not time, is left out. Both sides hold OPT of 125 million random
weights, frozen, in float32, and learn from the same pictures and captions, as many a step: to say the caption of a
picture, and to find the picture of a caption among the batch's.

GILL reads a batch three times, once each for captions, retrieval and its image generator, in rows that are padded to 32
tokens, and encodes its pictures anew. We read each pair once, as a conversation of two rounds, packed, with measured
pictures. A second comparison cuts GILL's tower to one layer of twelve, so that it sees for next to nothing.
"""

import hashlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.gill_folder import LANGUAGE, TOWER, captions, cut_tower, write_folder
from dialogue.types import Dialogue, Shown, Turn
from ingest.descriptor import measure
from ingest.encoders import effnet_lite0
from kg import adjacency
from kg.adjacency import Picture, Vertex
from model.data import Example, Index, examples
from model.gallery import Gallery, gallery
from model.negatives import Sampler
from model.network import KnowBLIP, Sizes
from model.objective import Objective
from model.presets import preset
from model.pretrained import open_pretrained
from model.settings import TrainSettings
from model.steps import step_of

BATCH, STEPS, ROUNDS = 4, 2, 3
UNJUDGED = """import sys, main
main.validate.validate = lambda *rest: 0.0  # not timed, and it takes longer than the steps
main.main(sys.argv[1:])"""
TIMED = re.compile(r"Epoch: \[[1-9]\]\[\s*\d+/\s*\d+\]\s+Time\s+[\d.]+ \(\s*([\d.]+)\)")


def conversations(pairs: list[tuple[str, Path]]) -> list[Dialogue]:
    """Return a conversation for each pair: the picture is described, and the description gets its picture."""
    found = []
    for number, (text, _) in enumerate(pairs):
        shown = (Shown(f"{number}.png", sha(number), f"e:{number}"),)
        turns = (
            Turn("human", "<image>", shown),
            Turn("model", text),
            Turn("human", text),
            Turn("model", "<image>", shown),
        )
        found.append(Dialogue(str(number), "gill", "en", "single", turns))
    return found


def sha(number: int) -> str:
    """Return what stands for the content of a picture."""
    return hashlib.sha256(str(number).encode()).hexdigest()


class Ours:
    """Our loop's step around OPT."""

    def __init__(self, language: Path, pairs: list[tuple[str, Path]]) -> None:
        torch.manual_seed(0)
        entities = [
            Vertex(f"e:{n}", (f"Entity {n}",), ("Thing",), (Picture(f"{n}.png", sha(n)),)) for n in range(len(pairs))
        ]
        graph = adjacency.build("gill", entities, [], [], {})
        pictures = [Image.open(path).convert("RGB") for _, path in pairs]
        rows = measure(effnet_lite0(), pictures)
        hashes = dict.fromkeys(map(sha, range(len(pairs))), 0)
        seen: Gallery = gallery(graph, {sha(n): row for n, row in enumerate(rows)}, hashes)
        shape = preset("gemma-270m", llm=str(language), adapter="linear")
        tokenizer, causal = open_pretrained(str(language))
        index = Index.of(graph)
        self.members: list[Example] = list(examples(conversations(pairs), tokenizer, shape, index, seen))
        sizes = Sizes(tokenizer.get_vocab_size(), 1, seen.cells.shape[2], seen.descriptors.shape[1], 384)
        self.network = KnowBLIP(shape, sizes, causal)
        settings = TrainSettings("gill", "", negatives="batch", steps=1)
        self.objective = Objective(self.network, settings, seen, Sampler(graph, seen))
        self.objective._bf16 = False
        self.trained = [each for each in self.network.parameters() if each.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, 1e-3, fused=True)

    def epoch(self, seed: int) -> float:
        """Take some steps; return the seconds of one."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.members))
        begin = time.perf_counter()
        for step in range(STEPS):
            work = step_of([self.members[i] for i in order[step * BATCH : (step + 1) * BATCH]], BATCH)
            whole = self.objective.whole(work, 0.0, rng)
            self.optimiser.zero_grad()
            for part in work.parts:
                self.objective.losses(part, whole)["total"].backward()
            torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
            self.optimiser.step()
        return (time.perf_counter() - begin) / STEPS


def theirs(source: Path, work: Path, python: str) -> Iterator[float]:
    """Run GILL's command; yield the seconds of a step after each epoch but the first, as it prints them.

    It stands still (SIGSTOP) until the next is wanted, so that the other side has the machine for itself.
    """
    command = [
        *(python, "-u", "-c", UNJUDGED, "--dataset=cc3m", "--val-dataset=cc3m"),
        *(f"--opt-version={LANGUAGE}", f"--visual-model={TOWER}", "--exp-name=bench", "--log-base-dir=runs/"),
        *(f"--batch-size={BATCH}", "--val-batch-size=2", "--precision=fp32", f"--print-freq={STEPS}"),
        *(f"--epochs={ROUNDS + 1}", "--val_steps_per_epoch=1", f"--steps_per_epoch={STEPS}", "--workers=1"),
    ]
    environment = os.environ | {"PYTHONPATH": str(source), "HF_HUB_OFFLINE": "1"}
    with (
        (work / "errors").open("w+") as errors,
        subprocess.Popen(
            command, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := TIMED.search(line):
                    process.send_signal(signal.SIGSTOP)
                    yield float(found[1])
                    process.send_signal(signal.SIGCONT)
            errors.seek(0)
            raise SystemExit(f"gill: its command ended with {process.wait()}:\n{errors.read()[-2000:]}")
        finally:
            process.kill()


def main() -> None:
    """Measure where GILL's source lies outside of the project."""
    given = os.environ.get("GILL")
    if not given or not (Path(given) / "main.py").is_file():
        print("gill: GILL names no folder of GILL's source (github.com/kohjingyu/gill): NOT MEASURED")
        return
    source = Path(given).resolve()
    own = source / "venv" / "bin" / "python"
    python = os.environ.get("GILL_PYTHON") or (str(own) if own.exists() else sys.executable)
    pairs = captions()
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        write_folder(work, pairs, 12)
        ours = Ours(work / LANGUAGE, pairs)
        ours.epoch(0)
        print(f"gill: {BATCH} pairs a step, OPT-125m's shape, float32, {torch.get_num_threads()} threads")
        for layers in (12, 1):
            cut_tower(work, layers)
            compare(ours, source, work, python, layers)


def compare(ours: Ours, source: Path, work: Path, python: str, layers: int) -> None:
    """Run both sides in turn, and print the medians."""
    running = theirs(source, work, python)
    times = [(next(running), ours.epoch(seed)) for seed in range(ROUNDS)]
    running.close()
    their, our = (statistics.median(side) for side in zip(*times, strict=True))
    print(f"  GILL with a tower of {layers:2} layers: {their:.2f} s a step, ours {our:.2f} s: {their / our:.2f} : 1")


if __name__ == "__main__":
    main()
