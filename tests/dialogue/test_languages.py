"""The same dialogue in several languages says the same, reads right in each, and betrays nothing in any."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.build import BuildSettings, build
from dialogue.compose import compose
from dialogue.joining import joining, languages
from dialogue.lines import line
from dialogue.material import Material, Origin
from dialogue.mentions import Names, plain
from dialogue.pictures import picture_words
from dialogue.serialise import from_line, to_line
from dialogue.tongues import in_all, prepare_in
from dialogue.truth import Truth
from dialogue.types import IMAGE, SPLITS
from dialogue.verbalise import lexicon
from dialogue.verify import verify
from dialogue.verify_parallel import joined
from dialogue.walk import Task, walk
from dialogue.wordings import Wordings, fill, state
from ingest.sample import folder as sample_folder
from kg.adjacency import Adjacency, Picture, Relation, Vertex, labelled
from kg.adjacency import build as adjacency
from kg.errors import DataError
from kg.rdf import read_rdf

ALL = ("en", "de", "fr", "es", "zh")
OTHERS = ALL[1:]
FULL_STOPS = {"de": ".", "fr": ".", "es": ".", "zh": "。"}


@pytest.fixture(scope="session")
def atlas() -> Adjacency:
    """The bundled sample in memory, with one made-up picture a country or city."""
    source = read_rdf([sample_folder() / "atlas.ttl"], "atlas")
    entities = [
        Vertex(e.id, e.names, e.types, tuple(Picture(f"{n}-{i}.svg", f"{n:032d}{i:032d}") for i in range(2)))
        if n % 3
        else Vertex(e.id, e.names, e.types)
        for n, e in enumerate(source.entities)
    ]
    paths = sorted({triple.relation for triple in source.triples})
    graph = adjacency(
        "atlas",
        entities,
        [Relation(path, path.rpartition(":")[2], path.rpartition(":")[2]) for path in paths],
        [(triple.head, triple.relation, triple.tail) for triple in source.triples],
    )
    return labelled(
        graph, {lang: {e.id: e.labels[lang] for e in source.entities if lang in e.labels} for lang in OTHERS}
    )


@pytest.fixture(scope="session")
def tongues(atlas: Adjacency) -> Material:
    return prepare_in(Origin(atlas, languages=ALL, kinds=("fact",)))


@pytest.fixture(scope="session")
def truth(atlas: Adjacency) -> Truth:
    found = Truth()
    relations, tails = atlas.outgoing.relation.tolist(), atlas.outgoing.neighbour.tolist()
    for head, relation, tail in zip(atlas.triple_heads().tolist(), relations, tails, strict=True):
        found.add(atlas.entities[head].id, atlas.relations[relation].path, atlas.entities[tail].id)
    found.names = {entity.id: list(entity.names) for entity in atlas.entities}
    found.images = {(entity.id, each.path, each.sha256) for entity in atlas.entities for each in entity.images}
    found._contents = {each.path: each.sha256 for entity in atlas.entities for each in entity.images}
    return found


@pytest.fixture(scope="session")
def spoken(atlas: Adjacency, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dialogues of the atlas in English, German and Chinese."""
    out = tmp_path_factory.mktemp("spoken") / "atlas"
    build(atlas, BuildSettings(rounds=500, seed=2, languages=("en", "de", "zh")), out)
    return out


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def texts(worded: Wordings) -> list[str]:
    asked = [fill(form, "X1") for asking in (worded.tail, worded.head) for form in asking.forms]
    return asked + [state(each, "X1", "X2") for each in worded.statements]


@pytest.mark.parametrize("lang", OTHERS)
def test_every_language_words_the_sample_and_sixty_relations_of_fb15k(lang: str) -> None:
    assert len(lexicon(lang)) >= 69
    assert {worded.relation for worded in lexicon(lang).values() if worded.relation.startswith("urn:")} == {
        path for path in lexicon() if path.startswith("urn:")
    }
    asked: dict[str, str] = {}
    for worded in lexicon(lang).values():
        for asking in (worded.tail, worded.head):
            assert len(set(asking.forms)) >= 3
            for form in asking.forms:
                text = fill(form, "X1")
                assert asked.setdefault(text, worded.relation) == worded.relation, text
        assert not set(worded.tail.forms) & set(worded.head.forms), "a question must say which end it asks for"
        assert len(set(worded.statements)) >= 2


@pytest.mark.parametrize("lang", OTHERS)
def test_marks_are_those_of_the_language(lang: str) -> None:
    for worded in lexicon(lang).values():
        for text in texts(worded)[:-2]:
            assert text.endswith({"fr": "\u00a0?", "zh": "？"}.get(lang, "?")), text
            assert (text.startswith("¿") and text.count("¿") == 1) == (lang == "es"), text
            assert lang == "zh" or text.lstrip("¿«\u00a0")[0].isupper(), text
        assert all(text.endswith(FULL_STOPS[lang]) for text in texts(worded)[-2:])
        for text in texts(worded):
            assert not re.search(r" [?!:;»]|« ", text), f"{text!r}: French wants a non-breaking space there"
            assert lang != "zh" or not re.search(r"[,.?!:]| ", text.replace("X1", "").replace("X2", "")), text


