"""Which names take "the": the United Kingdom, the Academy Award for Best Picture, the Vietnam War."""

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dialogue.words import kind_of

_HAS_ONE = re.compile(
    r"(?:the|a|an) |(?:la|le|les|el|los|las|il|der|die|das) \S+$|(?:der|die|das|il|le|les|las) ", re.IGNORECASE
)  # not the Los Angeles Lakers
_NUMBERED = re.compile(
    r"\d+(?:st|nd|rd|th) (?!Century)|\d{4}(?:[\u2013-]\d+)? [A-Z]"
)  # the 54th Grammy Awards, the 2003 NBA Draft

_SOMEBODYS = re.compile(r"(?:St\.? |(?!Children|Women|Men|People)[A-Z][a-z]+['’]s? )")
_TEAM = re.compile(r"[^\W\d_]{2,}[^s\W\d_]s$|\d+ers$|Sox$")  # the Knicks, the Los Angeles Angels, the 76ers
_OF_A_UNIVERSITY = re.compile(r"(?!University of).*(?:University|UCLA|UC \w+) (?:\w+ )*School of")  # Stanford's
_NO_TEAM = re.compile(r"soccer|^football", re.IGNORECASE)  # Doncaster Rovers
_CLASS = re.compile(r"\bclass\b|[a-z]Class$")  # of ships or locomotives: the Heavy Goods 2-8-0
_OF_THE = re.compile(r"[A-Z][a-z]+ of the [A-Z]")
_OF_YEAR = re.compile(r" of \d{4}$")


@dataclass(frozen=True, slots=True)
class _Lists:
    names: frozenset[str]
    bare_names: frozenset[str]
    shape: re.Pattern[str]
    plain_shape: re.Pattern[str]
    always: frozenset[str]
    awards: frozenset[str]
    award: re.Pattern[str]
    never: frozenset[str]
    bare: frozenset[str]
    bare_shape: re.Pattern[str]
    team_endings: tuple[str, ...]
    bare_heads: frozenset[str]


@cache
def _lists() -> _Lists:
    data = tomllib.loads((files("dialogue") / "lexicon" / "articles.toml").read_text(encoding="utf-8"))
    return _Lists(
        frozenset(data["names"]),
        frozenset(data["bare_names"]),
        _shape(*(data[key] for key in ("beginnings", "endings", "middles"))),
        _shape(*(data[f"plain_{key}"] for key in ("beginnings", "endings", "middles"))),
        frozenset(data["types"]),
        frozenset(data["award_types"]),
        re.compile(rf"\b{_either(data['award_words'])}\b"),
        frozenset(data["never_types"]),
        frozenset(data["bare_types"]),
        _shape(*(data[f"bare_{key}"] for key in ("beginnings", "endings", "middles"))),
        tuple(data["team_endings"]),
        frozenset(data["bare_heads"]),
    )


def _shape(beginnings: Sequence[str], endings: Sequence[str], middles: Sequence[str]) -> re.Pattern[str]:
    begins, ends, holds = map(_either, (beginnings, endings, middles))
    return re.compile(rf"^{begins}\b|(?<![\w-]){ends}$|\b{holds}\b")


def _either(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, words))})"


def article_of(name: str, names: Collection[str] = (), types: Sequence[str] = ()) -> str:
    """Return "the " where an English text says it before the name, else "".

    `names` are all labels and aliases, `types` Freebase types or labels of types, the winning one first.
    """
    lists = _lists()
    kind = types[0] if types else ""
    if _HAS_ONE.match(name):
        return ""
    if kind in lists.never or name in lists.bare_names:
        return ""
    if f"the {name}" in names or name in lists.names:
        return "the "
    if kind in lists.bare or (kind.startswith("/education/") and not lists.shape.search(name)):
        return "the " if lists.bare_shape.search(name) and not _OF_A_UNIVERSITY.match(name) else ""
    if not (name[:1].isupper() or name[:1].isdigit()):
        return ""  # a common noun: drama film, marriage
    takes = (
        kind in lists.always
        or (kind in lists.awards and lists.award.search(name))
        or lists.shape.search(name)
        or (" " in name and _CLASS.search(kind))
        or (kind.endswith(lists.team_endings) and not _NO_TEAM.search(kind) and _TEAM.search(name))
        or (not kind.startswith("/") and _describes(name, kind))
        or (_NUMBERED.match(name) and not kind.startswith(("/music/", "/tv/", "/cvg/")))
    )
    return "the " if takes else ""


def _describes(name: str, kind: str) -> bool:
    """Say whether a name of several words says what it names: the Burns Unit; of a ward, the Maternity Ward.

    Not one that begins with somebody's name: St Mary's Hospital, King's Library.
    """
    lists = _lists()
    if " " not in name or _SOMEBODYS.match(name):
        return False
    own = re.split(r"[ _]|(?<=[a-z])(?=[A-Z])", kind)[-1].lower()
    last = name.rsplit(" ", 1)[1].lower()
    own_of = bool(own) and re.search(rf"\b{re.escape(own)} of ", name.lower())
    if kind_of(own) not in ("work", "person") and (own_of or _OF_YEAR.search(name) or _OF_THE.match(name)):
        return True  # the Garden of the Two Rivers, the Survey of 1849, the Patrol of the Seven Peaks
    return bool(lists.plain_shape.search(name)) or (last == own and own not in lists.bare_heads)
