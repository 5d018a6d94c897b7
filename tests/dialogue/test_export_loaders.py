"""Each export read back by the consumer's own loader: the same turns, images and order come out."""

import gc
import hashlib
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dialogue.export import ExportSettings, Kind, export
from dialogue.export_lines import read_samples
from dialogue.export_pictures import Pictures, Way
from dialogue.export_shards import shards
from dialogue.export_tags import MEDIA, escape, parts, unescape
from dialogue.serialise import read_dialogues, to_line
from dialogue.types import SPLITS, Dialogue, Shown, Turn

datasets = pytest.importorskip("datasets", reason="datasets is not installed")
webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")

pytestmark = [  # webdataset leaves the shards that it has read open
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Said = list[tuple[str, list[str]]]  # who says what: texts, and pictures as SHOWN and their pixels' hash
SHOWN = "\0picture "
NAMES = {"train": "train", "valid": "validation", "test": "test"}
ROLES = {"user": "human", "assistant": "model", "human": "human", "gpt": "model"}


def pixels(image: Image.Image | bytes | str) -> str:
    """Say what an image shows, from wherever it was read."""
    if isinstance(image, bytes):
        image = Image.open(io.BytesIO(image))
    elif isinstance(image, str):
        with Image.open(image) as opened:
            image = opened.copy()
    return SHOWN + hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def expected(folder: Path, split: str) -> list[tuple[str, Said]]:
    """Return the dialogues of a split as they should come out of any loader."""
    root = Path(json.loads((folder / "build.json").read_bytes())["image_root"])
    found = []
    for dialogue in read_dialogues(folder / f"{split}.jsonl"):
        said = []
        for turn in dialogue.turns:
            files = iter(turn.images)
            shown = [pixels(str(root / next(files).file)) if part is None else part for part in parts(turn.value)]
            said.append((str(turn.speaker), shown))
        found.append((dialogue.id, said))
    return found


def from_messages(messages: Sequence[dict[str, Any]], images: Sequence[Any]) -> Said:
    """Put a dialogue together from messages and images in their order."""
    rest = iter(images)
    said = [
        (
            ROLES[message["role"]],
            [pixels(next(rest)) if part["type"] == "image" else part["text"] for part in message["content"]],
        )
        for message in messages
    ]
    assert not list(rest)
    return said


def from_tags(turns: Sequence[dict[str, str]], images: Sequence[Any]) -> Said:
    """Put a dialogue together from texts that hold <image>, and images in their order."""
    rest = iter(images)
    said = []
    for turn in turns:
        texts: list[str] = []
        for n, text in enumerate(turn["value"].split("<image>")):
            if n:
                texts.append(pixels(next(rest)))
            if text or turn["value"] == "":
                texts.append(unescape(text, MEDIA))
        said.append((ROLES[turn["from"]], texts))
    assert not list(rest)
    return said


def load(*arguments: Any, **how: Any) -> Any:
    with tempfile.TemporaryDirectory() as cache:
        return datasets.load_dataset(*arguments, cache_dir=cache, keep_in_memory=True, **how)


def read_folder(out: Path) -> Iterator[tuple[str, list[tuple[str, Said]]]]:
    """Read messages or Parquet as `load_dataset(folder)` does."""
    found = load(str(out))
    for split in SPLITS:
        if NAMES[split] in found:
            rows = list(found[NAMES[split]])
            yield split, [(row["id"], from_messages(row["messages"], row["images"])) for row in rows]


def read_sharegpt(out: Path) -> Iterator[tuple[str, list[tuple[str, Said]]]]:
    """Read ShareGPT by its dataset_info.json, as LLaMA-Factory names file and columns."""
    info = json.loads((out / "dataset_info.json").read_text("utf-8"))
    for name, entry in info.items():
        rows = load("json", data_files=str(out / entry["file_name"]), split="train")
        columns = entry["columns"]
        rows = rows.cast_column(columns["images"], datasets.List(datasets.Image()))
        split = name.rpartition("_")[2]
        yield split, [(row["id"], from_tags(row[columns["messages"]], row[columns["images"]])) for row in rows]


def read_shards(out: Path) -> Iterator[tuple[str, list[tuple[str, Said]]]]:
    """Read shards with webdataset's own pipeline."""
    for split in SPLITS:
        urls = [str(path) for path in sorted(out.glob(f"{split}-*.tar"))]
        if urls:
            found = []
            for sample in webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).decode("pil"):
                record = sample["json"]
                said = from_messages(record["messages"], [sample[name] for name in record["images"]])
                found.append((record["id"], said))
            gc.collect()  # so that a file left open is told of here
            yield split, found


