"""Training: one loop on the CPU, whose every step is decided by the seed and the step's number alone."""

from __future__ import annotations

import json
import math
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from ingest.sentences import minilm
from kg.errors import CheckpointError, DataError
from model import checkpoint
from model.checkpoint import LOG, Manifest
from model.data import Order, collate
from model.negatives import Sampler
from model.objective import Objective
from model.prepare import Material, Prepared, fingerprint, prepare, prepare_again
from model.presets import Preset, preset_of
from model.run import load_weights
from model.settings import TrainSettings, shape_of

WARM_UP = 0.04  # of the training, in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
CLIP = 1.0  # the longest gradient
FORGET = 0.05  # share of the tokens of a question that the model does not see
SMOOTH = 0.95  # of the losses that are shown


@dataclass(frozen=True, slots=True)
class Report:
    """How far training is, for whoever watches."""

    step: int
    progress: float  # 0 to 1
    seconds: float  # in all
    losses: Mapping[str, float]  # smoothed
    valid: Mapping[str, float]  # at the last validation


Watch = Callable[[Report], None]


def train(material: Material, settings: TrainSettings, folder: Path, watch: Watch = lambda report: None) -> Manifest:
    """Train a new run in `folder`, which must be empty or absent. Return what it became.

    A KeyboardInterrupt that `watch` raises is passed on after a save, from which the run can be resumed.
    """
    check_target(folder)
    shape = shape_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    prepared = prepare(material, shape, folder, settings.seed, minilm())
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
        files=dict(prepared.files),
    )
    return _Training(prepared, shape, settings, folder, manifest, watch).run()


