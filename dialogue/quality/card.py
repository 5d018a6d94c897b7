"""A dataset card as Hugging Face reads it, with a datasheet (Gebru et al. 2021), filled in from what was counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.quality.report import PARTS, environment, leakage

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # ours, Hugging Face's


def card(
    folder: Path, settings: Mapping[str, Any], found: Mapping[str, Any], license_name: str | None, name: str | None
) -> str:
    """Return README.md of a folder of dialogues."""
    languages = sorted({lang for split in found["languages"].values() for lang in split})
    title = name or f"Dialogues of {settings['graph']}"
    return environment().get_template("card.md").render(
        header=header(found, languages, license_name, title),
        title=title,
        settings=settings,
        found=found,
        languages=languages,
        license=license_name,
        files=[(split, hub, found["dialogues"][split]) for split, hub in SPLITS.items() if found["dialogues"][split]],
        checked=json.dumps(settings.get("settings", {}), ensure_ascii=False),
        filtered=settings.get("filtered", []),
        leakage=leakage(folder),
        kinds=kinds(found),
        forms={form for split in found["formats"].values() for form in split},
        parts=PARTS,
    )  # fmt: skip


def header(found: Mapping[str, Any], languages: list[str], license_name: str | None, title: str) -> list[str]:
    """Return the lines of the card's YAML header; every value is quoted as JSON, which YAML can read."""
    lines = [f"pretty_name: {json.dumps(title)}"]
    if license_name:
        lines.append(f"license: {json.dumps(license_name)}")
    lines += ["language:", *(f"- {json.dumps(lang)}" for lang in languages)]
    lines += ["task_categories:", *(f"- {task}" for task in tasks(found))]
    lines += ["size_categories:", f"- {size(found['dialogues']['total'])}"]
    lines += ["tags:", "- knowledge-graph", "- multi-turn", "- interleaved-images", "- multimodal"]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split, hub in SPLITS.items():
        if found["dialogues"][split]:
            lines += [f"  - split: {hub}", f"    path: {split}.jsonl"]
    return lines


def tasks(found: Mapping[str, Any]) -> list[str]:
    """Return the task categories that the formats amount to."""
    forms = {form for split in found["formats"].values() for form in split}
    named = [("question-answering", {"T2T"}), ("visual-question-answering", {"I2T"}), ("any-to-any", {"T2I", "I2I"})]
    return [task for task, those in named if forms & those]


def size(rows: int) -> str:
    """Return the size category of so many rows."""
    return next((name for limit, name in SIZES if rows < limit), "1M<n<10M")


def kinds(found: Mapping[str, Any]) -> dict[str, int]:
    """Return the rounds of each kind over all splits."""
    counts: dict[str, int] = {}
    for split in found["kinds"].values():
        for kind, n in split.items():
            counts[kind] = counts.get(kind, 0) + n
    return counts
