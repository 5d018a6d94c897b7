"""How a conversation speaks of pictures: what stands for an entity that is seen, how one asks for a picture of one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kg.errors import DataError

NEUTRAL = 2  # how one asks for a picture where there may be several answers
PERSONS = frozenset({"person", "group"})  # kinds of dialogue.wordings.Asking that are "them", not "it"


@dataclass(frozen=True, slots=True)
class Showing:
    """One way to ask about what a picture shows: what stands for its name, and the text around the question."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PictureWords:
    """How pictures are spoken of in one language; each list has at least one entry."""

    shown: tuple[Showing, ...]  # the first needs no noun; in the others {noun} is the entity's type
    meant: str  # what an answer calls the entity that the question showed, with {noun}
    requests: tuple[tuple[str, ...], ...]  # of a thing, of a person, NEUTRAL
    replies: tuple[tuple[str, ...], ...]  # of a thing, of a person, of several
    quotes: tuple[tuple[str, str], ...] = ()  # around titles, but not around a picture


@cache
def picture_words(lang: str = "en") -> PictureWords:
    """Return how pictures are spoken of in a language. Raises DataError if nobody wrote that down."""
    found = tomllib.loads((files("dialogue") / "lexicon" / "pictures.toml").read_text(encoding="utf-8"))
    if lang not in found:
        raise DataError(f"lexicon/pictures.toml does not say how pictures are spoken of in {lang!r}; add it there.")
    words = found[lang]
    shown = []
    for name, around in words["shown"]:
        before, _, after = around.partition("{question}")
        shown.append(Showing(name, before, after))
    return PictureWords(
        tuple(shown),
        words["meant"],
        requests=tuple(tuple(words[whom]["requests"]) for whom in ("it", "them", "several")),
        replies=tuple(tuple(words[whom]["replies"]) for whom in ("it", "them", "several")),
        quotes=tuple((left, right) for left, right in words.get("quotes", ())),
    )
