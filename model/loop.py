"""The loop: step after step, each decided by the seed and its number alone, with a save at every validation.

Of many processes each runs this loop over its parts of a step; after every step they agree on the time and on whether
to stop, so that all take the same steps.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from model import checkpoint
from model.batches import in_one_row, packed
from model.checkpoint import Manifest
from model.data import Example
from model.met import MET, Met
from model.negative_plot import plot
from model.negatives import Sampler
from model.objective import Objective
from model.prepare import Prepared
from model.presets import Preset
from model.saving import restore_state, save_state
from model.schedule import learning_rate, progress_of, why_stop
from model.settings import TrainSettings
from model.steps import Order, Step, forgetful, step_of
from model.training_log import TrainingLog
from model.workers import Workers

BETA1 = 0.9  # of Adam
CLIP = 1.0  # the longest gradient
FORGET = 0.05  # share of the words of a question that the model does not see
SMOOTH = 0.95  # of the losses that are shown
NAMES = ("total", "AR", "KNO", "RET", "relation")  # of the losses


@dataclass(frozen=True, slots=True)
class Report:
    """How far training is, for whoever watches."""

    step: int
    progress: float  # 0 to 1
    seconds: float  # in all
    losses: Mapping[str, float]  # smoothed
    valid: Mapping[str, float]  # at the last validation
    learning_rate: float
    tokens_per_second: float  # of all processes, without padding


Watch = Callable[[Report], None]
Stop = KeyboardInterrupt | SystemExit  # what ends a training after a save


class Training:
    """A training in progress."""

    def __init__(
        self,
        prepared: Prepared,
        shape: Preset,
        settings: TrainSettings,
        folder: Path,
        manifest: Manifest,
        watch: Watch,
        workers: Workers,
    ) -> None:
        self._prepared, self._settings, self._folder, self._watch = prepared, settings, folder, watch
        self.manifest, self._workers = manifest, workers
        self.network = prepared.network.to(workers.device)
        sampler = Sampler(prepared.graph, prepared.gallery) if prepared.gallery else None
        self._objective = Objective(self.network, settings, prepared.gallery, sampler)
        self._met = Met.nothing(prepared.train) if MET in prepared.files else None
        self._batch = shape.batch
        one_row = self.network.language.apart and workers.device.type == "cpu"
        self._lay = in_one_row if one_row else packed
        self._order = Order(len(prepared.train), shape.batch * settings.accumulate * settings.processes, settings.seed)
        self._rate = shape.learning_rate
        for parameter in self.network.wording.parameters():
            parameter.requires_grad_(False)  # fitted before, in closed form so to speak: see model.wordings
        self._trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(
            self._trained, self._rate, betas=(BETA1, shape.beta2), weight_decay=shape.weight_decay, fused=True
        )
        self._smooth: dict[str, float] = {}
        self._seen = 0, 0.0  # tokens since the last line of the log, and when that was

    def restore(self) -> None:
        """Take up weights, optimiser and losses from the last save."""
        restore_state(self._folder, self.manifest, self.network, self._optimiser, self._met)
        self._smooth = dict(self.manifest.losses.get("train", {}))
        self._objective.drawn |= {key: Counter(counts) for key, counts in self.manifest.drawn.items()}

    def save(self, step: int, seconds: float, better: bool = False, **judged: object) -> None:
        """Write the state and then the manifest that names it; `better` makes it the best so far."""
        old = self.manifest
        changed = {"losses": {**old.losses, "train": dict(self._smooth)}, **judged}
        drawn = {key: dict(counts) for key, counts in self._objective.drawn.items()}
        if self._workers.writes:
            saved = save_state(self._folder, step, self.network, self._optimiser, self._met)
            best = saved.latest if better else old.best
            kept = {best: old.files[best]} if best and best != saved.latest else {}
            files = {**self._prepared.files, **kept, **saved.hashes}
            changed |= {"best": best, "latest": saved.latest, "training": saved.training, "files": files}
        self.manifest = replace(old, step=step, seconds=seconds, drawn=drawn, **changed)  # type: ignore[arg-type]
        if self._workers.writes:
            checkpoint.commit(self._folder, self.manifest)

    def run(self) -> Manifest:
        """Train to the end, saving at every validation. Raises what stopped it before, after a save."""
        writes = self._workers.writes
        log = TrainingLog(self._folder, self.manifest.step, self._settings.board) if writes else None
        try:
            return self._run(log)
        finally:
            if log:
                log.close()

    def _run(self, log: TrainingLog | None) -> Manifest:
        settings, begun, before = self._settings, time.monotonic(), self.manifest.seconds
        step, stop = self.manifest.step, None
        self._seen = 0, begun
        while True:
            seconds, stopping = self._agree(before + time.monotonic() - begun, stop)
            reason = why_stop(settings, step, seconds)
            validates = step > self.manifest.step and step % settings.every == 0
            if reason or validates or stopping:
                self._judge(step, seconds, reason, log if reason or validates else None, bool(reason or validates))
                reason = reason or ("patience" if self.manifest.stale >= settings.patience else "")
                if reason:
                    return self._finish(reason)
            if stopping:
                raise stop or KeyboardInterrupt
            progress = progress_of(settings, step, seconds)
            losses, norm, tokens = self._step(step, progress)
            step += 1
            report = self._report(step, seconds, progress, losses, tokens)
            if log and step % settings.log_every == 0:
                rates = {"learning_rate": report.learning_rate, "gradient_norm": norm}
                speed = {"tokens_per_second": round(report.tokens_per_second, 1), "seconds": round(seconds, 2)}
                log.write({"step": step, "losses": losses, **rates, **speed})
            try:
                self._watch(report)
            except (KeyboardInterrupt, SystemExit) as exc:
                stop = exc

    def _agree(self, seconds: float, stop: Stop | None) -> tuple[float, bool]:
        """Return process 0's time, and whether any process is to stop."""
        if self._workers.count == 1:
            return seconds, stop is not None
        said = torch.tensor([seconds if self._workers.writes else 0.0, stop is not None], dtype=torch.float64)
        heard = self._workers.sum(said).tolist()
        return heard[0], heard[1] > 0

    def _step(self, step: int, progress: float) -> tuple[dict[str, float], float, int]:
        """Take one step; return its losses, the length of its gradient, and its tokens."""
        settings, objective = self._settings, self._objective
        members = [self._prepared.train[i] for i in self._order.at(step)]
        work = self._share(forgetful(members, FORGET, np.random.default_rng([settings.seed, 1, step])))
        whole = objective.whole(work, progress, np.random.default_rng([settings.seed, 2, step]))
        if self._met and whole.drawn:
            self._met.note(members, whole.drawn)
        torch.manual_seed(
            int(np.random.SeedSequence([settings.seed, 3, step, self._workers.rank]).generate_state(1)[0])
        )
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * learning_rate(progress)
        self._optimiser.zero_grad()
        losses = torch.zeros(len(NAMES), device=self._workers.device)
        for part in work.parts:
            found = objective.losses(part.to(self._workers.device), whole)
            found["total"].backward()  # type: ignore[no-untyped-call]
            losses += torch.stack([found[name].detach() for name in NAMES])
        self._workers.sum_gradients(self._trained)
        norm = torch.nn.utils.clip_grad_norm_(self._trained, CLIP)
        self._optimiser.step()
        named = dict(zip(NAMES, self._workers.sum(losses).tolist(), strict=True))
        return named, float(norm), work.counts.tokens

    def _share(self, members: Sequence[Example]) -> Step:
        """Return a step with this process's parts of it."""
        return step_of(members, self._batch, self._workers.rank, self._workers.count, self._lay)

    def _report(self, step: int, seconds: float, progress: float, losses: Mapping[str, float], tokens: int) -> Report:
        for name, loss in losses.items():
            self._smooth[name] = SMOOTH * self._smooth.get(name, loss) + (1 - SMOOTH) * loss
        seen, since = self._seen[0] + tokens, self._seen[1]
        now = time.monotonic()
        self._seen = (0, now) if step % self._settings.log_every == 0 else (seen, since)
        return Report(
            step,
            progress,
            seconds,
            dict(self._smooth),
            self.manifest.losses.get("valid", {}),
            self._rate * learning_rate(progress),
            seen / max(now - since, 1e-9),
        )

    def _validate(self) -> dict[str, float]:
        """Return the losses on the validation dialogues, as of one step; the same negatives each time."""
        valid = sorted(self._prepared.valid, key=lambda each: len(each.ids))
        if not valid:
            return {}
        work = self._share(valid)
        losses = torch.zeros(len(NAMES), device=self._workers.device)
        self.network.train(False)
        with torch.inference_mode():
            whole = self._objective.whole(work, 0.0, np.random.default_rng(0))
            for part in work.parts:
                found = self._objective.losses(part.to(self._workers.device), whole)
                losses += torch.stack([found[name] for name in NAMES])
        self.network.train(True)
        return dict(zip(NAMES, self._workers.sum(losses).tolist(), strict=True))

    def _judge(self, step: int, seconds: float, reason: str, log: TrainingLog | None, validates: bool) -> None:
        """Save, with a validation unless the training was stopped between two of them."""
        if not validates:
            self.save(step, seconds)
            return
        valid = self._validate()
        old, loss = self.manifest, valid.get("total", self._smooth.get("total", math.inf))
        better = loss < old.best_loss or not old.best
        losses = {"train": dict(self._smooth), "valid": valid}
        if log:
            drawn = {key: dict(counts) for key, counts in self._objective.drawn.items()}
            log.write({"step": step, "seconds": round(seconds, 2), **losses, "drawn": drawn})
        judged = {"best_step": step, "best_loss": loss, "stale": 0} if better else {"stale": old.stale + 1}
        self.save(step, seconds, better, losses=losses, finished=reason, **judged)

    def _finish(self, reason: str) -> Manifest:
        self.manifest = replace(self.manifest, finished=reason)
        if self._workers.writes:
            checkpoint.commit(self._folder, self.manifest)
            plot(self._folder, self.manifest.drawn)
        return self.manifest
