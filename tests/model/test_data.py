"""A conversation that trains on the wrong picture, a batch whose marks point elsewhere, an order left to chance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from dialogue.serialise import read_dialogues, to_line
from dialogue.types import Dialogue, Fact, Shown, Span, Turn
from kg.errors import DataError
from model.data import Example, Index, Order, collate, examples, read_split
from model.encode import encode
from model.gallery import Gallery, gallery
from model.prepare import Material
from model.presets import preset
from model.tokens import FIRST_WORD, IMAGE_ID, KNO_ID, PAD_ID, RET_ID


@pytest.fixture(scope="module")
def index(material: Material) -> Index:
    return Index.of(material.graph)


@pytest.fixture(scope="module")
def found(material: Material) -> Gallery:
    return gallery(material.graph, material.measured, material.hashes)


@pytest.fixture(scope="module")
def dialogues(material: Material) -> list[Dialogue]:
    return list(read_dialogues(material.dialogues / "train.jsonl"))


@pytest.fixture(scope="module")
def made(dialogues: list[Dialogue], tokenizer: Tokenizer, index: Index, found: Gallery) -> list[Example]:
    return list(examples(dialogues, tokenizer, preset("minute"), index, found))


def test_every_conversation_trains_on_the_pictures_it_shows(
    dialogues: list[Dialogue], made: list[Example], tokenizer: Tokenizer, found: Gallery, index: Index
) -> None:
    assert len(made) == len(dialogues)
    shape = preset("minute")
    for dialogue, example in zip(dialogues, made, strict=True):
        encoded = encode(dialogue, tokenizer, shape.queries, shape.max_length)
        assert [found.sha256[n] for n in example.images] == [each.image.sha256 for each in encoded.images]
        anchors = example.anchors
        assert len(example.rets) == len(anchors.image) == len(anchors.answers) == len(encoded.targets)
        for n, target in enumerate(encoded.targets):
            assert example.ids[example.rets[n]] == RET_ID
            assert found.sha256[anchors.image[n]] == target.image.sha256
            assert anchors.entity[n] in anchors.answers[n]
            assert anchors.entity[n] in found.owners[int(anchors.image[n])]
            if target.asked:
                assert anchors.asks_tail[n] == (target.asked.direction == "tail")
                assert anchors.answers[n].tolist() == sorted(index.entities[each] for each in target.asked.answers)


def test_every_slot_knows_relation_and_direction(
    dialogues: list[Dialogue], made: list[Example], tokenizer: Tokenizer, index: Index, material: Material
) -> None:
    seen = set()
    for dialogue, example in zip(dialogues, made, strict=True):
        encoded = encode(dialogue, tokenizer, preset("minute").queries, preset("minute").max_length)
        for slot, number in zip(encoded.slots, example.classes.tolist(), strict=True):
            assert material.graph.relations[number // 2].path == slot.asked.relation
            assert number % 2 == (slot.asked.direction == "head")
            seen.add(number % 2)
        assert (example.ids[example.slots] == KNO_ID).all()
        assert example.named.sum() == sum(slot.end - slot.start for slot in encoded.slots)
        assert (example.learned | ~example.named).all()
    assert seen == {0, 1}


def one_round(image: Shown | None = None, relation: str = "v:hasMainPort") -> Dialogue:
    fact = Fact(
        "fact",
        (("i:Amber", relation, "p:Amber"),),
        "tail",
        ("p:Amber",),
        "Port Amber",
        (Span(6, 16, "p:Amber"),),
        "T2T",
    )
    answer = "It is Port Amber." + ("<image>" if image else "")
    turns = (Turn("human", "Which port?"), Turn("model", answer, (image,) if image else (), fact))
    return Dialogue("d", "isles", "en", "star", turns)


def test_picture_that_is_held_out_gives_way_to_another_of_its_entity(
    material: Material, tokenizer: Tokenizer, index: Index
) -> None:
    shas = {picture.path: picture.sha256 for entity in material.graph.entities for picture in entity.images}
    ink = {sha: material.measured[sha] for path, sha in shas.items() if "ink" in path}
    seen = gallery(material.graph, ink, material.hashes)
    oil = Shown("Amber-oil.png", shas["Amber-oil.png"], "i:Amber")
    (example,) = examples([one_round(oil)], tokenizer, preset("minute"), index, seen)
    assert seen.sha256[example.images[0]] == shas["Amber-ink.png"]
    assert seen.sha256[example.anchors.image[0]] == shas["Amber-ink.png"]


def test_conversation_whose_picture_is_gone_is_left_out(
    material: Material, tokenizer: Tokenizer, index: Index, found: Gallery
) -> None:
    shape = preset("minute")
    gone = [one_round(Shown("x.png", "f" * 64, entity)) for entity in ("p:Amber", "i:Nowhere")]
    assert list(examples([*gone, one_round()], tokenizer, shape, index, found))[0].images.tolist() == []
    assert len(list(examples([*gone, one_round()], tokenizer, shape, index, found))) == 1
    assert len(list(examples([*gone, one_round()], tokenizer, shape, index, None))) == 1


def test_what_the_graph_lacks_is_of_no_class(tokenizer: Tokenizer, index: Index, found: Gallery) -> None:
    sha = found.sha256[0]
    (example,) = examples(
        [one_round(Shown("a.png", sha, "i:Amber"), "v:unheardOf")], tokenizer, preset("minute"), index, found
    )
    assert example.classes.tolist() == [-1]
    assert example.anchors.relation.tolist() == [-1]
    (example,) = examples([one_round(Shown("a.png", sha, "i:Nowhere"))], tokenizer, preset("minute"), index, found)
    assert example.rets.tolist() == []  # an image of what the graph does not know is nothing to look for


def test_batch_points_at_the_same_tokens_as_its_conversations(made: list[Example]) -> None:
    members = sorted(made, key=lambda each: len(each.ids))[:3] + made[:3]
    batch = collate(members)
    length = batch.ids.shape[1]
    flat = batch.ids.flatten().numpy()
    for row, each in enumerate(members):
        assert flat[row * length : row * length + len(each.ids)].tolist() == each.ids.tolist()
        assert (flat[row * length + len(each.ids) : (row + 1) * length] == PAD_ID).all()
    expected = [
        (row * length + place - 1, int(each.ids[place]), bool(each.named[place]))
        for row, each in enumerate(members)
        for place in np.flatnonzero(each.learned).tolist()
    ]
    assert [*zip(batch.predicts.tolist(), batch.next_ids.tolist(), batch.named.tolist(), strict=True)] == expected
    assert (flat[batch.slots.numpy()] == KNO_ID).all()
    assert (flat[batch.rets.numpy()] == RET_ID).all()
    assert len(batch.slots) == len(batch.classes) == sum(len(each.slots) for each in members)
    assert len(batch.rets) == len(batch.anchors.image) == sum(len(each.rets) for each in members)
    assert int((batch.ids == IMAGE_ID).sum()) == len(batch.images) * preset("minute").queries


def test_forgetting_hides_words_of_questions_alone(made: list[Example]) -> None:
    members = made[:8]
    plain, forgot = collate(members), collate(members, 0.5, np.random.default_rng(0))
    hidden = plain.ids != forgot.ids
    assert 0.1 < float(hidden.sum() / (plain.ids >= FIRST_WORD).sum()) < 0.5
    assert (forgot.ids[hidden] == PAD_ID).all()
    assert (plain.ids[hidden] >= FIRST_WORD).all()
    length = plain.ids.shape[1]
    learned = {(row, place) for row, each in enumerate(members) for place in np.flatnonzero(each.learned).tolist()}
    assert not learned & {(int(row), int(place)) for row, place in hidden.nonzero()}
    assert plain.next_ids.tolist() == forgot.next_ids.tolist()
    assert max(plain.predicts.tolist()) < len(members) * length
    assert collate(members, 0.5, np.random.default_rng(0)).ids.tolist() == forgot.ids.tolist()


def test_every_conversation_is_seen_once_an_epoch_with_others_of_its_length() -> None:
    lengths = np.random.default_rng(0).integers(10, 200, size=1000).tolist()
    order = Order(lengths, 8, seed=3)
    assert order.steps_per_epoch == 125
    first = np.concatenate([order.at(step) for step in range(125)])
    assert sorted(first.tolist()) == list(range(1000))
    second = np.concatenate([order.at(step) for step in range(125, 250)])
    assert sorted(second.tolist()) == list(range(1000))
    assert first.tolist() != second.tolist()
    spread = [np.ptp(np.array(lengths)[order.at(step)]) for step in range(125)]
    assert np.mean(spread) < 30


def test_order_is_decided_by_seed_and_step_alone() -> None:
    lengths = list(range(50))
    forward, backward = Order(lengths, 4, 1), Order(lengths, 4, 1)
    steps = [forward.at(step).tolist() for step in range(30)]
    assert [backward.at(step).tolist() for step in reversed(range(30))] == steps[::-1]
    assert [Order(lengths, 4, 2).at(step).tolist() for step in range(30)] != steps


def test_fewer_conversations_than_a_batch_are_one_batch() -> None:
    order = Order([5, 6, 7], 16, 0)
    assert order.steps_per_epoch == 1
    assert sorted(order.at(9).tolist()) == [0, 1, 2]
    with pytest.raises(DataError, match="No dialogue is left to train on"):
        Order([], 16, 0)


def test_split_that_is_missing_is_named_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.jsonl; `kwk dialogues build` makes them"):
        read_split(tmp_path, "train")
    lines = [to_line(replace(one_round(), id=f"d{n}")) for n in range(5)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n")
    assert [each.id for each in read_split(tmp_path, "train", 2)] == ["d0", "d1"]
    assert len(read_split(tmp_path, "train")) == 5
