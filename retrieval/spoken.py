"""What a conversation has spoken of: what a pronoun, "the second one" or "and of Chile?" can mean in the next turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.names import Named
from retrieval.questions import Part

if TYPE_CHECKING:
    from retrieval.understood import Understood

TOPICS = 6  # that are remembered
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_WHICH_ONE = re.compile(
    rf"\bthe\s+(?:(?P<word>{'|'.join(_ORDINALS)})|(?P<number>\d{{1,2}})(?:st|nd|rd|th)|(?P<last>last))"
    r"(?:\s+(?:one\b|of\s+(?:them|these|those)\b)|(?=\s*(?:[?!.,;]|['’]s\b|$)|\s+(?:is|was|has|had|does|did|looks?)\b))",
    re.IGNORECASE,
)
_OF_THEM = re.compile(
    r"(?:(?:and|but|so)\s+)?(?:which|who|whom|what)(?:\s+ones?)?\s+of\s+(?:them|these|those|the\s+(?:latter|ones))\s+",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"(?:and\s+)?(?:another|one\s+more|a\s+different)(?:\s+one)?(?:\s+of\s+(?:it|them))?", re.IGNORECASE
)
_ELLIPSIS = re.compile(
    rf"(?:and|but|ok|okay|then|so|now|also|,|\s|what\s+about|how\s+about|the\s+same|of|in|for|on|at|with|by|to|from|the)*"
    rf"{re.escape(HOLE)}(?:\s+(?:then|too|as\s+well|also|instead))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was spoken of before a turn."""

    topics: tuple[Named, ...] = ()  # what "it" may mean, the likeliest first
    listed: tuple[Named, ...] = ()  # the answers that were named last, in their order
    several: tuple[tuple[Named, ...], ...] = ()  # what "they" may mean: each of several, its likeliest meaning first
    asked: Part | None = None  # what was asked last, HOLE in the place of whom it was about
    shown: frozenset[str] = frozenset()  # sha256 of the images that were shown


NOTHING = Spoken()


def after(
    before: Spoken, understood: Sequence[Understood], answers: Sequence[Sequence[Named]], shown: Iterable[str]
) -> Spoken:
    """Return what a conversation has spoken of after a turn: the answers of each of its parts, images by sha256.

    "It" is a turn's only answer rather than its subject, and the last part's rather than an earlier one's.
    """
    topics: list[Named] = []
    for each, found in reversed(list(zip(understood, answers, strict=True))):
        topics += [*(found if len(found) == 1 else ()), *([each.subject] if each.subject else ())]
    listed = next((tuple(found) for found in reversed(answers) if len(found) > 1), ())
    every = tuple(dict.fromkeys(entity for found in answers for entity in found))
    several = tuple((entity,) for entity in listed) or _each(understood, answers)
    if not listed and len(every) > 1:
        listed = every
    last = next((each for each in reversed(understood) if each.masked), None)
    return Spoken(
        topics=tuple(dict.fromkeys([*topics, *before.topics]))[:TOPICS],
        listed=listed or before.listed,
        several=several if topics else before.several,
        asked=Part(last.masked, last.wish) if last else before.asked,
        shown=before.shown.union(shown),
    )


def _each(understood: Sequence[Understood], answers: Sequence[Sequence[Named]]) -> tuple[tuple[Named, ...], ...]:
    """Return what each part was about, its answer first, where these differ; a picture is of its subject."""
    meant = [
        (*found, *([each.subject] if each.subject else ()))
        for each, found in zip(understood, answers, strict=True)
        if found or (each.wish and each.link is None)
    ]
    return tuple(meant) if len({each[:1] for each in meant}) > 1 else ()


def one_of(text: str, listed: Sequence[Named]) -> tuple[Named, str] | None:
    """Return which of the entities that were listed a text means by its place, and the text with HOLE for it."""
    found = _WHICH_ONE.search(text)
    if found is None or len(listed) < 2:
        return None
    if found["last"]:
        place = len(listed) - 1
    else:
        place = _ORDINALS.index(found["word"].lower()) if found["word"] else int(found["number"]) - 1
    if not 0 <= place < len(listed):
        return None
    return listed[place], text[: found.start()] + HOLE + text[found.end() :]


def of_them(text: str, listed: Sequence[Named]) -> str | None:
    """Return what is asked of those that were listed, as a question of its own: "which speak Portuguese"."""
    found = _OF_THEM.match(text)
    return f"which {text[found.end() :]}" if found and len(listed) > 1 else None


def asks_for_another(text: str, spoken: Spoken) -> bool:
    """Say whether another picture is asked for after one: "and another one"."""
    return spoken.asked is not None and spoken.asked.wish and _ANOTHER.fullmatch(text.strip(" .!?")) is not None


def leaves_out(masked: str) -> bool:
    """Say whether nothing but another subject is named: "and of Chile?", "what about Chile"."""
    return HOLE in masked and _ELLIPSIS.fullmatch(masked.strip().rstrip("?!. ")) is not None
