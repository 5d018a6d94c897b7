"""A question is cut where it asks something else, never within a name; what asks for a picture is taken off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.pictures import picture_words
from retrieval.questions import Part, Pointing, masked_mention, one_by_one, parts_of, points


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is the capital of Peru?", [("What is the capital of Peru", False)]),
        ("Show me the flag of Peru", [("Peru", True)]),
        ("show me Peru's flag, please", [("Peru", True)]),
        ("What does the flag of Peru look like?", [("Peru", True)]),
        ("Can I see a picture of Lake Chad?", [("Lake Chad", True)]),
        ("Please show me a picture of the capital of Peru.", [("the capital of Peru", True)]),
        ("Give me the capital of Peru.", [("Give me the capital of Peru", False)]),
        (
            "Which country is this, and what is its currency?",
            [("Which country is this", False), ("what is its currency", False)],
        ),
        (
            "Which countries make up Africa? Please show me a picture of one.",
            [("Which countries make up Africa", False), ("one", True)],
        ),
        ("What is the capital of this country?\n<image>", [("What is the capital of this country", False)]),
        (
            "Across the land border of Peru, which country does one reach? Please show me a picture of one.",
            [("Across the land border of Peru, which country does one reach", False), ("one", True)],
        ),
        ("<image>\nWhich city is this?", [("Which city is this", False)]),
        (
            "Where, in which country, is Lima? Could you show me a picture?",
            [("Where, in which country, is Lima", False), ("", True)],
        ),
        ("Can you show me what Peru looks like?", [("Peru", True)]),
        ("What is the flag of Peru?", [("Peru", True)]),
        ("Show us what the flag of Peru looks like", [("Peru", True)]),
        ("Which country is this, show me its flag", [("Which country is this", False), ("it", True)]),
        (
            "Of which country is Lima the capital? With a picture, please.",
            [("Of which country is Lima the capital", False), ("", True)],
        ),
    ],
)
def test_every_part_of_a_question_is_heard(question: str, parts: list[tuple[str, bool]]) -> None:
    assert [(part.text, part.wish) for part in parts_of(question)] == parts


def test_a_name_that_holds_a_question_word_is_not_cut() -> None:
    question = "Who wrote Guess Who and What For?"
    assert len(parts_of(question)) == 2
    assert [part.text for part in parts_of(question, [(10, 32)])] == ["Who wrote Guess Who and What For"]


@pytest.mark.parametrize(
    ("text", "names", "asked"),
    [
        ("the capitals of Peru and Chile", ["Peru", "Chile"], ["the capitals of Peru", "the capitals of Chile"]),
        ("What is in Peru and in the Congo", ["Peru", "Congo"], ["What is in Peru", "What is in Congo"]),
        ("Peru, Chile & Japan", ["Peru", "Chile", "Japan"], ["Peru", "Chile", "Japan"]),
        ("Peru, Chile, and Japan", ["Peru", "Chile", "Japan"], ["Peru", "Chile", "Japan"]),
        ("Trinidad and Tobago", ["Trinidad", "Tobago", "Trinidad and Tobago"], ["Trinidad and Tobago"]),
        ("What is between Peru and Chile", ["Peru", "Chile"], ["What is between Peru and Chile"]),
        ("Is it in Lima, Peru", ["Lima", "Peru"], ["Is it in Lima, Peru"]),
        ("this one and Peru", ["Peru"], ["this one and Peru"]),
        ("Do Peru and Chile border", ["Peru", "Chile"], ["Do Peru and Chile border"]),
        ("Peru", ["Peru"], ["Peru"]),
        ("", [], [""]),
    ],
)
def test_each_of_several_names_is_asked_about(text: str, names: list[str], asked: list[str]) -> None:
    assert one_by_one(text, [(text.index(name), text.index(name) + len(name)) for name in names]) == asked


@pytest.mark.parametrize("text", ["", "it", "one of them", "of these"])
def test_a_wish_without_a_name_is_for_what_was_spoken_of(text: str) -> None:
    assert Part(text, wish=True).refers_back
    assert not Part(text, wish=False).refers_back


def test_a_wish_with_a_name_is_not_for_what_was_spoken_of() -> None:
    assert not Part("Peru", wish=True).refers_back


@pytest.mark.parametrize("request_", sorted({each for some in picture_words("en").requests for each in some}))
def test_every_way_in_which_conversations_ask_for_a_picture_of_the_answer_is_understood(request_: str) -> None:
    first, wish = parts_of(f"What is the capital of Peru? {request_}")
    assert first == Part("What is the capital of Peru", wish=False)
    assert wish.refers_back


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("What is the capital of this country", "What is the capital of {x}"),
        ("What is the capital of the country in this picture", "What is the capital of {x}"),
        ("Which city is the capital of <image>", "Which city is the capital of {x}"),
        ("Which time zone is this city in", "Which time zone is {x} in"),
        ("What is this country's currency", "What is {x}'s currency"),
        ("Which country is this", "Which country is {x}"),
        ("What does this picture show", "What does {x} show"),
    ],
)
def test_what_points_at_a_picture_is_put_out_of_sight(text: str, masked: str) -> None:
    assert points(text)
    assert Pointing(["country", "city", "time zone"]).masked(text) == masked


def test_a_masked_name_leaves_no_article_behind() -> None:
    assert masked_mention("What is the capital of the United Kingdom", 27, 41) == "What is the capital of {x}"


@given(st.text(max_size=200))
def test_any_text_has_at_least_one_part(text: str) -> None:
    assert parts_of(text)
    Pointing(["country"]).masked(text)
