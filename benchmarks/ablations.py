"""What each part of KnowBLIP is worth: `make ablations WITH="--minutes 10 --seeds 5"`.

Every arm differs from the default in one thing, and is trained and judged with every seed. What is finished is kept in
--out, and what was begun goes on from its last save: after a kill the same command continues, and started several times
at once it shares the work. `ablations.md`, `ablations.json` and the plots are written anew whenever a run is done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from benchmarks.ablation_table import MEASURES, Found, compared, markdown, measured, plot
from benchmarks.stores import opened
from kg.cli import Kwk
from kg.errors import DataError
from kg.settings import ServiceSettings
from model.checkpoint import MANIFEST, read_manifest, write_whole
from model.cli import read_material
from model.prepare import Material
from model.run import load
from model.settings import TrainSettings
from model.tiers import NAMES
from model.train import resume, train
from retrieval.evaluation import EvaluateSettings, Evaluation, open_evaluation

DEFAULT = "default"
RESULT = "result.json"
MINUTES = 10.0
UNENDING = 1_000_000  # validations without a lower loss: all arms are trained for equally long


@dataclass(frozen=True, slots=True)
class Arm:
    """One change to the default; arms of a group answer one question."""

    group: str
    name: str
    changed: Mapping[str, Any] = field(default_factory=dict)  # settings of `kwk train`


ARMS = (
    Arm("", DEFAULT),  # the mix with its curriculum, λ1 = λ2 = 1, the relation head, a Q-Former
    Arm("negatives", "random", {"negatives": "random"}),
    *(Arm("negatives", tier, {"mix": f"{tier}=1", "hardest": 1.0, "ramp": 0.0}) for tier in NAMES if tier != "random"),
    Arm("negatives", "mix", {"ramp": 0.0}),
    Arm("negatives", "gallery", {"negatives": "gallery"}),
    *(Arm("knowledge", f"λ1={weight:g}", {"knowledge": weight}) for weight in (0.0, 0.3, 3.0)),
    *(Arm("retrieval", f"λ2={weight:g}", {"retrieval": weight}) for weight in (0.0, 0.3, 3.0)),
    Arm("relation", "no relation head", {"relation": 0.0}),
    *(Arm("adapter", name, {"adapter": name}) for name in ("linear", "bind")),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What all runs of a folder have in common."""

    graph: str
    dialogues: str
    preset: str
    minutes: float | None
    steps: int | None
    limit: int
    holdout_style: str | None

    @property
    def length(self) -> str:
        """Return how long each run is trained, in words."""
        return f"{self.steps:,} steps" if self.steps else f"{self.minutes:g} minutes"


@dataclass(frozen=True, eq=False)
class Ablations:
    """A plan with all that its runs are trained on and judged with."""

    plan: Plan
    out: Path
    material: Material
    evaluation: Evaluation

    def folder(self, arm: Arm, seed: int) -> Path:
        """Return where a run of an arm lies."""
        return self.out / f"{arm.name.replace(' ', '-')}-{seed}"

    def result(self, arm: Arm, seed: int) -> dict[str, float]:
        """Return what came of an arm with a seed: from before, or from a run that is trained, or gone on with, now."""
        folder = self.folder(arm, seed)
        if (folder / RESULT).is_file():
            found: dict[str, float] = json.loads((folder / RESULT).read_text("utf-8"))["measures"]
            return found
        self._trained(arm, seed, folder)
        run = load(folder)
        report = self.evaluation.report(self.evaluation.judge(run, baselines=False))
        made = measured(report)
        record = {"arm": arm.name, "seed": seed, "steps": run.manifest.step, "measures": made, "report": report}
        write_whole(folder / RESULT, json.dumps(record, ensure_ascii=False, indent=1).encode())
        return made

    def _trained(self, arm: Arm, seed: int, folder: Path) -> None:
        plan = self.plan
        if (folder / MANIFEST).is_file():
            if not read_manifest(folder).finished:
                resume(self.material, folder)
            return
        if folder.exists():
            shutil.rmtree(folder)  # killed before its first save
        common = {"preset": plan.preset, "holdout_style": plan.holdout_style, "seed": seed, "patience": UNENDING}
        common |= {"minutes": plan.minutes, "steps": plan.steps}
        train(self.material, TrainSettings(plan.graph, plan.dialogues, **{**common, **arm.changed}), folder)


