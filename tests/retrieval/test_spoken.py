"""What a follow-up means: an entity by its place in a list, a question that only names another subject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions import HOLE
from retrieval.names import Named
from retrieval.spoken import NOTHING, after, leaves_out, one_of

LISTED = tuple(Named(name, name, (name,), ()) for name in ("Chile", "Peru", "Bolivia"))


@pytest.mark.parametrize(
    ("text", "meant", "masked"),
    [
        ("What is the capital of the second one", "Peru", f"What is the capital of {HOLE}"),
        ("Show me the first", "Chile", f"Show me {HOLE}"),
        ("And the capital of the last of them?", "Bolivia", f"And the capital of {HOLE}?"),
        ("the 2nd one's currency", "Peru", f"{HOLE}'s currency"),
        ("Where is the third?", "Bolivia", f"Where is {HOLE}?"),
    ],
)
def test_an_entity_is_meant_by_its_place_in_what_was_listed(text: str, meant: str, masked: str) -> None:
    found = one_of(text, LISTED)
    assert found is not None
    assert (found[0].name, found[1]) == (meant, masked)


@pytest.mark.parametrize(
    "text",
    ["What is the second largest city of Chile?", "Who was the first president of Peru?", "the fourth one",
     "the 99th one", "Who came first?", ""],
)  # fmt: skip
def test_no_place_is_read_where_none_is_named(text: str) -> None:
    assert one_of(text, LISTED) is None


@pytest.mark.parametrize(
    ("masked", "left_out"),
    [
        (f"And of {HOLE}", True),
        (f"what about {HOLE}", True),
        (f"How about the {HOLE}?", True),
        (HOLE, True),
        (f"and in {HOLE} too", True),
        (f"What is the capital of {HOLE}", False),
        (f"And the currency of {HOLE}", False),
        ("And its currency", False),
    ],
)
def test_a_question_is_asked_again_where_only_another_subject_is_named(masked: str, left_out: bool) -> None:
    assert leaves_out(masked) is left_out


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_follow_up(text: str) -> None:
    found = one_of(text, LISTED)
    assert found is None or (found[0] in LISTED and HOLE in found[1])
    leaves_out(text)


def test_what_was_shown_is_remembered_and_nothing_else_is_made_up() -> None:
    spoken = after(NOTHING, [], [], ["a", "b"])
    assert spoken.shown == {"a", "b"}
    assert spoken.topics == spoken.listed == ()
    assert after(spoken, [], [], ["c"]).shown == {"a", "b", "c"}
