"""Runs on disk: weights as safetensors under new names, then the manifest that names them, in one rename.

    runs/<graph>/<id>/
        manifest.json               what the run is, which weights are the best and the latest, the hash of every file
        tokenizer.json              descriptor.safetensors
        wordings.json               wordings.safetensors
        met.json                    the turns and images of the negatives that are kept with the optimiser
        model-000500.safetensors    training-000500.safetensors
        log.jsonl                   losses by step

The manifest is the point of commit: until it is replaced, the files it names are there, so a run that is killed while
it saves goes on from the save before. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from kg.errors import CheckpointError

SCHEMA = 2
MANIFEST, TOKENIZER, DESCRIPTOR, LOG = "manifest.json", "tokenizer.json", "descriptor.safetensors", "log.jsonl"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run is and how far it has come."""

    id: str
    graph: str
    settings: Mapping[str, Any]
    shape: Mapping[str, Any]  # the preset, with the parts that the settings replaced
    sizes: Mapping[str, int]
    versions: Mapping[str, str]
    data: Mapping[str, Any]  # what it was trained on: hashes of the dialogues, counts of the graph
    relations: tuple[str, ...]
    vision: str = ""  # the space of the tower that sees; empty where there were no images
    language: str = ""  # the fingerprint of a pretrained language model; empty where the weights hold it
    step: int = 0
    seconds: float = 0.0  # of training, all parts of an interrupted run together
    finished: str = ""  # why it ended: steps, minutes, patience; empty while it goes on
    best: str = ""  # the weights with the lowest validation loss
    best_step: int = 0
    best_loss: float = float("inf")
    stale: int = 0  # validations since then
    latest: str = ""  # the weights to go on from
    training: str = ""  # the optimiser's state that belongs to them
    losses: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # train and valid -> name -> loss
    drawn: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # negatives by tier and by hops
    files: Mapping[str, str] = field(default_factory=dict)  # name -> sha256
    schema: int = SCHEMA


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the machine stops."""
    with _placed(path) as partial:
        partial.write_bytes(data)


@contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Yield a name to write to; at the end what is there is on the disk, and has its own name."""
    partial = path.with_name(f".{path.name}.partial")
    yield partial
    for place, renamed in ((partial, False), (path.parent, True)):
        if renamed:
            partial.replace(path)
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def hash_of(path: Path) -> str:
    """Return the sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write tensors as safetensors, whole or not at all; return the file's sha256."""
    apart: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        shared = plain.untyped_storage().data_ptr() in seen or plain.untyped_storage().nbytes() != plain.nbytes
        apart[name] = plain.clone() if shared else plain  # the format knows no tensors that share memory
        seen.add(apart[name].untyped_storage().data_ptr())
    with _placed(path) as partial:
        save_file(apart, partial)
        return hash_of(partial)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file. Raises CheckpointError."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as exc:
        raise CheckpointError(f"{path} can't be read ({exc}); train the run again.") from exc


def record_of(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as JSON has it: no loss is null, because JSON knows no infinity."""
    record = asdict(manifest)
    return record if math.isfinite(manifest.best_loss) else record | {"best_loss": None}


def commit(folder: Path, manifest: Manifest) -> None:
    """Make a manifest the run's state, and delete the weights that it no longer names."""
    text = json.dumps(record_of(manifest), ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(folder / MANIFEST, text.encode())
    for stale in (*folder.glob("model-*.safetensors"), *folder.glob("training-*.safetensors")):
        if stale.name not in manifest.files:
            stale.unlink(missing_ok=True)


def read_manifest(folder: Path) -> Manifest:
    """Read what a run is. Raises CheckpointError if there is no run, or one of another version."""
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["schema"] != SCHEMA:
            raise CheckpointError(f"{path} has schema {record['schema']}, this kwk reads {SCHEMA}; train again.")
        record["relations"] = tuple(record["relations"])
        if record["best_loss"] is None:
            record["best_loss"] = float("inf")
        return Manifest(**record)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CheckpointError(f"{folder} holds no run ({exc!r}); `kwk runs list` shows which there are.") from exc


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its hash. Raises CheckpointError at the first that differs or is missing."""
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; train the run again.")
        if hash_of(path) != expected:
            raise CheckpointError(f"{path} is not what was saved (its SHA-256 differs); train the run again.")


def find(home: Path, run: str | None, graph: str | None = None) -> Path:
    """Return the folder of a run: named by its folder or id; without a name the last trained one of the graph.

    Raises CheckpointError if there is none.
    """
    if run and (Path(run) / MANIFEST).is_file():
        return Path(run)
    found = [folder for folder, _ in runs(home, graph) if run is None or folder.name == run]
    if not found:
        which = f"run '{run}'" if run else f"run on '{graph}'" if graph else "run"
        raise CheckpointError(f"There is no {which} below {home / 'runs'}; `kwk train` makes one.")
    return found[0]


def runs(home: Path, graph: str | None = None) -> list[tuple[Path, Manifest]]:
    """Return the runs below KWK_HOME that can be read, the one saved last first."""
    found = []
    for path in (home / "runs").glob(f"{graph or '*'}/*/{MANIFEST}"):
        try:
            found.append((path.stat().st_mtime_ns, path.parent, read_manifest(path.parent)))
        except CheckpointError:
            continue
    return [(folder, manifest) for _, folder, manifest in sorted(found, key=lambda each: each[0], reverse=True)]
