"""Rounds out to other tools for annotation, and their verdicts back in; each format has a module of its own."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialogue.refine import refine
from dialogue.review_checks import Checks
from dialogue.review_rounds import Place, Record, open_dialogue
from dialogue.review_views import Words
from dialogue.verdicts import REASONS, RoundKey, Verdict
from ingest.ballot import iso, reviewer_name
from kg.errors import DataError

Address = Callable[[Mapping[str, Any]], str]  # where a tool finds an image of a turn
GUIDELINES = (
    "Accept a round if its answer is right and question and answer are well said. Refine it if other words mend it: "
    "every <image> and every name that the answer rests on has to stay. Reject it, with a reason, if words can't help."
)


@dataclass(frozen=True, slots=True)
class Item:
    """A round on its way out."""

    key: RoundKey
    record: Record

    @property
    def asked(self) -> Mapping[str, Any]:
        """Return the question's turn."""
        turn: Mapping[str, Any] = self.record["conversations"][self.key.turn - 1]
        return turn

    @property
    def given(self) -> Mapping[str, Any]:
        """Return the answer's turn."""
        turn: Mapping[str, Any] = self.record["conversations"][self.key.turn]
        return turn

    @property
    def known_by(self) -> dict[str, Any]:
        """Return what leads back to the round."""
        return {"graph": self.record["graph"], **self.key._asdict()}


@dataclass(frozen=True, slots=True)
class Foreign:
    """A verdict as another tool tells it, before it is checked: whatever may stand in a file."""

    known_by: Any
    reviewer: Any
    judgement: Any
    reason: Any = None
    note: Any = None
    question: Any = None
    answer: Any = None
    at: Any = None


@dataclass(slots=True)
class Imported:
    """What became of another tool's verdicts."""

    read: int = 0
    added: int = 0
    repeated: int = 0  # say what the reviewer had said before
    refused: dict[str, int] = field(default_factory=dict)  # by reason
    details: list[str] = field(default_factory=list)  # a sentence for each that was refused


def items(folder: Path, rounds: Iterable[Place]) -> Iterator[Item]:
    """Yield rounds with the dialogues that they stand in."""
    for place in rounds:
        yield Item(place.key, open_dialogue(folder, place))


def facts(item: Item, words: Words) -> str:
    """Return in plain words what a round rests on."""
    kg = item.given["kg"]
    lines = [f"Kind: {kg.get('kind')}, {kg.get('format')}"]
    lines += [f"{words.name(h)} — {words.relation(r)} — {words.name(t)}   ({h} {r} {t})" for h, r, t in kg["triples"]]
    answers = [words.name(each) for each in kg.get("answers", ())]
    more = f" and {len(answers) - 30:,} more" if len(answers) > 30 else ""
    lines.append(f"True answers: {', '.join(answers[:30]) or 'none'}{more}")
    return "\n".join(lines)


def read_json(path: Path) -> Any:
    """Return what a file holds. Raises DataError."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise DataError(f"{path} can't be read as JSON: {exc}.") from exc


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, nothing of what is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def checked(
    foreign: Iterable[Foreign],
    folder: Path,
    graph: str,
    rounds: Mapping[RoundKey, Place],
    checks: Checks,
    done: Imported,
) -> Iterator[Verdict]:
    """Yield those verdicts that stand, and count the others by reason."""
    known = {(key.dialogue, key.turn) for key in rounds}
    for n, each in enumerate(foreign, 1):
        done.read += 1
        reason = "malformed"
        try:
            key = _key(each.known_by, graph)
            if key not in rounds:
                reason = "other_words" if (key.dialogue, key.turn) in known else "no_such_round"
                raise DataError(f"the round {key.dialogue}#{key.turn} does not stand in {folder} in these words")
            verdict = _verdict(each, key)
            if verdict.judgement == "refine":
                reason = "not_true"
                place = rounds[key]
                changed = refine(
                    open_dialogue(folder, place),
                    key.turn,
                    verdict.question or "",
                    verdict.answer or "",
                    checks,
                    place.file,
                )
                asked, given = changed["conversations"][key.turn - 1 : key.turn + 1]
                verdict = replace(verdict, question=asked["value"], answer=given["value"])
            yield verdict
        except (DataError, KeyError, TypeError, ValueError, AttributeError) as exc:
            done.refused[reason] = done.refused.get(reason, 0) + 1
            done.details.append(f"verdict {n}: {exc}")


def _key(known_by: Any, graph: str) -> RoundKey:
    key = RoundKey(known_by["dialogue"], known_by["turn"], known_by["sha256"])
    if not (isinstance(key.dialogue, str) and isinstance(key.sha256, str) and type(key.turn) is int):
        raise DataError("it does not say which round it is of")
    if known_by.get("graph", graph) != graph:
        raise DataError(f"it is of the graph {known_by['graph']!r}, not of '{graph}'")
    return key


def _verdict(each: Foreign, key: RoundKey) -> Verdict:
    """Return a verdict that is one. Raises DataError."""
    name, note = reviewer_name(each.reviewer), _words(each.note)
    if each.judgement == "accept":
        return Verdict(key, name, "accept", note=note, at=moment(each.at))
    if each.judgement == "reject":
        reason = each.reason if isinstance(each.reason, str) and each.reason in REASONS else "other"
        return Verdict(key, name, "reject", reason, note, at=moment(each.at))
    if each.judgement != "refine":
        raise DataError(f"{each.judgement!r} is none of accept, refine and reject")
    if not isinstance(each.question, str) or not isinstance(each.answer, str):
        raise DataError("a refinement has a question and an answer")
    return Verdict(key, name, "refine", None, note, each.question, each.answer, moment(each.at))


def _words(value: Any) -> str | None:
    """Return a note in printable signs, None if there is none."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:1000] or None


def moment(value: Any) -> str | None:
    """Return a time in UTC; None for what is no time, or is yet to come. Without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(value)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return iso(found) if found <= datetime.now(UTC) else None
