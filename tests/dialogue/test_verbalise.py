"""Any relation can be asked for and stated in English, whatever the graph calls it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.verbalise import answer, follow_up, lexicon, question, statement, wordings
from dialogue.wordings import Direction, Question, Statement, Wordings, fitted
from kg.errors import DataError

hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    st.sampled_from("aZs9_-/.#: `'\"{}%$\n\x00\u202eßé国ofbyinthisherehas "), max_size=30
)


def asked(
    relation: str,
    direction: Direction = "tail",
    label: str | None = None,
    head_types: Sequence[str] = (),
    tail_types: Sequence[str] = (),
) -> str:
    return question(wordings(relation, label, head_types, tail_types), direction, 0, "X")


def faults(worded: Wordings) -> list[str]:
    """Return what is wrong with the wordings of a relation, whatever they say."""
    found = []
    for asking in (worded.tail, worded.head):
        texts = [f"{form.prefix}X{form.suffix}" for form in asking.forms]
        found += ["fewer than three questions"] if len(set(texts)) < 3 else []
        found += [f"no question: {text}" for text in texts if not text.endswith("?") or not text[0].isupper()]
        found += ["no noun"] if not asking.noun or not asking.nouns else []
    sentences = [f"{s.before}X{s.between}Y{s.after}" for s in worded.statements]
    found += ["fewer than two statements"] if len(set(sentences)) < 2 else []
    for text in [f"{f.prefix}X{f.suffix}" for a in (worded.tail, worded.head) for f in a.forms] + sentences:
        found += [f"spaces: {text!r}"] if "  " in text or text != text.strip() or " ?" in text or " ." in text else []
        found += [f"placeholder: {text!r}"] if re.search("[{}]", text) else []
        found += [f"two articles: {text!r}"] if re.search(r"\b(?:a|an|the) (?:a|an|the) ", text) else []
        found += [f"stranded: {text!r}"] if re.search(r"\b(?:of|with|by|at|to) (?:of|with|by|at|to) [XY]", text) else []
        found += [f"unprintable: {text!r}"] if not re.sub("[\u200c\u200d]", "", text).isprintable() else []
    return found


def test_curated_relation_is_asked_in_its_own_words() -> None:
    assert asked("/people/person/place_of_birth") == "Where was X born?"
    assert wordings("/people/person/place_of_birth").written


@pytest.mark.parametrize(
    ("relation", "tail", "head"),
    [
        ("/zoo/zoo/mascot", "What is the mascot of X?", "Which zoo has X as its mascot?"),
        ("/zoo/zoo/animals", "What are the animals of X?", "Which zoo has X as one of its animals?"),
        ("/zoo/zoo/keepers", "Who are the keepers of X?", "Which zoo has X as one of its keepers?"),
        ("/zoo/zoo/founders", "Who are the founders of X?", "Which zoo has X as one of its founders?"),
        ("/zoo/animal/offspring_of", "What is X an offspring of?", "What is an offspring of X?"),
        ("/zoo/zoo/designed_by", "What was X designed by?", "Which zoo was designed by X?"),
        ("/zoo/zoo/inspired", "What was inspired by X?", "By which zoo was X inspired?"),
        ("/zoo/animal/languages_trained_in", "Which languages was X trained in?", "Which animal was trained in X?"),
        ("ex:rebuiltAt", "What was X rebuilt at?", "What was rebuilt at X?"),
        ("ex:withdrawnFromServiceBy", "What was X withdrawn from service by?", "What was withdrawn from service by X?"),
        ("ex:scrappingRequestedBy", "Who requested the scrapping of X?", "The scrapping of what was requested by X?"),
        ("ex:haulsTrainsOn", "What does X haul trains on?", "What hauls trains on X?"),
        ("ex:overhauls", "What does X overhaul?", "What overhauls X?"),
        ("ex:stoodInFor", "What did X stand in for?", "What stood in for X?"),
        ("ex:formsPartOf", "What does X form part of?", "What forms part of X?"),
        ("ex:LIVE_IN", "What does X live in?", "What lives in X?"),
        ("ex:mayCause", "What may X cause?", "What may cause X?"),
        ("ex:junctionWith", "What does X have a junction with?", "What has a junction with X?"),
        (
            "ex:tenderInterchangeableWith",
            "With what is the tender of X interchangeable?",
            "The tender of what is interchangeable with X?",
        ),
        ("ex:isMemberOfClass", "Which class is X a member of?", "Who is a member of X?"),
        ("ex:inCountry", "Which country is X in?", "What is in X?"),
        (
            "ex:trialRunDestination",
            "What is the trial run destination of X?",
            "What has X as its trial run destination?",
        ),
        ("ex:co_patentee", "Who is the co-patentee of X?", "What has X as its co-patentee?"),
        ("ex:isPreservedAt", "What is X preserved at?", "What is preserved at X?"),
        ("ex:physicallyInteractsWith", "What does X physically interact with?", "What physically interacts with X?"),
        ("ex:firstSynthesisedBy", "What was X first synthesised by?", "What was first synthesised by X?"),
        ("ex:hasMoreSpeakersThan", "What does X have more speakers than?", "What has more speakers than X?"),
        ("ex:toxicTo", "What is X toxic to?", "What is toxic to X?"),
        ("ex:subjectOf", "What is X a subject of?", "What is a subject of X?"),
        ("ex:sameAs", "What is X the same as?", "What is the same as X?"),
        ("ex:positionHeld", "Which position is held by X?", "By what is X held?"),
        ("ex:OWNS", "What does X own?", "What owns X?"),
        ("ex:HAS", "What does X have?", "What has X?"),
        ("ex:fatherInLaw", "Who is the father-in-law of X?", "What has X as its father-in-law?"),
        (
            "ex:athleteplaysforteam",
            "What stands under “athleteplaysforteam” for X?",
            "What has X under “athleteplaysforteam”?",
        ),
        ("ex:rel17", "What stands under “rel17” for X?", "What has X under “rel17”?"),
        ("/zoo/zoo/contains", "What does X contain?", "Which zoo contains X?"),
        ("/zoo/zoo/zoos_inspired", "Which zoos were inspired by X?", "By which zoo was X inspired?"),
        ("/zoo/order/animals_of_this_order", "Which animals are of the order X?", "To which order does X belong?"),
        ("/zoo/zoo/animals_born_here", "Which animals were born in X?", "Where was X born?"),
        (
            "/zoo/zoo/entrance_fee./money/value/currency",
            "Which currency is recorded for the entrance fee of X?",
            "Which zoo has an entrance fee with X as the currency?",
        ),
        (
            "/zoo/zoo/animals_kept./zoo/stay/cage",
            "Which cage is recorded for one of the animals kept by X?",
            "Which zoo has an animal kept with X as the cage?",
        ),
    ],
)
def test_name_of_a_relation_is_read_as_a_phrase(relation: str, tail: str, head: str) -> None:
    assert asked(relation) == tail
    assert asked(relation, "head") == head


def test_camel_case_predicate_needs_no_entry() -> None:
    iri = "http://example.org/ns#officialLanguage"
    assert asked(iri, head_types=["http://example.org/ns#Country"]) == "What is the official language of X?"
    named = asked(iri, "head", head_types=["http://example.org/ns#Country"])
    assert named == "Which country has X as its official language?"
    assert asked("ex:locatedIn", tail_types=["City"]) == "Where is X located?"
    assert asked("ex:foundedBy", tail_types=["Person"]) == "Who was X founded by?"
    assert asked("ex:hasPart", "head") == "What has X as its part?"
    assert asked("ex:isPartOf") == "What is X a part of?"


def test_what_somebody_did_is_asked_for_in_the_past_and_not_as_if_it_was_done_to_them() -> None:
    assert asked("<actedIn>", tail_types=["Film"]) == "Which film did X act in?"
    assert asked("<actedIn>", "head", head_types=["Person"]) == "Who acted in X?"
    assert asked("<diedIn>", tail_types=["City"]) == "Where did X die?"
    assert asked("<hasWonPrize>") == "Which prize did X win?"
    assert asked("<wroteMusicFor>", tail_types=["Film"]) == "Which film did X write music for?"
    assert asked("<wasBornIn>", tail_types=["City"]) == "Where was X born?"


def test_type_at_the_other_end_tells_a_verb_from_a_plural_and_a_person_from_a_thing() -> None:
    assert asked("ex:hosts", tail_types=["Festival"]) == "Which festival does X host?"
    assert asked("ex:hosts", tail_types=["Host"]) == "Who are the hosts of X?"
    assert asked("ex:successor", tail_types=["Locomotive"]) == "What is the successor of X?"
    assert asked("ex:successor", tail_types=["Engineer"]) == "Who is the successor of X?"
    assert asked("ex:languagesTrainedIn", tail_types=["Language"]) == "Which languages was X trained in?"
    assert asked("ex:ashesScatteredAt", tail_types=["Lake"]) == "At which lake were the ashes of X scattered?"


def test_noun_of_the_answers_type_does_not_stand_for_a_verb() -> None:
    for relation in ("ex:operatedBy", "ex:owns", "ex:influenced"):
        assert wordings(relation, tail_types=["Company"]).tail.noun == "answer"
    assert wordings("ex:operatedBy", tail_types=["Company"]).tail.kind == "organization"


def test_label_of_the_graph_goes_before_the_name_of_the_predicate() -> None:
    assert asked("wdt:P36", label="capital") == "What is the capital of X?"
    assert asked("wdt:P112", label="founded by", tail_types=["Person"]) == "Who was X founded by?"


def test_who_is_asked_for_people_and_where_for_places() -> None:
    assert asked("ex:author").startswith("Who is the author")
    assert asked("ex:bornIn", tail_types=["City"]).startswith("Where was X born")
    assert wordings("ex:author").tail.kind == "person"
    assert wordings("ex:homeTown").tail.kind == "place"


def test_follow_up_question_has_a_noun_in_the_right_number() -> None:
    worded = wordings("urn:kwk:atlas:currency")
    assert follow_up(worded.tail) == "And its currency?"
    assert follow_up(worded.tail, several=True) == "And its currencies?"


def test_answer_joins_names_as_one_says_them() -> None:
    assert answer(["Oslo"]) == "Oslo."
    assert answer(["Oslo", "Rome"]) == "Oslo and Rome."
    assert answer(["Oslo", "Rome", "Apple Inc."]) == "Oslo, Rome and Apple Inc."


def test_punctuation_is_not_doubled_by_a_name_that_ends_in_it() -> None:
    worded = wordings("/people/person/place_of_birth")
    assert statement(worded, 0, "Ann", "Washington D.C.") == "Ann was born in Washington D.C."
    assert question(worded, "head", 0, "Who?") == "Who was born in Who?"


def test_noun_before_a_name_is_left_out_where_the_name_brings_a_word_of_its_own() -> None:
    worded = wordings("/film/film/language")
    assert question(worded, "tail", 0, "Alien") == "What language is the film Alien in?"
    assert question(worded, "tail", 0, "the Matrix") == "What language is the Matrix in?"
    assert question(worded, "tail", 0, "this film") == "What language is this film in?"
    assert statement(worded, 1, "Alien", "English") == "In the film Alien, English is spoken."
    assert statement(worded, 1, "this film", "English") == "In this film, English is spoken."
    fit = fitted(worded.statements[1], "this film", "English")
    assert f"{fit.before}this film{fit.between}English{fit.after}" == "In this film, English is spoken."


def test_sentence_begins_with_a_capital_also_before_an_article() -> None:
    worded = wordings("urn:kwk:atlas:currency")
    sentences = {statement(worded, form, "the Netherlands", "the euro") for form in (0, 1)}
    assert sentences == {
        "The currency of the Netherlands is the euro.",
        "In the Netherlands, people pay with the euro.",
    }


def test_unknown_language_says_what_to_do() -> None:
    with pytest.raises(DataError, match="lexicon entry"):
        wordings("ex:author", lang="xx")


def test_template_without_its_placeholders_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        Question.parse("What is it?")
    with pytest.raises(ValueError, match="exactly once"):
        Statement.parse("{head} is what {head} is.")


@given(hostile, st.none() | hostile, st.lists(hostile, max_size=2), st.lists(hostile, max_size=2))
def test_hostile_names_of_relations_still_make_questions(
    relation: str, label: str | None, head_types: list[str], tail_types: list[str]
) -> None:
    assert not faults(wordings(relation, label, head_types, tail_types))


@given(hostile, hostile)
def test_hostile_names_of_entities_are_put_in_as_they_are(head: str, tail: str) -> None:
    worded = wordings("/people/person/nationality")
    assert head[1:] in question(worded, "tail", 0, head)
    said = statement(worded, 0, head, tail)
    assert head[1:] in said
    assert tail[1:] in said


@pytest.mark.fb15k
def test_every_relation_of_fb15k_can_be_asked_for_in_three_ways_from_both_ends() -> None:
    folder = os.environ.get("KWK_FB15K_DIR")
    if not folder:
        pytest.skip("KWK_FB15K_DIR names no FB15K: its relations are not put into words")
    lines = (Path(folder) / "FB15K_EntityTriples.txt").read_text(encoding="utf-8").splitlines()
    relations = {line.split()[1] for line in lines}
    assert len(relations) == 1056
    assert not {relation: found for relation in sorted(relations) if (found := faults(wordings(relation)))}
    assert relations <= set(lexicon())  # all by hand; the lexicon also has relations that people ask of all Freebase
