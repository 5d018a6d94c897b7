"""Training: a new run in a folder, or one that goes on from where it last saved."""

from __future__ import annotations

import platform
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from ingest.sentences import minilm
from kg.errors import CheckpointError, DataError
from model import checkpoint
from model.checkpoint import Manifest
from model.loop import Report, Training, Watch
from model.met import save_names
from model.prepare import Material, fingerprint, prepare, prepare_again
from model.presets import preset_of
from model.settings import TrainSettings, shape_of
from model.workers import Workers


def unwatched(report: Report) -> None:
    """Show nothing."""


def train(material: Material, settings: TrainSettings, folder: Path, watch: Watch = unwatched) -> Manifest:
    """Train a new run in `folder`, which must be empty or absent. Return what it became.

    KeyboardInterrupt or SystemExit that `watch` raises is passed on after a save, from which the run can be resumed.
    Where many processes train, the first makes the run and the others take it up.
    """
    return begin(material, settings, folder, watch).run()


def resume(material: Material, folder: Path, watch: Watch = unwatched, **changed: object) -> Manifest:
    """Go on with a run from where it last saved; `changed` settings say how far."""
    return take_up(material, folder, watch, **changed).run()


def check_target(folder: Path) -> None:
    """Raise DataError if a run can't be made in a folder: it must be empty or absent."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is not empty; name another folder with --out.")


def begin(material: Material, settings: TrainSettings, folder: Path, watch: Watch = unwatched) -> Training:
    """Prepare a new run, and save it before its first step, from where other processes take it up."""
    workers = Workers.here()
    if workers.writes:
        training = _new(material, replace(settings, processes=workers.count), folder, watch, workers)
    workers.wait()
    return training if workers.writes else take_up(material, folder, watch)


def take_up(material: Material, folder: Path, watch: Watch = unwatched, **changed: object) -> Training:
    """Read a run from where it last saved. Raises CheckpointError if its data are others by now."""
    manifest = checkpoint.read_manifest(folder)
    checkpoint.verify(folder, manifest)
    if (found := fingerprint(material)) != manifest.data:
        differs = ", ".join(key for key in found if found[key] != manifest.data.get(key))
        raise CheckpointError(f"{folder} was trained on other data ({differs} differ); train a new run instead.")
    if manifest.vision and material.vision != manifest.vision:
        raise CheckpointError(
            f"{folder} sees by the tower {manifest.vision}, and these images were measured by "
            f"{material.vision or 'none'}; restore that tower."
        )
    settings = TrainSettings(**{**manifest.settings, **changed})
    manifest = replace(manifest, settings=asdict(settings), finished="")
    shape = preset_of(manifest.shape, str(folder))
    prepared = prepare_again(material, shape, folder, manifest)
    training = Training(prepared, shape, settings, folder, manifest, watch, Workers.here())
    training.restore()
    return training


def _new(material: Material, settings: TrainSettings, folder: Path, watch: Watch, workers: Workers) -> Training:
    """Prepare and save a run where there is none."""
    check_target(folder)
    shape = shape_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    prepared = prepare(material, shape, folder, settings.seed, minilm())
    if prepared.gallery and settings.draws:
        prepared = replace(prepared, files={**prepared.files, **save_names(folder, prepared.train, prepared.gallery)})
    manifest = Manifest(
        id=folder.name,
        graph=settings.graph,
        settings=asdict(settings),
        shape=asdict(shape),
        sizes=asdict(prepared.sizes),
        versions={name: version(name) for name in ("torch", "transformers", "tokenizers")}
        | {"python": platform.python_version()},
        data=fingerprint(material),
        relations=tuple(relation.path for relation in material.graph.relations),
        vision=material.vision,
        language=prepared.language,
        files=dict(prepared.files),
    )
    training = Training(prepared, shape, settings, folder, manifest, watch, workers)
    training.save(0, 0.0)
    return training
