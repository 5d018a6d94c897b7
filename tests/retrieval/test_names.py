"""Entities are found by any of their names, however they are written, and by no other words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.names import Named, NameIndex

HONOUR = "Primetime Emmy Award for Outstanding Costumes for a Miniseries, Movie or a Special"


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(
        [
            Named("peru", "Peru", ("Peru", "Pérou", "Republic of Peru"), ()),
            Named("uk", "United Kingdom", ("United Kingdom", "UK"), ()),
            Named("italy", "Italy", ("Italy", "IT"), ()),
            Named("bosnia", "Bosnia & Herzegovina", ("Bosnia & Herzegovina",), ()),
            Named("ivory", "Côte d'Ivoire", ("Côte d'Ivoire",), ()),
            Named("traffic", "Traffic (2000 film)", ("Traffic (2000 film)",), ()),
            Named("beatles", "The Beatles", ("The Beatles",), ()),
            Named("georgia-state", "Georgia", ("Georgia",), ()),
            Named("georgia", "Georgia", ("Georgia",), ()),
            Named("award", HONOUR, (HONOUR,), ()),
            Named("euro", "Euro", ("Euro", "€"), ()),
            Named("hebrew", "Hebrew", ("Hebrew", "he"), ()),
            Named("histidine", "Histidine", ("Histidine", "His"), ()),
            Named("jamaica", "Jamaica", ("Jamaica", "🇯🇲"), ()),
        ]
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is the capital of peru?", {"peru"}),
        ("the Republic of Peru", {"peru"}),
        ("Is PEROU far?", {"peru"}),
        ("the UK's queen", {"uk"}),
        ("what is it", set()),
        ("what is IT", {"italy"}),
        ("What did he say in his town? He said", {"hebrew"}),  # the last one is written as a name is
        ("His town", set()),
        ("What is His in water?", {"histidine"}),
        ("Bosnia and Herzegovina", {"bosnia"}),
        ("cote d’ivoire", {"ivory"}),
        ("who directed traffic", {"traffic"}),
        ("songs of the beatles and Beatles", {"beatles"}),
        ("Peruvian", set()),
        ("who pays in €?", {"euro"}),
        ("Who lives in 🇯🇲?", {"jamaica"}),
        ("Georgia", {"georgia", "georgia-state"}),
    ],
)
def test_a_name_is_found_as_people_write_it(index: NameIndex, text: str, found: set[str]) -> None:
    assert {mention.entity.id for mention in index.mentions(text)} == found


def test_a_mention_spans_the_name(index: NameIndex) -> None:
    text = "Is Pérou large?"
    (mention,) = index.mentions(text)
    assert text[mention.start : mention.end] == "Pérou"
    assert not mention.main


@pytest.mark.parametrize(
    ("text", "unknown", "found"),
    [
        ("who wrote songs for the beetles", {5}, {("beatles", 1)}),
        ("the Republic of Pero", {3}, {("peru", 1)}),
        ("capital of Untied Kingdon", {2, 3}, {("uk", 2)}),
        ("capital of Untied Kingdon", {0}, set()),
        ("who directed traffic", {2}, set()),
        (f"Who won the {HONOUR.replace('Costumes', 'Costums')}", {8}, {("award", 1)}),
    ],
)
def test_a_name_is_found_though_it_is_misspelt(
    index: NameIndex, text: str, unknown: set[int], found: set[tuple[str, int]]
) -> None:
    assert {(each.entity.id, each.edits) for each in index.misspelt(text, frozenset(unknown))} == found


@given(st.text(max_size=100))
def test_any_text_can_be_searched(index: NameIndex, text: str) -> None:
    for mention in index.mentions(text):
        assert text[mention.start : mention.end].strip()


def test_a_long_text_of_strange_words_is_compared_to_a_bound(index: NameIndex) -> None:
    often = index.misspelt("Jamaika " * 40, frozenset(range(40)))
    assert [(each.entity.id, each.start) for each in often] == [("jamaica", 8 * n) for n in range(40)]
    strange = " ".join(f"x{n}y" for n in range(600))
    assert index.misspelt(f"{strange} Jamaika", frozenset(range(601))) == []  # no question is as long as that
