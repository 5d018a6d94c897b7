"""`kwk train` and `kwk runs` as their user meets them: on real stores and real pictures, and on what is not there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from open_clip.model import CLIP
from sqlalchemy import Engine

from ingest.descriptor import measured_space
from ingest.open_clip_models import Tower
from kg import vectors
from kg.cli import Kwk
from kg.errors import CheckpointError
from kg.settings import ServiceSettings
from kg.stores import open_stores
from model import cli
from model.checkpoint import LOG, find, read_manifest
from model.cli import new_folder, read_material
from model.gallery import style_of
from model.run import load
from tests.ingest.open_clip_model import CONFIG, save
from tests.model.conftest import NAMES

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def drawn(kwk: Command, drawn_isles: Path) -> str:
    """The drawn islands in both stores; the name of the graph."""
    kwk("-q", "ingest", "rdf", str(drawn_isles / "isles.ttl"), "--graph", "drawn-isles", "--name", "isles")
    kwk("-q", "ingest", "images", "--graph", "drawn-isles", "--map", str(drawn_isles / "map.tsv"), "--name", "pictures")
    return "drawn-isles"


@pytest.fixture(scope="module")
def told(kwk: Command, drawn: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with dialogues of the drawn islands where `kwk train` looks for them."""
    place = tmp_path_factory.mktemp("work")
    kwk("-q", "dialogues", "build", "--graph", drawn, "--rounds", "300", "--out", str(place / "dialogues" / drawn))
    return place


