"""English words: articles, plurals, participles, kinds; and the splitting of identifiers into words."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import unquote

from dialogue.verb_forms import bare_of_participle, does_it, verb_forms

_LISTS = (
    "prepositions", "auxiliaries", "modals", "adjectives", "adverbs", "states", "uncountable", "belonging", "beside",
    "nouns_rather_than_verbs", "nouns_rather_than_participles", "no_participles", "no_persons", "no_adverbs",
    "same_people", "present_adverbs", "attributive", "plural_only", "states_but_by", "bare_before_of", "purposes",
    "doing", "mass", "before_participles", "one_each", "one_of_many", "passive_before_links",
    "nouns_rather_than_adjectives", "particles", "attributes",
    "general", "the_after_of", "timeless", "units", "units_of_time", "numbers", "hyphenated", "have_one", "no_one",
    "the_within", "no_adjectives",
)  # fmt: skip
_ARTICLES = frozenset({"a", "an", "the"})
_PREFIX = re.compile(r"(?<![^\W_])(co|sub|ex|non|vice)_(?=[a-z])")  # co_patentee
_LINK = r"(?:of|by|for|in|at|to)(?:[A-Z]|$)"  # PIof
_HUMP = re.compile(rf"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!{_LINK})[a-z])|(?<=[A-Z]{{2}})(?={_LINK})")
_AN = re.compile(r"(?:[aeio]|u(?!ni|s|k|r[aeiou]|t[aeiou])|un(?!i)|uni[mn]|hour|heir|hono|honest|MBA|NFL|NCAA|HUD|MMO)")
_SUBJECTS = ("that", "who", "which")  # of a clause: institutions that grant it
_CLAUSES = (*_SUBJECTS, "whose", "where", "they", "there")  # begin what is said of a noun: film they shot
_OF_SEVERAL = {"is": "are", "was": "were", "has": "have", "does": "do"}
_LONE_VOWEL_LETTER = re.compile(r"[AEFHILMNORSX][A-Z]")  # an NFL team, but a UN body


@dataclass(frozen=True, slots=True)
class English:
    """What can't be computed: see lexicon/english.toml."""

    prepositions: frozenset[str]
    auxiliaries: frozenset[str]
    modals: frozenset[str]
    adjectives: frozenset[str]
    adverbs: frozenset[str]
    states: frozenset[str]
    uncountable: frozenset[str]
    belonging: frozenset[str]
    beside: frozenset[str]
    nouns_rather_than_verbs: frozenset[str]
    nouns_rather_than_participles: frozenset[str]
    no_participles: frozenset[str]
    no_persons: frozenset[str]
    no_adverbs: frozenset[str]
    same_people: frozenset[str]
    present_adverbs: frozenset[str]
    attributive: frozenset[str]
    plural_only: frozenset[str]
    states_but_by: frozenset[str]
    bare_before_of: frozenset[str]
    purposes: frozenset[str]
    doing: frozenset[str]
    mass: frozenset[str]
    before_participles: frozenset[str]
    one_each: frozenset[str]
    one_of_many: frozenset[str]
    passive_before_links: frozenset[str]
    nouns_rather_than_adjectives: frozenset[str]
    particles: frozenset[str]
    attributes: frozenset[str]
    general: frozenset[str]
    the_after_of: frozenset[str]
    timeless: frozenset[str]
    units: frozenset[str]
    units_of_time: frozenset[str]
    numbers: frozenset[str]
    hyphenated: frozenset[str]
    have_one: frozenset[str]
    no_one: frozenset[str]
    the_within: frozenset[str]
    no_adjectives: frozenset[str]
    collectives: Mapping[str, str]
    plurals: Mapping[str, str]
    singulars: Mapping[str, str]
    singular: frozenset[str]
    participles: frozenset[str]
    verbs: Mapping[str, str]
    past: Mapping[str, str]
    kinds: Mapping[str, str]
    spelling: Mapping[str, str]
    types: Mapping[str, str]
    phrases: Mapping[str, str]


