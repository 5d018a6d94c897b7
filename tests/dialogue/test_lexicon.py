"""What was written by hand can be asked: the lexicon's own rules."""

import re
import tomllib
from importlib.resources import files

import pytest

from dialogue.verbalise import LEXICA, lexicon
from dialogue.wordings import Asking, Wordings, fill, state

KINDS = {"person", "group", "place", "organization", "work", "event", "time", "thing"}
ENTRIES = sorted(lexicon().values(), key=lambda worded: worded.relation)


def texts(worded: Wordings) -> list[str]:
    asked = [f"{form.prefix}X{form.suffix}" for asking in (worded.tail, worded.head) for form in asking.forms]
    return asked + [f"{s.before}X{s.between}Y{s.after}" for s in worded.statements]


def bare_texts(worded: Wordings) -> dict[str, str]:
    """Return every text, and how it reads around a name that needs no "the film" before it."""
    forms = [form for asking in (worded.tail, worded.head) for form in asking.forms]
    said = [fill(form, "this X") for form in forms] + [state(s, "this X", "this Y") for s in worded.statements]
    return dict(zip(texts(worded), said, strict=True))


def test_lexicon_covers_the_sample_and_the_frequent_relations_of_fb15k_with_all_of_fb15k_237() -> None:
    written = set(lexicon())
    assert len(written) >= 452 + 9
    assert {"urn:kwk:atlas:capital", "/film/actor/film./film/performance/film"} <= written
    assert all(worded.written for worded in ENTRIES)
    assert set(LEXICA) == {"en", "de", "fr", "es", "zh"}


@pytest.mark.parametrize("worded", ENTRIES, ids=lambda worded: worded.relation)
def test_every_direction_has_three_questions_that_differ(worded: Wordings) -> None:
    for asking in (worded.tail, worded.head):
        assert len(set(asking.forms)) >= 3
    assert not set(worded.tail.forms) & set(worded.head.forms), "a question must say which end it asks for"
    assert len(set(worded.statements)) >= 2


@pytest.mark.parametrize("worded", ENTRIES, ids=lambda worded: worded.relation)
def test_every_text_reads_well_around_any_name(worded: Wordings) -> None:
    for text in texts(worded):
        assert "  " not in text
        assert not set("{}[]") & set(text)
        assert not re.search(r"\b(?:a|an|the) [XY]\b", text, re.IGNORECASE), (
            f"{text}: the name may bring its own article"
        )
        assert not re.search(r"\b[XY]['’]s\b", text), f"{text}: a name may be a whole phrase"
        assert not re.search(r"\b(the|a|an|of|in|to|by) \1\b", text)
        assert text[0].isupper()
        assert not re.search(r"\bthe (?:film|title|series|show|country|genre|team) this\b", bare_texts(worded)[text])
    for asking in (worded.tail, worded.head):
        assert all(form.suffix.endswith("?") for form in asking.forms)
        assert all(form.prefix for form in asking.forms), "a question does not begin with the name"
    assert all(statement.after.endswith(".") for statement in worded.statements)


@pytest.mark.parametrize("worded", ENTRIES, ids=lambda worded: worded.relation)
def test_nouns_can_be_used_in_an_elliptic_question(worded: Wordings) -> None:
    for asking in (worded.tail, worded.head):
        assert isinstance(asking, Asking)
        assert asking.kind in KINDS
        assert asking.noun
        assert not asking.noun.startswith(("the ", "a ", "an "))
        assert asking.noun.strip("?.") == asking.noun


def test_no_two_of_the_relations_that_are_often_asked_for_ask_in_the_same_words() -> None:
    seen: dict[tuple[str, str], str] = {}
    rare = tomllib.loads((files("dialogue") / "lexicon" / "fb15k_rare.toml").read_text("utf-8"))  # mostly inverses
    for worded in ENTRIES:
        if worded.relation.startswith("urn:") or worded.relation in rare:
            continue
        for asking in (worded.tail, worded.head):
            for form in asking.forms:
                key = (form.prefix, form.suffix)
                assert key not in seen, f"{worded.relation} asks like {seen[key]}"
                seen[key] = worded.relation