@pytest.fixture
def train(kwk: Command, drawn: str, told: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call `kwk train` on the drawn islands, in the folder with their dialogues."""
    monkeypatch.chdir(told)

    def call(*arguments: str, code: int = 0, graph: str = drawn) -> Result:
        return kwk("-q", "train", "--graph", graph, "--preset", "minute", *arguments, code=code)

    return call


def started(home: Path, train: Command, *arguments: str) -> tuple[dict[str, Any], Path]:
    summary = json.loads(train("--json", "--steps", "4", *arguments).stdout)
    return summary, find(home, summary["run"])


def test_run_is_trained_listed_shown_and_gone_on_with(home: Path, kwk: Command, drawn: str, train: Command) -> None:
    summary, folder = started(home, train, "--seed", "3")
    assert summary["graph"] == drawn
    assert summary["step"] == 4
    assert summary["finished"] == "steps"
    assert summary["loss"] == round(read_manifest(folder).best_loss, 3) > 0
    assert folder == Path(summary["folder"]) == home / "runs" / drawn / summary["run"]
    assert summary["run"].endswith("-minute")
    assert (folder / LOG).is_file()
    assert load(folder).manifest.settings["seed"] == 3

    listed = kwk("runs", "list").stdout
    assert summary["run"] in listed
    assert "negatives" in listed
    assert summary in json.loads(kwk("runs", "list", "--graph", drawn, "--json").stdout)
    assert json.loads(kwk("runs", "list", "--graph", "nothing", "--json").stdout) == []
    assert "`kwk train` does it" in kwk("runs", "list", "--graph", "nothing").stdout

    shown = kwk("runs", "show", summary["run"]).stdout
    assert f"Run {summary['run']} on '{drawn}': 4 steps" in shown
    assert all(word in shown for word in ("settings:", "  seed: 3", "losses:", "drawn:", "tiers"))
    record = json.loads(kwk("runs", "show", summary["run"], "--json").stdout)
    assert record["step"] == 4
    assert record["settings"]["graph"] == drawn

    again = train("--resume", summary["run"], "--steps", "6").stdout
    assert f"Run {summary['run']} on '{drawn}': 6 steps" in again
    assert str(folder) in again
    assert json.loads(kwk("runs", "show", "--json").stdout)["id"] == summary["run"]  # the one saved last


def test_option_that_would_change_a_run_is_not_ignored(home: Path, train: Command) -> None:
    summary, _ = started(home, train)
    refused = train("--resume", summary["run"], "--seed", "9", code=2).output
    assert "--seed can't change with --resume; the run has 0." in refused


def test_run_lies_where_it_is_told_to(home: Path, train: Command, tmp_path: Path) -> None:
    told = train("--steps", "1", "--out", str(tmp_path / "mine")).stdout
    assert str(tmp_path / "mine") in told
    assert "ended by steps" in told
    assert read_manifest(tmp_path / "mine").id == "mine"
    assert find(home, str(tmp_path / "mine")) == tmp_path / "mine"
    refused = train("--steps", "1", "--out", str(tmp_path / "mine"), code=1).output
    assert "is not empty; name another folder with --out" in refused
    assert read_manifest(tmp_path / "mine").step == 1


def test_style_that_is_held_out_is_in_no_fit(home: Path, drawn: str, told: Path, train: Command) -> None:
    _, folder = started(home, train, "--holdout-style", "oil")
    manifest = read_manifest(folder)
    assert manifest.data["images"] == 6
    assert load(folder).holdout_style == "oil"
    kwk = Kwk(ServiceSettings(home), -1)
    with open_stores(kwk) as stores:
        material = read_material(kwk, stores, drawn, told / "dialogues" / drawn, "oil")
    styles = {style_of(p.path) for e in material.graph.entities for p in e.images if p.sha256 in material.measured}
    assert styles == {"ink"}
    assert len(material.measured) == len(material.hashes) == 6
    train("--resume", manifest.id, "--steps", "5")
    assert read_manifest(folder).data["images"] == 6
    refused = train("--steps", "1", "--holdout-style", "chalk", code=1).output
    assert "drawn in the style 'chalk'; there are: ink, oil" in refused


@pytest.fixture(scope="module")
def small_tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small open_clip model, untrained."""
    folder = tmp_path_factory.mktemp("tower")
    torch.manual_seed(0)
    save(CLIP(**CONFIG), folder)
    return folder


def test_run_sees_by_any_open_clip_tower_and_measures_with_it_once(
    kwk: Command,
    engine: Engine,
    drawn_isles: Path,
    train: Command,
    small_tower: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("--vision", f"small:{small_tower}", "--steps", "2", "--out")
    train(*arguments, str(tmp_path / "run"))
    run = load(tmp_path / "run")
    assert run.manifest.shape["vision"] == f"small:{small_tower}"
    assert run.manifest.sizes["grid"] == CONFIG["vision_cfg"]["width"]
    assert vectors.spaces(engine)[measured_space(run.tower.load())] == 12
    picture = str(drawn_isles / f"{NAMES[0]}-oil.png")
    asked = ("ask", "Which island is this?", "--image", picture, "--graph", run.manifest.graph)
    assert f"{NAMES[0]} Island" in kwk("-q", *asked, "--run", str(tmp_path / "run")).stdout
    judged = kwk("-q", "evaluate", "--run", str(tmp_path / "run"), "--limit", "3", "--json").stdout
    assert json.loads(judged)["metrics"]["grounded"]["i2t"]["micro"]["n"] > 0

    monkeypatch.delattr(Tower, "encode_grid")  # what was measured is not looked at again
    monkeypatch.setattr(Tower, "channels", CONFIG["vision_cfg"]["width"])
    train(*arguments, str(tmp_path / "again"))
    assert read_manifest(tmp_path / "again").vision == run.manifest.vision == run.tower.space


def test_run_whose_tower_is_another_by_now_says_so(train: Command, small_tower: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small_tower, tmp_path / "tower"))
    train("--vision", f"small:{folder}", "--steps", "1", "--out", str(tmp_path / "run"))
    torch.manual_seed(1)
    save(CLIP(**CONFIG), folder)
    refused = train("--resume", str(tmp_path / "run"), "--steps", "2", code=1).output
    assert "sees by the tower small@" in refused
    with pytest.raises(CheckpointError, match=r"is not the vision tower that run was trained with .*restore it"):
        load(tmp_path / "run").tower  # noqa: B018 - looked up when it is wanted


def test_training_without_a_limit_ends_after_some_minutes(
    home: Path, train: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "MINUTES", 1e-9)
    assert "ended by minutes" in train("--out", str(tmp_path / "run")).stdout


def test_graph_without_pictures_is_trained_on_its_words(
    kwk: Command, drawn_isles: Path, train: Command, tmp_path: Path
) -> None:
    kwk("-q", "ingest", "rdf", str(drawn_isles / "isles.ttl"), "--graph", "wordy-isles", "--name", "isles")
    kwk("-q", "dialogues", "build", "--graph", "wordy-isles", "--formats", "T2T", "--out", str(tmp_path / "talk"))
    train("--dialogues", str(tmp_path / "talk"), "--steps", "2", "--out", str(tmp_path / "run"), graph="wordy-isles")
    manifest = read_manifest(tmp_path / "run")
    assert manifest.data["images"] == 0
    assert manifest.losses["train"]["RET"] == 0


def test_what_is_missing_is_said_in_a_sentence_and_leaves_nothing(
    home: Path, kwk: Command, drawn: str, told: Path, train: Command, tmp_path: Path
) -> None:
    before = sorted((home / "runs").rglob("*"))
    for arguments, said in (
        (("--dialogues", str(tmp_path)), "There are no dialogues at"),
        (("--resume", "nobody"), "There is no run 'nobody' below"),
        (("--preset", "huge"), "no preset 'huge'; there are: gemma-270m, knowblip, tiny"),
        (("--adapter", "magic"), "there is no adapter 'magic'; there are: qformer, linear, bind"),
    ):
        assert said in train("--steps", "1", *arguments, code=1).output
    assert "nowhere" in train("--steps", "1", graph="nowhere", code=1).output
    assert "There is no run 'nobody'" in kwk("runs", "show", "nobody", code=1).output
    for wrong in (("--steps", "0"), ("--minutes", "0"), ("--negatives", "easy"), ("--seed", "-1")):
        assert "Invalid value" in train(*wrong, code=2).output
    assert sorted((home / "runs").rglob("*")) == before


def test_run_whose_dialogues_are_gone_says_so(
    home: Path, drawn: str, told: Path, train: Command, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(told / "dialogues" / drawn, tmp_path / "copied"))
    train("--steps", "1", "--dialogues", str(copied), "--out", str(tmp_path / "run"))
    shutil.rmtree(copied)
    assert "There are no dialogues at" in train("--resume", str(tmp_path / "run"), "--steps", "2", code=1).output
    train("--resume", str(tmp_path / "run"), "--steps", "2", "--dialogues", str(told / "dialogues" / drawn))
    assert read_manifest(tmp_path / "run").step == 2


def test_two_runs_of_one_second_lie_in_two_folders(tmp_path: Path) -> None:
    folders = []
    for _ in range(4):
        folders.append(new_folder(tmp_path, "isles", "tiny"))
        folders[-1].mkdir(parents=True)
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {tmp_path / "runs" / "isles"}