@pytest.mark.parametrize("lang", OTHERS)
def test_no_word_before_a_name_depends_on_it(lang: str) -> None:
    endings = {
        "de": r"\b(?:der|die|das|den|dem|des|ein|eine|einen|einem|einer) X",
        "fr": r"\b(?:le|la|les|un|une|des|du|de|au|aux|que) X|['’]X",
        "es": r"\b(?:el|la|los|las|un|una|al|del) X",
        "zh": r"(?!)",
    }
    for worded in lexicon(lang).values():
        for text in texts(worded):
            assert not re.search(endings[lang], text, re.IGNORECASE), text


@pytest.mark.parametrize(
    ("lang", "names", "expected"),
    [
        ("en", ["A", "B", "C"], "A, B and C."),
        ("de", ["Polen", "Österreich"], "Polen und Österreich."),
        ("fr", ["Paris", "Lyon", "Nice"], "Paris, Lyon et Nice."),
        ("es", ["Francia", "Italia"], "Francia e Italia."),
        ("es", ["Italia", "Francia", "Hiroshima"], "Italia, Francia e Hiroshima."),
        ("es", ["agua", "hielo"], "agua y hielo."),
        ("zh", ["法国", "德国", "中国"], "法国、德国和中国。"),
        ("zh", ["法国"], "法国。"),
        ("en", ["Apple Inc."], "Apple Inc."),
    ],
)
def test_names_are_joined_as_the_language_joins_them(lang: str, names: list[str], expected: str) -> None:
    assert joining(lang).answer(names) == expected


@given(names=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5), lang=st.sampled_from(ALL))
def test_the_checker_joins_names_as_the_builder_does(names: list[str], lang: str) -> None:
    assert joining(lang).listed(names) in joined(names, lang)


@pytest.mark.parametrize("lang", ALL)
def test_pictures_are_spoken_of_in_every_language(lang: str) -> None:
    words = picture_words(lang)
    assert lang in languages()
    assert all(reply.count(IMAGE) == 1 for replies in words.replies for reply in replies)
    assert all(IMAGE not in request for requests in words.requests for request in requests)
    assert all((each.name + each.before + each.after).count(IMAGE) == 1 for each in words.shown)


def test_a_language_without_wordings_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match=r"no wordings in the language 'xx'; there are en, de"):
        BuildSettings(languages=("en", "xx"))
    with pytest.raises(DataError, match="name each once"):
        BuildSettings(languages=("de", "de"))


