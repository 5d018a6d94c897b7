"""A training that does not learn, does not end, or does not go on as if it had never stopped."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from kg.errors import CheckpointError, DataError
from model import checkpoint
from model.checkpoint import LOG, read_manifest, read_tensors
from model.loop import Report
from model.negatives import KINDS
from model.objective import fast_bf16
from model.prepare import Material
from model.run import Run, load
from model.schedule import learning_rate
from model.settings import TrainSettings
from model.tiers import NAMES
from model.train import resume, train

pytestmark = pytest.mark.usefixtures("run")


def settings_of(material: Material, **chosen: object) -> TrainSettings:
    short = {"preset": "minute", "steps": 12, "every": 4, "drawn": 6, "seed": 5}
    return TrainSettings("isles", str(material.dialogues), **{**short, **chosen})  # type: ignore[arg-type]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    manifest = read_manifest(folder)
    return read_tensors(folder / manifest.latest) | read_tensors(folder / manifest.training)


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_model_knows_more_at_the_end_than_at_the_beginning(run: Run, reports: list[Report]) -> None:
    lines = [line for line in logged(run.folder) if "valid" in line]
    assert [line["step"] for line in lines] == [12, 24, 36]
    for name in ("total", "AR", "KNO"):
        assert lines[-1]["valid"][name] < lines[0]["valid"][name], name
        assert lines[-1]["train"][name] < reports[0].losses[name], name
    assert run.manifest.best_loss == pytest.approx(min(line["valid"]["total"] for line in lines))
    assert run.manifest.finished == "steps"
    assert run.manifest.step == 36


def test_whoever_watches_sees_every_step(reports: list[Report]) -> None:
    assert [report.step for report in reports] == list(range(1, 37))
    progress = [report.progress for report in reports]
    assert progress == [n / 36 for n in range(36)]
    assert set(reports[-1].losses) == {"total", "AR", "KNO", "RET", "relation"}
    assert reports[0].valid == {}
    assert "total" in reports[-1].valid


def test_manifest_says_what_the_run_was_made_of(run: Run, material: Material) -> None:
    manifest = read_manifest(run.folder)
    assert manifest == run.manifest
    assert manifest.settings["seed"] == 5
    assert manifest.data["images"] == 12
    assert manifest.data["triples"] == len(material.graph)
    assert set(manifest.versions) == {"torch", "transformers", "tokenizers", "python"}
    assert manifest.relations == tuple(relation.path for relation in material.graph.relations)
    assert set(manifest.drawn["tiers"]) == set(NAMES)
    assert sum(manifest.drawn["tiers"].values()) == sum(manifest.drawn["hops"].values()) > 0


class Died(BaseException):
    """What no code is there to catch."""


def killed(material: Material, folder: Path, settings: TrainSettings, at: int) -> None:
    """Train until a step, and die there."""

    def watch(report: Report) -> None:
        if report.step == at:
            raise Died

    with pytest.raises(Died):
        train(material, settings, folder, watch)


def test_run_that_was_killed_goes_on_as_if_it_had_not(material: Material, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    killed(material, folder, TrainSettings(**run.manifest.settings), 30)
    assert read_manifest(folder).step == 24
    assert read_manifest(folder).finished == ""
    manifest = resume(material, folder)
    assert same(weights(folder), weights(run.folder))
    assert manifest.finished == "steps"
    assert manifest.losses == run.manifest.losses
    assert manifest.drawn == run.manifest.drawn
    assert (manifest.best_step, manifest.best_loss) == (run.manifest.best_step, run.manifest.best_loss)


def test_run_that_is_killed_while_it_saves_goes_on_from_the_save_before(
    material: Material,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "killed"
    real = checkpoint.commit

    def dies(where: Path, manifest: checkpoint.Manifest) -> None:
        if manifest.step == 24:
            raise KeyboardInterrupt
        real(where, manifest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, "commit", dies)
        train(material, TrainSettings(**run.manifest.settings), folder)
    assert (folder / "model-000024.safetensors").exists()
    assert read_manifest(folder).latest == "model-000012.safetensors"
    resume(material, folder)
    assert same(weights(folder), weights(run.folder))
    names = {path.name for path in folder.glob("model-*")}
    assert names == {read_manifest(folder).latest, read_manifest(folder).best}


def test_stopping_a_training_loses_no_step(material: Material, tmp_path: Path) -> None:
    def stop(report: Report) -> None:
        if report.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(material, settings_of(material), tmp_path / "stopped", stop)
    manifest = read_manifest(tmp_path / "stopped")
    assert (manifest.step, manifest.finished) == (5, "")
    resume(material, tmp_path / "stopped")
    train(material, settings_of(material), tmp_path / "whole")
    assert same(weights(tmp_path / "stopped"), weights(tmp_path / "whole"))


def test_finished_run_goes_on_further_where_it_is_told_to(material: Material, run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.folder, tmp_path / "more"))
    assert resume(material, folder, steps=38).step == 38
    assert read_manifest(folder).settings["steps"] == 38
    load(folder)
    assert resume(material, folder).step == 38  # already there: it ends at once
    load(folder)


def test_resuming_on_other_data_is_refused(material: Material, run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.folder, tmp_path / "run"))
    other = Path(shutil.copytree(material.dialogues, tmp_path / "dialogues"))
    lines = (other / "train.jsonl").read_text().splitlines(keepends=True)
    (other / "train.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(CheckpointError, match=r"other data \(train differ\); train a new run instead"):
        resume(replace(material, dialogues=other), folder)
    with pytest.raises(CheckpointError, match=r"\(images, pictures differ\)"):
        resume(replace(material, measured=dict(list(material.measured.items())[1:])), folder)
    (other / "train.jsonl").unlink()
    with pytest.raises(DataError, match="no dialogues at"):
        resume(replace(material, dialogues=other), folder)
    assert read_manifest(folder) == run.manifest


def test_resuming_what_was_changed_is_refused(material: Material, run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.folder, tmp_path / "run"))
    with (folder / run.manifest.training).open("ab") as file:
        file.write(b"x")
    with pytest.raises(CheckpointError, match="is not what was saved"):
        resume(material, folder)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_negatives_trains(material: Material, tmp_path: Path, kind: str) -> None:
    manifest = train(material, settings_of(material, negatives=kind, steps=3, every=3), tmp_path / kind)
    assert manifest.losses["valid"]["RET"] > 0
    tiers = manifest.drawn["tiers"]
    if kind in ("gallery", "weighted", "batch"):
        assert tiers == {}
    else:
        assert sum(tiers.values()) > 0
        hard = sum(count for tier, count in tiers.items() if tier != "random")
        assert (hard > 0) == (kind == "proximity")


def test_corrected_draws_train_and_what_was_drawn_is_plotted(material: Material, tmp_path: Path) -> None:
    settings = settings_of(material, negatives="proximity", corrected=True, ramp=0.0, steps=3, every=3)
    assert train(material, settings, tmp_path / "run").losses["valid"]["RET"] < 50
    assert "range" in (tmp_path / "run" / "negatives.svg").read_text()


def test_same_seed_trains_the_same_model_and_another_seed_another(
    material: Material,
    tmp_path: Path,
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(material, settings_of(material, steps=2, every=2, seed=seed), tmp_path / name)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_training_ends_after_its_minutes(material: Material, tmp_path: Path) -> None:
    manifest = train(material, settings_of(material, steps=None, minutes=1e-9), tmp_path / "run")
    assert manifest.finished == "minutes"
    assert manifest.step == 0
    load(tmp_path / "run")  # what there is can be used
    manifest = resume(material, tmp_path / "run", steps=1, minutes=60.0)
    assert (manifest.finished, manifest.step) == ("steps", 1)


def test_training_ends_when_it_learns_nothing_more(material: Material, tmp_path: Path) -> None:
    settings = settings_of(material, preset="asleep", steps=50, every=1, patience=2)
    manifest = train(material, settings, tmp_path / "run")
    assert manifest.finished == "patience"
    assert (manifest.step, manifest.best_step, manifest.stale) == (3, 1, 2)
    assert load(tmp_path / "run").manifest.best == "model-000001.safetensors"
    assert sorted(path.name for path in (tmp_path / "run").glob("model-*")) == [
        "model-000001.safetensors",
        "model-000003.safetensors",
    ]


def test_graph_without_images_trains_on_text_alone(wordless: Material, tmp_path: Path) -> None:
    manifest = train(wordless, settings_of(wordless, steps=4), tmp_path / "run")
    assert "descriptor.safetensors" not in manifest.files
    assert manifest.losses["train"]["RET"] == 0
    assert manifest.losses["valid"] == {}
    assert manifest.best_loss == manifest.losses["train"]["total"]
    assert resume(wordless, tmp_path / "run", steps=5).step == 5
    run = load(tmp_path / "run")
    assert run.descriptor is None
    with pytest.raises(CheckpointError, match="trained on a graph without images"):
        run.describe(torch.zeros(1, 4).numpy())


def test_run_without_any_loss_is_still_json(wordless: Material, tmp_path: Path) -> None:
    manifest = train(wordless, settings_of(wordless, steps=None, minutes=1e-9), tmp_path / "run")
    assert manifest.best_loss == float("inf")
    assert read_manifest(tmp_path / "run").best_loss == float("inf")
    text = (tmp_path / "run" / "manifest.json").read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["best_loss"] is None


def test_dialogues_without_a_line_are_said_to_be_none(material: Material, tmp_path: Path) -> None:
    empty = tmp_path / "dialogues"
    empty.mkdir()
    for split in ("train", "valid"):
        (empty / f"{split}.jsonl").touch()
    with pytest.raises(DataError, match="No dialogue is left to train on"):
        train(replace(material, dialogues=empty), settings_of(material), tmp_path / "run")


def test_folder_of_other_things_is_never_written_to(material: Material, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(DataError, match="is not empty; name another folder with --out"):
            train(material, settings_of(material), place)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"negatives": "easy"}, "no negatives 'easy'; there are: proximity, random, gallery, weighted, batch"),
        ({"mix": "far=1"}, "no tier 'far'"),
        ({"hardest": 1.5}, "between 0 and 1"),
        ({"steps": None}, "Nothing says when training ends"),
        ({"steps": 0}, "above zero"),
        ({"minutes": 0.0}, "above zero"),
        ({"drawn": 0}, "above zero"),
        ({"every": 0}, "above zero"),
        ({"patience": 0}, "above zero"),
    ],
)
def test_settings_that_make_no_sense_are_refused(material: Material, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        settings_of(material, **wrong)


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(n / 100) for n in range(101)]
    top = rates.index(max(rates))
    assert 0 < rates[0] < 0.02
    assert max(rates) == pytest.approx(1)
    assert 0 < top < 10
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_half_precision_changes_no_loss_by_much(
    material: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fast_bf16(torch.device("cpu")) in (True, False)
    losses = []
    for fast in (False, True):
        monkeypatch.setattr("model.objective.fast_bf16", lambda device, fast=fast: fast)
        manifest = train(material, settings_of(material, steps=2, every=2), tmp_path / str(fast))
        losses.append(manifest.losses["valid"])
    for name, loss in losses[0].items():
        assert losses[1][name] == pytest.approx(loss, rel=0.05), name
