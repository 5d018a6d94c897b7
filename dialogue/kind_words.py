"""The words of rounds of other kinds than facts, made around the wordings of their relations."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dialogue.pictures import PERSONS
from dialogue.verb_forms import bare_of_third
from dialogue.verbalise import lexicon
from dialogue.wordings import NO_LEADS, NO_PHRASE, Asking, Question, Statement, Wordings, fill, fitted, opening, state
from dialogue.words import english, head_word, is_participle, is_plural, plural

_INTERROGATIVES = ("Which", "What")
_ONE_OF_TWO = re.compile(r"(?:Which|What|Who|Whose|(?:In|Of|On|To|From|For|By|With|At) (?:which|whose|whom|what))\b")
_SEVERAL = re.compile(r"^(?:Who|Which|What) (?:are|were|have)\b|^What (?:is|was)\b")
_POINTING = frozenset(
    ["that", "whose", "who", "which", "there", "here", "it", "them", "its", "their", "this", "these", "one"]
)
_NO_NOUNS = frozenset({"do", "does", "did", "can", "could", "would", "will", "else", "kind", "kinds", "type", "sort"})
_AFTER_VERBS = frozenset({"a", "an", "the", "its", "partly", "somebody", "someone", "together", "whose"})
_VERBS = frozenset({
    "answers", "appears", "bears", "belongs", "borrows", "branches", "comes", "counts", "credits", "deals", "exists",
    "falls", "goes", "imports", "lies", "performs", "raises", "receives",
})  # fmt: skip
_BEFORE_PLURALS = frozenset({  # finite verbs that no list of verbs has: which war saw soldiers
    "brought", "caused", "gave", "lent", "lost", "made", "may", "might", "must", "put", "saw", "sent", "should",
    "took", "won",
})  # fmt: skip
_NOUN = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*")
_UNITS = {
    "m": "metres", "metres": "metres", "meters": "metres", "km": "kilometres", "kg": "kilograms", "g": "grams",
    "mg": "milligrams", "cm": "centimetres", "mm": "millimetres", "years": "years", "usd": "US dollars",
}  # fmt: skip
_SHORTENED = {"max": "maximum", "min": "minimum", "avg": "average", "num": "number of"}
_NO_MEASURES = frozenset({  # codes, dates and directions, of which none is "higher"
    "id", "code", "number", "numeric", "iso", "insee", "tsn", "itis", "usda", "heat", "interest", "date", "founded",
    "released", "introduced", "ceased", "start", "end", "year", "month", "offset", "westward", "eastward",
})  # fmt: skip
_MOST_WORDS = 4  # of a noun that is put into a phrase


@dataclass(frozen=True, slots=True)
class KindWords:
    """How the other kinds are worded in one language: the tables of lexicon/kinds.toml."""

    yes_no: Mapping[str, Any]
    count: Mapping[str, Any]
    comparison: Mapping[str, Any]
    multi_hop: Mapping[str, Any]
    unanswerable: Mapping[str, Any]
    refers: Mapping[str, Any]


@cache
def kind_words(lang: str = "en") -> KindWords | None:
    """Return how the other kinds are worded in a language; None where nobody wrote that down."""
    found = tomllib.loads((files("dialogue") / "lexicon" / "kinds.toml").read_text(encoding="utf-8"))
    return KindWords(**found[lang]) if lang in found else None


@cache
def counting(asking: Asking) -> tuple[Question, ...]:
    """Return the questions that ask how many, made from those that ask which: "How many films …?"."""
    return tuple(
        Question(_how_many(form.prefix), form.suffix, _how_many(form.bare), form.classed)
        for form in asking.forms[:-1]
        if _counts(form.prefix, asking.nouns)
        and (is_plural(asking.noun) or not form.prefix.startswith(f"Which {asking.noun} "))
    )


def _counts(prefix: str, nouns: str) -> bool:
    """Say whether a question asks for a plural that can be counted: "Which official languages does".

    A plural that does not come first is that of `nouns`, or of another noun that something is asked for by: else it may
    be a verb ("which organization hands out") or what the verb is about ("which war saw soldiers").
    """
    first, *words = prefix.split()
    if first not in _INTERROGATIVES:
        return False
    for i, word in enumerate(words[:3]):
        if not word.isalpha() or word in english().prepositions or word in english().auxiliaries or word in _NO_NOUNS:
            return False
        if is_plural(word) and word not in _POINTING and i + 1 < len(words):
            then = words[i + 1]
            if i and (word not in _heads() | {nouns.split()[-1]} or not _BEFORE_PLURALS.isdisjoint(words[:i])):
                return False
            if word in _VERBS or then in _AFTER_VERBS or (bare_of_third(word) and i and not _follows_noun(then)):
                return False  # which station connects to, which place shares a border
            return plural(word) == word and word not in ("species", "series", "headquarters", "does")
    return False


@cache
def _heads() -> frozenset[str]:
    """Return the plurals of all that the lexicon's relations ask for: films, players, positions."""
    asked = (asking.nouns for worded in lexicon().values() for asking in (worded.tail, worded.head))
    return frozenset(nouns.split()[-1] for nouns in asked)