def test_a_graph_that_no_language_words_is_refused(isles: Callable[..., Adjacency], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No relation of the graph 'isles' has wordings in en, de"):
        build(isles(), BuildSettings(languages=("en", "de")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_line_in_each_language_is_what_composing_gives(tongues: Material) -> None:
    seen = set()
    for split in range(len(SPLITS)):
        for n in range(40):
            plan = walk(tongues, 0, Task(split, n, turn=n)).plan
            for material, version in in_all(tongues, plan) if plan else ():
                text = line(material, version)
                dialogue = compose(material, version)
                assert text == to_line(dialogue)
                assert from_line(text) == dialogue
                seen.add(dialogue.lang)
                for turn in dialogue.turns[1::2]:
                    assert turn.fact is not None
                    for slot in turn.fact.slots:
                        entity = next(e for e in material.graph.entities if e.id == slot.entity)
                        said = turn.value[slot.start : slot.end].casefold()
                        assert said in {name.casefold() for name in entity.names}
    assert seen == set(ALL)


def test_the_checker_finds_nothing_wrong_in_three_languages(spoken: Path, truth: Truth) -> None:
    report = verify(spoken, truth, "atlas")
    assert report.findings == []
    assert report.dialogues == sum(len(records(spoken / f"{name}.jsonl")) for name in SPLITS)


def test_versions_stand_together_and_agree_turn_by_turn(spoken: Path) -> None:
    for name in SPLITS:
        lines = records(spoken / f"{name}.jsonl")
        assert lines
        for en, de, zh in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
            assert (en["lang"], de["lang"], zh["lang"]) == ("en", "de", "zh")
            assert en["parallel"] == de["parallel"] == zh["parallel"] == en["id"]
            assert (de["id"], zh["id"]) == (f"{en['id']}-de", f"{en['id']}-zh")
            for turns in zip(*(each["conversations"] for each in (en, de, zh)), strict=True):
                assert len({json.dumps(turn["kg"].get("triples")) for turn in turns}) == 1
                assert len({json.dumps(turn["image_list"]) for turn in turns}) == 1
                assert len({json.dumps(turn["kg"].get("answers")) for turn in turns}) == 1


def test_what_is_shown_is_named_before_in_no_language(spoken: Path, atlas: Adjacency) -> None:
    names = {entity.id: Names(entity.names) for entity in atlas.entities}
    pictured = 0
    for record in (record for name in SPLITS for record in records(spoken / f"{name}.jsonl")):
        earlier = ""
        for turn in record["conversations"]:
            earlier += turn["value"] + "\n" if turn["from"] == "human" else ""
            for image in turn["kg"]["images"] if turn["from"] == "human" else ():
                pictured += 1
                assert not names[image["entity"]].within(plain(earlier)), (record["id"], image["entity"])
            earlier += turn["value"] + "\n" if turn["from"] == "model" else ""
    assert pictured > 50


def test_a_chinese_name_is_found_within_a_sentence_without_spaces() -> None:
    france = Names(["France", "法国"])
    assert france.within(plain("法国的首都是哪里？"))
    assert france.within(plain("巴黎是法国的首都。"))
    assert not france.within(plain("德国的首都是哪里？"))
    assert not Names(["马"]).within(plain("马里的首都是哪里？")), "a name of one letter is a word of its own only"


def test_the_wording_that_is_held_out_is_held_out_in_every_language(spoken: Path) -> None:
    wordings = json.loads((spoken / "wordings.json").read_text("utf-8"))
    capital = wordings["urn:kwk:atlas:capital"]
    assert set(capital) == {"tail", "head", "tail@de", "head@de", "tail@zh", "head@zh"}
    for tag in ("", "@de", "@zh"):
        last = capital[f"tail{tag}"][-1].partition("{x}")
        asked = [turn["value"] for record in records(spoken / "train.jsonl") for turn in record["conversations"][::2]]
        assert not any(last[0] and text.startswith(last[0]) and last[2] in text for text in asked)


def corrupted(spoken: Path, tmp_path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(spoken, copy)
    path = copy / "train.jsonl"
    path.write_text("".join(change(path.read_text("utf-8").splitlines(keepends=True))), "utf-8")
    return copy


def test_a_version_that_says_something_else_is_found(spoken: Path, truth: Truth, tmp_path: Path) -> None:
    def other_turns(lines: list[str]) -> list[str]:
        german, other = json.loads(lines[1]), json.loads(lines[4])
        german["conversations"] = other["conversations"]
        return [lines[0], json.dumps(german, ensure_ascii=False) + "\n", *lines[2:]]

    assert verify(corrupted(spoken, tmp_path, other_turns), truth, "atlas").reasons == {"parallel_differs": 1}


def test_a_version_that_is_lacking_is_found(spoken: Path, truth: Truth, tmp_path: Path) -> None:
    copy = corrupted(spoken, tmp_path, lambda lines: lines[:1] + lines[2:])
    (finding,) = verify(copy, truth, "atlas").findings
    assert finding.reason == "parallel_differs"
    assert finding.detail.endswith("lacking in de")


def test_a_held_out_wording_in_a_translation_is_found(spoken: Path, truth: Truth, tmp_path: Path) -> None:
    forms = json.loads((spoken / "wordings.json").read_text("utf-8"))

    def ask_as_in_test(lines: list[str]) -> list[str]:
        for i, text in enumerate(lines):
            record = json.loads(text)
            asked, answered = record["conversations"][:2]
            kg = answered["kg"]
            if record["lang"] != "de" or kg["format"] != "T2T":
                continue
            relation, subject = kg["triples"][0][1], kg["triples"][0][0 if kg["direction"] == "tail" else 2]
            names = sorted(truth.names[subject], key=len, reverse=True)
            name = next(name for name in names if name in asked["value"])
            asked["value"] = forms[relation][f"{kg['direction']}@de"][-1].replace("{x}", name)
            return [*lines[:i], json.dumps(record, ensure_ascii=False) + "\n", *lines[i + 1 :]]
        raise AssertionError("no German question about a name")

    assert verify(corrupted(spoken, tmp_path, ask_as_in_test), truth, "atlas").reasons == {"held_out": 1}


def test_two_workers_write_the_same_bytes_in_several_languages(atlas: Adjacency, spoken: Path, tmp_path: Path) -> None:
    build(atlas, BuildSettings(rounds=500, seed=2, languages=("en", "de", "zh")), tmp_path / "out", workers=2)
    for name in SPLITS:
        assert (tmp_path / "out" / f"{name}.jsonl").read_bytes() == (spoken / f"{name}.jsonl").read_bytes()


def test_one_language_alone_has_no_versions_and_says_what_lacks_a_label(
    atlas: Adjacency, truth: Truth, tmp_path: Path
) -> None:
    built = build(atlas, BuildSettings(rounds=200, languages=("fr",)), tmp_path / "out")
    first = records(tmp_path / "out" / "train.jsonl")[0]
    assert (first["lang"], first["parallel"]) == ("fr", None)
    assert built.languages["fr"].relations == 9
    assert 0 < built.languages["fr"].unlabelled < built.languages["fr"].of_entities
    assert verify(tmp_path / "out", truth, "atlas").findings == []
