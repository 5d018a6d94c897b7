"""What a question says beside names: its parts, whether a picture is asked for, what it points at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialogue.types import IMAGE
from model.questions import HOLE
from retrieval.names import Named

_PREPOSITION = r"(?:(?:in|on|to|of|from|by|with|at|for|under|during|near)\s+)?"
_START = (
    rf"(?:{_PREPOSITION}(?:what|which|whom|whose)\b|who\b|who's\b|what's\b|where\b|when\b|how\b|show\s+me\b|please\b"
    r"|(?:can|could|would|may)\s+(?:you|i|we)\b|give\s+me\b|with\s+(?:a\s+)?(?:picture|image|photo)\b)"
)
_HELLO = r"(?:hello|hi|hey|good\s+(?:morning|day|afternoon|evening))(?:\s+there)?"
_THANKS = r"(?:many\s+)?(?:thanks?|thank\s+you|cheers)(?:\s+(?:a\s+lot|so\s+much|very\s+much|you))?"
_COURTESY = re.compile(rf"(?P<hello>{_HELLO})|(?P<thanks>{_THANKS})|(?P<bye>(?:good)?bye|see\s+you)", re.IGNORECASE)
_ALONE = r"(?<!\bwhere)(?<!\bwhen)(?<!\bwho)(?<!\bwhat)"  # "Where, in which country, is Lima?" is one question
_CUT = re.compile(
    rf"[?!]+\s+(?=\S)|\n+|(?:\.|{_ALONE},|,?\s+(?:and|but))\s+(?={_START})|^(?:{_HELLO}|{_THANKS}),\s+", re.IGNORECASE
)

_BEGINS = re.compile(rf"\s*{_START}", re.IGNORECASE)

_PICTURE = r"(?:pictures?|images?|photos?|photographs?|drawings?|pics?|illustrations?)"
_EMBLEM = (
    r"(?:(?:national\s+|official\s+|state\s+)?(?:flags?|logos?|emblems?|portraits?|posters?|coats?\s+of\s+arms|covers?"
    r"|crests?|seals?|icons?|banners?))"
)
_POLITE = r"(?:please\s+)?(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
_SHOW = re.compile(rf"{_POLITE}(show|display|give|send|find|get)\s+(?:(?:me|us)\s+)?", re.IGNORECASE)
_SEE = re.compile(r"(?:please\s+)?(?:can|could|may|might)\s+(?:i|we)\s+(?:please\s+)?(?:see|have)\s+", re.IGNORECASE)
_LOOKS = re.compile(
    rf"(?:(?:what|how)\s+(?:does|do|did)|{_POLITE}show\s+(?:me|us)\s+(?:what|how))\s+(.+?)\s+looks?(?:\s+like)?$",
    re.IGNORECASE,
)
_A_PICTURE = re.compile(
    rf"(?:with\s+)?(?:(?:a|an|the|another|one|some|any)\s+)?{_PICTURE}\b(?:\s+(?:of|for|showing|with)\b)?\s*",
    re.IGNORECASE,
)
_EMBLEM_OF = re.compile(rf"(?:(?:a|an|the)\s+)?{_EMBLEM}\s+(?:of|for)\s+", re.IGNORECASE)
_ITS_EMBLEM = re.compile(rf"(its|their|his|her)\s+{_EMBLEM}$", re.IGNORECASE)
_WHOSE = {"its": "it", "their": "them", "his": "him", "her": "her"}
_OWN_EMBLEM = re.compile(rf"(.+?)(?:'s|’s|s')?\s+{_EMBLEM}$", re.IGNORECASE)
_WHAT_EMBLEM = re.compile(
    rf"(?:what\s+is|what's|which\s+is|what\s+are)\s+(?=(?:the\s+)?{_EMBLEM}\s+of\s+)", re.IGNORECASE
)
_CLOSING = re.compile(r"[\s,]*\bplease[\s.!?]*$", re.IGNORECASE)
_VISIBLE = re.compile(rf"\b(?:{_PICTURE}|{_EMBLEM})\b", re.IGNORECASE)

_AGAIN = r"(?:(?:of|in|for|on|to|by)\s+)?(?:the\s+)?$"  # the capital of Peru and of the Netherlands
_AND = re.compile(rf"(?:,?\s+and|\s*&)\s+{_AGAIN}", re.IGNORECASE)
_COMMA = re.compile(rf"(?:\s*,|,?\s+and|\s*&)\s+{_AGAIN}", re.IGNORECASE)

_BACK = frozenset(
    "it them one ones that this these those him her of the its their he she they there answer answers".split()  # noqa: SIM905
)
_POINTING = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|theirs|there|he|she|him|her|his|here)\b", re.IGNORECASE
)
_IN_PICTURE = rf"\s+(?:shown\s+|seen\s+|depicted\s+)?(?:in|on|of)\s+(?:this|the|that)\s+(?:{_PICTURE}|{_EMBLEM})\b"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is asked: `text` without the words that ask for a picture."""

    text: str
    wish: bool  # a picture is asked for
    among: tuple[Named, ...] = ()  # only these can be answers: those that were listed before; empty: all

    @property
    def refers_back(self) -> bool:
        """Say whether nothing is named: the wish is for a picture of what was spoken of before."""
        return self.wish and all(word in _BACK for word in re.findall(r"\w+", self.text.casefold()))


