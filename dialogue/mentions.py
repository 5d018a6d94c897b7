"""Whether a text names an entity: by any of its names, as whole words."""

import re
import unicodedata
from collections.abc import Iterable

_OTHER = re.compile(r"[\W_]+")
# Letters of scripts that put no space between words; a name of two or more is found within a run of them.
UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED_NAME = re.compile(f" [{UNSPACED}]{{2,}}(?: [{UNSPACED}]+)* ")
_EXACT = 3  # names this short, such as codes ("PE", "IT"), count only in their own case: "it" does not name Italy


def plain(text: str) -> str:
    """Return the words of a text, single spaces between and around them: " Peru s capital "."""
    return f" {_OTHER.sub(' ', unicodedata.normalize('NFKC', text)).strip()} "


class Names:
    """The names of one entity, ready to be looked for."""

    __slots__ = ("_exact", "_folded")

    def __init__(self, names: Iterable[str]) -> None:
        words = {plain(name) for name in names} - {"  "}
        inner = {word for word in words if _UNSPACED_NAME.fullmatch(word)}
        self._exact = tuple(word for word in words - inner if len(word) <= _EXACT + 2)
        self._folded = (
            *{word.casefold() for word in words - inner if len(word) > _EXACT + 2},
            *{word.strip() for word in inner},
        )

    def within(self, words: str) -> bool:
        """Say whether `words`, as `plain` returns them, hold one of the names."""
        folded = words.casefold()
        return any(name in folded for name in self._folded) or any(name in words for name in self._exact)