@cache
def english() -> English:
    """Return the word lists."""
    data = tomllib.loads((files("dialogue") / "lexicon" / "english.toml").read_text(encoding="utf-8"))
    return English(
        **{name: frozenset(data[name]) for name in _LISTS},
        collectives=data["collectives"],
        plurals=data["plurals"],
        singulars={plural: word for word, plural in data["plurals"].items()},
        singular=frozenset(data["singular"]["words"]),
        participles=frozenset(data["participles"]["words"]),
        verbs=data["verbs"],
        past=data["past"],
        kinds={word: kind for kind, words in data["kinds"].items() for word in words},
        spelling=data["spelling"],
        types=data["types"],
        phrases=data["phrases"],
    )


def split_words(identifier: str, articles: bool = False) -> tuple[str, ...]:
    """Split a path segment, a local name or a label into words, lower case but for abbreviations and lone letters.

    `Title_with_underscores`, `camelCase` and plain text all work. Nothing unprintable comes out, and no brace.
    Articles are left out, or with `articles` stand in one piece with the word that they belong to: "the flag".
    """
    text = _PREFIX.sub(r"\1-", unicodedata.normalize("NFC", unquote(identifier, errors="ignore")))
    text = "".join(
        c if c.isalnum() or c in "'’&+-\u200c\u200d" or unicodedata.category(c)[0] == "M" else " " for c in text
    )
    spelling = english().spelling
    words: list[str] = []
    before = ""
    for part in text.split():
        for word in _HUMP.split(part):
            word = word.strip("-'’&+")
            lower = word.lower()
            if lower in _ARTICLES:
                before = f"{lower} " if articles else ""
            elif any(c.isalnum() for c in word):
                first, *rest = spelling[lower].split() if lower in spelling else (_cased(word, lower),)
                words += [before + first, *rest]
                before = ""
    return tuple(words)


def _cased(word: str, lower: str) -> str:
    """Return a word in lower case, but an abbreviation and a lone letter as they are: vitamin C, X-ray."""
    return word if word.isupper() else word[0] + lower[1:] if word[1:2] == "-" else lower


def article(noun: str) -> str:
    """Return the noun with its indefinite article."""
    first = noun.split(" ", 1)[0]
    spelled = first.isupper() and len(first) > 1
    an = bool(_LONE_VOWEL_LETTER.match(first)) if spelled else bool(_AN.match(noun.lower()))
    return f"{'an' if an else 'a'} {noun}"


def is_plural(noun: str) -> bool:
    """Say whether a noun phrase is plural by its head word."""
    word = head_word(noun).lower()
    lists = english()
    if word in lists.singulars and word not in lists.plurals:
        return True
    return len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in lists.singular


def plural(noun: str) -> str:
    """Return the plural of a noun phrase: its head word changes (countries of origin, institutions that grant it)."""
    if is_plural(noun):
        return noun
    words = _with_head(noun, _plural_word).split()
    verb = _head_index(words) + 2
    if verb < len(words) and words[verb - 1] in _SUBJECTS:
        words[verb] = _of_several(words[verb])
    return " ".join(words)


def singular(noun: str) -> str:
    """Return the singular of a noun phrase."""
    return _with_head(noun, _singular_word) if is_plural(noun) else noun


def countable(noun: str) -> bool:
    """Say whether one can ask how many there are: of terminals, but not of contents or cargo."""
    word = head_word(noun)
    lists = english()
    return not lists.plural_only.intersection((word, _plural_word(word))) and word not in lists.mass


def head_word(noun: str) -> str:
    """Return the word that the phrase is about: the last one before a preposition, a clause or "born there"."""
    words = noun.split()
    return words[_head_index(words)] if words else ""


def is_participle(word: str) -> bool:
    """Say whether a word is a past participle."""
    known = english()
    if word in known.participles or bare_of_participle(word) is not None:
        return word not in known.no_participles
    return word.endswith("ed") and len(word) > 3 and not word.endswith("eed") and word not in known.no_participles


