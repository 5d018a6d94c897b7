"""A step that becomes another when several processes share it, or when it is computed in several parts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.checkpoint import LOG, read_manifest, read_tensors
from model.prepare import Material
from model.train import resume, train
from tests.model.conftest import MINUTE, settings_of

WIDE = Path(MINUTE).read_text().replace("batch = 8", "batch = 16")


@pytest.fixture(autouse=True)
def whole_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float32, so that what differs is not rounding."""
    monkeypatch.setattr("model.objective.fast_bf16", lambda device: False)


def curve(folder: Path) -> list[dict[str, float]]:
    """Return the losses of each step."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [line["losses"] for line in lines if "losses" in line]


def wide(material: Material, folder: Path, **chosen: object) -> list[dict[str, float]]:
    """Train in batches twice as large; return the losses."""
    (folder / "wide.toml").write_text(WIDE)
    settings = {"steps": 3, "every": 3, "log_every": 1, "preset": str(folder / "wide.toml"), **chosen}
    train(material, settings_of(material, **settings), folder / "run")
    return curve(folder / "run")


@pytest.mark.parametrize("negatives", ["batch", "proximity"])
def test_batches_that_are_accumulated_are_one_larger_batch(material: Material, tmp_path: Path, negatives: str) -> None:
    expected = wide(material, tmp_path, negatives=negatives)
    settings = settings_of(material, steps=3, every=3, log_every=1, negatives=negatives, accumulate=2)
    train(material, settings, tmp_path / "accumulated")
    for one, other in zip(curve(tmp_path / "accumulated"), expected, strict=True):
        assert one == pytest.approx(other, rel=2e-4)


def test_two_processes_train_the_model_that_one_trains(material: Material, tmp_path: Path) -> None:
    expected = wide(material, tmp_path, negatives="batch")
    shutil.copytree(material.dialogues, tmp_path / "isles")
    call = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*call, "-m", "tests.model.shared_training", str(tmp_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    weights = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("weights ")]
    assert len(weights) == 2
    assert weights[0] == weights[1]
    assert len(curve(tmp_path / "shared")) == 3
    for one, other in zip(curve(tmp_path / "shared"), expected, strict=True):
        assert one == pytest.approx(other, rel=2e-4)
    manifest = read_manifest(tmp_path / "shared")
    assert manifest.settings["processes"] == 2
    assert manifest.losses["valid"] == pytest.approx(read_manifest(tmp_path / "run").losses["valid"], rel=1e-3)
    assert resume(material, tmp_path / "shared", steps=4).step == 4  # one process goes on with what two began


def test_run_that_is_killed_and_resumed_has_the_same_curve_and_weights(material: Material, tmp_path: Path) -> None:
    class Died(BaseException):
        pass

    def dies(report: object) -> None:
        if report.step == 6:  # type: ignore[attr-defined]
            raise Died

    settings = settings_of(material, steps=8, every=4, log_every=1)
    train(material, settings, tmp_path / "straight")
    with pytest.raises(Died):
        train(material, settings, tmp_path / "cut", dies)
    with (tmp_path / "cut" / LOG).open("a") as file:
        file.write('{"step": 7, "los')  # the machine stopped here
    resume(material, tmp_path / "cut")
    timed = ("seconds", "tokens_per_second")
    lines = [
        [{k: v for k, v in json.loads(line).items() if k not in timed} for line in text.splitlines()]
        for text in ((tmp_path / name / LOG).read_text() for name in ("straight", "cut"))
    ]
    assert [line["step"] for line in lines[0]] == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8]
    assert lines[1] == lines[0]
    straight, cut = (read_manifest(tmp_path / name) for name in ("straight", "cut"))
    assert cut.files == straight.files  # the sha256 of every file, the weights' among them
    assert read_tensors(tmp_path / "cut" / cut.latest).keys() == read_tensors(tmp_path / "straight" / cut.latest).keys()
