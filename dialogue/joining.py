"""How a language joins names and ends sentences: "A, B and C.", "A、B和C。"."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kg.errors import DataError

_ENDED = (".", "!", "?", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Joining:
    """The marks and words between names, and after them. English by default."""

    comma: str = ", "
    last: str = " and "
    stop: str = "."
    gap: str = " "  # between two sentences
    softened: str = ""
    before: re.Pattern[str] | None = None  # how a name begins that `softened` stands before

    def between(self, names: Sequence[str], i: int) -> str:
        """Return what stands before name `i`, from the second on."""
        if i < len(names) - 1:
            return self.comma
        return self.softened if self.before is not None and self.before.match(names[i]) else self.last

    def listed(self, names: Sequence[str]) -> str:
        """Join names as one says them."""
        if len(names) < 2:
            return names[0] if names else ""
        return names[0] + "".join([self.between(names, i) + names[i] for i in range(1, len(names))])

    def answer(self, names: Sequence[str]) -> str:
        """Return the answer that names one or several entities and says no more."""
        said = self.listed(names)
        return said if said.endswith(_ENDED) else said + self.stop


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("dialogue") / "lexicon" / "languages.toml").read_text(encoding="utf-8"))


def languages() -> tuple[str, ...]:
    """Return the languages that dialogues can be built in, English first."""
    return tuple(_tables())


@cache
def joining(lang: str = "en") -> Joining:
    """Return how a language joins names. Raises DataError for a language that nobody wrote wordings in."""
    tables = _tables()
    if lang not in tables:
        raise DataError(f"There are no wordings in the language {lang!r}; there are {', '.join(tables)}.")
    table = dict(tables[lang])
    before = table.pop("before", None)
    return Joining(**table, before=re.compile(before) if before else None)
