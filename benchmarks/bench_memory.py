"""Memory of an ingest of FB15K's full size: 598,040 triples of 14,951 entities and 100,000 pictures, none of them real.

The encoder is a small open_clip model, so that the pictures take minutes; its network is the one part whose memory
is not that of a large model. `KWK_BENCH_IMAGES` sets another number of pictures.
"""

import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import psutil
from PIL import Image
from safetensors.torch import save_file

from benchmarks.bench_bulk import Entities, Triples
from benchmarks.stores import stores
from ingest.load import load
from ingest.target import Target, choose_tower
from kg import removal
from kg.progress import silent
from kg.types import ImageFile, Source

ENTITIES, DEGREE = 14_951, 40
CONFIG = {
    "embed_dim": 96,
    "vision_cfg": {"image_size": 48, "layers": 2, "width": 128, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files of `count` pictures, spread over all entities."""

    count: int

    def __len__(self) -> int:
        """Return how many there are."""
        return self.count

    def __iter__(self) -> Iterator[ImageFile]:
        """Name them."""
        for n in range(self.count):
            yield ImageFile(f"/m/{n % ENTITIES:08x}", f"{n % 256:02x}/{n}.png")


class Watch:
    """Resident memory of this process, once every half second."""

    def __init__(self) -> None:
        """Begin to watch."""
        self.seen: list[float] = []  # MB
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(0.5):
            self.seen.append(process.memory_info().rss / 1e6)

    def end(self) -> list[float]:
        """Stop watching and return what was seen."""
        self._over.set()
        self._thread.join()
        return self.seen


def main() -> None:
    """Ingest and say how memory went."""
    count = int(os.environ.get("KWK_BENCH_IMAGES", "100000"))
    with stores() as (driver, engine, home), tempfile.TemporaryDirectory(prefix="kwk-bench-") as scratch:
        root = Path(scratch)
        draw(root, count)
        tower = choose_tower(f"small:{model(root / 'model')}")
        source = Source("made", Entities(ENTITIES), Triples(ENTITIES, DEGREE), Files(count), image_root=root)
        watch = Watch()
        start = time.perf_counter()
        summary = load(Target(driver, engine, "bench-memory", home, silent), source, tower)
        seconds, seen = time.perf_counter() - start, watch.end()
        quarters = [max(part) for part in np.array_split(np.asarray(seen), 4)]
        print(
            f"{summary.triples:,} triples, {summary.images:,} pictures, gates {dict(summary.gates)}: {seconds:.0f} s, "
            f"at most {max(seen):,.0f} MB; by quarters of the time {', '.join(f'{each:,.0f}' for each in quarters)} MB"
        )
        removal.remove_graph(driver, engine, "bench-memory")


def draw(root: Path, count: int) -> None:
    """Write distinct pictures of 64×48."""
    rng = np.random.default_rng(0)
    for n in range(256):
        (root / f"{n:02x}").mkdir()
    coarse = rng.integers(0, 256, (count, 4, 4, 3), np.uint8)
    for n, colours in enumerate(coarse):
        picture = Image.fromarray(colours).resize((64, 48), Image.Resampling.BILINEAR)
        picture.save(root / f"{n % 256:02x}" / f"{n}.png", compress_level=1)


def model(folder: Path) -> Path:
    """Save a small open_clip model as it is initialised."""
    folder.mkdir()
    network = open_clip.model.CLIP(**CONFIG)
    save_file(
        {name: tensor.contiguous() for name, tensor in network.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    settings = {"model_cfg": CONFIG, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    return folder


if __name__ == "__main__":
    main()
