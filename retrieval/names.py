"""Which stretches of a question are names of entities: every n-gram against every name and alias."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from retrieval.misspelt import Spellings

_SYMBOLS = "$£¥¢€₠-₿♀♂☀-➿\U0001f000-\U0001faff"  # currencies, signs, flags: some things are named by these alone
_WORD = re.compile(rf"\w+|&|[{_SYMBOLS}]+")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")  # Traffic (2000 film)
_WIDEST = 16  # words of a name that may be misspelt
_MOST_SPELT = 512  # stretches of a text that are compared with all names letter by letter; a question has a few dozen
# Hebrew is also called "he", Iceland "is", Histidine "His": these words are names only where they are written as such.
_CLOSED = (
    "he him his she her hers it its they them their theirs we us our you your i me my one this that these those there "
    "here a an the and or of in on at to by for from with as is are was were be been do does did has have had not no "
    "who whom whose which what when where why how"
)
NO_NAMES = frozenset(_CLOSED.split())
_CODE = 3  # letters; a name that short, in capitals, is a code and counts in its own case: "it" does not name Italy


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, folded; text[start:end] as it was written."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """An entity as the index keeps it."""

    id: str
    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of a text that is a name of an entity."""

    entity: Named
    start: int  # characters
    end: int
    words: int
    main: bool  # the entity's own name, not an alias
    edits: int = 0  # letters that are wrong


def words_of(text: str) -> list[Word]:
    """Return the words of a text, without case and accents; "&" is "and"."""
    return [Word(fold(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]


def folded(text: str) -> set[str]:
    """Return the distinct words of a text, folded: of a long text much faster than `words_of`."""
    return {fold(word) for word in set(_WORD.findall(text))}


def fold(word: str) -> str:
    """Return a word as it is compared: without case and accents."""
    if word == "&":
        return "and"
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()


class NameIndex:
    """Every name of a graph's entities. Holds names, never facts."""

    def __init__(self, entities: Iterable[Named]) -> None:
        self._by_name: dict[str, list[tuple[Named, bool, str]]] = defaultdict(list)
        self.by_id: dict[str, Named] = {}
        for entity in entities:
            self.by_id[entity.id] = entity
            for name, main in ((entity.name, True), *((name, False) for name in entity.names if name != entity.name)):
                self._add(entity, name, main)
        self._longest = max((key.count(" ") + 1 for key in self._by_name), default=0)

    def mentions(self, text: str) -> list[Mention]:
        """Return every stretch of the text that is a name, an entity once a stretch."""
        words = words_of(text)
        found: list[Mention] = []
        for first in range(len(words)):
            key = ""
            for last in range(first, min(first + self._longest, len(words))):
                key = f"{key} {words[last].folded}" if key else words[last].folded
                written = text[words[first].start : words[last].end]
                if key in NO_NAMES and (first == 0 or written.islower()):
                    continue
                seen: set[str] = set()
                for entity, main, exact in self._by_name.get(key, ()):
                    if entity.id not in seen and (not exact or exact == written):
                        seen.add(entity.id)
                        found.append(Mention(entity, words[first].start, words[last].end, last - first + 1, main))
        return found

    def misspelt(self, text: str, unknown: frozenset[int]) -> list[Mention]:
        """Return the stretches with a word of `unknown` (places of words) that are nearly a name."""
        words = words_of(text)
        found: list[Mention] = []
        near: dict[str, list[tuple[str, int]]] = {}
        for first in range(len(words)):
            for last in range(first, min(first + _WIDEST, len(words))):
                if unknown.isdisjoint(range(first, last + 1)):
                    continue
                key = " ".join(word.folded for word in words[first : last + 1])
                if key not in near:
                    near[key] = self._spellings.near(key) if len(near) < _MOST_SPELT else []
                entities: dict[str, Mention] = {}
                for name, edits in near[key]:
                    for entity, main, exact in self._by_name[name] if edits else ():
                        if not exact:
                            place = words[first].start, words[last].end, last - first + 1
                            entities.setdefault(entity.id, Mention(entity, *place, main, edits))
                found += entities.values()
        return found

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(list(self._by_name))

    def _add(self, entity: Named, name: str, main: bool) -> None:
        words = [fold(word) for word in _WORD.findall(name)]
        exact = name if len(name) <= _CODE and name.isupper() else ""
        for key in _keys(words):
            self._by_name[key].append((entity, main, exact))
        plain = _IN_BRACKETS.sub("", name)
        if plain and plain != name:
            self._add(entity, plain, main)


def _keys(words: Sequence[str]) -> Iterator[str]:
    """Yield the keys that a name is found by: with its article, and without."""
    if words:
        yield " ".join(words)
    if len(words) > 1 and words[0] == "the":
        yield " ".join(words[1:])