def check_target(folder: Path) -> None:
    """Raise DataError if a run can't be made in a folder: it must be empty or absent."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is not empty; name another folder with --out.")


def resume(material: Material, folder: Path, watch: Watch = lambda report: None, **changed: object) -> Manifest:
    """Go on with a run from where it last saved; `changed` settings say how far."""
    manifest = checkpoint.read_manifest(folder)
    checkpoint.verify(folder, manifest)
    if (found := fingerprint(material)) != manifest.data:
        differs = ", ".join(key for key in found if found[key] != manifest.data.get(key))
        raise CheckpointError(f"{folder} was trained on other data ({differs} differ); train a new run instead.")
    settings = TrainSettings(**{**manifest.settings, **changed})
    manifest = replace(manifest, settings=asdict(settings), finished="")
    shape = preset_of(manifest.shape, str(folder))
    prepared = prepare_again(material, shape, folder, manifest)
    training = _Training(prepared, shape, settings, folder, manifest, watch)
    training.restore()
    return training.run()


class _Training:
    """The state of a training in progress."""

    def __init__(
        self,
        prepared: Prepared,
        shape: Preset,
        settings: TrainSettings,
        folder: Path,
        manifest: Manifest,
        watch: Watch,
    ) -> None:
        self._prepared, self._settings, self._folder, self._watch = prepared, settings, folder, watch
        self._manifest = manifest
        self._network = prepared.network
        sampler = Sampler(prepared.graph, prepared.gallery) if prepared.gallery else None
        self._objective = Objective(self._network, settings, prepared.gallery, sampler)
        self._order = Order([len(each.ids) for each in prepared.train], shape.batch, settings.seed)
        self._rate = shape.learning_rate
        self._batch = shape.batch
        for parameter in self._network.wording.parameters():
            parameter.requires_grad_(False)  # fitted before, in closed form so to speak: see model.wordings
        trained = [parameter for parameter in self._network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(trained, self._rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
        self._smooth: dict[str, float] = {}

    def run(self) -> Manifest:
        """Train to the end, saving at every validation."""
        settings, begun, before = self._settings, time.monotonic(), self._manifest.seconds
        step = self._manifest.step
        while True:
            seconds = before + time.monotonic() - begun
            progress = self._progress(step, seconds)
            reason = self._why_stop(step, seconds)
            if reason or (step > self._manifest.step and step % settings.every == 0):
                self._save(step, seconds, self._validate(), reason)
                reason = reason or ("patience" if self._manifest.stale >= settings.patience else "")
                if reason:
                    self._manifest = replace(self._manifest, finished=reason)
                    checkpoint.commit(self._folder, self._manifest)
                    return self._manifest
            losses = self._step(step, progress)
            for name, loss in losses.items():
                self._smooth[name] = SMOOTH * self._smooth.get(name, loss) + (1 - SMOOTH) * loss
            step += 1
            report = Report(step, progress, seconds, dict(self._smooth), self._manifest.losses.get("valid", {}))
            try:
                self._watch(report)
            except KeyboardInterrupt:
                self._save(step, seconds, self._validate(), "")
                raise

    def restore(self) -> None:
        """Take up weights, optimiser and losses from the last save."""
        load_weights(self._network, self._folder / self._manifest.latest)
        tensors = checkpoint.read_tensors(self._folder / self._manifest.training)
        state = self._optimiser.state_dict()
        state["state"] = {
            number: {key: tensors[f"{number}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for number in sorted({int(name.partition(".")[0]) for name in tensors})
        }
        self._optimiser.load_state_dict(state)
        self._smooth = dict(self._manifest.losses.get("train", {}))
        self._objective.drawn = {key: Counter(counts) for key, counts in self._manifest.drawn.items()}

    def _why_stop(self, step: int, seconds: float) -> str:
        settings = self._settings
        if settings.steps is not None and step >= settings.steps:
            return "steps"
        return "minutes" if settings.minutes is not None and seconds >= 60 * settings.minutes else ""

    def _progress(self, step: int, seconds: float) -> float:
        """Return how much of the training is done, 0 to 1: what learning rate and curriculum follow."""
        by_step = step / self._settings.steps if self._settings.steps else 0.0
        by_time = seconds / (60 * self._settings.minutes) if self._settings.minutes else 0.0
        return min(1.0, max(by_step, by_time))

    def _step(self, step: int, progress: float) -> dict[str, float]:
        members = [self._prepared.train[i] for i in self._order.at(step)]
        batch = collate(members, FORGET, np.random.default_rng([self._settings.seed, 1, step]))
        rate = self._rate * learning_rate(progress)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        losses = self._objective.losses(batch, progress, np.random.default_rng([self._settings.seed, 2, step]))
        self._optimiser.zero_grad()
        losses["total"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), CLIP)
        self._optimiser.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _validate(self) -> dict[str, float]:
        """Return the losses on the validation dialogues; the same negatives each time."""
        totals: dict[str, float] = defaultdict(float)
        valid = sorted(self._prepared.valid, key=lambda each: len(each.ids))
        self._network.train(False)
        with torch.inference_mode():
            for start in range(0, len(valid), 2 * self._batch):
                part = valid[start : start + 2 * self._batch]
                losses = self._objective.losses(collate(part), 0.0, np.random.default_rng(start))
                for name, loss in losses.items():
                    totals[name] += float(loss) * len(part)
        self._network.train(True)
        return {name: loss / len(valid) for name, loss in totals.items()}  # empty where there are no such dialogues

    def _save(self, step: int, seconds: float, valid: Mapping[str, float], reason: str) -> None:
        name, training = f"model-{step:06}.safetensors", f"training-{step:06}.safetensors"
        state = {
            f"{number}.{key}": tensor
            for number, values in self._optimiser.state_dict()["state"].items()
            for key, tensor in values.items()
        }
        hashes = {
            name: checkpoint.save_tensors(self._folder / name, self._network.state_dict()),
            training: checkpoint.save_tensors(self._folder / training, state),
        }
        old, loss = self._manifest, valid.get("total", self._smooth.get("total", math.inf))
        better = loss < old.best_loss or not old.best
        best = name if better else old.best
        if not better:
            hashes[best] = old.files[best]
        losses = {"train": dict(self._smooth), "valid": dict(valid)}
        self._log({"step": step, "seconds": round(seconds, 2), **losses})
        self._manifest = replace(
            old,
            step=step,
            seconds=seconds,
            best=best,
            best_step=step if better else old.best_step,
            best_loss=loss if better else old.best_loss,
            stale=0 if better else old.stale + 1,
            latest=name,
            training=training,
            losses=losses,
            drawn={key: dict(counts) for key, counts in self._objective.drawn.items()},
            files={**self._prepared.files, **hashes},
            finished=reason,
        )
        checkpoint.commit(self._folder, self._manifest)

    def _log(self, record: Mapping[str, object]) -> None:
        with (self._folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def learning_rate(progress: float) -> float:
    """Return the factor on the learning rate: it rises, then falls as a cosine."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.01)
    return LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))
