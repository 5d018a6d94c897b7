"""Check that the versions of a dialogue in several languages say the same: written from the format alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

SAME = ("kind", "triples", "direction", "answers", "format", "query")  # of what a model's turn claims
# How names are joined, by language: between two, and before the last.
JOINS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "en": (", ", (" and ",)),
    "de": (", ", (" und ",)),
    "fr": (", ", (" et ",)),
    "es": (", ", (" y ", " e ")),
    "zh": ("、", ("和",)),
}


def joined(names: list[str], lang: str) -> list[str]:
    """Return the ways in which a language joins some names."""
    comma, lasts = JOINS.get(lang, JOINS["en"])
    return [comma.join(names[:-2] + [last.join(names[-2:])]) for last in lasts]


def meaning(turns: list[Mapping[str, Any]]) -> bytes:
    """Return a digest of what a dialogue says whatever its language: images, triples, answers, turn by turn."""
    said = []
    for turn in turns:
        kg = turn.get("kg") or {}
        named = [entity for _, _, entity in kg.get("slots", ())]
        said.append([turn["from"], kg.get("images"), turn["image_list"], named, [kg.get(key) for key in SAME]])
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()[:16]


class Parallels:
    """The groups of dialogues that name the same `parallel`."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[bytes, str, int, set[str]]] = {}  # first version's digest, file, line; languages

    def add(self, record: Mapping[str, Any], file: str, line: int) -> str | None:
        """Take note of a dialogue; return what is wrong with it beside its other versions, if anything."""
        group = record["parallel"]
        if group is None:
            return None
        digest, lang = meaning(record["conversations"]), str(record["lang"])
        if group not in self._groups:
            self._groups[group] = (digest, file, line, {lang})
            return None
        first, place, _, languages = self._groups[group]
        if lang in languages:
            return f"{group} is there in {lang!r} already"
        languages.add(lang)
        if place != file:
            return f"another version of {group} stands in {place}"
        return f"triples, images or answers are not those of {group}" if digest != first else None

    def incomplete(self) -> Iterator[tuple[str, int, str, str]]:
        """Yield the groups that lack a language which others have: file, line, group, and what is lacking."""
        every = set().union(*(languages for _, _, _, languages in self._groups.values()))
        for group, (_, file, line, languages) in self._groups.items():
            if every - languages:
                yield file, line, group, f"{group} is lacking in {', '.join(sorted(every - languages))}"
