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
from torch import Tensor
from torch.nn import functional

from ingest.sentences import minilm
from kg.errors import CheckpointError, DataError
from model import checkpoint
from model.checkpoint import LOG, Manifest
from model.data import Batch, Order, collate
from model.losses import info_nce, mean_of, next_token
from model.negatives import KINDS, Negatives, Sampler, histogram, mix_at
from model.prepare import Material, Prepared, fingerprint, prepare, prepare_again
from model.presets import preset
from model.run import load_weights

WARM_UP = 0.04  # of the training, in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
CLIP = 1.0  # the longest gradient
FORGET = 0.05  # share of the tokens of a question that the model does not see
SMOOTH = 0.95  # of the losses that are shown


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What decides a run, saved in its manifest. Training ends at `steps` or after `minutes`, whichever is given."""

    graph: str
    dialogues: str
    preset: str = "tiny"
    negatives: Negatives = "proximity"
    drawn: int = 32  # negatives for each <RET>, where they are drawn
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    holdout_style: str | None = None
    knowledge: float = 1.0  # λ1, the weight of L_KNO
    retrieval: float = 1.0  # λ2, the weight of L_RET
    relation: float = 0.5  # the weight of naming relation and direction
    every: int = 100  # steps between two validations, each of which saves
    patience: int = 8  # validations without a lower loss, after which training ends

    def __post_init__(self) -> None:
        if self.negatives not in KINDS:
            raise DataError(f"There are no negatives '{self.negatives}'; there are: {', '.join(KINDS)}.")
        if self.steps is None and self.minutes is None:
            raise DataError("Nothing says when training ends; give --steps or --minutes.")
        limits = (limit for limit in (self.steps, self.minutes) if limit is not None)
        if min(*limits, self.drawn, self.every, self.patience) <= 0:
            raise DataError("Steps, minutes, negatives, the steps between validations and patience must be above zero.")
        preset(self.preset)  # or DataError


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
    folder.mkdir(parents=True, exist_ok=True)
    shape = preset(settings.preset)
    prepared = prepare(material, shape, folder, settings.seed, minilm())
    manifest = Manifest(
        id=folder.name,
        graph=settings.graph,
        settings=asdict(settings),
        sizes=asdict(prepared.sizes),
        versions={name: version(name) for name in ("torch", "transformers", "tokenizers")}
        | {"python": platform.python_version()},
        data=fingerprint(material),
        relations=tuple(relation.path for relation in material.graph.relations),
        files=dict(prepared.files),
    )
    return _Training(prepared, settings, folder, manifest, watch).run()


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
    prepared = prepare_again(material, preset(settings.preset), folder, manifest)
    training = _Training(prepared, settings, folder, manifest, watch)
    training.restore()
    return training.run()


class _Training:
    """The state of a training in progress."""

    def __init__(
        self, prepared: Prepared, settings: TrainSettings, folder: Path, manifest: Manifest, watch: Watch
    ) -> None:
        shape = preset(settings.preset)
        self._prepared, self._settings, self._folder, self._watch = prepared, settings, folder, watch
        self._manifest = manifest
        self._network = prepared.network
        self._gallery = prepared.gallery
        self._sampler = Sampler(prepared.graph, prepared.gallery) if prepared.gallery else None
        self._order = Order([len(each.ids) for each in prepared.train], shape.batch, settings.seed)
        self._rate = shape.learning_rate
        self._batch = shape.batch
        for parameter in self._network.wording.parameters():
            parameter.requires_grad_(False)  # fitted before, in closed form so to speak: see model.wordings
        trained = [parameter for parameter in self._network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(trained, self._rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
        self._smooth: dict[str, float] = {}
        self._drawn: dict[str, Counter[str]] = {"tiers": Counter(), "hops": Counter()}
        if prepared.gallery:
            self._cells = torch.from_numpy(prepared.gallery.cells)
            self._descriptors = torch.from_numpy(prepared.gallery.descriptors)
        self._bf16 = fast_bf16()

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
        self._drawn = {key: Counter(counts) for key, counts in self._manifest.drawn.items()}

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
        losses = self._losses(batch, progress, np.random.default_rng([self._settings.seed, 2, step]))
        self._optimiser.zero_grad()
        losses["total"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), CLIP)
        self._optimiser.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, batch: Batch, progress: float, rng: np.random.Generator) -> dict[str, Tensor]:
        settings, network = self._settings, self._network
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            states = network.states(batch.ids, self._images(batch)).flatten(0, 1)  # (B·L, width)
            logits = network.logits(states[batch.predicts])
            slots = network.relation(states[batch.slots])
        told, known = next_token(logits, batch.next_ids, torch.ones_like(batch.named), batch.named)
        classes = batch.classes.clamp(min=0)
        named = mean_of(functional.cross_entropy(slots.float(), classes, reduction="none"), batch.classes >= 0)
        shown = self._retrieval(states[batch.rets].float(), batch, progress, rng)
        total = told + settings.knowledge * known + settings.retrieval * shown + settings.relation * named
        return {"total": total, "AR": told, "KNO": known, "RET": shown, "relation": named}

    def _images(self, batch: Batch) -> Tensor:
        """Return the tokens of the batch's images; each image is computed once."""
        if self._gallery is None or not len(batch.images):
            return torch.empty(0, 1, self._network.queries.shape[1])
        distinct, place = np.unique(batch.images, return_inverse=True)
        rows = torch.from_numpy(distinct).long()
        tokens = self._network.images(self._cells[rows].float(), self._descriptors[rows])
        return tokens[torch.from_numpy(place)]

    def _retrieval(self, states: Tensor, batch: Batch, progress: float, rng: np.random.Generator) -> Tensor:
        """Return L_RET with the negatives that the settings ask for."""
        if self._sampler is None or not len(states):
            return states.sum()
        network, anchors, kind = self._network, batch.anchors, self._settings.negatives
        queries = network.retrieval_query(states)  # (A, W)
        own = network.retrieval_keys(self._descriptors[torch.from_numpy(anchors.image).long()])  # (A, W)
        scale = network.sharpness()
        positive = scale * (queries * own).sum(dim=1)
        if kind in ("gallery", "batch"):
            allowed = self._sampler.allowed(anchors)
            if kind == "batch":
                allowed, keys = allowed[:, anchors.image], own
            else:
                keys = network.retrieval_keys(self._descriptors)
            return info_nce(positive, scale * queries @ keys.T, torch.from_numpy(allowed))
        shares = mix_at(progress if kind == "proximity" else 0.0)
        drawn = self._sampler.draw(anchors, self._settings.drawn, shares, rng)
        if self._network.training:
            for key, counts in histogram(drawn).items():
                self._drawn[key].update(counts)
        distinct, place = np.unique(drawn.image, return_inverse=True)
        keys = network.retrieval_keys(self._descriptors[torch.from_numpy(distinct).long()])
        negatives = keys[torch.from_numpy(place.reshape(drawn.image.shape))]  # (A, K, W)
        cosines = torch.einsum("aw,akw->ak", queries, negatives)
        return info_nce(positive, scale * cosines, torch.from_numpy(drawn.image >= 0))

    def _validate(self) -> dict[str, float]:
        """Return the losses on the validation dialogues; the same negatives each time."""
        totals: dict[str, float] = defaultdict(float)
        valid = sorted(self._prepared.valid, key=lambda each: len(each.ids))
        self._network.train(False)
        with torch.inference_mode():
            for start in range(0, len(valid), 2 * self._batch):
                part = valid[start : start + 2 * self._batch]
                losses = self._losses(collate(part), 0.0, np.random.default_rng(start))
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
            drawn={key: dict(counts) for key, counts in self._drawn.items()},
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


def fast_bf16() -> bool:
    """Say whether this processor multiplies bfloat16 faster than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
