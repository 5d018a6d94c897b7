"""Dialogues that stall at a hub, circle around one entity, repeat themselves or betray what a picture shows."""

from collections import Counter
from collections.abc import Callable

import pytest

from dialogue.asking import cover
from dialogue.asks import asks
from dialogue.compose import Plan, compose
from dialogue.lines import line
from dialogue.material import Material, Origin, prepare
from dialogue.serialise import to_line
from dialogue.splits import TEST, TRAIN, VALID
from dialogue.types import SPLITS, Dialogue
from dialogue.walk import STRATEGIES, Task, walk
from kg.adjacency import Adjacency, Picture, Relation, Vertex, build


def plans(material: Material, split: int = TRAIN, count: int = 200, seed: int = 0) -> list[Plan]:
    found = [walk(material, seed, Task(split, n, turn=n)).plan for n in range(count)]
    return [plan for plan in found if plan is not None]


def test_same_seed_and_number_give_the_same_dialogue_in_any_order(material: Material) -> None:
    forward = [walk(material, 7, Task(TRAIN, n, turn=n)) for n in range(50)]
    backward = [walk(material, 7, Task(TRAIN, n, turn=n)) for n in reversed(range(50))]
    assert forward == backward[::-1]
    assert forward != [walk(material, 8, Task(TRAIN, n, turn=n)) for n in range(50)]


@pytest.mark.parametrize("split", [TRAIN, VALID, TEST])
def test_dialogue_has_two_to_six_rounds_of_distinct_facts(material: Material, split: int) -> None:
    found = plans(material, split)
    assert len(found) > 150
    for plan in found:
        assert 2 <= len(plan.rounds) <= 6
        triples = [triple for each in plan.rounds for triple in each.triples]
        assert len(triples) == len(set(triples))
        pairs = [frozenset((each.subject, answer)) for each in plan.rounds for answer in each.answers]
        assert len(pairs) == len(set(pairs)), "one pair of entities is talked about twice"


def test_every_relation_is_asked_for_however_rare(material: Material) -> None:
    count = 2 * len(material.graph.relations)
    asked = {each.relation for plan in plans(material, count=count) for each in plan.rounds}
    assert asked == set(range(len(material.graph.relations)))


def test_walks_stay_pivot_and_hop(material: Material) -> None:
    assert {plan.strategy for plan in plans(material)} == set(STRATEGIES) - {"topic"}  # whose clusters nobody made here


@pytest.mark.parametrize("split", [TRAIN, VALID, TEST])
def test_round_is_in_the_split_of_its_triple_and_format(material: Material, split: int) -> None:
    for plan in plans(material, split):
        for each in plan.rounds:
            for triple in each.triples:
                assert each.format in material.format_table[split][material.splits[triple]]


def test_wording_that_is_held_out_is_met_in_test_only(material: Material) -> None:
    def last_forms(split: int) -> set[bool]:
        return {
            each.form == len((worded.tail if each.asks_tail else worded.head).forms) - 1
            for plan in plans(material, split)
            for each in plan.rounds
            for worded in (material.wordings[each.relation],)
        }

    assert last_forms(TRAIN) == last_forms(VALID) == {False}
    assert last_forms(TEST) == {False, True}


@pytest.mark.parametrize("split", [TRAIN, VALID, TEST])
def test_every_true_answer_is_listed_in_both_directions(material: Material, split: int) -> None:
    graph = material.graph
    number = {entity.id: i for i, entity in enumerate(graph.entities)}
    relation = {each.path: i for i, each in enumerate(graph.relations)}
    directions = set()
    for plan in plans(material, split):
        for turn in compose(material, plan).turns[1::2]:
            assert turn.fact is not None
            head, path, tail = turn.fact.triples[0]
            directions.add(turn.fact.direction)
            true = (
                graph.tails(number[head], relation[path])
                if turn.fact.direction == "tail"
                else graph.heads(relation[path], number[tail])
            )
            assert turn.fact.answers == tuple(graph.entities[entity].id for entity in true)
    assert directions == {"head", "tail"}


