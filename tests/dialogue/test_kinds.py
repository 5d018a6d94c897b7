"""A yes that should be no, a miscount, a question said to have no answer: a model would learn them as facts."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dialogue.build import BuildSettings, build
from dialogue.compare import compared
from dialogue.compose import Plan, compose, question
from dialogue.derived import Derived
from dialogue.kind_words import choosing, claim, counting, described, kind_words, plain_noun, property_words
from dialogue.lines import line
from dialogue.material import Material, Origin, prepare
from dialogue.serialise import to_line
from dialogue.splits import TEST, TRAIN, VALID
from dialogue.truth import Truth
from dialogue.types import KINDS
from dialogue.verbalise import read_lexicon, wordings
from dialogue.verify import summary, verify
from dialogue.walk import Task, walk
from dialogue.wordings import HELD_OUT, PLAIN, Asking, Question, Statement, fill
from ingest.sample import folder as sample
from kg.adjacency import Adjacency, Picture, Relation, Vertex
from kg.adjacency import build as adjacency
from kg.rdf import read_rdf

Record = dict[str, Any]
Rounds = list[tuple[Record, Record]]
Spoil = Callable[[Record, Record, Rounds], None]


@pytest.fixture(scope="module")
def world() -> Adjacency:
    """The bundled atlas without any store: its images are the real files; half of the countries have an area."""
    source = read_rdf([sample() / "atlas.ttl"], "atlas")
    images: dict[str, list[Picture]] = {}
    for image in source.images:
        digest = hashlib.sha256((sample() / image.path).read_bytes()).hexdigest()
        images.setdefault(image.entity, []).append(Picture(image.path, digest))
    entities = [Vertex(e.id, e.names, e.types, tuple(images.get(e.id, ()))) for e in source.entities]
    relations = [Relation(path, path, path) for path in sorted({each.relation for each in source.triples})]
    countries = sorted(e.id for e in source.entities if ":country/" in e.id)[::2]
    return adjacency(
        "atlas", entities, relations, ((t.head, t.relation, t.tail) for t in source.triples),
        {each: each.rpartition("/")[2] for e in entities for each in e.types}, [sample()],
        [(each, "area", 10.0 * n) for n, each in enumerate(countries)]
        + [(each, "surfaceTemperature", float(-n)) for n, each in enumerate(countries)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def truth(world: Adjacency) -> Truth:
    found = Truth(image_root=sample())
    for head, facts in zip(world.triple_heads().tolist(), range(len(world)), strict=True):
        relation, tail = world.outgoing.relation[facts], world.outgoing.neighbour[facts]
        found.add(world.entities[head].id, world.relations[relation].path, world.entities[tail].id)
    found.names = {entity.id: list(entity.names) for entity in world.entities}
    found.images = {(e.id, image.path, image.sha256) for e in world.entities for image in e.images}
    found.numbers = {
        (world.entities[entity].id, name): value
        for name, numbers in world.numbers.items()
        for entity, value in numbers.items()
    }
    return found


@pytest.fixture(scope="module")
def told(world: Adjacency, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("told") / "atlas"
    build(world, BuildSettings(rounds=9_000, seed=5), out)
    return out


def rounds(record: Record) -> Rounds:
    turns = record["conversations"]
    return list(zip(turns[::2], turns[1::2], strict=True))


def lines(folder: Path, split: str = "train") -> list[Record]:
    return [json.loads(each) for each in (folder / f"{split}.jsonl").read_text("utf-8").splitlines()]


def test_every_kind_is_built_and_proven_by_the_graph(told: Path, truth: Truth) -> None:
    report = verify(told, truth, "atlas")
    assert report.findings == []
    kinds = Counter(given["kg"]["kind"] for each in lines(told) for _, given in rounds(each))
    assert set(kinds) == set(KINDS)
    assert sum(kinds.values()) > kinds["fact"] > 0.75 * sum(kinds.values())
    for split in ("valid", "test"):
        assert {"yes_no", "comparison"} < {g["kg"]["kind"] for each in lines(told, split) for _, g in rounds(each)}


def test_yes_and_no_are_about_as_frequent(told: Path) -> None:
    values = Counter(
        given["kg"]["value"] for each in lines(told) for _, given in rounds(each) if given["kg"]["kind"] == "yes_no"
    )
    assert 0.5 < values["Yes"] / values["No"] < 2.5


def test_questions_show_two_pictures_and_answers_show_several(told: Path) -> None:
    shown = Counter(len(turn["image_list"]) for each in lines(told) for turn in each["conversations"])
    assert shown[2] > 5 and shown[3] > 0
    pairs = [asked for each in lines(told) for asked, given in rounds(each) if len(asked["image_list"]) == 2]
    assert pairs and all(asked["value"].count("<image>") == 2 for asked in pairs)


def test_no_picture_is_shown_twice_while_an_entity_has_others(told: Path, world: Adjacency) -> None:
    many = {e.id: len(e.images) for e in world.entities}
    for record in lines(told):
        seen = Counter((i["entity"], i["file"]) for turn in record["conversations"] for i in turn["kg"]["images"])
        times = Counter(entity for entity, _ in seen.elements())
        assert all(n == 1 or times[entity] > many[entity] for (entity, _), n in seen.items())


def test_a_question_refers_to_what_was_just_spoken_of(told: Path) -> None:
    texts = [asked["value"] for each in lines(told) for asked, given in rounds(each) if given["kg"].get("refers")]
    assert any(text.startswith(("And its ", "And what about its ")) for text in texts)
    assert any("this country" in text for text in texts) and any("this city" in text for text in texts)


def test_picture_first_dialogues_begin_with_one(told: Path) -> None:
    first = [each for each in lines(told) if each["strategy"] == "image_first"]
    assert len(first) > 20
    assert all(each["conversations"][0]["image_list"] for each in first)


def no_instead(asked: Record, given: Record, _: Rounds) -> None:
    given["kg"]["value"] = "No" if given["kg"]["value"] == "Yes" else "Yes"
    given["value"] = given["kg"]["value"] + given["value"][given["value"].index("."):]  # fmt: skip
    given["kg"]["slots"] = []


def one_more(asked: Record, given: Record, _: Rounds) -> None:
    count = given["kg"]["value"]
    given["kg"]["value"] = str(int(count) + 1)
    given["value"], given["kg"]["slots"] = f"{int(count) + 1}.", []


def the_other_one(asked: Record, given: Record, _: Rounds) -> None:
    kg = given["kg"]
    other = next(each for each in kg["query"]["subjects"] if each not in kg["answers"])
    kg["answers"], kg["slots"][0][2] = [other], other


def another_way(asked: Record, given: Record, _: Rounds) -> None:
    given["kg"]["triples"][0] = given["kg"]["triples"][1]


def an_answer_after_all(asked: Record, given: Record, others: Rounds) -> None:
    kg = next(each["kg"] for _, each in others if each["kg"]["kind"] == "fact")
    head, relation, tail = kg["triples"][0]
    subject = head if kg["direction"] == "tail" else tail
    given["kg"]["query"] |= {"subjects": [subject], "path": [[relation, kg["direction"]]]}


def another_number(asked: Record, given: Record, _: Rounds) -> None:
    given["kg"]["query"]["values"][0] += 1


def the_smaller_one(asked: Record, given: Record, _: Rounds) -> None:
    given["kg"]["query"]["wins"] = "smaller"


def both_have_it(asked: Record, given: Record, _: Rounds) -> None:
    query = given["kg"]["query"]
    query["subjects"] = [given["kg"]["answers"][0]] * 2


def of_something_else(asked: Record, given: Record, _: Rounds) -> None:
    asked["value"] = "And its capital?"
    given["kg"]["refers"] = True


SPOILS: list[tuple[str, Spoil, str]] = [
    ("yes_no", no_instead, "wrong_verdict"),
    ("count", one_more, "wrong_count"),
    ("claim", the_other_one, "wrong_choice"),
    ("claim", both_have_it, "no_choice"),
    ("multi_hop", another_way, "wrong_hop"),
    ("unanswerable", an_answer_after_all, "answerable"),
    ("by", another_number, "wrong_number"),
    ("by", the_smaller_one, "wrong_choice"),
    ("first", of_something_else, "lost_reference"),
]


@pytest.mark.parametrize(("kind", "spoil", "reason"), SPOILS, ids=[spoil.__name__ for _, spoil, _ in SPOILS])
def test_each_corruption_is_found_by_its_reason(
    told: Path, truth: Truth, tmp_path: Path, kind: str, spoil: Spoil, reason: str
) -> None:
    copy = Path(shutil.copytree(told, tmp_path / "copy"))
    records = lines(copy)
    facts = [each for record in records for each in rounds(record)]
    for record in records:
        for n, (asked, given) in enumerate(rounds(record)):
            kg = given["kg"]
            query = kg.get("query", {})
            if kind in (kg["kind"], "claim" if query.get("claim") and kg["kind"] == "comparison" else "",
                        "by" if query.get("by") else "", "" if n or kg["format"] != "T2T" else "first"):  # fmt: skip
                spoil(asked, given, facts)
                break
        else:
            continue
        break
    else:
        raise AssertionError(f"no round is of the kind {kind}")
    (copy / "train.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records), "utf-8")
    found = verify(copy, truth, "atlas")
    assert reason in found.reasons
    assert {each.dialogue for each in summary(found.findings).values()} == {record["id"]}


def test_what_is_said_to_be_false_has_one_answer_nearly_always(world: Adjacency) -> None:
    material = prepare(Origin(world))
    for plan in plans(material, 1500):
        for each in plan.rounds:
            if isinstance(each, Derived) and each.value == "No":
                ((relation, asks_tail),) = each.path
                assert material.survey.runs(asks_tail).single[relation]
                assert each.claim not in each.truths


def plans(material: Material, count: int) -> list[Plan]:
    found = [walk(material, 2, Task(split, n, turn=n)).plan for split in (TRAIN, VALID, TEST) for n in range(count)]
    return [plan for plan in found if plan is not None]


def test_both_ways_to_write_a_line_agree(world: Adjacency) -> None:
    material = prepare(Origin(world))
    for plan in plans(material, 300):
        assert line(material, plan) == to_line(compose(material, plan))


def test_nothing_is_asked_twice_in_a_dialogue(world: Adjacency) -> None:
    material = prepare(Origin(world))
    for plan in plans(material, 500):
        texts = [question(material, each) for each in plan.rounds if not getattr(each, "refers", 0) and not each.format]
        assert len(texts) == len(set(texts))


def test_facts_alone_are_built_where_nothing_else_is_wanted(world: Adjacency) -> None:
    material = prepare(Origin(world, kinds=("fact",)))
    assert not any(isinstance(each, Derived) for plan in plans(material, 200) for each in plan.rounds)


def test_a_language_without_words_for_the_kinds_has_facts_alone() -> None:
    assert kind_words("xx") is None


def test_questions_are_turned_into_how_many() -> None:
    worded = wordings("urn:kwk:atlas:neighbour")
    texts = {form.prefix + "{x}" + form.suffix for form in counting(worded.head)}
    assert any(text.startswith("How many ") for text in texts)
    assert not any("Which" in text for text in texts)
    assert counting(wordings("urn:kwk:atlas:capital").tail) == ()
    assert counting(wordings("ex:looksUpTo", None, ["Player"], ["Player"]).head) == ()  # not "how many player looks"
    assert counting(wordings("ex:pairsWellWith", None, ["Dish"], ["Wine"]).head) == ()
    assert counting(wordings("ex:pairsWellWith", None, ["Dish"], ["Wine"], several=True).tail)


def test_a_choice_is_asked_for_in_the_singular() -> None:
    for form in choosing(wordings("urn:kwk:atlas:neighbour").head):
        assert not form.prefix.startswith(("What are", "Which countries"))


def test_an_entity_is_described_by_what_it_is_of_another() -> None:
    words, worded = kind_words(), wordings("urn:kwk:atlas:capital")
    assert words is not None
    assert described(words, worded, True, "Peru") == "the capital of Peru"
    assert described(words, worded, False, "Lima") == "the country whose capital is Lima"
    assert described(words, wordings("urn:kwk:atlas:currency"), False, "the euro") is None  # no "country that uses it"


@pytest.mark.parametrize(
    ("noun", "plain"),
    [("capital", True), ("official language", True), ("film released there", False), ("country that uses it", False),
     ("answer", False), ("", False), ("head of state", False), ("co-founder", True)],
)  # fmt: skip
def test_only_a_noun_of_its_own_is_put_into_a_phrase(noun: str, plain: bool) -> None:
    assert plain_noun(noun) is plain


def test_a_claim_ends_and_begins_as_its_sentence_needs() -> None:
    form = Statement.parse("The capital of {head} is {tail}.")
    assert claim(form, "Peru", "Lima") == ("The capital of Peru is Lima", "the capital of Peru is Lima")
    assert claim(form, "Peru", "Acme Inc.")[0] == "The capital of Peru is Acme Inc."
    assert claim(Statement.parse("{head} is big in {tail}."), "iOS", "Peru")[1] == "iOS is big in Peru"
    assert claim(Statement.parse("{head} is big in {tail}."), "drama film", "Peru") == (
        "Drama film is big in Peru", "drama film is big in Peru",
    )  # fmt: skip


def test_properties_of_any_vocabulary_have_words() -> None:
    assert property_words("surfaceTemperature") == "surface temperature"
    assert property_words("height_meters") == "height in metres"
    assert property_words("lengthKm") == "length in kilometres"
    assert property_words("x1") is None
    assert property_words("maxDepthM") == "maximum depth in metres"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("annualVisitors", "Which of the two has more annual visitors, {a} or {b}?"),
        ("numberOfBeds", "Which of the two has more beds, {a} or {b}?"),
        ("durationInMonths", "Which of the two has the longer duration in months, {a} or {b}?"),
        ("areaInHectares", "Which of the two has the larger area in hectares, {a} or {b}?"),
        ("hardiness_zone", "Which of the two has the higher hardiness zone, {a} or {b}?"),
    ],
)
def test_number_is_more_longer_or_higher_by_what_it_counts(name: str, text: str) -> None:
    words = kind_words("en")
    assert words is not None
    assert compared(words, property_words(name) or "") == text


def test_entities_of_one_name_are_in_no_question_of_these_kinds(world: Adjacency) -> None:
    twins = replace(
        world, entities=tuple(replace(e, names=("Same",)) if ":city/" in e.id else e for e in world.entities)
    )
    material = prepare(Origin(twins))
    for plan in plans(material, 200):
        for each in plan.rounds:
            if isinstance(each, Derived):
                assert not any(":city/" in material.ids[subject] for subject in each.subjects)


@pytest.mark.parametrize(
    "form",
    [
        "Which firm sells goods in {x}?",
        "Which organization hands out {x}?",
        "Which war saw soldiers of {x} in action?",
        "Which crime caused losses to {x}?",
        "Which film owes its sets to {x}?",
    ],
)
def test_verb_is_not_taken_for_the_plural_of_what_is_counted(form: str) -> None:
    forms = (Question.parse(form), Question.parse("Which music genres come from {x}?"), Question.parse("Held out {x}?"))
    found = counting(Asking(forms, "genre", "genres", "thing"))
    assert [each.prefix for each in found] == ["How many music genres come from "]


def test_second_step_is_asked_in_the_words_of_its_relation_about_the_phrase_of_the_first(world: Adjacency) -> None:
    material = prepare(Origin(world))
    rounds = [each for plan in plans(material, 1500) for each in plan.rounds if isinstance(each, Derived)]
    hops = [each for each in rounds if each.kind == "multi_hop"]
    assert len(hops) > 20
    for each in hops:
        (first, asks_tail), (second, _) = each.path
        phrase = described(material.kind_words, material.wordings[first], asks_tail, material.said[each.subject])
        assert phrase is not None
        assert each.question in {fill(form, phrase) for form in material.wordings[second].tail.forms[:HELD_OUT][:PLAIN]}
        for relation, way in each.path:
            assert material.survey.runs(way).telling[relation]


def test_phrase_of_the_lexicon_comes_before_the_nouns_and_an_empty_one_is_none(tmp_path: Path) -> None:
    entry = (
        '["ex:keeper"]\nkind = ["place", "person"]\nnoun = ["island", "keeper"]\n'
        'phrase = ["", "the person who keeps [the island] {x}"]\n'
        'tail = ["Who keeps {x}?", "Who minds {x}?", "Who looks after {x}?"]\n'
        'head = ["What does {x} keep?", "What does {x} mind?", "What does {x} look after?"]\n'
        'say = ["{tail} keeps {head}."]\n'
    )
    (tmp_path / "own.toml").write_text(entry, "utf-8")
    worded = read_lexicon(tmp_path / "own.toml")["ex:keeper"]
    words = kind_words("en")
    assert words is not None
    assert described(words, worded, True, "Amber") == "the person who keeps the island Amber"
    assert described(words, worded, True, "Amber Island") == "the person who keeps Amber Island"
    assert described(words, worded, False, "Ann") is None


def test_what_nearly_all_have_is_no_question_of_two_steps_and_tells_no_two_apart() -> None:
    entities = [Vertex(f"p{n}", (f"Person {n}",), ("Person",)) for n in range(40)]
    entities += [Vertex(f"t{n}", (f"Town {n}",), ("Town",)) for n in range(10)]
    entities += [Vertex("c0", ("Coin",), ("Currency",)), Vertex("c1", ("Shell",), ("Currency",))]
    facts = [(f"p{n}", "livesIn", f"t{n % 10}") for n in range(40)]
    facts += [(f"p{n}", "paidIn", "c1" if n == 7 else "c0") for n in range(40)]
    relations = [Relation(path, path, path) for path in ("livesIn", "paidIn")]
    runs = prepare(Origin(adjacency("towns", entities, relations, facts))).survey.out
    assert [bool(each) for each in runs.telling] == [True, False]
    few = adjacency("few", entities, relations, facts[:3] + facts[40:43])
    assert all(prepare(Origin(few)).survey.out.telling)
