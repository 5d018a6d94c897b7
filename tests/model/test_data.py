"""A conversation that trains on the wrong picture, or on what its graph does not hold."""

from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from dialogue.serialise import read_dialogues, to_line
from dialogue.types import Dialogue, Fact, Shown, Span, Turn
from kg.errors import DataError
from model.data import Example, Index, examples, read_split
from model.encode import encode
from model.gallery import Gallery, gallery
from model.prepare import Material
from model.presets import preset
from model.tokens import KNO_ID, RET_ID


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


def test_split_that_is_missing_is_named_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.jsonl; `kwk dialogues build` makes them"):
        read_split(tmp_path, "train")
    lines = [to_line(replace(one_round(), id=f"d{n}")) for n in range(5)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n")
    assert [each.id for each in read_split(tmp_path, "train", 2)] == ["d0", "d1"]
    assert len(read_split(tmp_path, "train")) == 5