@pytest.mark.parametrize("split", [TRAIN, VALID, TEST])
def test_quick_way_to_a_line_writes_the_same_bytes(material: Material, split: int) -> None:
    found = plans(material, split)
    assert split != TRAIN or any(len(each.triples) > 1 for plan in found for each in plan.rounds)
    for plan in found:
        assert line(material, plan) == to_line(compose(material, plan))


def texts_before(dialogue: Dialogue, turn: int) -> str:
    return "\n".join(each.value for each in dialogue.turns[: turn + 1])


@pytest.mark.parametrize("split", [TRAIN, VALID, TEST])
def test_no_text_names_what_a_later_question_shows(material: Material, split: int) -> None:
    names = {entity.id: entity.names for entity in material.graph.entities}
    shown = 0
    for plan in plans(material, split):
        dialogue = compose(material, plan)
        for i, turn in enumerate(dialogue.turns[::2]):
            for image in turn.images:
                shown += 1
                before = texts_before(dialogue, 2 * i).lower()
                assert not [name for name in names[image.entity] if name.lower() in before]
    assert shown > 20


def test_slots_span_the_names_of_the_answers(material: Material) -> None:
    names = {entity.id: entity.names for entity in material.graph.entities}
    for plan in plans(material):
        for turn in compose(material, plan).turns[1::2]:
            assert turn.fact is not None
            assert len(turn.fact.slots) == len(turn.fact.triples) >= 1
            for slot in turn.fact.slots:
                assert turn.value[slot.start : slot.end] in names[slot.entity]


def test_mention_becomes_its_image_half_of_the_time(isles: Callable[..., Adjacency]) -> None:
    material = prepare(Origin(isles(8), kinds=("fact",)))
    first = Counter(
        each.format & 1
        for plan in plans(material, count=6000)
        for each in plan.rounds[:1]
        if plan.strategy != "image_first"  # which begins with an image by its nature
        and int(plan.id.rpartition("-")[2]) % 2 == 0  # the others begin with a format that was drawn before
        and material.shown[each.subject]
        and {0, 1} <= set(material.format_table[TRAIN][material.splits[each.triples[0]]])
    )
    assert first[1] / first.total() == pytest.approx(0.5, abs=0.1)


def test_every_triple_that_may_be_tested_can_be_trained(material: Material) -> None:
    for triple in range(len(material.graph)):
        wanted = cover(material, triple)
        assert wanted is not None
        found = walk(material, 0, Task(TRAIN, 10_000 + triple, (wanted,)))
        assert not found.unmet
        assert found.plan is not None
        assert found.plan.rounds[0].triples == (triple,)


def test_both_ways_to_ask_lead_to_the_same_triple(material: Material) -> None:
    for triple in range(len(material.graph)):
        for asking in asks(material, triple):
            side = material.side(asking.asks_tail)
            assert side.triple[asking.place] == triple
            assert side.run_start[asking.run] <= asking.place < side.run_start[asking.run + 1]


def hub_graph(leaves: int) -> Adjacency:
    """A hub that everything is in, and pairs that know each other."""
    entities = [Vertex("hub", ("Hub City",))]
    entities += [Vertex(f"e{n}", (f"Person Number {n}",)) for n in range(leaves)]
    triples = [(f"e{n}", "livesIn", "hub") for n in range(leaves)]
    triples += [(f"e{n}", "knows", f"e{(n * 7 + 1) % leaves}") for n in range(leaves)]
    triples += [(f"e{n}", "teaches", f"e{(n * 11 + 3) % leaves}") for n in range(leaves)]
    return build("hub", entities, [Relation(r, r.upper(), r) for r in ("livesIn", "knows", "teaches")], triples)


