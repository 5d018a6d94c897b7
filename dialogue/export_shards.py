"""Dialogues as tar shards for WebDataset: a sample a dialogue, its JSON and its pictures in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dialogue.export_lines import Sample
from dialogue.export_pictures import Picture
from dialogue.export_tags import unescape
from dialogue.export_text import Put, as_json, chat
from kg.errors import DataError


def record(sample: Sample, names: Sequence[str]) -> dict[str, Any]:
    """Return a sample's JSON; `images` are the keys of its pictures in the sample."""
    return {
        "id": sample.id,
        "graph": sample.graph,
        "lang": sample.lang,
        "parallel": sample.parallel,
        "strategy": sample.strategy,
        "messages": chat(sample),
        "images": list(names),
        "kg": sample.evidence(unescape),
    }


@contextmanager
def shards(folder: Path, split: str, size: int) -> Iterator[Put]:
    """Write `<split>-000000.tar` and on; a shard is closed once it has `size` bytes.

    Keys are numbers, because what an id may hold (a dot, a slash) would mean something else in a tar. Times are 0, so
    the same dialogues give the same bytes.
    """
    try:
        from webdataset import TarWriter  # type: ignore[import-untyped]
    except ImportError as exc:
        raise DataError(
            "Shards are written with webdataset, which is not installed; `pip install webdataset`."
        ) from exc
    with ExitStack() as stack:
        file = writer = None
        made = number = 0

        def put(sample: Sample, pictures: Sequence[Picture]) -> None:
            nonlocal file, writer, made, number
            if file is not None and file.tell() >= size:
                stack.close()
                file = None
            if file is None:
                file = stack.enter_context((folder / f"{split}-{made:06d}.tar").open("wb"))
                writer = stack.enter_context(TarWriter(file, encoder=False, mtime=0))
                made += 1
            names = [f"{n:03d}.{Path(picture.path).suffix[1:]}" for n, picture in enumerate(pictures)]
            contents = {name: each.content for name, each in zip(names, pictures, strict=True)}
            text = as_json(record(sample, names)).encode("utf-8")
            writer.write({"__key__": f"{split}-{number:09d}", **contents, "json": text})
            number += 1

        yield put
