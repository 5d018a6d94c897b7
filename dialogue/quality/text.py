"""Words of a text, and those of them that say what it is about."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from dialogue.types import IMAGE

# A character of a script that sets no spaces is a word of its own; elsewhere a word is what stands between spaces.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}](?:[^\\W_{_ALONE}]|['’.-](?=[^\\W_{_ALONE}]))*")
_JOINING = frozenset(("of", "the", "and", "de", "la", "du", "del", "von", "der"))  # inside a name
_OPENING = re.compile(r"(?:^|[.?!:\n])\s*$")  # before the first word of a sentence


def plain(value: str) -> str:
    """Return a turn's text without what stands for its images."""
    return value.replace(IMAGE, " ").strip()


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


@cache
def stop_words(lang: str) -> frozenset[str]:
    """Return the words of a language that say nothing by themselves; of a language that has no list, none."""
    return frozenset(_lists().get(lang.split("-")[0].lower(), "").split())


@cache
def _lists() -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((files("dialogue.quality") / "stopwords.toml").read_text(encoding="utf-8"))
    return found


def asked_about(text: str, lang: str) -> tuple[list[str], int]:
    """Return what a question is about: its content words in lower case, and how many names it has.

    A run of words with capitals inside a sentence is one name. German writes its nouns so too: there all are words.
    """
    stop, kept, names = stop_words(lang), list[str](), 0
    after = 0  # where the last word of a name ended
    for found in _WORD.finditer(text):
        word = found[0]
        if _is_name(text, found.start(), word, lang):
            goes_on = bool(after) and _JOINING.issuperset(text[after : found.start()].strip(" ,&'’.-").split())
            names += not goes_on
            after = found.end()
        elif word.lower() not in stop:
            kept.append(word.lower())
    return kept, names


def _is_name(text: str, start: int, word: str, lang: str) -> bool:
    if lang.startswith("de") or not (word[0].isupper() or word[0].isdigit()):
        return False
    return not _OPENING.search(text[max(0, start - 4) : start]) or word[0].isdigit()


def elements(text: str, images: int, lang: str) -> int:
    """Count the elements of an instruction: content words, names, images (the review's principle 8)."""
    kept, names = asked_about(text, lang)
    return len(kept) + names + images


def joined(texts: Sequence[str]) -> str:
    """Return the text of a conversation: its turns, a line each."""
    return "\n".join(plain(text) for text in texts)