def rather_noun(word: str) -> bool:
    """Say whether a participle is a noun just as well: a data set, a home run, the cost."""
    lists = english()
    return word in lists.nouns_rather_than_participles or verb_forms().participle_of.get(word) == word


def is_adjective(word: str) -> bool:
    """Say whether a word says what something is like: compatible, interchangeable, toxic."""
    return word in english().adjectives or (len(word) > 6 and word.endswith(("ible", "able")))


def like_adjective(word: str, link: str) -> bool:
    """Say whether a word before a preposition is an adjective by its ending: toxic to, relevant to, synonymous with."""
    if is_adjective(word):
        return link != "of" or word in ("capable", "independent", "the same")
    if link not in ("to", "with", "from", "on", "for", "against") or kind_of(word) != "thing":
        return False
    return len(word) > 4 and word.endswith(("ic", "ous", "ful", "less", "ant", "ent")) and not word.endswith("ment")


def is_adverb(word: str, before: str = "") -> bool:
    """Say whether a word says how or when: formerly, physically; first before a participle."""
    lists = english()
    if word in lists.adverbs:
        return True
    if word in ("first", "last", "once", "now", "still", "recently", "best"):
        return is_participle(before)
    return len(word) > 5 and word.endswith("ly") and word not in lists.no_adverbs


def kind_of(noun: str) -> str:
    """Return what a noun stands for: person, place, organization, work, event, time or thing."""
    kinds = english().kinds
    for form in (noun, singular(noun)):
        words = form.lower().split()
        words = words[: _head_index(words) + 1]
        for start in range(max(0, len(words) - 2), len(words)):
            if (found := kinds.get(" ".join(words[start:]))) is not None:
                return found
    return "person" if _does_or_is(singular(noun).lower()) else "thing"


def _does_or_is(noun: str) -> bool:
    """Say whether a noun that no list has looks like somebody: investor, engineer, botanist, librarian."""
    word = head_word(noun).rpartition("-")[2]
    if word in english().no_persons or word in verb_forms().no_persons or len(word) < 5:
        return False
    if len(word) > 6 and word.endswith("ee") and not word.endswith("tree"):
        return True  # consignee, lessee
    return does_it(word) or word.endswith(("ist", "eer", "ician", "arian", "ographer"))


def _head_index(words: list[str]) -> int:
    prepositions = english().prepositions
    for i, word in enumerate(words):
        if not i:
            continue
        if word in prepositions or word in _CLAUSES:
            return i - 1
        after = words[i + 1] if i + 1 < len(words) else ""
        said_of = is_adjective(word) or (is_participle(word) and not rather_noun(word))
        if said_of and (after in prepositions or after in ("there", "that")):
            return i - 1
    return len(words) - 1


def _of_several(verb: str) -> str:
    """Return a verb as it stands after a plural: grants, grant; one in the past as it is."""
    if verb in _OF_SEVERAL:
        return _OF_SEVERAL[verb]
    return _singular_word(verb) if verb.endswith("s") and not verb.endswith("ss") else verb


def _with_head(noun: str, change: Callable[[str], str]) -> str:
    words = noun.split()
    if not words:
        return noun
    if len(words) == 3 and words[1] in ("or", "and"):
        return f"{change(words[0])} {words[1]} {change(words[2])}"  # pests or diseases
    at = _head_index(words)
    words[at] = change(words[at])
    return " ".join(words)


def _plural_word(word: str) -> str:
    lists = english()
    if word.lower() in lists.plurals:
        return lists.plurals[word.lower()]
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"


def _singular_word(word: str) -> str:
    lists = english()
    if word.lower() in lists.singulars:
        return lists.singulars[word.lower()]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:ss|x|zz|tz|ch|sh)es$", word):
        return word[:-2]
    if word.endswith(("tuses", "ruses", "puses", "buses", "nuses", "nsuses", "ircuses")):
        return word[:-2]
    return word.removesuffix("s")