def _follows_noun(word: str) -> bool:
    """Say whether a word may follow "which films": a form of a verb, not a preposition or another noun."""
    return word in english().auxiliaries or is_participle(word)


def _how_many(prefix: str) -> str:
    return re.sub(r"^(?:Which|What)\b", "How many", prefix)


@cache
def choosing(asking: Asking) -> tuple[Question, ...]:
    """Return the questions that can be asked of two entities by name: singular, and open with what is asked for."""
    return tuple(
        form
        for form in asking.forms[:-1]
        if _ONE_OF_TWO.match(form.prefix) and not _SEVERAL.match(form.prefix) and not _counts(form.prefix, asking.nouns)
    )


@cache
def plain_noun(noun: str) -> bool:
    """Say whether a noun can stand in "the … of Peru": a few words, the last of which is the noun."""
    words = noun.split()
    return bool(
        0 < len(words) <= _MOST_WORDS
        and _NOUN.fullmatch(noun)
        and noun not in ("answer", "thing", "person", "something", "result")
        and head_word(noun) == words[-1]
        and not _POINTING.intersection(words)
        and not (len(words) > 1 and is_participle(words[-1]))
    )


def described(words: KindWords, worded: Wordings, asks_tail: bool, name: str) -> str | None:
    """Return a phrase for the answer to a question about `name`: "the capital of Peru"; None if none fits.

    Asked for the head: "the country whose capital is Lima". It is the lexicon's, or else made of the relation's nouns.
    """
    asking = worded.asking("tail" if asks_tail else "head")
    if asking.phrase is not None:
        return None if asking.phrase is NO_PHRASE else fill(asking.phrase, name)
    noun, other = asking.noun, worded.tail.noun
    if not plain_noun(noun):
        return None
    if asks_tail:
        return str(words.multi_hop["of"].format(noun=noun, x=name))
    if not plain_noun(other) or is_plural(other):
        return None
    return str(words.multi_hop["whose"].format(noun=noun, other=other, x=name))


def within(text: str) -> str:
    """Return a question as it stands within a sentence."""
    return text[:1].lower() + text[1:]


def claim(form: Statement, head: str, tail: str) -> tuple[str, str]:
    """Return a statement without its full stop, as it begins a sentence and as it stands within one."""
    fit = form if form.leads == NO_LEADS else fitted(form, head, tail)
    text = state(form, head, tail)
    first, second = (head, tail) if form.head_first else (tail, head)
    if fit.after.endswith("."):
        text = text[:-1] if fit.after != "." or not second.endswith((".", "!", "?")) else text
    if fit.before:
        return text, within(text)
    return text, first + text[len(opening(first)) :]


def property_words(name: str) -> str | None:
    """Return a property's name as words: "surfaceTemperature" -> "surface temperature"; None if it has none."""
    name = re.sub(r"(?<=[a-z])_?[A-Z]{2,}$", "", name)  # bitternessIBU: of two, the unit says nothing
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_+", " ", name).lower().strip()
    words = spaced.split()
    if words and words[0] in _SHORTENED:
        words[0] = _SHORTENED[words[0]]
        spaced = " ".join(words)
    if _NO_MEASURES.intersection(words) and words[:2] != ["number", "of"]:
        return None
    if len(words) > 1 and words[-1] in _UNITS:
        what = words[:-2] if words[-2] == "in" and len(words) > 2 else words[:-1]
        spaced = f"{' '.join(what)} in {_UNITS[words[-1]]}"
        return spaced if _NOUN.fullmatch(spaced) else None
    return spaced if _NOUN.fullmatch(spaced) and len(spaced) > 2 else None


def possessive(words: KindWords, asking: Asking) -> str:
    """Return "its" or "their" for what is of the kind that `asking` names."""
    whose: Mapping[str, str] = words.refers["its"]
    return whose["person" if asking.kind in PERSONS else "other"]
