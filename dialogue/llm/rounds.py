"""One round in new words: the same fact, the same pictures, in the same format (K12, K13)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialogue.draws import Draws
from dialogue.llm.names import Named, Pair
from dialogue.llm.scenes import People, Record, Scene
from dialogue.pictures import NEUTRAL, PERSONS, PictureWords
from dialogue.types import IMAGE
from dialogue.wordings import Asking

_ARTICLE = re.compile(r"\b(?:the|an?) $", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reworded:
    """Two turns as they go into the line."""

    asked: Record
    given: Record


def reworded(
    scene: Scene, pair: Pair, words: tuple[str, str], asking: Asking, pictures: PictureWords, draws: Draws
) -> Reworded | None:
    """Return a round in the words of a question and its answer; None where its picture finds no place in them."""
    question, answer = words
    if scene.asks_by_image:
        shown = show(question, pair.within(question))
        if shown is None:
            return None
        question = shown
    stretch = next((each for each in pair.within(answer) if each.whom == 1), None)
    if stretch is None:
        return None
    if scene.answers_by_image:
        several = len(scene.given["kg"]["answers"]) > 1
        requests = pictures.requests[NEUTRAL if several else asking.kind in PERSONS]
        replies = pictures.replies[asking.kind in PERSONS]
        question = f"{question} {requests[draws.below(len(requests))]}"
        answer = f"{answer} {replies[draws.below(len(replies))]}"
    return Reworded({**scene.asked, "value": question}, answered(scene, answer, stretch))


def show(question: str, named: list[Named]) -> str | None:
    """Put a picture in the place of the subject's one name; None if it is named otherwise, or owns something."""
    places = [each for each in named if each.whom == 0]
    if len(places) != 1 or question[places[0].end : places[0].end + 1] in ("'", "\u2019"):
        return None
    before = _ARTICLE.sub("", question[: places[0].start])
    return f"{before}{IMAGE}{question[places[0].end :]}"


def answered(scene: Scene, text: str, stretch: Named) -> Record:
    """Return the model's turn with another text, in which the answer is named at `stretch`."""
    value = text[stretch.start : stretch.end]
    slots = [[stretch.start, stretch.end, scene.answer]]
    return {**scene.given, "value": text, "kg": {**scene.given["kg"], "value": value, "slots": slots}}


def keeps_secrets(people: People, words: Reworded, before: list[str], after: list[str]) -> bool:
    """Say whether the question names nobody of `before`, and the answer nobody of `after`."""
    return not (people.named(before, words.asked["value"]) or people.named(after, words.given["value"]))
