"""A model of other parts that does not train, is not the same when it is loaded, or can't go on."""

from pathlib import Path

import pytest
import torch

from dialogue.types import IMAGE, Shown, Turn
from kg.errors import DataError
from model.adapters import ADAPTERS
from model.checkpoint import read_tensors
from model.prepare import Material
from model.run import load
from model.settings import TrainSettings
from model.train import resume, train

PICTURE = Turn("human", f"What is the main port of {IMAGE}?", (Shown("x.png", "0" * 64, "i:Amber"),))


def settings_of(material: Material, **chosen: object) -> TrainSettings:
    short = {"preset": "minute", "steps": 2, "every": 2, "drawn": 6, "seed": 5}
    return TrainSettings("isles", str(material.dialogues), **{**short, **chosen})  # type: ignore[arg-type]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_each_adapter_trains_is_loaded_and_goes_on(material: Material, tmp_path: Path, adapter: str) -> None:
    train(material, settings_of(material, adapter=adapter), tmp_path / "run")
    resume(material, tmp_path / "run", steps=4)
    run = load(tmp_path / "run", latest=True)
    assert (run.preset.adapter, run.manifest.step) == (adapter, 4)
    saved = read_tensors(tmp_path / "run" / run.manifest.latest)
    for name, tensor in run.network.adapter.state_dict().items():
        assert torch.equal(saved[f"adapter.{name}"], tensor), name
    shown = next(iter(material.measured.values()))[None]
    assert run.slot_scores([run.prompt([PICTURE])], shown).shape == (1, 2 * len(run.relations))


def test_preset_of_one_s_own_is_not_needed_once_the_run_is_made(material: Material, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(Path(__file__).with_name("minute.toml").read_text())
    train(material, settings_of(material, preset=str(mine)), tmp_path / "run")
    mine.unlink()
    assert load(tmp_path / "run").preset.name == "mine"
    assert resume(material, tmp_path / "run", steps=3).step == 3


def test_part_that_does_not_exist_leaves_no_folder(material: Material, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no adapter 'magic'"):
        train(material, settings_of(material, adapter="magic"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_marker_learns_names_and_leaves_relations_to_the_wordings(material: Material, tmp_path: Path) -> None:
    manifest = train(material, settings_of(material, kno="marker"), tmp_path / "run")
    assert manifest.losses["valid"]["relation"] == 0
    assert manifest.losses["valid"]["KNO"] > 0
    run = load(tmp_path / "run")
    place = next(i for i, text in enumerate(run.known.texts) if "{x}" in text)
    shares = run.relation_shares(run.known.texts[place], run.known.nouns[place], "Amber Island")
    assert float(shares.sum()) == pytest.approx(1, rel=1e-4)
    assert int(shares.argmax()) == run.known.classes[place]
