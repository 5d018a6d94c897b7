"""New words for a round that stay true: slots are found again, images stay, `dialogue.verify` has nothing to say."""

import copy
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dialogue.review_checks import Checks
from dialogue.review_rounds import Record
from dialogue.truth import Truth
from dialogue.verify import REASONS
from kg.errors import DataError

IMAGE = "<image>"
LONGEST = 8_000  # characters of a turn


def refine(record: Record, turn: int, question: str, answer: str, checks: Checks, file: str) -> Record:
    """Return a dialogue of a file with new words for the round whose answer stands at `turn`.

    Raises DataError, a sentence for the reviewer, where the words break what the round rests on.
    """
    changed: Record = copy.deepcopy(record)
    asked, given = changed["conversations"][turn - 1 : turn + 1]
    kg = given["kg"]
    was_asked, old = asked["value"], given["value"]
    for side, value, name in ((asked, question, "question"), (given, answer, "answer")):
        side["value"] = clean(value, name, side["value"].count(IMAGE))
    if (asked["value"], given["value"]) == (was_asked, old):
        raise DataError("Nothing is changed: accept the round if it is right as it is.")
    was = [old[start:end] for start, end, _ in kg["slots"]]
    kg["slots"] = slots(old, given["value"], kg["slots"], checks.truth)
    if was and kg["value"].casefold() == listed(was).casefold():
        kg["value"] = listed([given["value"][start:end] for start, end, _ in kg["slots"]])
    known = Counter((at, reason) for at, reason, _ in checks.complaints(record, file))
    for at, reason, detail in checks.complaints(changed, file):
        if at == turn or not known[at, reason]:
            raise DataError(refusal(at, turn, reason, detail))
        known[at, reason] -= 1
    return changed


def refusal(at: int, turn: int, reason: str, detail: str) -> str:
    """Return what a check says of a refinement, as a sentence."""
    where = "" if at == turn else f" in round {at // 2 + 1} of this dialogue"
    return f"These words can't be taken: {REASONS.get(reason, reason)}{where} ({detail})."


def clean(value: str, name: str, images: int) -> str:
    """Return a text as it is kept. Raises DataError for what no turn may hold."""
    kept = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(kept) > LONGEST:
        raise DataError(f"The {name} has {len(kept):,} characters: use up to {LONGEST:,}.")
    odd = [sign for sign in kept if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t"]
    if odd:
        raise DataError(f"The {name} holds the sign U+{ord(odd[0]):04X}, which nobody can read: leave it out.")
    if not kept.replace(IMAGE, "").strip():
        raise DataError(f"The {name} says nothing: write it, or reject the round.")
    if kept.count(IMAGE) != images:
        shown = "no picture" if not images else "one picture" if images == 1 else f"{images} pictures"
        raise DataError(
            f"The {name} shows {shown}, so {IMAGE} has to stand in it {images} times, not {kept.count(IMAGE)}."
        )
    return kept


def slots(old: str, new: str, known: Sequence[Sequence[Any]], truth: Truth) -> list[list[Any]]:
    """Return where a new answer names the entities that the old one named, in the same order.

    Of several places that name an entity, the one is taken that the old place became. Raises DataError if one is gone.
    """
    moved = _moves(old, new)
    found: dict[int, list[Any]] = {}
    taken: list[tuple[int, int]] = []
    for i in sorted(range(len(known)), key=lambda i: known[i][0] - known[i][1]):  # the longest first
        start, end, entity = known[i]
        free = [
            span
            for span in _named(new, (old[start:end], *truth.names.get(entity, ())))
            if all(span[1] <= other[0] or other[1] <= span[0] for other in taken)
        ]
        if not free:
            raise DataError(
                f"The answer no longer names {old[start:end]!r}, which it rests on: name it, or reject the round."
            )
        best = min(free, key=lambda span: (abs(span[0] - moved(start)), span[0] - span[1]))
        taken.append(best)
        found[i] = [*best, entity]
    return [found[i] for i in range(len(known))]


def _named(text: str, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where a text names something as a whole word, in whatever case."""
    spans: set[tuple[int, int]] = set()
    for name in {name for name in names if name.strip()}:
        left, right = (r"(?<!\w)" if name[0].isalnum() else "", r"(?!\w)" if name[-1].isalnum() else "")
        if not name.isascii() and re.search(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]", name):
            left = right = ""  # scripts that set no space between words
        spans.update(found.span() for found in re.finditer(f"{left}{re.escape(name)}{right}", text, re.IGNORECASE))
    yield from sorted(spans)


def _moves(old: str, new: str) -> Callable[[int], int]:
    """Return where a place of the old text stands in the new one: counted from the end that was left as it was."""
    before = len(os.path.commonprefix([old, new]))
    after = len(os.path.commonprefix([old[before:][::-1], new[before:][::-1]]))
    changed, now = len(old) - before - after, len(new) - before - after

    def moved(place: int) -> int:
        if place <= before:
            return place
        if place >= len(old) - after:
            return place + len(new) - len(old)
        return before + (place - before) * now // changed

    return moved


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return ", ".join([*names[:-2], " and ".join(names[-2:])])
