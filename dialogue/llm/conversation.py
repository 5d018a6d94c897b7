"""A whole conversation by the model (K11, T4): pictures go out as descriptions, and come back as pictures.

What comes back is taken as a whole or not at all, by TextBind's checks (T5) and by each round's fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dialogue.llm.entail import Source, check_round
from dialogue.llm.facts import clean
from dialogue.llm.prompts import filled, prompt
from dialogue.llm.rounds import answered
from dialogue.llm.scenes import People, Record, Scene
from dialogue.quality.textbind import edit_distance
from dialogue.types import IMAGE

FARTHEST = 0.1  # normalised edit distance of a description
REASONS = {
    "wrong_rounds": "not one round for each fact",
    "broken_tag": "a picture's tags do not fit together",
    "unknown_image": "a picture that is not in the list",
    "description_changed": f"a description that differs by more than {FARTHEST}",
    "repeated_image": "a picture stands twice",
    "missing_image": "a picture of the list is not shown",
    "misplaced_image": "a picture stands on the other side, or in another round",
    "repeated_answer": "two answers are the same",
    "subject_named": "a text names what is shown there, or later",
}  # fmt: skip
_TAGGED = re.compile(r"<img(\d+)>(.*?)</img(\d+)>", re.DOTALL)
_TAG = re.compile(r"</?\s*img|<image", re.IGNORECASE)
_REFERS = re.compile(r"\b(?:its?|his|her|hers|their|they|them|he|she|him|this|that)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Script:
    """What a conversation must hold: its rounds, and each picture's description, in the order of the line."""

    scenes: tuple[Scene, ...]
    sources: tuple[Source, ...]
    relations: tuple[str, ...]  # in words, by round
    descriptions: tuple[str, ...]  # by number of the picture
    places: tuple[tuple[int, int], ...]  # by number of the picture: round, and 0 for the human's turn or 1


def script(scenes: Sequence[Scene], sources: Sequence[Source], relations: Sequence[str], people: People) -> Script:
    """Gather the pictures of a conversation, and describe them by what they show."""
    descriptions, places = [], []
    for n, scene in enumerate(scenes):
        for side, (turn, entity) in enumerate(((scene.asked, scene.subject), (scene.given, scene.answer))):
            if turn["image_list"]:
                descriptions.append(people.names(entity)[0])
                places.append((n, side))
    return Script(tuple(scenes), tuple(sources), tuple(relations), tuple(descriptions), tuple(places))


def images_told(written: Script) -> list[str]:
    """Return the pictures as the prompt lists them."""
    return [tagged(n, each) for n, each in enumerate(written.descriptions)]


def facts_told(written: Script, people: People) -> list[str]:
    """Return the facts as the prompt lists them, with what is shown where."""
    words = prompt("conversation")
    lines = []
    for n, scene in enumerate(written.scenes):
        subject, answer = people.names(scene.subject)[0], people.names(scene.answer)[0]
        head, tail = (subject, answer) if scene.direction == "tail" else (answer, subject)
        shown = ""
        for number, place in enumerate(written.places):
            if place == (n, 0):
                shown += filled(words["asked_with"], number=str(number), name=subject)
            elif place == (n, 1):
                shown += filled(words["answered_with"], number=str(number))
        values = {"number": str(n + 1), "head": head, "tail": tail, "relation": written.relations[n], "shown": shown}
        lines.append(filled(words["fact"], subject=subject, answer=answer, **values))
    return lines


def tagged(number: int, description: str) -> str:
    """Return a picture as text."""
    return f"<img{number}> {description} </img{number}>"


def read_turns(found: object) -> list[tuple[str, str]] | None:
    """Return the rounds of an answer, None if it holds something else."""
    if not isinstance(found, list):
        return None
    turns = []
    for each in found:
        sides = each if isinstance(each, dict) else {}
        asked, given = clean(sides.get("human")), clean(sides.get("assistant"))
        if not asked or not given:
            return None
        turns.append((asked, given))
    return turns


def check(written: Script, turns: Sequence[tuple[str, str]], people: People) -> str:
    """Return why a conversation is not taken, "" if nothing speaks against it."""
    if len(turns) != len(written.scenes):
        return "wrong_rounds"
    if reason := _check_images(written, turns):
        return reason
    if len({_bare(given).casefold() for _, given in turns}) < len(turns):
        return "repeated_answer"
    for n, (scene, source) in enumerate(zip(written.scenes, written.sources, strict=True)):
        asked, given = map(_bare, turns[n])
        refers = _refers(written, n, asked)
        if reason := check_round(source, asked, given, (scene.asks_by_image or refers, scene.answers_by_image)):
            return reason
        later = [other.subject for other in written.scenes[n + 1 :] if other.asks_by_image]
        now = [*later, scene.subject] if scene.asks_by_image else later
        if people.named(now, asked) or people.named(later, given):
            return "subject_named"
    return ""


def put_back(written: Script, turns: Sequence[tuple[str, str]]) -> list[Record]:
    """Return the turns of the line, with pictures where their descriptions stood."""
    made: list[Record] = []
    for n, (scene, (asked, given)) in enumerate(zip(written.scenes, turns, strict=True)):
        answer = _TAGGED.sub(IMAGE, given)
        stretch = next(each for each in written.sources[n].pair.within(answer) if each.whom == 1)
        turn = answered(scene, answer, stretch)
        if _refers(written, n, _bare(asked)):
            turn["kg"] = _referring(turn["kg"])
        made += ({**scene.asked, "value": _TAGGED.sub(IMAGE, asked)}, turn)
    return made


def _check_images(written: Script, turns: Sequence[tuple[str, str]]) -> str:
    seen: dict[int, tuple[int, int]] = {}
    for n, turn in enumerate(turns):
        for side, text in enumerate(turn):
            for opened, description, closed in _TAGGED.findall(text):
                number = int(opened)
                if opened != closed:
                    return "broken_tag"
                if number >= len(written.descriptions):
                    return "unknown_image"
                if edit_distance(description.strip()[:1000], written.descriptions[number]) > FARTHEST:
                    return "description_changed"
                if number in seen:
                    return "repeated_image"
                seen[number] = (n, side)
            if _TAG.search(_TAGGED.sub("", text)):
                return "broken_tag"
    if len(seen) < len(written.places):
        return "missing_image"
    return "" if all(seen[n] == place for n, place in enumerate(written.places)) else "misplaced_image"


def _refers(written: Script, n: int, asked: str) -> bool:
    """Say whether a question refers to the subject of the round before instead of naming its own."""
    scene = written.scenes[n]
    if not n or scene.asks_by_image or written.scenes[n - 1].subject != scene.subject or not _REFERS.search(asked):
        return False
    return not any(each.whom == 0 for each in written.sources[n].pair.within(asked))


def _referring(kg: dict[str, Any]) -> dict[str, Any]:
    """Add `refers` where the line format has it: before the images."""
    images = kg["images"]
    return {**{key: value for key, value in kg.items() if key != "images"}, "refers": True, "images": images}


def _bare(text: str) -> str:
    """Return a text without its pictures."""
    return " ".join(_TAGGED.sub(" ", text).split())