def chosen(only: Sequence[str]) -> list[Arm]:
    """Return the default and the arms of some groups, or named themselves; all without names. Raises DataError."""
    known = {name for arm in ARMS for name in (arm.group, arm.name)} - {""}
    if strange := [name for name in only if name not in known]:
        raise DataError(f"There is no ablation '{strange[0]}'; there are: {', '.join(sorted(known))}.")
    return [arm for arm in ARMS if not only or arm.name == DEFAULT or {arm.group, arm.name} & set(only)]


def check_plan(out: Path, plan: Plan) -> None:
    """Keep a plan in a folder. Raises DataError if runs of another lie there."""
    path = out / "plan.json"
    if path.is_file() and (held := json.loads(path.read_text("utf-8"))) != asdict(plan):
        differs = ", ".join(key for key, value in asdict(plan).items() if held.get(key) != value)
        raise DataError(f"{out} holds ablations with other settings ({differs} differ); name another folder by --out.")
    out.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(plan), indent=1).encode())


def order(arms: Sequence[Arm], seeds: int) -> Iterator[tuple[Arm, int]]:
    """Yield what is to be run: all arms with a seed before the next seed, so that what is there can be compared."""
    for seed in range(seeds):
        for arm in arms:
            yield arm, seed


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Hold off other processes from a run; yield False where one of them has it."""
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def results(out: Path) -> Found:
    """Read what came of the runs that lie in a folder, arms in their order."""
    records = [json.loads(path.read_text("utf-8")) for path in out.glob(f"*/{RESULT}")]
    return {
        arm.name: {each["seed"]: each["measures"] for each in sorted(own, key=lambda each: int(each["seed"]))}
        for arm in ARMS
        if (own := [each for each in records if each["arm"] == arm.name])
    }


def write_tables(out: Path, plan: Plan, found: Found) -> str:
    """Write the tables and the plots; return the Markdown."""
    rows = compared(found, DEFAULT)
    about = f"Graph '{plan.graph}', preset {plan.preset}, {plan.length} a run, {plan.limit} questions a format at most"
    about += f", style {plan.holdout_style} held out." if plan.holdout_style else "."
    told = markdown(rows, DEFAULT, about)
    record = {
        "plan": asdict(plan),
        "runs": found,
        "arms": {
            arm: {name: {part: asdict(figure) for part, figure in parts.items()} for name, parts in row.items()}
            for arm, row in rows.items()
        },
    }
    write_whole(out / "ablations.json", json.dumps(record, ensure_ascii=False, indent=1).encode())
    write_whole(out / "ablations.md", told.encode())
    for name in MEASURES:
        if any("difference" in row.get(name, {}) for row in rows.values()):
            write_whole(out / f"{name.replace(' ', '-').lower()}.svg", plot(rows, name, DEFAULT).encode())
    return told


@click.command()
@click.option("--graph", default="atlas", show_default=True)
@click.option("--dialogues", type=click.Path(path_type=Path), help="Folder of dialogues; default: dialogues/<graph>.")
@click.option("--preset", default="tiny", show_default=True)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Minutes to train [10].")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to train, on a machine that does other work too.")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Questions of each format.")
@click.option("--holdout-style", default="twemoji", show_default=True, help="Style kept out of training; '' for none.")
@click.option("--only", multiple=True, metavar="NAME", help="A group of arms, or an arm; may be given again.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("ablations"), show_default=True)
def main(
    graph: str,
    dialogues: Path | None,
    preset: str,
    minutes: float | None,
    steps: int | None,
    seeds: int,
    limit: int,
    holdout_style: str,
    only: tuple[str, ...],
    out: Path,
) -> None:
    """Train and judge every arm with every seed; what is done is not done again."""
    try:
        arms = chosen(only)
        source = (dialogues or Path("dialogues") / graph).absolute()
        minutes = minutes or (None if steps else MINUTES)
        plan = Plan(graph, str(source), preset, minutes, steps, limit, holdout_style or None)
        check_plan(out, plan)
        with opened() as (stores, home):
            material = read_material(Kwk(ServiceSettings(home)), stores, graph, source, plan.holdout_style)
            evaluation = open_evaluation(stores, graph, home, EvaluateSettings(source, limit, grounded=False))
            ablations = Ablations(plan, out, material, evaluation)
            told = ""
            for arm, seed in order(arms, seeds):
                with claimed(ablations.folder(arm, seed)) as ours:
                    click.echo(f"{arm.name}, seed {seed}" + ("" if ours else ": another process has it"), err=True)
                    if ours:
                        ablations.result(arm, seed)
                told = write_tables(out, plan, results(out))
    except DataError as exc:
        raise click.ClickException(str(exc)) from exc
    click.echo(told)


if __name__ == "__main__":
    main()