def test_hub_of_degree_three_thousand_neither_dominates_nor_lists_everybody() -> None:
    material = prepare(Origin(hub_graph(3000), kinds=("fact",)))
    hub = next(i for i, entity in enumerate(material.graph.entities) if entity.id == "hub")
    found = plans(material, count=1000)
    assert len(found) == 1000
    subjects = Counter(each.subject for plan in found for each in plan.rounds)
    assert subjects[hub] / subjects.total() < 0.02
    side_sizes = [material.side(each.asks_tail).size(each.run) for plan in found for each in plan.rounds]
    assert max(side_sizes) <= 100


def test_question_that_could_be_about_a_namesake_is_not_asked() -> None:
    entities = [
        Vertex("a", ("Georgia",)),
        Vertex("b", ("Georgia",)),
        *(Vertex(f"c{n}", (f"City {n}",)) for n in range(6)),
    ]
    triples = [("a", "hasCity", "c0"), ("b", "hasCity", "c1"), ("a", "hasRiver", "c2"), ("c0", "twin", "c3")]
    triples += [("c1", "twin", "c4"), ("c2", "twin", "c5")]
    relations = [Relation(r, r.upper(), r) for r in ("hasCity", "hasRiver", "twin")]
    material = prepare(Origin(build("names", entities, relations, triples), kinds=("fact",)))
    asked = {
        (material.graph.entities[each.subject].id, material.graph.relations[each.relation].path)
        for plan in plans(material, count=300)
        for each in plan.rounds
        if each.asks_tail
    }
    assert ("a", "hasRiver") in asked
    assert not asked & {("a", "hasCity"), ("b", "hasCity")}


def test_name_that_looks_like_a_token_or_breaks_a_line_is_never_said() -> None:
    bad = ["<image>", "a <RET> b", "two\nlines", " "]
    entities = [Vertex(f"bad{n}", (name,)) for n, name in enumerate(bad)]
    entities += [Vertex(f"e{n}", (f"Person Number {n}",)) for n in range(6)]
    triples = [(f"e{n}", "knows", f"bad{n % 4}") for n in range(6)]
    triples += [(f"e{n}", "likes", f"e{(n + 1) % 6}") for n in range(6)]
    triples += [(f"bad{n}", "likes", f"e{n}") for n in range(4)]
    relations = [Relation(r, r.upper(), r) for r in ("knows", "likes")]
    material = prepare(Origin(build("names", entities, relations, triples), kinds=("fact",)))
    for plan in plans(material, count=100):
        for turn in compose(material, plan).turns:
            assert "<" not in turn.value
            assert "\n" not in turn.value
            assert turn.fact is None or not [t for t in turn.fact.triples if "bad" in t[0] or "bad" in t[2]]


def test_alias_that_is_a_word_of_the_question_hides_nothing() -> None:
    """Montenegro is also "me", as in "Could you show me a picture?"; Football is a word of its own relation."""
    image = (Picture("x.png", "0" * 64),)
    entities = [
        Vertex("m", ("Montenegro", "me"), ("Country",), image),
        Vertex("f", ("Football", "football"), ("Sport",), image),
        *(Vertex(f"c{n}", (f"Club {n}",), ("Club",), image) for n in range(6)),
    ]
    triples = [(f"c{n}", "footballPlayedIn", "m") for n in range(6)] + [
        (f"c{n}", "playsFootball", "f") for n in range(6)
    ]
    relations = [Relation(r, r.upper(), r) for r in ("footballPlayedIn", "playsFootball")]
    material = prepare(Origin(build("names", entities, relations, triples), kinds=("fact",)))
    for split in range(len(SPLITS)):
        for plan in plans(material, split, 150):
            dialogue = compose(material, plan)
            for i, turn in enumerate(dialogue.turns[::2]):
                words = texts_before(dialogue, 2 * i).replace("?", " ").replace(".", " ").split()
                for image_shown in turn.images:
                    assert image_shown.entity != "m" or not {"me", "Montenegro"} & set(words)
                    assert image_shown.entity != "f" or "football" not in [word.lower() for word in words]
