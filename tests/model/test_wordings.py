"""A question that is understood only in the words of the training dialogues, or wordings that are lost with the run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dialogue.serialise import read_dialogues
from dialogue.types import Dialogue, Fact, Turn
from ingest.sentences import SentenceEncoder
from kg.adjacency import Adjacency, Relation, Vertex, build
from kg.errors import CheckpointError
from model import wordings
from model.data import Index
from model.network import WordingHead
from model.prepare import Material
from model.questions import HOLE, question_features
from model.wordings import (
    FEATURES,
    TEXTS,
    Known,
    fit_wordings,
    known_wordings,
    lexicon_wordings,
    masked_question,
    noun_of_entity,
    read_known,
    save_known,
    wording_loss,
)

FORMS = {
    0: ["What is the capital of {x}?", "Which city is the capital of {x}?", "Name the capital city of {x}."],
    2: ["What money is used in {x}?", "What is the currency of {x}?", "Which currency does {x} have?"],
    4: ["Which languages are spoken in {x}?", "What is the official language of {x}?", "What do people speak in {x}?"],
    6: ["Who is the president of {x}?", "Who leads {x}?", "Who is the head of state of {x}?"],
    8: ["On which continent is {x}?", "What continent does {x} lie on?", "{x} is on which continent?"],
}
NEVER_SEEN = {
    0: "Tell me {x}'s capital.",
    2: "How does one pay in {x}?",
    4: "What language is spoken by those who live in {x}?",
    6: "Which person governs {x} as president?",
    8: "Of which continent is {x} a part?",
}

Isles = Callable[..., Adjacency]

FULL = 100  # steps, where a test's training takes a few


def known_of(sentences: SentenceEncoder, forms: dict[int, list[str]]) -> Known:
    texts = [text for each in forms.values() for text in each]
    nouns = ["country"] * len(texts)
    classes = np.array([number for number, each in forms.items() for _ in each], np.int32)
    read_as = np.arange(len(texts), dtype=np.int32)
    features = question_features(sentences, texts, nouns)
    return Known(tuple(texts), read_as, tuple(nouns), classes, features, frozenset({"Thanks."}))


def test_wording_that_was_never_seen_is_recognised(sentences: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordings, "STEPS", FULL)
    known = known_of(sentences, FORMS)
    head = WordingHead(known.features.shape[1])
    graph = build("g", [Vertex("a", ("A",))], [Relation(path, path, path) for path in ("r",)], [("a", "r", "a")])
    others = lexicon_wordings(graph, sentences)
    before = wording_loss(head, torch.from_numpy(known.features), torch.from_numpy(known.classes))
    fit_wordings(head, known, others, seed=1)
    after = wording_loss(head, torch.from_numpy(known.features), torch.from_numpy(known.classes))
    assert before is not None
    assert after is not None
    assert float(after.detach()) < float(before.detach())
    features = question_features(sentences, list(NEVER_SEEN.values()), ["country"] * len(NEVER_SEEN))
    with torch.inference_mode():
        scores = head(torch.from_numpy(features), torch.from_numpy(known.features))
    assert known.classes[scores.argmax(dim=1)].tolist() == list(NEVER_SEEN)


def test_same_seed_fits_the_same_map(sentences: SentenceEncoder) -> None:
    known = known_of(sentences, FORMS)
    none = np.empty((0, known.features.shape[1]), np.float32), np.empty(0, np.int32)
    heads = [WordingHead(known.features.shape[1]) for _ in range(3)]
    losses = [fit_wordings(head, known, none, seed) for head, seed in zip(heads, (1, 1, 2), strict=True)]
    assert torch.equal(heads[0].map.weight, heads[1].map.weight)
    assert not torch.equal(heads[0].map.weight, heads[2].map.weight)
    assert losses[0] == losses[1]


def test_loss_compares_no_wording_with_itself() -> None:
    head = WordingHead(3)
    features = torch.nn.functional.normalize(torch.randn(4, 3), dim=1)
    loss = wording_loss(head, features, torch.tensor([0, 0, 1, 2]))
    scores = 20 * features @ features.T
    expected = [
        -(scores[i, j] - torch.logsumexp(scores[i, [k for k in range(4) if k != i]], 0)) for i, j in ((0, 1), (1, 0))
    ]
    assert loss is not None
    assert float(loss.detach()) == pytest.approx(float(sum(expected)) / 2, rel=1e-4)


def test_wordings_that_stand_alone_leave_the_map_as_it_is() -> None:
    head = WordingHead(3)
    start = head.map.weight.detach().clone()
    for texts in (("a", "b"), ()):
        features = np.random.default_rng(0).normal(size=(len(texts), 3)).astype(np.float32)
        places = np.arange(len(texts), dtype=np.int32)
        known = Known(texts, places, texts, places, features, frozenset())
        assert fit_wordings(head, known, (np.empty((0, 3), np.float32), np.empty(0, np.int32)), 0) == 0
    assert torch.equal(head.map.weight, start)


def test_lexicon_teaches_other_relations_and_never_the_graphs_own(sentences: SentenceEncoder) -> None:
    every = sorted(wordings.lexicon())
    graph = build(
        "g", [Vertex("a", ("A",))], [Relation(path, path, path) for path in every[:-3]], [("a", every[0], "a")]
    )
    features, classes = lexicon_wordings(graph, sentences)
    forms = [
        asking.forms for path in every[-3:] for asking in (wordings.lexicon()[path].tail, wordings.lexicon()[path].head)
    ]
    assert len(features) == len(classes) == sum(map(len, forms))
    assert (classes < 0).all()
    assert len(set(classes.tolist())) == 6
    everything = build("g", [Vertex("a", ("A",))], [Relation(p, p, p) for p in every], [("a", every[0], "a")])
    assert [len(part) for part in lexicon_wordings(everything, sentences)] == [0, 0]


def test_wordings_of_dialogues_have_no_subject_and_know_their_relation(
    material: Material, sentences: SentenceEncoder
) -> None:
    graph, index = material.graph, Index.of(material.graph)
    dialogues = list(read_dialogues(material.dialogues / "train.jsonl"))
    known = known_wordings(graph, index, dialogues, sentences)
    assert len(known.texts) == len(known.nouns) == len(known.classes) == len(known.features) >= 20
    assert len(set(zip(known.texts, known.classes.tolist(), strict=True))) == len(known.texts)
    assert set(known.nouns) <= {"island", "port", "person", "language"}
    names = [name for entity in graph.entities for name in entity.names]
    assert not any(name in text for name in names for text in known.texts)
    assert not any("<image>" in text for text in known.texts)
    assert sum(HOLE in text for text in known.texts) > len(known.texts) / 2
    keeper = index.relations["v:lighthouseKeeper"]
    about = [text for text, number in zip(known.texts, known.classes, strict=True) if number // 2 == keeper]
    assert about
    assert all("keeper" in text.lower() for text in about)


def test_paraphrase_is_read_as_a_wording_that_the_model_knows(
    material: Material, sentences: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index.of(material.graph)
    dialogues = list(read_dialogues(material.dialogues / "train.jsonl"))
    own = known_wordings(material.graph, index, dialogues, sentences)
    said = "Where do the ships of {x} moor?"
    known_already = own.texts[own.classes.tolist().index(2 * index.relations["v:hasMainPort"])]
    monkeypatch.setattr(wordings, "paraphrases", lambda: {("v:hasMainPort", "tail"): (said, known_already)})
    known = known_wordings(material.graph, index, dialogues, sentences)
    assert known.texts == (*own.texts, said)
    assert known.read_as[: len(own.texts)].tolist() == list(range(len(own.texts)))
    place = known.texts.index(said)
    assert known.classes[place] == 2 * index.relations["v:hasMainPort"]
    assert known.read_as[place] < len(own.texts)
    assert known.classes[known.read_as[place]] == known.classes[place]
    assert len(set(zip(known.texts, known.classes.tolist(), strict=True))) == len(known.texts)
    assert len(known.texts) == len(known.nouns) == len(known.features) == len(known.read_as)


def test_question_about_what_the_graph_lacks_is_no_wording(isles: Isles, sentences: SentenceEncoder) -> None:
    graph = isles()
    index = Index.of(graph)

    def dialogue(subject: str, relation: str) -> Dialogue:
        fact = Fact("fact", ((subject, relation, "x"),), "tail", ("x",), "X", (), "T2T")
        return Dialogue("d", "isles", "en", "star", (Turn("human", "What of it?"), Turn("model", "X.", (), fact)))

    known = known_wordings(graph, index, [dialogue("i:Amber", "v:unheardOf")], sentences)
    assert known.texts == ()
    assert known.features.shape == (0, 2 * sentences.width)
    known = known_wordings(graph, index, [dialogue("i:Nowhere", "v:hasMainPort")], sentences)
    assert (known.texts, known.nouns) == (("What of it?",), ("",))


def test_subject_is_masked_by_any_of_its_names(isles: Isles) -> None:
    from model.encode import Asked

    graph = isles()
    index = Index.of(graph)
    asked = Asked("i:Amber", "v:hasMainPort", "tail", ("p:Amber",), "What is the port of the Isle of Amber?", False)
    assert masked_question(graph, index, asked) == ("What is the port of the {x}?", "island")
    untyped = build("g", [Vertex("a", ("A",))], [Relation("r", "R", "r")], [("a", "r", "a")])
    assert noun_of_entity(untyped, 0) == ""


def test_saved_wordings_come_back(sentences: SentenceEncoder, tmp_path: Path) -> None:
    known = known_of(sentences, FORMS)
    hashes = save_known(tmp_path, known)
    again = read_known(tmp_path)
    assert (again.texts, again.nouns, again.idle) == (known.texts, known.nouns, known.idle)
    np.testing.assert_array_equal(again.classes, known.classes)
    np.testing.assert_array_equal(again.read_as, known.read_as)
    np.testing.assert_array_equal(again.features, known.features)
    assert set(hashes) == {TEXTS, FEATURES} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("content", ["[]", "{}", "{", None])
def test_wordings_that_can_not_be_read_are_named(
    sentences: SentenceEncoder, tmp_path: Path, content: str | None
) -> None:
    save_known(tmp_path, known_of(sentences, FORMS))
    if content is None:
        (tmp_path / FEATURES).unlink()
    else:
        (tmp_path / TEXTS).write_text(content)
    with pytest.raises(CheckpointError, match="can't be read"):
        read_known(tmp_path)
