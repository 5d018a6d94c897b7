"""Hours of ablations that are lost with a kill, or runs of other settings that come into one table."""

import json
from pathlib import Path

import pytest

from benchmarks import ablations
from benchmarks.ablation_table import compared, markdown, measured, over_seeds, plot
from benchmarks.ablations import ARMS, Ablations, Arm, Plan, check_plan, chosen, claimed, order, results, write_tables
from dialogue.verbalise import lexicon
from kg.cli import Kwk
from kg.errors import DataError
from kg.settings import ServiceSettings
from kg.stores import Stores
from model import wordings
from model.cli import read_material
from model.tiers import NAMES
from retrieval.evaluation import EvaluateSettings, open_evaluation
from tests.retrieval.conftest import HELD_OUT

DEFAULT = ARMS[0]


@pytest.fixture(scope="module")
def work(
    stores: Stores, atlas: str, dialogues: Path, home: Path, tmp_path_factory: pytest.TempPathFactory, brief: None
) -> Ablations:
    """Ablations of a very small preset that is trained for an instant."""
    material = read_material(Kwk(ServiceSettings(home), -1), stores, atlas, dialogues, HELD_OUT)
    evaluation = open_evaluation(stores, atlas, home, EvaluateSettings(dialogues, 3, grounded=False))
    plan = Plan(atlas, str(dialogues), "brief", 1e-4, None, 3, HELD_OUT)
    return Ablations(plan, tmp_path_factory.mktemp("ablations"), material, evaluation)


def test_what_was_done_before_a_kill_is_not_done_again(work: Ablations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordings, "STEPS", 1)
    monkeypatch.setattr(wordings, "lexicon", lambda: dict(list(lexicon().items())[:1]))
    folder = work.out / "default-1"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("killed before the first save")

    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ablations, "load", killed)
        with pytest.raises(KeyboardInterrupt):
            work.result(DEFAULT, 1)
    with monkeypatch.context() as patch:
        patch.delattr(ablations, "train")  # it was trained before
        patch.delattr(ablations, "resume")  # and to its end
        found = work.result(DEFAULT, 1)
    assert {"T2T", "I2T", "T2I@1", "I2T unseen"} <= found.keys()
    assert all(0 <= value <= 100 for value in found.values())
    with monkeypatch.context() as patch:
        patch.delattr(ablations, "load")
        assert work.result(DEFAULT, 1) == found

    assert "grounded" not in json.loads((folder / "result.json").read_text("utf-8"))["report"]["metrics"]
    assert results(work.out) == {"default": {1: found}}
    told = write_tables(work.out, work.plan, {**results(work.out), "random": {1: found}})
    assert "| random | +0.0 |" in told
    assert {"ablations.md", "ablations.json", "t2t.svg"} <= {each.name for each in work.out.iterdir()}


def test_two_processes_never_train_the_same_run(tmp_path: Path) -> None:
    with (
        claimed(tmp_path / "random-0") as ours,
        claimed(tmp_path / "random-0") as again,
        claimed(tmp_path / "random-1") as next_one,
    ):
        assert (ours, again, next_one) == (True, False, True)
    with claimed(tmp_path / "random-0") as ours:
        assert ours


def test_runs_of_other_settings_come_into_no_table(tmp_path: Path) -> None:
    plan = Plan("atlas", "dialogues/atlas", "tiny", 10, None, 100, None)
    check_plan(tmp_path / "out", plan)
    check_plan(tmp_path / "out", plan)
    with pytest.raises(DataError, match=r"other settings \(minutes differ\); name another folder by --out"):
        check_plan(tmp_path / "out", Plan("atlas", "dialogues/atlas", "tiny", 20, None, 100, None))


def test_each_tier_is_ablated_and_the_default_always_stands_beside() -> None:
    names = [arm.name for arm in chosen(["negatives"])]
    assert names[0] == "default"
    assert set(names) == {"default", "mix", "gallery", *NAMES}
    assert [arm.name for arm in chosen(["bind"])] == ["default", "bind"]
    assert chosen([]) == list(ARMS)
    with pytest.raises(DataError, match="no ablation 'magic'; there are: adapter, bind"):
        chosen(["magic"])
    assert [(arm.name, seed) for arm, seed in order([Arm("", "a"), Arm("", "b")], 2)] == [
        ("a", 0),
        ("b", 0),
        ("a", 1),
        ("b", 1),
    ]


def test_interval_is_student_s_over_seeds_and_differences_are_paired() -> None:
    assert over_seeds([4.0]).low is None
    three = over_seeds([1.0, 2.0, 3.0])
    assert three.mean == 2
    assert three.high == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-4)
    found = {"default": {0: {"T2T": 10.0}, 1: {"T2T": 50.0}}, "random": {0: {"T2T": 12.0}, 1: {"T2T": 54.0}}}
    gap = compared(found, "default")["random"]["T2T"]["difference"]
    assert (gap.mean, gap.seeds) == (3, 2)
    told = markdown(compared(found, "default"), "default", "about")
    assert "| random | 33.0 (-233.8 to 299.8) | 2 |" in told
    assert "| random | +3.0 (-9.7 to 15.7) | 2 |" in told
    assert "random" in plot(compared(found, "default"), "T2T", "default")


def test_format_that_was_not_asked_has_no_figure() -> None:
    leaf = {"macro": {"accuracy": 0.5}}
    assert measured({"metrics": {"closed_book": {"t2t": leaf}}}) == {"T2T": 50}
    assert measured({"metrics": {"closed_book": {"t2t": {"macro": {"accuracy": None}}}}}) == {}
