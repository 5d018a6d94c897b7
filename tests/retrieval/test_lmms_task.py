"""lmms-eval's verdict is ours: an answer is right by any of its names, in whole words, and nothing less."""

import pytest

from retrieval.lmms_task import doc_to_text, macro, prior_defeating, process_results

DOC = {"question": "What is its capital?", "answers": ["São Tomé", "Lima"], "relation": "r", "prior_defeating": True}


@pytest.mark.parametrize("said", ["Lima", "It is lima.", "the Sao Tome", "SÃO TOMÉ!"])
def test_right_name_is_heard_however_it_is_written(said: str) -> None:
    assert process_results(DOC, [said])["accuracy"] == 1.0


@pytest.mark.parametrize("said", ["Limassol", "", "Sao Paulo", "Tome"])
def test_part_of_a_name_is_no_answer(said: str) -> None:
    assert process_results(DOC, [said])["accuracy"] == 0.0


def test_rare_relations_and_hard_questions_have_figures_of_their_own() -> None:
    rows = [{"hit": 1.0, "relation": "common", "prior_defeating": False}] * 3
    rows.append({"hit": 0.0, "relation": "rare", "prior_defeating": True})
    assert (macro(rows), prior_defeating(rows)) == (0.5, 0.0)
    assert (macro([]), prior_defeating([])) == (0.0, 0.0)


def test_model_may_have_its_own_words_around_the_question() -> None:
    assert doc_to_text(DOC, {"pre_prompt": "Q: ", "post_prompt": " A:"}) == "Q: What is its capital? A:"
    assert doc_to_text(DOC) == DOC["question"]
