"""Any relation can be asked for and stated in English, whatever the graph calls it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.grammar import generated
from dialogue.verbalise import answer, follow_up, lexicon, question, statement, wordings
from dialogue.wordings import Direction, Question, Statement, Wordings, fill, fitted, state
from dialogue.words import countable
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


@pytest.mark.parametrize(
    ("template", "name", "text"),
    [
        ("What flows into [the lake] {x}?", "Ontario", "What flows into the lake Ontario?"),
        ("What flows into [the lake] {x}?", "Lake Ontario", "What flows into Lake Ontario?"),
        ("What flows into [the lake] {x}?", "Blake", "What flows into the lake Blake?"),
        ("Who held [the office of] {x}?", "governor", "Who held the office of governor?"),
        ("Who held [the office of] {x}?", "this office", "Who held this office?"),
        ("Who works in [the field of] {x}?", "Field Theory", "Who works in Field Theory?"),
    ],
)
def test_noun_before_a_name_is_left_out_where_the_name_says_it(template: str, name: str, text: str) -> None:
    assert fill(Question.parse(template), name) == text


def test_noun_before_a_name_is_left_out_of_a_statement_too() -> None:
    form = Statement.parse("[The lake] {head} is fed by [the river] {tail}.")
    assert state(form, "Erie", "Huron River") == "The lake Erie is fed by Huron River."
    assert state(form, "Lake Erie", "Maumee") == "Lake Erie is fed by the river Maumee."


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


def test_unseen_relation_keeps_the_tense_that_its_name_or_its_participle_has() -> None:
    assert asked("ex:isQualifiedToPerform", tail_types=["Procedure"]) == "Which procedure is X qualified to perform?"
    assert asked("ex:hasBeenDetainedIn", tail_types=["Port"]) == "Where has X been detained?"
    assert asked("ex:insuredBy", tail_types=["Insurer"]) == "Which insurer is X insured by?"
    assert asked("ex:foundedBy", tail_types=["Company"]) == "Which company was X founded by?"
    assert asked("ex:currentlyDockedAt", tail_types=["Pier"]) == "Which pier is X currently docked at?"
    assert asked("ex:describedIn") == "What is X described in?"
    assert asked("ex:describedBy") == "What was X described by?"
    assert asked("ex:wasPresidentOf", tail_types=["Club"]) == "Which club was X the president of?"


def test_article_within_a_relations_label_is_kept_and_one_that_a_name_leaves_out_is_put_in() -> None:
    assert asked("ex:p1", label="flies the flag of", tail_types=["Country"]) == "Which country does X fly the flag of?"
    assert asked("ex:p2", label="is under the command of", tail_types=["Person"]) == "Who is X under the command of?"
    assert asked("ex:isInCollectionOf", tail_types=["Museum"]) == "Which museum is X in the collection of?"
    assert asked("ex:actedOnBehalfOf", tail_types=["Agent"]) == "Which agent did X act on behalf of?"
    assert asked("ex:hasWonMedalAt", tail_types=["Fair"]) == "Which fair did X win a medal at?"
    assert (
        asked("ex:p5", label="is a patron of the arts in", tail_types=["Land"])
        == "Which land is X a patron of the arts in?"
    )
    assert asked("ex:p3", label="has the blood group") == "What is the blood group of X?"
    assert asked("ex:p4", label="ore used in the smelting") == "What is the ore used in the smelting of X?"


def test_what_a_head_often_has_several_of_is_asked_for_in_the_plural() -> None:
    several = generated("ex:hasSideEffect", several=True)
    assert question(several, "tail", 0, "X") == "What are the side effects of X?"
    assert statement(several, 0, "X", "nausea") == "Nausea is one of the side effects of X."
    takes = generated("ex:takes", None, ["Patient"], ["Drug"], several=True)
    assert question(takes, "tail", 0, "X") == "Which drugs does X take?"
    assert question(takes, "tail", 1, "X") == "Do you know which drug X takes?"


def test_what_a_tail_has_one_of_is_the_one_and_a_member_is_always_one_of_many() -> None:
    assert question(generated("ex:editorOf", sole=True), "tail", 0, "X") == "What is X the editor of?"
    assert question(generated("ex:editorOf"), "tail", 0, "X") == "What is X an editor of?"
    assert question(generated("ex:capitalOf"), "tail", 0, "X") == "What is X the capital of?"
    assert question(generated("ex:memberOf", sole=True), "head", 0, "X") == "Who is a member of X?"


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("wasPrescribed", "Patient", "Drug", "Which drug was X prescribed?"),
        ("hasBeenAwarded", "Person", "Prize", "Which prize has X been awarded?"),
        ("isManaged", "Estate", "Trust", "Which trust is X managed by?"),
        ("isFollowing", "User", "Channel", "Which channel is X following?"),
        ("operatedOn", "Surgeon", "Patient", "Which patient did X operate on?"),
        ("taughtIn", "Course", "Room", "Which room is X taught in?"),
        ("taughtIn", "Teacher", "Room", "Which room did X teach in?"),
        ("madeOf", "Product", "Material", "Which material is X made of?"),
        ("madeObservation", "Sensor", "Observation", "Which observation did X make?"),
        ("previouslyWorkedFor", "Person", "Company", "Which company did X previously work for?"),
        ("doesNotInteractWith", "Drug", "Drug", "Which drug does X not interact with?"),
        ("isNotCompatibleWith", "Part", "Part", "Which part is X not compatible with?"),
        ("shouldNotBeStoredWith", "Acid", "Acid", "Which acid should X not be stored with?"),
        ("brought_back", "Expedition", "Plant", "Which plant did X bring back?"),
        ("carriesOut", "Company", "Project", "Which project does X carry out?"),
        ("setUp", "Person", "Charity", "Which charity did X set up?"),
        ("picksUpPassenger", "Bus", "Passenger", "Which passenger does X pick up?"),
        ("ledExpedition", "Botanist", "Expedition", "Which expedition did X lead?"),
        ("builtShip", "Company", "Ship", "Which ship did X build?"),
        ("assignedRoom", "Person", "Room", "What is the assigned room of X?"),
        ("turnedDownAnOfferFrom", "Player", "Club", "Which club did X turn down an offer from?"),
        ("refereedFinalOf", "Referee", "Cup", "Which cup did X referee the final of?"),
        ("gaveDebutTo", "Coach", "Player", "Which player did X give a debut to?"),
        ("restaurantOfTheYear", "Guidebook", "Restaurant", "What is the restaurant of the year of X?"),
        ("stormed_out_of", "Critic", "Restaurant", "Which restaurant did X storm out of?"),
        ("laidOutBy", "Garden", "Person", "Who was X laid out by?"),
        ("builtStructure", "Material", "Structure", "What is the built structure of X?"),
        ("meandersThrough", "River", "Town", "Which town does X meander through?"),
        ("galumphsAround", "Beast", "Forest", "Which forest does X galumph around?"),
    ],
)
def test_who_does_what_to_whom_is_read_off_the_verbs_form(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(f"ex:{relation}", head_types=[head], tail_types=[tail]) == text


@pytest.mark.parametrize(
    ("relation", "tail", "text"),
    [
        ("usesDevice", "Device", "Which device does X use?"),
        ("awardsCeremony", "Ceremony", "What is the awards ceremony of X?"),
        ("inheresIn", "Organ", "Which organ does X inhere in?"),
        ("exceptionsTo", "Rule", "Which rule is X an exception to?"),
        ("isBoundFor", "Port", "Which port is X bound for?"),
        ("isFriendsWith", "Person", "Who is X friends with?"),
        ("isAbout", "Subject", "Which subject is X about?"),
        ("subject", "Subject", "What is the subject of X?"),
        ("hasHistoryOf", "Disease", "Which disease does X have a history of?"),
        ("isAssignedToProject", "Project", "Which project is X assigned to?"),
        ("visitingHoursSetBy", "Nurse", "Which nurse set the visiting hours of X?"),
        ("consignee", "Company", "Who is the consignee of X?"),
        ("starring", "Person", "Who does X star?"),
        ("usedToWorkFor", "Company", "Which company did X use to work for?"),
        ("usedToTreat", "Disease", "Which disease is X used to treat?"),
        ("isForbiddenToTouch", "Artwork", "Which artwork is X forbidden to touch?"),
        ("peerReviewedBy", "Person", "Who was X peer-reviewed by?"),
        ("editorInChief", "Person", "Who is the editor in chief of X?"),
        ("cinematography", "Person", "Who did the cinematography of X?"),
        ("containsVitaminC", "Dish", "Which vitamin C does X contain?"),
    ],
)
def test_word_that_may_be_noun_verb_or_adjective_is_what_its_neighbours_make_it(
    relation: str, tail: str, text: str
) -> None:
    assert asked(f"ex:{relation}", tail_types=[tail]) == text


def test_species_own_with_an_apostrophe_alone_and_pests_or_diseases_are_both_plural() -> None:
    relative = generated("ex:closestRelative", None, ["Species"], ["Species"])
    assert question(relative, "head", 1, "X") == "Which species' closest relative is X?"
    suffers = generated("ex:suffersFrom", None, ["Plant"], ["PestOrDisease"], several=True)
    assert question(suffers, "tail", 0, "X") == "Which pests or diseases does X suffer from?"
    assert question(suffers, "tail", 1, "X") == "Do you know which pest or disease X suffers from?"


def test_contents_and_cargo_are_counted_by_nobody() -> None:
    assert question(generated("ex:contents"), "tail", 1, "X") == "Do you know the contents of X?"
    assert not countable("contents")
    assert not countable("cargo")
    assert countable("terminals")
