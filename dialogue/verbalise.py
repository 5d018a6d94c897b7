"""Relations as people speak of them: wordings from the lexicon or the grammar, questions, sentences, answers."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import tomli  # compiled: three times as fast as tomllib, and the lexicon has 1.5 MB

from dialogue.grammar import generated
from dialogue.wordings import NO_PHRASE, Asking, Direction, Question, Statement, Wordings, fill, listed, state
from dialogue.words import plural
from kg.errors import DataError

LEXICA: Mapping[str, tuple[str, ...]] = {  # language -> files of dialogue/lexicon
    "en": ("fb15k.toml", "fb15k_rare.toml", "freebase.toml", "atlas.toml", "rdf.toml"),
    "de": ("de.toml",),
    "fr": ("fr.toml",),
    "es": ("es.toml",),
    "zh": ("zh.toml",),
}
KINDS = ("person", "group", "place", "organization", "work", "event", "time", "thing")
_SIGN = re.compile(r"<(?:image|RET|KNO)>|[\x00-\x1f\x7f\u2028\u2029]")
NOTHING: Mapping[str, Wordings] = MappingProxyType({})


@cache
def lexicon(lang: str = "en") -> Mapping[str, Wordings]:
    """Return the wordings written by hand in a language, by relation."""
    entries: dict[str, Wordings] = {}
    for name in LEXICA.get(lang, ()):
        text = (files("dialogue") / "lexicon" / name).read_text(encoding="utf-8")
        entries |= _entries(name, text, lang)
    return entries


def read_lexicon(path: Path, lang: str = "en") -> dict[str, Wordings]:
    """Return the wordings of a user's lexicon file, by relation. Raises DataError that names the file and the entry."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path} can't be read as a lexicon: {exc}.") from exc
    return _entries(str(path), text, lang)


def own_wordings(lexicon: Mapping[str, Wordings], lang: str) -> Mapping[str, Wordings]:
    """Return those of a user's wordings that are in a language."""
    return {relation: worded for relation, worded in lexicon.items() if worded.lang == lang}


def _entries(name: str, text: str, lang: str) -> dict[str, Wordings]:
    try:
        found = tomli.loads(text)
    except tomli.TOMLDecodeError as exc:
        raise DataError(f"{name} is no TOML ({exc}): correct it there.") from exc
    entries = {}
    for relation, entry in found.items():
        try:
            entries[relation] = _written(relation, lang, entry)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{name} words {relation} wrongly ({error}): correct that entry.") from error
    return entries


@cache
def paraphrases() -> Mapping[tuple[str, Direction], tuple[str, ...]]:
    """Return how else an end of a relation is asked for, `{x}` for what is known: only to understand questions."""
    found: dict[tuple[str, Direction], tuple[str, ...]] = defaultdict(tuple)
    for name in ("paraphrases.toml", "paraphrases_freebase.toml"):
        text = (files("dialogue") / "lexicon" / name).read_text(encoding="utf-8")
        for entry in tomli.loads(text).values():
            tail, head = tuple(entry["tail"]), tuple(entry.get("head", ()))
            for relation in entry["relations"]:
                found[relation, "tail"] += tail
                found[relation, "head"] += head
            for relation in entry.get("inverse", ()):
                found[relation, "tail"] += head
                found[relation, "head"] += tail
    return {key: tuple(dict.fromkeys(texts)) for key, texts in found.items()}


def wordings(
    relation: str,
    label: str | None = None,
    head_types: Sequence[str] = (),
    tail_types: Sequence[str] = (),
    lang: str = "en",
    own: Mapping[str, Wordings] = NOTHING,
    several: bool = False,
    sole: bool = False,
) -> Wordings:
    """Return how a relation is asked for and stated: by hand where the lexicon has it, else by the grammar.

    `label` is what the graph itself calls the relation, in that language. Types are Freebase types, class IRIs or node
    labels of what stands at the two ends, the most telling first. `own` is a user's lexicon, which comes first.
    `several` says that a head often has more than one tail, `sole` that a tail has one head.
    """
    if relation in own:
        return own[relation]
    if (written := lexicon(lang).get(relation)) is not None:
        return written
    if lang != "en":
        raise DataError(
            f"there are no wordings for {relation} in {lang!r} and no grammar for it: write a lexicon entry."
        )
    return generated(relation, label, head_types, tail_types, several, sole)


def question(worded: Wordings, direction: Direction, form: int, name: str) -> str:
    """Return the question for the tail or the head of a relation whose other end is called `name`."""
    return fill(worded.asking(direction).forms[form], name)


def statement(worded: Wordings, form: int, head: str, tail: str) -> str:
    """Return the sentence that states one fact."""
    return state(worded.statements[form], head, tail)


def answer(names: Sequence[str]) -> str:
    """Return the answer that names one or several entities: "Paris.", "Oslo and Rome."."""
    said = listed(names)
    return said if said.endswith((".", "!", "?")) else f"{said}."


def follow_up(asking: Asking, whose: str = "its", several: bool = False) -> str:
    """Return the elliptic question about what was just spoken of: "And its currency?"."""
    return f"And {whose} {asking.nouns if several else asking.noun}?"


def _written(relation: str, lang: str, entry: Mapping[str, Sequence[str]]) -> Wordings:
    """Read one entry. Nouns are needed in English alone; kinds are those of the English entry where none are given."""
    head_noun, tail_noun = entry["noun"] if lang == "en" else entry.get("noun", ("", ""))
    if "kind" in entry or lang == "en":
        head_kind, tail_kind = entry["kind"]
    else:
        english = lexicon()[relation]
        head_kind, tail_kind = english.head.kind, english.tail.kind
    head_phrase, tail_phrase = map(_phrase, entry.get("phrase", (None, None)))
    many = plural if lang == "en" else str
    if unknown := {head_kind, tail_kind}.difference(KINDS):
        raise ValueError(f"there is no kind {unknown.pop()!r}")
    if not entry["say"] or (lang == "en" and not (head_noun.strip() and tail_noun.strip())):
        raise ValueError("a statement and two nouns are needed")
    if sign := _SIGN.search("".join((*entry["tail"], *entry["head"], *entry["say"], *entry.get("phrase", ())))):
        raise ValueError(f"{sign[0]!r} may not stand in a wording")
    return Wordings(
        relation,
        lang,
        Asking(_forms(entry["tail"]), tail_noun, many(tail_noun), tail_kind, tail_phrase),
        Asking(_forms(entry["head"]), head_noun, many(head_noun), head_kind, head_phrase),
        tuple(map(Statement.parse, entry["say"])),
        written=True,
    )


def _phrase(template: str | None) -> Question | None:
    return None if template is None else Question.parse(template) if template else NO_PHRASE


def _forms(templates: Sequence[str]) -> tuple[Question, ...]:
    if len(set(templates)) < 3:
        raise ValueError("three different questions are needed for each direction")
    return tuple(map(Question.parse, templates))
