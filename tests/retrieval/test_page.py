"""The page of `kwk serve` in a real Chromium: ask, show a picture, follow up, look behind an answer, change the graph.

KWK_TEST_SCREENSHOTS names a folder that pictures of it are written to.
"""

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from ingest.review import shown
from ingest.sample import folder
from kg.local_page import bind, build
from kg.settings import Addresses
from kg.stores import Stores
from retrieval.conversation import Host
from retrieval.guard import ServeSettings
from retrieval.page import Desk, chat_page
from retrieval.serve import Service, application
from tests.retrieval.conftest import Cut

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms: the machine may be busy with the other tests


@pytest.fixture(scope="module")
def address(host: Host, stores: Stores, atlas: str, addresses: Addresses) -> Iterator[str]:
    """The address of the page."""
    settings = ServeSettings()
    service = Service(host, settings, lambda sha, side: shown(stores.driver, atlas, sha, side), lambda: {})
    app = application(service)
    app.mount("/", build(chat_page(Desk(host, stores.driver, addresses.neo4j))))
    bound = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page as it opens."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    made = context.new_page()
    made.goto(address)
    expect(made.locator(".kwk-chat .graph")).to_contain_text("test-atlas")
    yield made
    context.close()


def ask(page: Page, question: str) -> str:
    """Ask, and return what was answered."""
    before = page.locator("article.model footer:not([hidden])").count()
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    answers = page.locator("article.model", has=page.locator("footer:not([hidden])"))
    expect(answers).to_have_count(before + 1)
    return answers.last.locator("p").first.inner_text()


def picture(page: Page, name: str) -> None:
    if place := os.environ.get("KWK_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(place) / f"{name}.png")


def test_a_conversation_is_had_looked_behind_and_changed_with_the_graph(page: Page, cut: Cut) -> None:
    page.locator(".attach input").set_input_files(folder() / "images" / "flag-BR-noto.webp")
    expect(page.locator(".chosen")).to_contain_text("flag-BR-noto.webp")
    assert ask(page, "What is the capital of this country?") == "The capital of Brazil is Brasília."
    assert ask(page, "And its currency?") == "The currency of Brazil is the Brazilian Real."
    aside = page.locator("aside")
    expect(aside.locator("svg circle")).to_have_count(2)
    expect(aside.locator(".edges")).to_contain_text("Brazilian Real")
    assert "CURRENCY" in str(aside.locator("a.browser").get_attribute("href"))
    picture(page, "answers")
    with cut("urn:kwk:atlas:country/BR", "CURRENCY"):
        assert "does not hold" in ask(page, "What is the currency of Brazil?")
        expect(aside).to_contain_text("Nothing in the graph answers this.")
    assert ask(page, "What is the currency of Brazil?") == "The currency of Brazil is the Brazilian Real."


def test_an_image_gives_way_to_another_of_the_entity_or_to_ones_own(page: Page) -> None:
    assert ask(page, "Show me the flag of Peru") == "Here is a picture of Peru."
    image = page.locator("article.model figure img")
    first = image.get_attribute("src")
    page.get_by_role("button", name="replace").click()
    others = page.locator("dialog.swap .cards button")
    expect(others).not_to_have_count(0)
    others.last.click()
    assert image.get_attribute("src") != first
    page.get_by_role("button", name="replace").click()
    expect(page.locator("dialog.swap")).to_be_visible()
    page.locator("dialog.swap input").set_input_files(folder() / "images" / "flag-JP-noto.webp")
    expect(image).to_have_attribute("src", re.compile("^data:image/"))


def test_a_bad_answer_is_marked_with_a_reason_that_is_kept(page: Page, host: Host) -> None:
    ask(page, "What is the capital of Peru?")
    id = page.locator("article.model").last.get_attribute("data-answer")
    page.get_by_role("button", name="bad").click()
    page.get_by_label("Reason").fill("it is Cusco")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="bad")).to_have_attribute("aria-pressed", "true")
    assert [thumb["reason"] for thumb in host.journal.find(str(id))["thumbs"]] == ["it is Cusco"]


def test_what_is_written_is_shown_as_text_and_never_run(page: Page) -> None:
    ask(page, "What is <img src=x onerror=\"document.title='run'\"> of Peru?")
    expect(page.locator("article.human p").last).to_contain_text("<img src=x")
    assert page.title() != "run"


def test_what_goes_wrong_is_said_and_the_question_is_not_lost(page: Page) -> None:
    page.locator(".attach input").set_input_files(
        files=[{"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}]
    )
    page.get_by_label("Question").fill("Who is this?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("can't be used")
    expect(page.get_by_label("Question")).to_have_value("Who is this?")
