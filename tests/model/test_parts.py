"""A model of other parts that does not train, is not the same when it is loaded, or can't go on."""

from pathlib import Path

import pytest
import torch

from dialogue.types import IMAGE, Shown, Turn
from kg.errors import DataError
from model.adapters import ADAPTERS
from model.checkpoint import read_manifest, read_tensors
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
    train(material, settings_of(material, adapter=adapter, steps=4), tmp_path / "whole")
    run, whole = load(tmp_path / "run", latest=True), load(tmp_path / "whole", latest=True)
    assert run.preset.adapter == adapter
    assert read_manifest(tmp_path / "run").step == 4
    shown = next(iter(material.measured.values()))[None]
    prompts = [run.prompt([PICTURE])]
    assert run.slot_scores(prompts, shown).shape == (1, 2 * len(run.relations))
    assert torch.equal(run.image_tokens(shown), run.network.images(*_seen(run, shown)))
    assert (run.slot_scores(prompts, shown) != whole.slot_scores(prompts, shown)).sum() <= 2 * len(run.relations)
    names = set(read_tensors(tmp_path / "run" / run.manifest.latest))
    assert any(name.startswith("adapter.") for name in names)


def _seen(run: object, shown: object) -> tuple[torch.Tensor, torch.Tensor]:
    from model.gallery import cells_of

    return torch.from_numpy(cells_of(shown)), torch.from_numpy(run.describe(shown))  # type: ignore[attr-defined, arg-type]


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
