"""Give a folder of dialogues to trainers, in a format that they read: all splits, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

from dialogue.export_card import card
from dialogue.export_lines import Sample, read_samples
from dialogue.export_pictures import MissingPicture, Picture, Pictures, Way
from dialogue.export_text import Put, dataset_info, json_array, json_lines, llava, messages, sharegpt
from dialogue.folder import check_target, count_lines, new_folder, read_settings
from dialogue.types import SPLITS
from kg.errors import DataError
from kg.progress import Progress, silent

Kind = Literal["llava", "sharegpt", "messages", "webdataset", "parquet"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MARK = "export.json"  # by which a folder of an export is known; it says what was exported, and how


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What decides an export. `images` is how pictures come along; `embed` only into shards and Parquet."""

    kind: Kind
    images: Way = "paths"
    skip_missing: bool = False  # leave dialogues out of which a picture can't be had
    shard_size: int = 500  # megabytes of a shard
    image_root: str | None = None  # default: the one in build.json

    def __post_init__(self) -> None:
        if (self.kind == "webdataset") != (self.images == "embed") and self.kind != "parquet":
            holds = "hold their pictures" if self.kind == "webdataset" else "holds no pictures"
            raise DataError(f"{self.kind} {holds}, so images can't be {self.images!r}; leave that out.")


def _by_split() -> dict[str, int]:
    return dict.fromkeys(SPLITS, 0)


@dataclass(slots=True)
class Exported:
    """What an export wrote."""

    kind: Kind
    graph: str
    folder: str
    dialogues: dict[str, int] = field(default_factory=_by_split)
    rounds: dict[str, int] = field(default_factory=_by_split)
    images: int = 0  # places where one is shown
    pictures: int = 0  # different files of these
    several_images: int = 0  # dialogues with more than one image
    skipped: int = 0  # dialogues of which a picture can't be had


def export(
    folder: Path, out: Path, settings: ExportSettings, force: bool = False, progress: Progress = silent
) -> Exported:
    """Write the dialogues of `folder` into the new folder `out`. Raises DataError, and leaves nothing then."""
    check_target(out, force, MARK)
    record = read_settings(folder)
    total = count_lines(folder)
    root = settings.image_root or record.get("image_root")
    if root and not Path(root).is_dir():
        raise DataError(f"The pictures' folder {root} is not there; name where it is now with --image-root.")
    done = Exported(settings.kind, str(record.get("graph", "")), str(out))
    with new_folder(out, force, MARK) as place, progress("dialogues", total) as advance:
        pictures = Pictures(Path(root).absolute() if root else None, settings.images, place)
        for split in SPLITS:
            with _open(place, split, settings) as put:
                for sample in read_samples(folder / f"{split}.jsonl"):
                    _take(sample, split, put, pictures, settings, done)
                    advance(1)
        done.pictures = len(pictures.distinct)
        if not sum(done.dialogues.values()):
            raise DataError(f"No dialogue of {folder} has all its pictures; name their folder with --image-root.")
        _finish(place, settings, done)
    return done


def _open(folder: Path, split: str, settings: ExportSettings) -> AbstractContextManager[Put]:
    if settings.kind == "llava":
        return json_array(folder / f"{split}.json", llava)
    if settings.kind == "webdataset":
        from dialogue.export_shards import shards

        return shards(folder, split, settings.shard_size * 1_000_000)
    if settings.kind == "parquet":
        from dialogue.export_parquet import parquet_file

        return parquet_file(folder / f"{split}.parquet", opened_by_loader(settings))
    return json_lines(folder / f"{split}.jsonl", sharegpt if settings.kind == "sharegpt" else messages)


def opened_by_loader(settings: ExportSettings) -> bool:
    """Say whether `datasets` can open the pictures by itself: paths relative to the export it would not find."""
    return settings.images in ("paths", "embed")


def _take(sample: Sample, split: str, put: Put, pictures: Pictures, settings: ExportSettings, done: Exported) -> None:
    found: Sequence[Picture]
    try:
        found = pictures.of(sample)
    except MissingPicture:
        if not settings.skip_missing:
            raise
        done.skipped += 1
        return
    try:
        put(sample, found)
    except (KeyError, TypeError, ValueError) as exc:
        raise DataError(f"{sample.place} has evidence that is not as kwk writes it: {exc!r}; mend the line.") from exc
    done.dialogues[split] += 1
    done.rounds[split] += len(sample.turns) // 2
    done.images += len(found)
    done.several_images += len(found) > 1


def _finish(folder: Path, settings: ExportSettings, done: Exported) -> None:
    """Write what loaders need besides the splits, and the mark of an export."""
    if settings.kind == "sharegpt":
        info = dataset_info(done.graph, [split for split, n in done.dialogues.items() if n])
        _write(folder / "dataset_info.json", json.dumps(info, ensure_ascii=False, indent=2))
    elif settings.kind in ("messages", "parquet"):
        text = card(done.graph, settings.kind, done.dialogues, opened_by_loader(settings))
        _write(folder / "README.md", text.rstrip("\n"))
    _write(folder / MARK, json.dumps({**asdict(done), "settings": asdict(settings)}, ensure_ascii=False, indent=1))


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
