"""Several things that one question asks for: "What is the capital and the currency of Peru?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST = 6  # things of one question
_HEAD = re.compile(
    r"\W*(?:(?:what|who)(?:['’]?s|\s+(?:is|are|was|were))|name|tell\s+me|give\s+me)\s+(?=the\b)", re.IGNORECASE
)
_LIST = re.compile(r",\s+(?:and\s+)?(?:the\s+)?|\s+and\s+(?:the\s+)?", re.IGNORECASE)
_THING = re.compile(r"(?:(?!(?:of|in|for|and|or|that|which|who|whose)\b)[\w'’-]+\s*){1,3}", re.IGNORECASE)
_OF = re.compile(r"\s+(?:of|in|for)\s+(?:the\s+)?$", re.IGNORECASE)
_ANOTHER = re.compile(r"(?:,|,?\s+and)\s+(?=the\s)", re.IGNORECASE)


def each_asked(text: str, names: Sequence[tuple[int, int]]) -> list[str]:
    """Cut a question that asks for several things into one of each; `names` are given as (start, end).

    They are asked of one ("the capital and the currency of Peru"), or each of its own ("the capital of Peru and the
    currency of Chile").
    """
    head = _HEAD.match(text)
    if head is None or not names:
        return [text]
    ends = [end for _, end in names]
    for cut in _ANOTHER.finditer(text, head.end()):
        if cut.start() in ends and any(start >= cut.end() for start, _ in names):
            return [text[: cut.start()], *each_asked(head[0] + text[cut.end() :], moved(names, cut.end() - head.end()))]
    first = min(start for start, _ in names)
    of = _OF.search(text, 0, first)
    if of is None:
        return [text]
    things = _LIST.split(text[head.end() : of.start()].removeprefix("the "))
    if not 1 < len(things) <= MOST or not all(_THING.fullmatch(thing) for thing in things):
        return [text]
    return [f"{head[0]}the {thing}{text[of.start() :]}" for thing in things]


def moved(names: Sequence[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    """Return the names that lie beyond what is cut off, where they lie then."""
    return [(start - by, end - by) for start, end in names if start >= by]
