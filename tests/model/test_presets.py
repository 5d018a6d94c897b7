"""A preset that is read otherwise than it is written, or refused without saying where it is wrong."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from kg.errors import DataError
from model.presets import PRESETS, preset, preset_of
from model.settings import TrainSettings, shape_of

TINY = PRESETS["tiny"].read_text()
Written = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a preset of one's own; return what `--preset` is given."""

    def write(text: str) -> str:
        (tmp_path / "mine.toml").write_text(text)
        return str(tmp_path / "mine.toml")

    return write


def test_presets_that_kwk_brings_are_what_they_are_called() -> None:
    tiny, gemma, paper = (preset(name) for name in ("tiny", "gemma-270m", "knowblip"))
    assert (tiny.name, tiny.llm, tiny.vision, tiny.queries) == ("tiny", "scratch", "lite", 8)
    assert (gemma.llm, gemma.vision) == ("gemma-270m", "lite")
    assert (paper.vision, paper.queries, paper.retrieval_width) == ("ViT-L-14/openai", 32, 768)
    assert (paper.batch, paper.learning_rate) == (16, 1e-4)


def test_copied_preset_is_the_same_under_its_own_name(written: Written) -> None:
    assert asdict(preset(written(TINY))) == asdict(preset("tiny")) | {"name": "mine"}


@pytest.mark.parametrize("name", ["tiny", "gemma-270m", "knowblip"])
def test_preset_comes_back_from_what_a_run_keeps(name: str) -> None:
    shape = preset(name)
    assert preset_of(asdict(shape), "manifest.json") == shape


@pytest.mark.parametrize(("adapter", "tokens"), [("qformer", 8), ("linear", 5), ("bind", 1)])
def test_adapter_that_is_named_takes_the_place_of_the_preset_s(adapter: str, tokens: int) -> None:
    settings = TrainSettings("isles", "dialogues", steps=1, adapter=adapter)
    assert shape_of(settings).queries == tokens
    assert shape_of(TrainSettings("isles", "dialogues", steps=1)).adapter == "qformer"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("batch = 16", "", r"mine\.toml: 'batch' is missing"),
        ("batch = 16", "batch = 0", r"mine\.toml: 'batch' is 0, not a whole number above zero"),
        ("batch = 16", "batch = 1.5", r"'batch' is 1\.5, not a whole number"),
        ("batch = 16", "batch = true", "'batch' is True"),
        ("batch = 16", "batch = 16\nbach = 3", r"mine\.toml: there is no 'bach'; there are: .*batch"),
        ("batch = 16", "batch = 16\nname = 'x'", "there is no 'name' in a preset"),
        ("lora = 0", "lora = 8", "'lora' changes a pretrained language model"),
        ("lora = 0", "lora = -1", "'lora' is -1"),
        ("1.5e-3", "'fast'", "'learning_rate' is 'fast', not a number"),
        ('"qformer" ', '"magic" ', "there is no adapter 'magic'; there are: qformer, linear, bind"),
        ('"slot" ', '"mark" ', "there is no kno 'mark'; there are: slot, marker"),
        ('"lite" ', "1 ", "'vision' is 1, not a text"),
        ("queries = 8", "querys = 8", r"mine\.toml, \[qformer\]: there is no 'querys'; there are: queries"),
        ("heads = 4\ninner = 512", "heads = 5\ninner = 512", r"\[scratch\]: width 192 is no multiple of heads 5"),
        ("heads = 4\ninner = 384", "heads = 5\ninner = 384", r"\[qformer\]: width 192 is no multiple of heads 5"),
        ("[scratch]", "scratch = 3\n[other]", r"mine\.toml, \[scratch\] is 3, not a section"),
        ("[scratch]", "[scrath]", "there is no 'scrath'"),
        ("[qformer]", "[qformer", "holds no preset"),
    ],
)
def test_preset_that_is_wrong_says_where(written: Written, old: str, new: str, said: str) -> None:
    assert old in TINY
    with pytest.raises(DataError, match=said):
        preset(written(TINY.replace(old, new)))


def test_part_without_its_section_says_which_is_missing(written: Written) -> None:
    mine = written(TINY.partition("[bind]")[0])
    assert preset(mine, adapter="linear").adapter == "linear"
    with pytest.raises(DataError, match=r"mine\.toml: there is no section \[bind\]; copy the file and add one"):
        preset(mine, adapter="bind")
    with pytest.raises(DataError, match=r"knowblip\.toml: there is no section \[scratch\]"):
        preset("knowblip", llm="scratch")


def test_preset_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no preset 'huge'; there are: gemma-270m, knowblip, tiny"):
        preset("huge")
    with pytest.raises(DataError, match=r"none\.toml holds no preset .*copy one of"):
        preset(str(tmp_path / "none.toml"))


def test_tower_is_one_that_there_is_and_is_found_again_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen_by(vision: str | None) -> str:
        return shape_of(TrainSettings("isles", "dialogues", preset="knowblip", vision=vision, steps=1)).vision

    assert seen_by(None) == "ViT-L-14/openai"
    assert seen_by("lite") == "lite"
    with pytest.raises(DataError, match="open_clip has no architecture 'ViT-None'"):
        seen_by("ViT-None/openai")
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    assert seen_by("ViT-B-32:weights.safetensors") == f"ViT-B-32:{tmp_path}/weights.safetensors"
    with pytest.raises(DataError, match="does not exist"):
        seen_by("ViT-B-32:gone.safetensors")


def test_paper_s_optimiser_is_adam_and_ours_decays_weights() -> None:
    paper, tiny = preset("knowblip"), preset("tiny")
    assert (paper.learning_rate, paper.beta2, paper.weight_decay, paper.batch) == (1e-4, 0.999, 0, 16)
    assert (tiny.beta2, tiny.weight_decay) == (0.98, 0.05)
