"""Names that people read in the graph: relationship types, node labels, and labels of relations.

A relation arrives as a Freebase path (`/film/actor/film./film/performance/film`), an IRI or a prefixed name; an entity
type as a Freebase type (`/location/country`) or an IRI. What leaves here is safe to stand in Cypher without quoting:
letters, digits, marks of the letters' own script, and underscores.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import unquote

from kg.type_votes import freebase_rules

RESERVED_RELATIONS = frozenset({"HAS_IMAGE", "HAS_TURN", "RESTS_ON", "SHOWS", "MET_NEGATIVE"})
RESERVED_TYPES = frozenset(
    {
        "Entity",
        "Image",
        "Graph",
        "Relation",
        "Type",
        "Batch",
        "Vocabulary",
        "Migration",
        "Dialogue",
        "Turn",
        "Run",
        "Answer",
    }
)

_DEEPEST = 16  # segments of a hop that a name may take; what still collides then gets a number
_LONGEST = 128  # characters of a name; FB15K's longest has 99
_HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPAQUE = re.compile(r"[A-Za-z]{0,4}[_-]?\d+")  # P36, RO_0002211: only a label says what it means
_HOP = re.compile(r"\.(?=/)")
_JOINERS = "\u200c\u200d"  # Persian and Indic scripts can't be written without them
_BLANKS = (  # letters and marks by their category, but invisible, or drawn like a quote
    (0x02B0, 0x02FF), (0x034F, 0x034F), (0x07F4, 0x07F5), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x3164, 0x3164), (0xA78B, 0xA78C), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0x1D159, 0x1D17A), (0xE0000, 0x10FFFF),
)  # fmt: skip
_PLURAL_MARK = re.compile(r"_s$")  # Freebase's spouse_s: one or several


@cache
def curated_names() -> Mapping[str, str]:
    """Return the hand-given relationship types by relation path."""
    return tomllib.loads((files("kg") / "relation_names.toml").read_text(encoding="utf-8"))


def relation_types(
    paths: Iterable[str], taken: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give every relation path or predicate IRI a Neo4j relationship type, unique together with those in `taken`.

    A path in `taken` keeps its type. The others get, in this order, their curated name, the last segment of each hop,
    one more segment to the left for as long as names collide, and at last a number. Input order does not matter.
    """
    wanted = set(paths)
    names = {path: taken[path] for path in wanted if path in taken}
    used = RESERVED_RELATIONS | set(taken.values())
    curated = curated_names()
    open_paths = []
    for path in sorted(wanted - names.keys()):
        if path in curated and curated[path] not in used:
            names[path] = curated[path]
        else:
            open_paths.append(path)
    used |= set(names.values())
    if any(path.startswith("/") for path in wanted):  # a later batch may still bring the relation that owns the name
        used |= set(curated.values())
    known = labels or {}
    return names | _unique(open_paths, used, lambda path, depth: _relation_name(path, depth, known.get(path)))


