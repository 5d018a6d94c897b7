"""The journal keeps every answer and thumb for good, under a role that can do nothing but add to it."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kg.errors import DataError
from kg.stores import Stores
from retrieval.conversation import Host
from retrieval.given import Answer, Evidence
from retrieval.journal import LONGEST_REASON, ROLE, Asked, Journal

ANSWER = Answer(
    "The capital of Peru is Lima.", evidence=(Evidence("Peru", "p", "capital", "Lima", "l"),), grounded=True
)


@pytest.fixture
def journal(host: Host) -> Journal:
    """The journal of the atlas."""
    return host.journal


def kept(journal: Journal, question: str = "What is the capital of Peru?", answer: Answer = ANSWER) -> uuid.UUID:
    id = uuid.uuid4()
    journal.keep(id, Asked(uuid.uuid4(), 0, question), answer, None, 0.1)
    return id


def test_an_answer_is_found_by_the_first_characters_of_its_id(journal: Journal) -> None:
    id = kept(journal)
    row = journal.find(str(id)[:13])
    assert row["id"] == id
    assert row["said"]["text"] == ANSWER.text
    assert row["thumbs"] == []


def test_thumbs_are_kept_with_their_reasons_in_order(journal: Journal) -> None:
    id = kept(journal)
    journal.rate(id, False, "it is Cusco")
    journal.rate(id, True)
    assert [(thumb["up"], thumb["reason"]) for thumb in journal.find(str(id))["thumbs"]] == [
        (False, "it is Cusco"),
        (True, None),
    ]


def test_what_is_no_answer_is_said_to_be_none(journal: Journal) -> None:
    for id in ("", "abc", "no such", str(uuid.uuid4()), "%%%%"):
        with pytest.raises(DataError):
            journal.find(id)
    with pytest.raises(DataError, match="no answer"):
        journal.rate(uuid.uuid4(), True)
    with pytest.raises(DataError, match="characters"):
        journal.rate(kept(journal), True, "x" * (LONGEST_REASON + 1))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE answer SET question = 'x'", "DELETE FROM answer", "TRUNCATE answer, thumb", "UPDATE thumb SET up = true",
     "DELETE FROM thumb"],
)  # fmt: skip
def test_nobody_changes_what_was_kept(journal: Journal, stores: Stores, statement: str) -> None:
    journal.rate(kept(journal), True)
    with stores.engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM answer", "UPDATE answer SET question = 'x'", "DELETE FROM answer", "SELECT * FROM image",
     "DELETE FROM embedding", "DROP TABLE answer"],
)  # fmt: skip
def test_the_role_that_writes_answers_can_do_nothing_else(stores: Stores, journal: Journal, statement: str) -> None:
    kept(journal)
    with stores.engine.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {ROLE}"))
        with pytest.raises(DBAPIError, match="permission denied|must be owner"):
            connection.execute(text(statement))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_kept(journal: Journal, question: str, said: str) -> None:
    row = journal.find(str(kept(journal, question, Answer(said))))
    if "\x00" not in question and question.isprintable():
        assert row["question"] == question
    assert set(row["said"]) >= {"text", "images", "evidence", "grounded"}
