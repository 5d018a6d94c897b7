"""Where a text means a picture by `<image>`, and where it only speaks of the tag.

In a line of kwk `<image>` stands where an image is shown, and nowhere else. A text that holds the tag itself has a
backslash within it, `<\\image>`, and one backslash more for each that stood there. Readers that count `<image>` are not
misled by it, and it can be undone to the letter.
"""

import re
from collections.abc import Callable, Iterable, Iterator

IMAGE = "<image>"
MEDIA = ("image", "video", "audio")  # what LLaMA-Factory counts

Spell = Callable[[str], str]


def escape(text: str, tags: Iterable[str] = ("image",)) -> str:
    """Return a text in which no tag stands as such: `<image>` becomes `<\\image>`."""
    return re.sub(rf"<(\\*)({'|'.join(tags)})>", r"<\\\1\2>", text) if "<" in text else text


def unescape(text: str, tags: Iterable[str] = ("image",)) -> str:
    """Return what `escape` was given."""
    return re.sub(rf"<\\(\\*)({'|'.join(tags)})>", r"<\1\2>", text) if "<\\" in text else text


def as_it_stands(value: str) -> str:
    """Return a turn's value as it is: the spelling of kwk, and of LLaVA."""
    return value


def without_media(value: str) -> str:
    """Return a turn's value in which `<video>` and `<audio>` are escaped too, because LLaMA-Factory counts them."""
    return escape(value, MEDIA[1:])


def parts(value: str) -> Iterator[str | None]:
    """Yield a turn's value in parts: a text to the letter, or None where an image stands. An empty turn is one text."""
    texts = value.split(IMAGE)
    if value == "":
        yield ""
    for n, text in enumerate(texts):
        if n:
            yield None
        if text:
            yield unescape(text)


def moved(slots: Iterable[tuple[int, int, str]], value: str, spell: Spell) -> list[list[int | str]]:
    """Return slots, offsets into `value`, as offsets into `spell(value)`."""
    if spell(value) == value:
        return [list(slot) for slot in slots]
    return [[len(spell(value[:start])), len(spell(value[:end])), entity] for start, end, entity in slots]