def read_llava(out: Path) -> Iterator[tuple[str, list[tuple[str, Said]]]]:
    """Read LLaVA's JSON as its data set does: json.load, and files below the image folder."""
    for split in SPLITS:
        found = []
        for sample in json.loads((out / f"{split}.json").read_text("utf-8")):
            image = sample.get("image", [])
            files = [str(out / path) for path in ([image] if isinstance(image, str) else image)]
            found.append((sample["id"], from_tags(sample["conversations"], files)))
        yield split, found


READERS: dict[Kind, Callable[[Path], Iterator[tuple[str, list[tuple[str, Said]]]]]] = {
    "llava": read_llava, "sharegpt": read_sharegpt, "messages": read_folder, "webdataset": read_shards,
    "parquet": read_folder,
}  # fmt: skip
WAYS: list[tuple[Kind, Way]] = [
    ("llava", "paths"), ("llava", "link"), ("sharegpt", "paths"), ("messages", "paths"), ("webdataset", "embed"),
    ("parquet", "paths"), ("parquet", "embed"),
]  # fmt: skip


def not_order(found: list[tuple[str, Said]]) -> list[tuple[str, Said]]:
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_its_own_loader_gives_the_turns_and_images_of_every_split_in_their_order(
    kind: Kind, way: Way, pictured: Path, tmp_path: Path
) -> None:
    export(pictured, tmp_path / "out", ExportSettings(kind, way))
    read = dict(READERS[kind](tmp_path / "out"))
    assert sorted(read) == sorted(SPLITS)
    for split, found in read.items():
        assert not_order(found) == not_order(expected(pictured, split))


TAG = st.sampled_from(["<image>", "<\\image>", "<video>", "<audio>", "\\", '"', "\n", "\u2028", "\r\n", "é", "猫", "🏝"])
TEXT = st.lists(TAG | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=5).map("".join)
TURN = st.lists(TEXT | st.integers(0, 2), max_size=4)  # a number is a picture


