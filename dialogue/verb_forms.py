"""The forms of English verbs: owns, owned, owning, and the bare form that each belongs to."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PREFIXES = ("re-", "re", "over", "under", "out", "un", "dis", "pre", "with", "co-", "mis", "de", "inter", "up")


@dataclass(frozen=True, slots=True)
class VerbForms:
    """Each form of every known verb with its bare form, and the forms of each bare one: see lexicon/verbs.toml."""

    thirds: Mapping[str, str]
    pasts: Mapping[str, str]
    participles: Mapping[str, str]
    past_of: Mapping[str, str]
    participle_of: Mapping[str, str]
    intransitive: frozenset[str]
    nouns: frozenset[str]  # more often nouns in the third person
    either: frozenset[str]  # verbs all the same where the type of what follows is of another kind
    no_persons: frozenset[str]
    giving: frozenset[str]  # the head of their passive gets something: was awarded a prize
    naming: frozenset[str]  # what follows their passive is what the head is then: crowned king in
    deeds: frozenset[str]  # what persons do, and is done to things too


@cache
def verb_forms() -> VerbForms:
    """Return the forms of the verbs."""
    data = tomllib.loads((files("dialogue") / "lexicon" / "verbs.toml").read_text(encoding="utf-8"))
    doubling = frozenset(data["doubling"].split())
    past_of, participle_of = {}, {}
    pasts: dict[str, str] = {}
    for bare in data["regular"].split():
        past_of[bare] = participle_of[bare] = regular_past(bare, bare in doubling)
        pasts[regular_past(bare, doubles=False)] = bare  # traveled
    for bare, forms in data["irregular"].items():
        past_of[bare], participle_of[bare] = forms.split()
    more = data["more"]
    return VerbForms(
        {third_person(bare): bare for bare in past_of},
        pasts | {past: bare for bare, past in past_of.items()},
        pasts | {done: bare for bare, done in participle_of.items()},
        past_of,
        participle_of,
        *(
            frozenset(more[name].split())
            for name in ("intransitive", "nouns", "either", "no_persons", "giving", "naming", "deeds")
        ),
    )


def third_person(bare: str) -> str:
    """Return the form that stands with he, she or it."""
    if re.search(r"(?:s|x|z|ch|sh|o)$", bare):
        return bare + "es"
    return bare[:-1] + "ies" if re.search(r"[^aeiou]y$", bare) else bare + "s"


def regular_past(bare: str, doubles: bool) -> str:
    """Return the form in -ed."""
    if bare.endswith("e"):
        return bare + "d"
    if re.search(r"[^aeiou]y$", bare):
        return bare[:-1] + "ied"
    short = re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", bare)
    return bare + bare[-1] + "ed" if doubles or short else bare + "ed"


def bare_of_third(word: str) -> str | None:
    """Return "own" for "owns"; None if it is no verb's third person."""
    return _bare(word, verb_forms().thirds)


def bare_of_participle(word: str) -> str | None:
    """Return "write" for "written", "rebuild" for "rebuilt"; None if it is no known participle."""
    return _bare(word, verb_forms().participles)


def active_past(word: str) -> str | None:
    """Return the bare form of a past that tells what the head itself did: "wrote", "stood", not "built"."""
    forms = verb_forms()
    bare = _bare(word, forms.pasts)
    if bare is None:
        return None
    alone = bare.removeprefix("co-") in forms.intransitive
    return (
        bare if alone or (past_of(bare) == word and participle_of(bare) != word and not word.endswith("ed")) else None
    )


def past_of(bare: str) -> str:
    """Return the past of a bare form."""
    return _form(bare, verb_forms().past_of)


def participle_of(bare: str) -> str:
    """Return the participle of a bare form."""
    return _form(bare, verb_forms().participle_of)


def is_bare(word: str) -> bool:
    """Say whether a word is a verb's bare form, or a noun that looks like it."""
    return word in verb_forms().past_of


def does_it(word: str) -> bool:
    """Say whether a word in -er, -or or -ee is somebody who does what a verb says: owner, investor, employee."""
    forms = verb_forms()
    if word in forms.no_persons or not word.endswith(("er", "or", "ee")):
        return False
    stem = word[:-2]
    undoubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
    candidates = {stem, stem + "e", undoubled, stem[:-1] + "y" if stem.endswith("i") else stem}
    return any(candidate in forms.past_of for candidate in candidates)


def _bare(word: str, table: Mapping[str, str]) -> str | None:
    if word in table:
        return table[word]
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > 2 and rest in table:
            return prefix + table[rest]
    return None


def _form(bare: str, table: Mapping[str, str]) -> str:
    if bare in table:
        return table[bare]
    for prefix in _PREFIXES:
        rest = bare.removeprefix(prefix)
        if rest != bare and rest in table:
            return prefix + table[rest]
    return regular_past(bare, doubles=False)