def parts_of(question: str, names: Iterable[tuple[int, int]] = ()) -> list[Part]:
    """Cut a question into what it asks; never within one of `names`, given as (start, end)."""
    names = list(names)
    text, start, pieces = question, 0, []
    for cut in _CUT.finditer(text):
        led_in = cut[0].startswith(",") and not _BEGINS.match(text[start:])  # across the border of Peru, which …
        if not led_in and not any(a < cut.end() < b for a, b in names):
            pieces.append(text[start : cut.start()])
            start = cut.end()
    pieces.append(text[start:])
    parts = [wished(tidy(piece)) for piece in pieces]
    return [part for part in parts if part.text or part.wish] or [Part(question.strip(), False)]


def one_by_one(text: str, names: Iterable[tuple[int, int]]) -> list[str]:
    """Ask of each of the names that end a text on its own: of Peru, and of Chile. `names`: (start, end)."""
    starts: dict[int, int] = {}
    for start, end in names:
        starts[end] = min(start, starts.get(end, start))
    found: list[str] = []
    end, first = len(text), len(text)
    while end in starts:
        first = starts[end]
        found.append(text[first:end])
        joint = (_COMMA if len(found) > 1 else _AND).search(text, 0, first)
        if joint is None:
            before = text[:first]
            several = len(found) > 1 and not before.casefold().endswith("between ")
            return [before + name for name in reversed(found)] if several else [text]
        end = joint.start()
    return [text]


def tidy(piece: str) -> str:
    """Return a piece of a question without a placeholder for an image, "please" and the final mark."""
    piece = _CLOSING.sub("", piece.strip())
    if piece.startswith(IMAGE):
        piece = piece.removeprefix(IMAGE)
    return piece.strip().rstrip("?!. ").strip()


def wished(text: str) -> Part:
    """Take the words that ask for a picture off a part of a question."""
    if looks := _LOOKS.fullmatch(text):
        return Part(_bare(looks[1]), True)
    wish = False
    if see := _SEE.match(text):
        text, wish = text[see.end() :], True
    elif show := _SHOW.match(text):
        rest = text[show.end() :]
        if show[1].casefold() in ("show", "display") or _A_PICTURE.match(rest):
            text, wish = rest, True
    elif what := _WHAT_EMBLEM.match(text):
        text, wish = text[what.end() :], True
    if picture := _A_PICTURE.match(text):
        text, wish = text[picture.end() :], True
    return Part(_bare(text) if wish else text, wish)


def _bare(text: str) -> str:
    """Return whom a picture shall show: "the flag of Peru" and "Peru's flag" are Peru."""
    if emblem := _EMBLEM_OF.match(text):
        return text[emblem.end() :]
    if its := _ITS_EMBLEM.fullmatch(text):
        return _WHOSE[its[1].casefold()]
    if own := _OWN_EMBLEM.fullmatch(text):
        return own[1]
    return text


def courtesy(text: str) -> str | None:
    """Return which courtesy a text is and nothing else: hello, thanks or bye; None if it is none."""
    found = _COURTESY.fullmatch(text.strip(" .,!?"))
    return found.lastgroup if found else None


def speaks_of_a_picture(text: str) -> bool:
    """Say whether a text has a word for what can be looked at: a picture, a flag."""
    return bool(_VISIBLE.search(text))


def points(text: str) -> bool:
    """Say whether a text points at something without naming it."""
    return IMAGE in text or bool(_POINTING.search(text))


def masked_mention(text: str, start: int, end: int) -> str:
    """Return a text with HOLE for the name at [start:end]."""
    before, after = text[:start], text[end:]
    if before.casefold().endswith("the "):
        before = before[: -len("the ")]
    return before + HOLE + after


class Pointing:
    """How questions point at what a picture shows: "this country", "the film in this picture"."""

    def __init__(self, nouns: Sequence[str]) -> None:
        known = "|".join(re.escape(noun) for noun in sorted({*nouns}, key=len, reverse=True) if noun)
        noun = rf"(?:{known}|\w+)" if known else r"\w+"
        self._patterns = (
            re.compile(rf"(?:the|this|that)\s+(?:{noun}{_IN_PICTURE})", re.IGNORECASE),
            re.compile(rf"(?:this|the)\s+(?:{_PICTURE})\b", re.IGNORECASE),
            re.compile(rf"\b(?:this|that)\s+(?:{known})\b", re.IGNORECASE) if known else re.compile("(?!)"),
            re.compile(r"\bthis\s+(?!(?:is|was|in|on|of|a|an|the|and|or|to|from)\b)\w+(?=['’\s]|$)", re.IGNORECASE),
            re.compile(r"\b(?:this|that)\b", re.IGNORECASE),
        )

    def masked(self, text: str) -> str:
        """Return a text with HOLE for what points at the picture, once."""
        if IMAGE in text:
            return text.replace(IMAGE, HOLE)
        for pattern in self._patterns:
            if found := pattern.search(text):
                return text[: found.start()] + HOLE + text[found.end() :]
        return text