@pytest.mark.parametrize("kind", ["llava", "sharegpt", "messages", "webdataset", "parquet"])
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(st.lists(st.tuples(TURN, TURN), min_size=1, max_size=3), min_size=5, max_size=20))
def test_whatever_is_said_comes_back_to_the_letter(kind: Kind, said: list[list[Any]], three: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "dialogues", Path(scratch) / "out"
        folder.mkdir()
        lines = [to_line(_dialogue(n, rounds, three)) + "\n" for n, rounds in enumerate(said)]
        (folder / "train.jsonl").write_text("".join(lines), "utf-8", newline="\n")
        (folder / "build.json").write_text(json.dumps({"graph": "isles", "image_root": str(three)}), "utf-8")
        export(folder, out, ExportSettings(kind, "embed" if kind in ("webdataset", "parquet") else "paths"))
        assert not_order(dict(READERS[kind](out))["train"]) == not_order(expected(folder, "train"))


def _dialogue(number: int, rounds: Sequence[Any], pictures: Path) -> Dialogue:
    """Make a dialogue of what each side says: texts, and numbers of pictures."""
    turns = []
    for n, turn in enumerate(each for both in rounds for each in both):
        value = "".join("<image>" if isinstance(part, int) else escape(part) for part in turn)
        shown = tuple(_shown(pictures, part) for part in turn if isinstance(part, int))
        turns.append(Turn("model" if n % 2 else "human", value, shown))
    return Dialogue(f"d.{number}/ü", "isles", "zh" if number % 2 else "en", "by hand", tuple(turns))


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures."""
    folder = tmp_path_factory.mktemp("three")
    for n in range(3):
        Image.new("RGB", (3, 3), (80 * n, 9, 9)).save(folder / f"{n}.png")
    return folder


def _shown(folder: Path, n: int) -> Shown:
    return Shown(f"{n}.png", hashlib.sha256((folder / f"{n}.png").read_bytes()).hexdigest(), f"e:{n}")


def test_a_first_picture_that_comes_late_does_not_break_loading(pictured: Path, tmp_path: Path) -> None:
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "build.json").write_bytes((pictured / "build.json").read_bytes())
    lines = (pictured / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    silent = next(line for line in lines if "<image>" not in line)
    shown = next(line for line in lines if "<image>" in line)
    with (folder / "train.jsonl").open("w", encoding="utf-8") as file:
        written = 0
        while written < 25_000_000:  # more than the loader looks at before it settles the columns' types
            written += file.write(silent)
        file.write(shown)
    for kind in ("sharegpt", "messages"):
        export(folder, tmp_path / kind, ExportSettings(kind))  # type: ignore[arg-type]
        rows = load("json", data_files=str(tmp_path / kind / "train.jsonl"), split="train")
        assert sum(map(len, rows["images"])) == shown.count("<image>")


def test_evidence_stands_in_columns_with_types(pictured: Path, tmp_path: Path) -> None:
    export(pictured, tmp_path / "out", ExportSettings("parquet"))
    rows = list(load(str(tmp_path / "out"))["test"])
    for row, dialogue in zip(rows, read_dialogues(pictured / "test.jsonl"), strict=True):
        facts = [(n, turn.fact) for n, turn in enumerate(dialogue.turns) if turn.fact]
        for stated, (n, fact) in zip(row["evidence"], facts, strict=True):
            assert (stated["message"], stated["kind"], stated["format"]) == (n, fact.kind, fact.format)
            assert [(t["head"], t["relation"], t["tail"]) for t in stated["triples"]] == list(fact.triples)
            assert stated["answers"] == list(fact.answers)
            text = "".join(part["text"] or "<image>" for part in row["messages"][n]["content"])
            assert [text[slot["start"] : slot["end"]] for slot in stated["slots"]] == [
                dialogue.turns[n].value[slot.start : slot.end] for slot in fact.slots
            ]
        shown = [(n, image.file) for n, turn in enumerate(dialogue.turns) for image in turn.images]
        assert [(image["message"], image["file"]) for image in row["shown"]] == shown
        assert len(row["images"]) == len(shown)
        assert len(json.loads(row["kg"])) == len(row["messages"])


def test_pictures_that_come_along_are_opened_as_the_card_says(pictured: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(pictured, out, ExportSettings("messages", "copy"))
    rows = load(str(out))["validation"]
    rows = rows.map(lambda row: {"images": [f"{out}/{path}" for path in row["images"]]})
    rows = rows.cast_column("images", datasets.List(datasets.Image()))
    found = [(row["id"], from_messages(row["messages"], row["images"])) for row in rows]
    assert not_order(found) == not_order(expected(pictured, "valid"))


def test_small_shards_hold_together_what_one_would(pictured: Path, tmp_path: Path) -> None:
    root = Path(json.loads((pictured / "build.json").read_bytes())["image_root"])
    pictures = Pictures(root, "embed", tmp_path)
    with shards(tmp_path, "train", 40_000) as put:
        for sample in read_samples(pictured / "train.jsonl"):
            put(sample, pictures.of(sample))
    sizes = [path.stat().st_size for path in tmp_path.glob("train-*.tar")]
    assert len(sizes) > 3
    assert max(sizes) < 100_000
    assert dict(read_shards(tmp_path))["train"] == expected(pictured, "train")


TRL = """
import sys, warnings
from datasets import load_dataset
from trl.data_utils import is_conversational, prepare_multimodal_messages
shown = 0
for split in ("train", "validation", "test"):
    for row in load_dataset(sys.argv[1], cache_dir=sys.argv[2], split=split):
        assert is_conversational(row)
        for message in prepare_multimodal_messages(row["messages"], row["images"]):
            shown += sum("image" in part for part in message["content"])
print(shown)
"""


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is not installed")
@pytest.mark.parametrize(("kind", "way"), [("messages", "paths"), ("parquet", "embed")])
def test_trl_puts_every_image_into_its_message(kind: Kind, way: Way, pictured: Path, tmp_path: Path) -> None:
    done = export(pictured, tmp_path / "out", ExportSettings(kind, way))
    assert run(TRL, str(tmp_path / "out"), str(tmp_path / "cache")) == str(done.images)


# LLaMA-Factory's own reading: dataset_info.json, loading, converting, counting of tags and images.
FACTORY = """
import sys
from types import SimpleNamespace
from llamafactory.data.converter import align_dataset
from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.mm_plugin import get_mm_plugin
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments, ModelArguments
folder, cache = sys.argv[1:]
model, training = ModelArguments(model_name_or_path="none", cache_dir=cache), SimpleNamespace(local_process_index=0)
data = DataArguments(dataset_dir=folder, media_dir=folder, preprocessing_num_workers=None)
plugin = get_mm_plugin("qwen2_vl", image_token="<|image_pad|>", video_token="<|video_pad|>")
read = shown = 0
for attributes in get_dataset_list(["isles_train", "isles_valid", "isles_test"], folder):
    for row in _load_single_dataset(attributes, model, data, training):
        turns = row["_prompt"] + row["_response"]
        assert len(turns) >= 2, "left out as abnormal"
        plugin._validate_messages(turns, row["_images"] or [], [], [])
        for path in row["_images"] or []:
            open(path).close()
        read, shown = read + 1, shown + len(row["_images"] or [])
print(read, shown)
"""


@pytest.mark.skipif(importlib.util.find_spec("llamafactory") is None, reason="llamafactory is not installed")
@pytest.mark.parametrize("way", ["paths", "link"])
def test_llama_factory_finds_an_image_for_every_tag(way: Way, pictured: Path, tmp_path: Path) -> None:
    done = export(pictured, tmp_path / "out", ExportSettings("sharegpt", way))
    read = run(FACTORY, str(tmp_path / "out"), str(tmp_path / "cache"))
    assert read == f"{sum(done.dialogues.values())} {done.images}"


def run(program: str, *arguments: str) -> str:
    """Run a consumer in a process of its own, whose warnings are no concern of ours; return its last line."""
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]