def type_labels(
    types: Iterable[str], taken: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give every entity type a node label in CamelCase, unique together with those in `taken`, which never change."""
    wanted = set(types)
    names = {kind: taken[kind] for kind in wanted if kind in taken}
    used = RESERVED_TYPES | set(taken.values())
    curated = freebase_rules().labels
    names |= {kind: curated[kind] for kind in wanted - names.keys() if kind in curated and curated[kind] not in used}
    used |= set(names.values())
    if any(kind.startswith("/") for kind in wanted):
        used |= set(curated.values())
    known = labels or {}
    return names | _unique(
        sorted(wanted - names.keys()), used, lambda kind, depth: _type_name(kind, depth, known.get(kind))
    )


def relation_label(path: str, labels: Mapping[str, str] | None = None) -> str:
    """Return a readable English noun phrase for a relation: its own label, or one made of its path or IRI."""
    own = "".join(c if c.isprintable() or c in _JOINERS else " " for c in (labels or {}).get(path, ""))
    if own.split():
        return " ".join(own.split())
    phrases = [" ".join(_words(_PLURAL_MARK.sub("", hop[-1]))).lower() for hop in _hops(path)]
    first, last = phrases[0], phrases[-1]
    if set(last.split()) <= set(first.split()) | {word.removesuffix("s") for word in first.split()}:
        return first or "relation"
    return f"{last} of {first}"


def _unique(keys: list[str], used: Iterable[str], name: Callable[[str, int], str]) -> dict[str, str]:
    """Name `keys` (sorted): those that collide at one depth all go one segment deeper, and at last get a number."""
    names: dict[str, str] = {}
    taken = set(used)
    left = keys
    depths = {key: max(map(len, _hops(key))) for key in keys}  # from there on a name stays as it is
    for depth in range(1, min(max(depths.values(), default=0), _DEEPEST) + 1):
        left = [key for key in left if depths[key] >= depth]
        candidates = {key: name(key, depth) for key in left}
        counts = Counter(candidates.values())
        names |= {key: each for key, each in candidates.items() if counts[each] == 1 and each not in taken}
        taken |= set(candidates.values())  # a contested name goes to nobody, also not at a greater depth
        left = [key for key in left if key not in names]
        if not left:
            break
    numbers: Counter[str] = Counter()
    for key in (key for key in keys if key not in names):
        stem = name(key, 1)
        number = next(n for n in range(numbers[stem] + 2, len(taken) + 3) if f"{stem}_{n}" not in taken)
        names[key] = f"{stem}_{number}"
        numbers[stem] = number - 1
        taken.add(names[key])
    return names


def _relation_name(path: str, depth: int, label: str | None) -> str:
    """Return the UPPER_SNAKE name of a relation from the last `depth` segments of each hop."""
    hops = _hops(path)
    if depth == 1 and label and _OPAQUE.fullmatch(hops[-1][-1]):
        parts = [_snake([label])]
    else:
        parts = [_snake(hop[-depth:]) for hop in hops]
    folded: list[str] = []
    for part in filter(None, parts):
        if folded and folded[-1] in (part, f"{part}S"):  # film./…/film, vacationers./…/vacationer
            folded.pop()
        folded.append(part)
    return _start("__".join(folded)[:_LONGEST].strip("_") or "RELATION", "R_")


def _type_name(kind: str, depth: int, label: str | None) -> str:
    """Return the CamelCase name of an entity type from its last `depth` segments."""
    segments = _hops(kind)[-1]
    if depth == 1 and label and _OPAQUE.fullmatch(segments[-1]):
        segments = [label]
    words = [word for segment in segments[-depth:] for word in _words(segment)]
    return _start("".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST] or "Thing", "T")


def _snake(segments: Iterable[str]) -> str:
    """Join words by underscores, in capitals; a word that repeats the one before it is said once."""
    words = [word.upper() for segment in segments for word in _words(_PLURAL_MARK.sub("", segment))]
    once = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    return "".join(_safe("_".join(once)))


def _hops(path: str) -> list[list[str]]:
    """Split a relation or type into hops of segments; an IRI is one hop. Never empty."""
    path = path.strip().removeprefix("<").removesuffix(">")
    if path.startswith("/"):
        hops = [[segment for segment in hop.split("/") if segment] for hop in _HOP.split(path)]
    else:
        iri = unquote(path, errors="ignore")
        hops = [[segment for segment in re.split(r"[/#:?&=]+", iri) if segment]]
    return [hop or [""] for hop in hops]


def _words(segment: str) -> list[str]:
    """Split a segment at underscores, spaces, signs and camelCase humps."""
    plain = "".join(_safe(unicodedata.normalize("NFKC", segment)))
    return [word for part in plain.split("_") for word in _HUMP.split(part) if word]


def _safe(text: str) -> Iterable[str]:
    """Yield the characters of `text`, with an underscore for each that has no place in a name."""
    for character in unicodedata.normalize("NFC", text):
        yield character if _is_letter(character) else "_"


def _is_letter(character: str) -> bool:
    """Say whether a character may stand in a name: letters, digits and visible marks of any script.

    `isidentifier` alone would let blank letters (Hangul fillers), joiners, variation selectors and look-alikes of
    quotes pass, and a name with one of these can't be told from another by eye.
    """
    if character.isascii():
        return character.isalnum()
    if any(first <= ord(character) <= last for first, last in _BLANKS):
        return False
    return f"A{character}".isidentifier() and unicodedata.category(character)[0] in "LMN"


def _start(name: str, prefix: str) -> str:
    """Put `prefix` before a name that does not begin with a letter."""
    return name if name[:1].isidentifier() else prefix + name
