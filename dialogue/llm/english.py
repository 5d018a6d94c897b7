"""Lists of English words that the checks turn on, from a data file."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class English:
    """Lists of words, folded."""

    question_words: frozenset[str]
    auxiliaries: frozenset[str]
    openers: frozenset[str]
    negation: re.Pattern[str]
    hedge: re.Pattern[str]
    refusal: re.Pattern[str]
    empty: frozenset[str]


@cache
def english() -> English:
    """Return the words that the checks turn on."""
    data = tomllib.loads((files("dialogue.llm") / "english.toml").read_text(encoding="utf-8"))

    def either(words: Iterable[str], more: str = "") -> re.Pattern[str]:
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))}{more})\b", re.IGNORECASE)

    return English(
        frozenset(data["question_words"]),
        frozenset(data["auxiliaries"]),
        frozenset(data["openers"]),
        either(data["negations"], r"|\w+n['\u2019]t"),
        either(data["hedges"]),
        either(data["refusals"]),
        frozenset(data["empty"]),
    )
