"""A conversation as a page shows it: pieces of text and pictures, in the order in which they stand."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dialogue.quality.pictures import below, thumbnail
from dialogue.types import IMAGE, Dialogue, Fact, Turn

SIDE = 176  # pixels of a thumbnail's longer side


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a turn: text, text that names an answer, or a picture (a data: URL; "" where it is gone)."""

    kind: str  # text | answer | picture
    text: str
    url: str = ""


def pieces(turn: Turn, root: Path | None) -> Iterator[Piece]:
    """Yield the pieces of a turn."""
    slots = {slot.start: slot for slot in turn.fact.slots} if turn.fact else {}
    bounds = {0, len(turn.value)} | {edge for slot in slots.values() for edge in (slot.start, slot.end)}
    marks = {found.start(): found.end() for found in re.finditer(IMAGE, turn.value)}
    bounds |= set(marks) | set(marks.values())
    images = iter(turn.images)
    ordered = sorted(bound for bound in bounds if 0 <= bound <= len(turn.value))
    for start, end in zip(ordered, ordered[1:], strict=False):
        if start in marks:
            image = next(images, None)
            yield Piece("picture", image.entity if image else "", _url(image.file, root) if image else "")
        elif text := turn.value[start:end]:
            inside = any(slot.start <= start and end <= slot.end for slot in slots.values())
            yield Piece("answer" if inside else "text", text)


def _url(file: str, root: Path | None) -> str:
    place = below(root, file)
    data = thumbnail(place, SIDE) if place else None
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}" if data else ""


def evidence(fact: Fact) -> list[str]:
    """Return what an answer rests on, a line each: its triples, or the path that decides it."""
    lines = [f"{head}  {relation}  {tail}" for head, relation, tail in fact.triples[:4]]
    if len(fact.triples) > 4:
        lines.append(f"and {len(fact.triples) - 4:,} more triples")
    if fact.query is not None and not lines:
        steps = " → ".join(relation for relation, _ in fact.query.path) or fact.query.by or ""
        lines.append(f"{', '.join(fact.query.subjects)}  {steps}")
    return lines


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation to be shown."""

    id: str
    about: str
    turns: tuple[tuple[str, tuple[Piece, ...], str, tuple[str, ...]], ...]  # speaker, pieces, what kind, evidence


def shown(dialogue: Dialogue, root: Path | None) -> Shown:
    """Return a conversation as a page shows it."""
    turns = []
    for turn in dialogue.turns:
        fact = turn.fact
        kind = f"{fact.kind.replace('_', ' ')}, {fact.format}" if fact else ""
        turns.append((turn.speaker, tuple(pieces(turn, root)), kind, tuple(evidence(fact)) if fact else ()))
    return Shown(dialogue.id, f"{dialogue.strategy}, {dialogue.lang}", tuple(turns))
