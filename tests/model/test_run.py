"""A loaded run that reads, sees or scores otherwise than the one that was trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dialogue.types import IMAGE, Shown, Turn
from kg.errors import CheckpointError
from model.prepare import Material
from model.run import Run, load
from model.tokens import KNO_ID, RET_ID

QUESTION = Turn("human", "What is the main port of Amber Island?")
PICTURE = Turn("human", f"What is the main port of {IMAGE}?", (Shown("x.png", "0" * 64, "i:Amber"),))


@pytest.fixture(scope="module")
def seen(material: Material) -> np.ndarray:
    """Two measured pictures, (2, M)."""
    return np.stack(list(material.measured.values())[:2])


def test_loaded_run_knows_what_it_is(run: Run, material: Material) -> None:
    assert run.preset.name == "minute"
    assert run.relations == tuple(relation.path for relation in material.graph.relations)
    assert run.holdout_style is None
    assert not run.network.training
    assert not any(parameter.requires_grad for parameter in run.network.parameters())
    assert len(run.known.texts) == len(run.known.features)


def test_what_images_are_compared_by_has_length_one(run: Run, seen: np.ndarray) -> None:
    np.testing.assert_allclose(np.linalg.norm(run.describe(seen), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(run.ret_keys(seen), axis=1), 1, rtol=1e-5)
    query = run.ret_query(torch.randn(run.network.width))
    assert query.shape == (run.preset.retrieval_width,)
    assert np.linalg.norm(query) == pytest.approx(1, rel=1e-5)


def test_image_has_the_same_tokens_whatever_stands_beside_it(run: Run, seen: np.ndarray) -> None:
    both = run.image_tokens(seen)
    assert both.shape == (2, run.preset.queries, run.network.width)
    torch.testing.assert_close(run.image_tokens(seen[1:]), both[1:])
    assert run.image_tokens(seen[:0]).shape == (0, run.preset.queries, run.network.width)
    assert run.no_images.shape == (0, seen.shape[1])


def test_slot_is_scored_as_it_is_alone(run: Run, seen: np.ndarray) -> None:
    prompts = [run.prompt([turn]) for turn in (QUESTION, PICTURE, PICTURE)]
    together = run.slot_scores(prompts, seen)
    assert together.shape == (3, 2 * len(run.relations))
    np.testing.assert_allclose(np.exp(together).sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(run.slot_scores(prompts[:1], run.no_images)[0], together[0], atol=1e-4)
    np.testing.assert_allclose(run.slot_scores(prompts[1:2], seen[1:])[0], together[2], atol=1e-4)
    assert not np.allclose(together[1], together[2], atol=1e-5)
    state = run.network.states(torch.tensor([[*prompts[0].ids.tolist(), KNO_ID]]), run.image_tokens(seen[:0]))[0, -1]
    np.testing.assert_allclose(run.network.relation(state).log_softmax(-1).numpy(), together[0], atol=1e-4)


def test_image_is_looked_for_as_at_a_mark_that_opens_the_answer(run: Run, seen: np.ndarray) -> None:
    prompts = [run.prompt([turn]) for turn in (QUESTION, PICTURE)]
    queries = run.ret_queries(prompts, seen[:1])
    state = run.network.states(torch.tensor([[*prompts[1].ids.tolist(), RET_ID]]), run.image_tokens(seen[:1]))[0, -1]
    np.testing.assert_allclose(queries[1], run.ret_query(state), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, rtol=1e-5)


def test_wording_that_is_known_is_read_as_itself(run: Run) -> None:
    place = next(i for i, text in enumerate(run.known.texts) if "{x}" in text)
    (scores,) = run.wording_scores([run.known.texts[place]], [run.known.nouns[place]])
    worded = run.reworded(scores)
    assert worded[0][0] == run.known.texts[place]
    assert sum(share for _, share in worded) == pytest.approx(1, rel=1e-4)
    assert [share for _, share in worded] == sorted((share for _, share in worded), reverse=True)


def test_relations_have_shares_with_and_without_a_picture(run: Run, seen: np.ndarray) -> None:
    named = run.relation_shares("What is the main port of {x}?", "island", "Amber Island")
    shown = run.relation_shares("What is the main port of {x}?", "island", "", seen[0])
    for shares in (named, shown):
        assert shares.shape == (2 * len(run.relations),)
        assert float(shares.sum()) == pytest.approx(1, rel=1e-3)
    assert not np.allclose(named, shown)


def test_relation_that_the_state_does_not_know_yet_is_known_by_its_wording(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = 2 * len(run.relations)
    monkeypatch.setattr(run, "slot_scores", lambda prompts, _: np.full((len(prompts), columns), -np.log(columns)))
    place = next(i for i, text in enumerate(run.known.texts) if "{x}" in text)
    shares = run.relation_shares(run.known.texts[place], run.known.nouns[place], "Amber Island")
    assert shares.argmax() == run.known.classes[place]
    assert float(shares.sum()) == pytest.approx(1, rel=1e-3)


def test_question_without_a_place_for_the_picture_is_read_all_the_same(run: Run, seen: np.ndarray) -> None:
    elliptic = replace(run.known, texts=tuple("And its main port?" for _ in run.known.texts))
    follow_up = Run(run.folder, run.manifest, run.preset, run.tokenizer, run.network, run.descriptor, elliptic)
    shares = follow_up.relation_shares("And its main port?", "island", "", seen[0])
    assert float(shares.sum()) == pytest.approx(1, rel=1e-3)


def test_run_that_knows_no_wording_believes_in_no_relation(run: Run) -> None:
    none = {name: getattr(run.known, name)[:0] for name in ("texts", "read_as", "nouns", "classes", "features")}
    known = replace(run.known, **none)
    mute = Run(run.folder, run.manifest, run.preset, run.tokenizer, run.network, run.descriptor, known)
    assert mute.reworded(np.zeros(0, np.float32)) == []
    assert not mute.relation_shares("What is the main port of {x}?", "island", "Amber Island").any()


def test_image_is_looked_for_after_what_was_said(run: Run, seen: np.ndarray) -> None:
    said = run.tokenizer.encode(" Port Amber.").ids
    for question, shown in ((QUESTION.value, None), (PICTURE.value, seen[0]), ("What is it?", seen[0])):
        text = question if shown is None or IMAGE in question else f"{IMAGE}\n{question}"
        prompt = run.prompt([Turn("human", text, PICTURE.images if shown is not None else ())])
        images = run.image_tokens(run.no_images if shown is None else shown[None])
        state = run.network.states(torch.tensor([[*prompt.ids.tolist(), *said, RET_ID]]), images)[0, -1]
        query = run.ret_query_after(question, "Port Amber.", shown)
        np.testing.assert_allclose(query, run.ret_query(state), atol=1e-4)
    unseen = run.ret_query_after(PICTURE.value, "Port Amber.", None)  # a picture that could not be read is left out
    assert np.linalg.norm(unseen) == pytest.approx(1, rel=1e-5)


def test_graph_without_images_has_nothing_to_compare(run: Run, seen: np.ndarray) -> None:
    blind = Run(run.folder, run.manifest, run.preset, run.tokenizer, run.network, None, run.known)
    for look in (blind.describe, blind.ret_keys, blind.image_tokens):
        with pytest.raises(CheckpointError, match="without images; ingest images, train again"):
            look(seen)
    assert blind.slot_scores([blind.prompt([QUESTION])], blind.no_images).shape == (1, 2 * len(run.relations))


def test_two_loads_are_the_same_model(run: Run, seen: np.ndarray) -> None:
    again = load(run.folder)
    prompts = [run.prompt([QUESTION])]
    np.testing.assert_array_equal(run.slot_scores(prompts, seen[:0]), again.slot_scores(prompts, seen[:0]))
    np.testing.assert_array_equal(run.ret_keys(seen), again.ret_keys(seen))
