"""The run that is meant is the run that is used, and what it believes is said of the graph's relations as they are."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dialogue.verbalise import question
from kg.errors import CheckpointError
from model.run import Run
from retrieval.album import Album
from retrieval.answer import Answerer
from retrieval.relations import Relation, column
from retrieval.run import Believes, choose_run, open_run

QUESTION = ("What is the capital of {x}?", "country", "Peru")
BORDERS = "Which countries border on Switzerland?"


def test_nothing_trained_is_no_run(tmp_path: Path) -> None:
    assert choose_run(tmp_path, "atlas", None) is None


def test_run_that_is_named_but_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no run 'nobody' below"):
        choose_run(tmp_path, "atlas", "nobody")


def test_run_of_another_graph_is_refused(run_folder: Path, atlas: str, tmp_path: Path) -> None:
    refused = f"was trained on '{atlas}', not on 'other'"
    with pytest.raises(CheckpointError, match=refused):
        open_run(run_folder, "other")
    with pytest.raises(CheckpointError, match=refused):
        choose_run(tmp_path, "other", str(run_folder))


def test_run_that_was_saved_last_is_taken_where_none_is_named(run_folder: Path, atlas: str, tmp_path: Path) -> None:
    place = tmp_path / "runs" / atlas
    shutil.copytree(run_folder, place / "older")
    newer = Path(shutil.copytree(run_folder, place / "newer"))
    manifest = newer / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8"), "utf-8")
    chosen = choose_run(tmp_path, atlas, None)
    assert chosen is not None and chosen.folder == newer
    named = choose_run(tmp_path, atlas, "older")
    assert named is not None and named.folder == place / "older"
    assert choose_run(tmp_path, "other", None) is None


def test_belief_stands_at_the_columns_of_the_graph_as_it_is_now(run: Run, answerer: Answerer, album: Album) -> None:
    relations = answerer.understanding.relations
    now = replace(relations, each=relations.each[::-1])
    shares = run.relation_shares(*QUESTION)
    for shown in (None, album.measured[0]):
        shares = run.relation_shares(*QUESTION, shown)
        found = Believes(run, now).belief(*QUESTION, shown)
        assert found.dtype == np.float32
        for number, path in enumerate(run.relations):
            for direction in ("tail", "head"):
                place = column(now.by_path[path], direction)  # type: ignore[arg-type]
                assert found[place] == pytest.approx(float(shares[2 * number + (direction == "head")]), abs=1e-6)
    assert float(shares.sum()) == pytest.approx(1, rel=1e-3)


def test_relation_that_the_run_has_not_met_is_not_believed_in(run: Run, answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    new = replace(relations.each[0], path="urn:new", type="NEW")
    now = replace(relations, each=(new, *relations.each[1:]))
    found = Believes(run, now).belief(*QUESTION, None)
    assert not found[:2].any()
    np.testing.assert_array_equal(found[2:], Believes(run, relations).belief(*QUESTION, None)[2:])
    other: Callable[[Relation], Relation] = lambda each: replace(each, path=f"new {each.path}")  # noqa: E731
    unknown = replace(relations, each=tuple(map(other, relations.each)))
    assert not Believes(run, unknown).belief(*QUESTION, None).any()


def test_question_is_believed_the_same_with_its_mark_and_without(run: Run, answerer: Answerer) -> None:
    belief = Believes(run, answerer.understanding.relations).belief
    np.testing.assert_array_equal(belief(*QUESTION, None), belief("What is the capital of {x}", *QUESTION[1:], None))


def test_answers_come_in_the_order_of_what_the_model_holds_likely(run: Run, answerer: Answerer) -> None:
    understanding = answerer.understanding
    relations, model = understanding.relations, Believes(run, understanding.relations)
    trained = replace(answerer, understanding=replace(understanding, model=model))
    untrained = answerer.ask(BORDERS)
    answer = trained.ask(BORDERS)
    assert set(answer.evidence) == set(untrained.evidence) and len(answer.evidence) == 5
    path = answer.evidence[0].relation
    plain = question(relations.each[relations.by_path[path]].wordings, "tail", 0, "Switzerland")
    names = [edge.object for edge in answer.evidence]
    shares = model.shares(plain, names)
    assert shares.sum() == pytest.approx(1, abs=1e-3)
    assert shares.tolist() == sorted(shares.tolist(), reverse=True)
    assert [other.name for other in trained.answers(understanding.understand(BORDERS)[0])] == names
