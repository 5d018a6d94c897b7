"""TextBind's checks of a conversation (section 3, and its authors' code), each with the reason it gives.

`check_described` is for a text that a language model wrote, where images still stand as `<img0> DESCRIPTION </img0>`;
`check` is for a conversation in which they were put back.
"""

import re
from collections.abc import Sequence

from dialogue.types import IMAGE, Dialogue

REASONS = {
    "description_changed": "an image's description is not what it was given as (edit distance over 0.1)",
    "description_unknown": "an image is described that was not given",
    "broken_tag": "a tag is left open, closed twice, or stands for no image",
    "wrong_role": "human and model do not take turns",
    "too_few_turns": "fewer than 3 turns, a turn being an instruction with its response",
    "no_image": "no turn shows an image",
    "repeated_image": "an image is shown twice",
    "repeated_answer": "an answer is given twice",
}
TURNS = 3
DISTANCE = 0.1

_TAG = re.compile(r"<(/?)img(\d+)>", re.IGNORECASE)
_LIKE_TAG = re.compile(r"<\s*/?\s*img\s*\d*\s*/?\s*>", re.IGNORECASE)


def check_described(text: str, descriptions: Sequence[str]) -> str | None:
    """Return what is wrong with a text that describes images of a list, numbered from 0; None if nothing is."""
    position, tags = 0, list(_TAG.finditer(text))
    if len(tags) % 2 or len(tags) != len(_LIKE_TAG.findall(text)):
        return "broken_tag"
    for opening, closing in zip(tags[::2], tags[1::2], strict=True):
        if opening[1] or not closing[1] or opening[2] != closing[2] or opening.start() < position:
            return "broken_tag"
        position = closing.end()
        number, said = int(opening[2]), text[opening.end() : closing.start()].strip()
        if number >= len(descriptions):
            return "description_unknown"
        if edit_distance(said, descriptions[number].strip()) > DISTANCE:
            near = any(edit_distance(said, each.strip()) <= DISTANCE for each in descriptions)
            return "description_changed" if near or alike(said, descriptions[number]) else "description_unknown"
    return None


def alike(one: str, other: str) -> bool:
    """Say whether a text is another in other words: half of its characters at least stayed."""
    return edit_distance(one.strip(), other.strip()) <= 0.5


def edit_distance(one: str, other: str) -> float:
    """Return the edit distance of two texts over the longer one's length, 0 to 1."""
    if one == other:
        return 0.0
    before = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right)))
        before = row
    return before[-1] / max(len(one), len(other))


def check(dialogue: Dialogue) -> list[str]:
    """Return every reason for which TextBind would leave a conversation out."""
    turns = dialogue.turns
    found = []
    if any(turn.value.count(IMAGE) != len(turn.images) or _LIKE_TAG.search(turn.value) for turn in turns):
        found.append("broken_tag")
    if not turns or [turn.speaker for turn in turns] != ["human", "model"] * (len(turns) // 2):
        found.append("wrong_role")
    if len(turns) < 2 * TURNS:
        found.append("too_few_turns")
    images = [image.sha256 for turn in turns for image in turn.images]
    if not images:
        found.append("no_image")
    if len(set(images)) < len(images):
        found.append("repeated_image")
    answers = [turn.value.strip() for turn in turns if turn.speaker == "model"]
    if len(set(answers)) < len(answers):
        found.append("repeated_answer")
    return found
