"""`kwk dialogues export`: what is written, what is refused, and that nothing half-done is left."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dialogue.export import KINDS, MARK, Exported, ExportSettings, Kind, export
from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS, Dialogue
from kg.cli import kwk as root_command
from kg.errors import DataError

Edit = Callable[[dict[str, Any]], None]


def settings_of(kind: Kind, **how: Any) -> ExportSettings:
    return ExportSettings(kind, **({"images": "embed"} if kind == "webdataset" else {}), **how)


def dialogues_of(folder: Path) -> list[Dialogue]:
    return [each for split in SPLITS for each in read_dialogues(folder / f"{split}.jsonl")]


@pytest.fixture
def edited(pictured: Path, tmp_path: Path) -> Callable[[Edit], Path]:
    """Copy the dialogues, with train's first pictured line changed by hand."""

    def edit(change: Edit) -> Path:
        folder = Path(shutil.copytree(pictured, tmp_path / "edited"))
        lines = (folder / "train.jsonl").read_text("utf-8").splitlines()
        n = next(n for n, line in enumerate(lines) if "<image>" in line)
        lines.insert(0, lines.pop(n))
        record = json.loads(lines[0])
        change(record)
        lines[0] = json.dumps(record)
        (folder / "train.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        return folder

    return edit


@pytest.mark.parametrize("kind", KINDS)
def test_no_dialogue_round_or_image_is_lost(kind: Kind, pictured: Path, tmp_path: Path) -> None:
    done = export(pictured, tmp_path / "out", settings_of(kind))
    read = {split: list(read_dialogues(pictured / f"{split}.jsonl")) for split in SPLITS}
    assert done.dialogues == {split: len(found) for split, found in read.items()}
    assert done.rounds == {split: sum(len(each.turns) // 2 for each in found) for split, found in read.items()}
    assert done.images == sum(len(turn.images) for found in read.values() for each in found for turn in each.turns)
    assert done.pictures == 12
    assert done.skipped == 0
    assert json.loads((tmp_path / "out" / MARK).read_text("utf-8"))["dialogues"] == done.dialogues


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_dialogues_give_the_same_bytes(kind: Kind, pictured: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        export(pictured, tmp_path / name, settings_of(kind))
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / n).iterdir() if f.name != MARK} for n in ("one", "two"))
    assert one == two


def test_llava_reads_every_sample_as_its_preprocessing_does(pictured: Path, tmp_path: Path) -> None:
    done = export(pictured, tmp_path / "out", settings_of("llava"))
    several = 0
    for split in SPLITS:
        samples = json.loads((tmp_path / "out" / f"{split}.json").read_text("utf-8"))
        dialogues = list(read_dialogues(pictured / f"{split}.jsonl"))
        assert [sample["id"] for sample in samples] == [each.id for each in dialogues]
        for sample, dialogue in zip(samples, dialogues, strict=True):
            turns = sample["conversations"]
            assert [turn["from"] for turn in turns] == ["human", "gpt"] * (len(turns) // 2)
            image = sample.get("image", [])
            files = [image] if isinstance(image, str) else image
            assert "".join(turn["value"] for turn in turns).count("<image>") == len(files)
            assert [f"drawn/{Path(file).name}" for file in files] == [i.file for t in dialogue.turns for i in t.images]
            assert all(Path("anywhere", file).is_file() for file in files)  # os.path.join(image_folder, image)
            assert ("image" in sample) == bool(files)
            several += isinstance(image, list) and bool(image)
            assert sample["kg"][1]["triples"] == [list(triple) for triple in dialogue.turns[1].fact.triples]  # type: ignore[union-attr]
    assert several == done.several_images > 0


@pytest.mark.parametrize("way", ["link", "copy"])
def test_pictures_that_come_along_are_found_from_the_exports_folder(way: Any, pictured: Path, tmp_path: Path) -> None:
    export(pictured, tmp_path / "first", settings_of("llava", images=way))
    (tmp_path / "first").rename(tmp_path / "moved")
    root = Path(json.loads((pictured / "build.json").read_text("utf-8"))["image_root"])
    seen = set()
    for sample in json.loads((tmp_path / "moved" / "train.json").read_text("utf-8")):
        image = sample.get("image", [])
        for path in [image] if isinstance(image, str) else image:
            file, original = tmp_path / "moved" / path, root / path.removeprefix("images/")
            assert file.read_bytes() == original.read_bytes()
            assert file.samefile(original) == (way == "link")
            seen.add(path)
    assert len(seen) == 12


def test_a_tag_that_is_text_is_told_from_the_place_of_an_image(edited: Callable[[Edit], Path], tmp_path: Path) -> None:
    def write_tags(record: dict[str, Any]) -> None:
        turn = next(turn for turn in record["conversations"] if turn["image_list"])
        turn["value"] = 'Is "<\\image>" a tag, like <video>, <\\\\image> or <audio>?\n' + turn["value"]

    folder = edited(write_tags)
    tail = "a tag, like"
    export(folder, tmp_path / "llava", settings_of("llava"))
    sample = json.loads((tmp_path / "llava" / "train.json").read_text("utf-8"))[0]
    value = next(turn["value"] for turn in sample["conversations"] if tail in turn["value"])
    assert value.count("<image>") == 1 or isinstance(sample["image"], list)
    assert 'Is "<\\image>" a tag, like <video>' in value
    export(folder, tmp_path / "sharegpt", settings_of("sharegpt"))
    values = (tmp_path / "sharegpt" / "train.jsonl").read_text("utf-8")
    assert "<video>" not in values
    assert "<audio>" not in values
    assert json.dumps("like <\\video>, <\\\\image> or <\\audio>?")[1:-1] in values
    export(folder, tmp_path / "messages", settings_of("messages"))
    texts = [
        part["text"]
        for message in json.loads((tmp_path / "messages" / "train.jsonl").read_text("utf-8").split("\n")[0])["messages"]
        for part in message["content"]
        if part["type"] == "text"
    ]
    assert any('Is "<image>" a tag, like <video>, <\\image> or <audio>?\n' in text for text in texts)


def test_slots_name_the_same_words_where_a_tag_before_them_is_spelt_otherwise(
    edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    named: list[str] = []

    def write_tags(record: dict[str, Any]) -> None:
        turn = record["conversations"][1]
        before = "Of <\\image> and <video>: "
        named.extend(turn["value"][start:end] for start, end, _ in turn["kg"]["slots"])
        turn["value"] = before + turn["value"]
        turn["kg"]["slots"] = [[start + len(before), end + len(before), e] for start, end, e in turn["kg"]["slots"]]

    folder = edited(write_tags)
    for kind, files in (("llava", "train.json"), ("sharegpt", "train.jsonl"), ("messages", "train.jsonl")):
        export(folder, tmp_path / kind, settings_of(kind))  # type: ignore[arg-type]
        text = (tmp_path / kind / files).read_text("utf-8")
        record = json.loads(text)[0] if kind == "llava" else json.loads(text.split("\n")[0])
        if kind == "messages":
            content = record["messages"][1]["content"]
            value = "".join("<image>" if part["type"] == "image" else part["text"] for part in content)
        else:
            value = record["conversations"][1]["value"]
        kg = record["kg"] if kind == "llava" else json.loads(record["kg"])
        assert [value[start:end] for start, end, _ in kg[1]["slots"]] == named


REFUSED: dict[str, tuple[Edit, str]] = {
    "a name that holds the tag": (
        lambda record: record["conversations"][0].update(value="Who drew <image> on <image> and <image>?"),
        r"train.jsonl, line 1: turn 1 has 3 <image> in its text and .* images in image_list; where <image> is meant",
    ),
    "a file more": (lambda record: record["conversations"][0]["image_list"].append("x.png"), "line 1 is no dialogue"),
    "turns out of order": (lambda record: record["conversations"].reverse(), "line 1: the turns are of model, human"),
    "a question without an answer": (lambda record: record["conversations"].pop(), "need human and model by turns"),
    "no turns": (lambda record: record["conversations"].clear(), "the turns are of nobody"),
    "half a surrogate pair": (lambda record: record.update(id="\ud800"), "line 1 is no dialogue: UnicodeEncodeError"),
    "another schema": (lambda record: record.update(schema=2), "schema 2 is not 1"),
    "no text": (lambda record: record["conversations"][0].update(value=3), "value is 3, no text"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", REFUSED)
def test_a_line_that_no_trainer_could_read_is_refused_by_file_and_line(
    what: str, kind: Kind, edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    change, message = REFUSED[what]
    folder = edited(change)
    with pytest.raises(DataError, match=message):
        export(folder, tmp_path / "out", settings_of(kind))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["edited"]


@pytest.mark.parametrize(
    ("key", "value"), [("slots", [[1]]), ("triples", [["a"]]), ("answers", [1]), ("triples", None), ("kind", ["fact"])]
)
def test_evidence_that_its_columns_can_not_hold_is_refused_by_file_and_line(
    key: str, value: Any, edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    folder = edited(lambda record: record["conversations"][1]["kg"].update({key: value}))
    with pytest.raises(DataError, match=r"train.jsonl, line 1 has evidence"):
        export(folder, tmp_path / "out", settings_of("parquet"))


@pytest.mark.parametrize("kind", ["llava", "webdataset"])
def test_a_picture_that_is_gone_is_named_or_its_dialogues_are_left_out_and_counted(
    kind: Kind, pictured: Path, tmp_path: Path
) -> None:
    root = Path(json.loads((pictured / "build.json").read_text("utf-8"))["image_root"])
    copy = Path(shutil.copytree(root, tmp_path / "root"))
    gone = copy / "drawn" / "Coral-a.png"
    gone.unlink()
    with pytest.raises(DataError, match=r"\.jsonl, line \d+ shows 'drawn/Coral-a.png', which .* --skip-missing"):
        export(pictured, tmp_path / "out", settings_of(kind, image_root=str(copy)))
    assert not (tmp_path / "out").exists()
    done = export(pictured, tmp_path / "out", settings_of(kind, image_root=str(copy), skip_missing=True))
    needing = sum(
        any(image.file == "drawn/Coral-a.png" for turn in each.turns for image in turn.images)
        for each in dialogues_of(pictured)
    )
    assert done.skipped == needing > 0
    assert sum(done.dialogues.values()) == len(dialogues_of(pictured)) - needing


def test_a_picture_with_another_content_is_not_embedded_as_the_one_that_was_meant(
    pictured: Path, tmp_path: Path
) -> None:
    root = Path(json.loads((pictured / "build.json").read_text("utf-8"))["image_root"])
    copy = Path(shutil.copytree(root, tmp_path / "root"))
    shutil.copyfile(copy / "drawn" / "Amber-a.png", copy / "drawn" / "Coral-a.png")
    with pytest.raises(DataError, match="has another content than when the dialogues were built"):
        export(pictured, tmp_path / "out", settings_of("webdataset", image_root=str(copy)))


@pytest.mark.parametrize("path", ["../../secret.png", "/etc/hostname"])
def test_dialogues_from_a_stranger_take_no_file_from_outside_the_pictures(
    path: str, edited: Callable[[Edit], Path], tmp_path: Path
) -> None:
    def point_outside(record: dict[str, Any]) -> None:
        turn = next(turn for turn in record["conversations"] if turn["image_list"])
        turn["image_list"][0] = turn["kg"]["images"][0]["file"] = path
        turn["kg"]["images"][0]["sha256"] = ""

    with pytest.raises(DataError, match="outside"):
        export(edited(point_outside), tmp_path / "out", settings_of("webdataset", skip_missing=True))


def test_pictures_without_a_root_are_told(pictured: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(pictured, tmp_path / "copy"))
    record = json.loads((folder / "build.json").read_text("utf-8"))
    (folder / "build.json").write_text(json.dumps({**record, "image_root": None}), "utf-8")
    with pytest.raises(DataError, match="build.json names no image root; name it: --image-root"):
        export(folder, tmp_path / "out", settings_of("llava"))
    done = export(folder, tmp_path / "out", settings_of("llava", image_root=record["image_root"]))
    assert done.images


def test_an_export_replaces_an_export_and_nothing_else(pictured: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(pictured, out, settings_of("llava", images="link"))
    with pytest.raises(DataError, match="already; --force replaces it"):
        export(pictured, out, settings_of("messages"))
    export(pictured, out, settings_of("messages"), force=True)
    assert not (out / "train.json").exists()
    assert not (out / "images").exists()
    with pytest.raises(DataError, match="holds no export.json, so it is not replaced"):
        export(pictured, pictured, settings_of("messages"), force=True)
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.md").write_text("years", "utf-8")
    with pytest.raises(DataError, match="holds no export.json"):
        export(pictured, other, settings_of("messages"), force=True)
    assert (other / "chapter.md").read_text("utf-8") == "years"


def test_what_a_killed_export_left_is_cleared_by_the_next(pictured: Path, tmp_path: Path) -> None:
    left = tmp_path / ".out.partial" / "images" / "drawn"
    left.mkdir(parents=True)
    (left / "half.png").write_bytes(b"half")
    export(pictured, tmp_path / "out", settings_of("llava"))
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [MARK, *sorted(f"{s}.json" for s in SPLITS)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out"]


def test_splits_without_dialogues_are_not_named_to_a_loader_that_could_not_read_them(
    pictured: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(pictured, tmp_path / "copy"))
    for split in ("valid", "test"):
        (folder / f"{split}.jsonl").write_text("", "utf-8")
    done = export(folder, tmp_path / "out", settings_of("sharegpt"))
    assert done.dialogues["test"] == 0
    assert not (tmp_path / "out" / "test.jsonl").exists()
    assert list(json.loads((tmp_path / "out" / "dataset_info.json").read_text("utf-8"))) == ["isles_train"]


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(root_command, ["-q", "dialogues", "export", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_says_what_it_wrote_to_people_and_to_scripts(pictured: Path, tmp_path: Path) -> None:
    told = call("llava", str(pictured), "--out", str(tmp_path / "one"))
    assert "have several images, which LLaVA-NeXT reads and LLaVA 1.5 does not" in told
    done = json.loads(call("parquet", str(pictured), "--out", str(tmp_path / "two"), "--embed-images", "--json"))
    assert done["kind"] == "parquet"
    assert Exported(**done).images == done["images"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("llava", "--embed-images"), "--embed-images is for parquet"),
        (("webdataset", "--images", "link"), "--images has no meaning"),
        (("csv",), "'csv' is not one of"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(arguments: tuple[str, ...], message: str) -> None:
    assert message in call(*arguments, "--out", "never", code=2)
