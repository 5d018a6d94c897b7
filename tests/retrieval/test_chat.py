"""A conversation in the terminal: what was answered, why, and what goes wrong without ending it."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ingest.sample import folder
from kg.errors import DataError
from retrieval.chat import COMMANDS, Chat, picture_and_question
from retrieval.conversation import Host


def said(host: Host, *lines: str) -> str:
    out = StringIO()
    Chat(host, Console(file=out, markup=False, highlight=False, width=200)).run(lines)
    return out.getvalue()


def test_a_follow_up_is_answered_and_its_edge_is_a_word_away(host: Host) -> None:
    text = said(host, "What is the capital of Peru?", "And its currency?", "/why")
    assert "The currency of Peru is the Peruvian Sol." in text
    assert "Peru — urn:kwk:atlas:currency → Peruvian Sol" in text
    assert "kwk trace" in text


def test_the_edges_of_an_answer_come_as_cypher_that_runs(host: Host) -> None:
    text = said(host, "Which countries border on Switzerland?", "/graph")
    query = text[text.index("MATCH") :]
    with host.answerer.reader.driver.session() as session:
        assert len(session.run(query).graph().relationships) == 5  # type: ignore[arg-type]


def test_a_thumb_is_kept_with_its_reason(host: Host) -> None:
    out = StringIO()
    chat = Chat(host, Console(file=out))
    chat.run(["What is the capital of Peru?", "/down  it is Cusco"])
    (thumb,) = host.journal.find(str(chat.last().id))["thumbs"]
    assert (thumb["up"], thumb["reason"]) == (False, "it is Cusco")


def test_a_picture_is_asked_about_in_the_same_line_or_the_next(host: Host) -> None:
    file = folder() / "images" / "flag-PE-noto.webp"
    assert "The capital of Peru is Lima." in said(host, f"/image {file} What is the capital of this country?")
    assert "Peru" in said(host, f"/image {file}", "Which country is this?").rpartition("before me")[2]


def test_an_image_is_shown_by_its_path_where_the_terminal_shows_none(host: Host) -> None:
    (line,) = [line for line in said(host, "Show me the flag of Peru").splitlines() if line.endswith(".webp")]
    assert Path(line.strip()).is_file()


def test_what_goes_wrong_is_said_and_the_conversation_goes_on(host: Host) -> None:
    text = said(host, "/why", "/image nosuch.png", "/up", "x" * 3000, "", "/nonsense", "What is the capital of Peru?")
    assert text.count("Nothing has been answered yet") == 2
    assert "no picture 'nosuch.png'" in text
    assert "3,000 characters" in text
    assert "The capital of Peru is Lima." in text
    assert all(command in text for command in COMMANDS)


def test_a_new_conversation_has_forgotten_the_last(host: Host) -> None:
    assert "Santiago" not in said(host, "What is the capital of Peru?", "/new", "And of Chile?").rpartition("A new")[2]
    assert "nosuch" not in said(host, "/quit", "/image nosuch.png")


def test_a_files_name_may_hold_blanks_and_quotes_around_it(tmp_path: Path) -> None:
    file = tmp_path / "a flag.png"
    file.write_bytes(b"")
    assert picture_and_question(f"{file} who is this?") == (file, "who is this?")
    assert picture_and_question(f'"{file}" who?') == (file, "who?")
    assert picture_and_question(str(file)) == (file, "")
    for told in ("", "nosuch.png who?"):
        with pytest.raises(DataError):
            picture_and_question(told)
