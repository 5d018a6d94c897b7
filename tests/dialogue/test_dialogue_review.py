"""The page on which rounds are reviewed, served as `kwk dialogues review` serves it, in a real Chromium.

KWK_TEST_SCREENSHOTS names a folder that pictures of it are written to.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from dialogue.review_rounds import Choice, places
from dialogue.verdicts import RoundKey, Verdict, Verdicts

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms: the machine may be busy with the other tests
HOSTILE = "<img src=x onerror=\"document.body.dataset.hacked='1'\"> ${1+1} {{value}} </script>"


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is served, and what is reviewed on it."""

    address: str
    folder: Path
    engine: Engine
    requested: list[str]

    def name(self, n: int) -> str:
        """Return what the n-th round is called on the page."""
        key = places(self.folder, Choice())[n].key
        return f"{key.dialogue}#{key.turn}"

    def key(self, name: str) -> RoundKey:
        """Return by what a round is known."""
        return next(p.key for p in places(self.folder, Choice()) if f"{p.key.dialogue}#{p.key.turn}" == name)

    def verdict(self, name: str, reviewer: str) -> Verdict | None:
        """Return what counts of a reviewer on a round."""
        return Verdicts(self.engine, "archipelago").on(self.key(name)).get(reviewer)


@contextmanager
def page_served(home: Path, *options: str) -> Iterator[str]:
    """Run `kwk dialogues review` as a user does, until Ctrl-C; yield its address."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KWK_", "GRADIO_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", "from kg.cli import main; main()", "dialogues", "review", "--no-open", *options],
        env=environment | {"KWK_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield next(iter(re.findall(r"http://\S+", process.stdout.readline())))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def served(home: Path, engine: Engine, charted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Dialogues of the archipelago under review, of which the last has words that are hostile to a page."""
    folder = Path(shutil.copytree(charted, tmp_path_factory.mktemp("review") / "archipelago"))
    lines = (folder / "train.jsonl").read_text("utf-8").splitlines()
    lines = [line for line in lines if '"count":' not in line][:60]
    tag = tmp_path_factory.getbasetemp().name
    records = [json.loads(line) for line in lines]
    for record in records:  # of this run alone, so that verdicts of an earlier one don't count
        record["id"] = f"{record['id']}-{tag}"
    hostile = records[-1]
    hostile["id"] = f"{HOSTILE}{tag}"
    for turn in hostile["conversations"]:
        turn["value"] = f"{HOSTILE} {turn['value']}"
        for triple in turn["kg"].get("triples", ()):
            triple[1] = HOSTILE
        if "triple" in turn["kg"]:
            turn["kg"]["triple"] = None
    (folder / "train.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    for name in ("valid.jsonl", "test.jsonl"):
        (folder / name).write_text("")
    with page_served(home, str(folder)) as address:
        yield Served(address, folder, engine, [])


Opens = Callable[..., Page]


@pytest.fixture
def browse(chromium: Browser, served: Served) -> Iterator[Opens]:
    """Open the page in a browser of its own, which may ask for nothing outside, as a reviewer."""
    contexts = []

    def opened(reviewer: str, name: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": 1360, "height": 860}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        here = urlsplit(served.address).netloc
        page.on("request", lambda r: urlsplit(r.url).netloc in (here, "") or served.requested.append(r.url))
        page.goto(served.address)
        page.get_by_label("Your name").fill(reviewer)
        page.keyboard.press("Enter")
        seen(page)
        if name:
            page.evaluate("name => { location.hash = encodeURIComponent(name); }", name)
            seen(page, name)
        return page

    yield opened
    for context in contexts:
        context.close()


def seen(page: Page, name: str | None = None) -> None:
    """Wait until a round has been there long enough to be judged."""
    if name is None:
        page.locator("[data-ready]").wait_for()
    else:
        page.wait_for_function(
            "name => document.querySelector('#kwk-review').dataset.ready === name", arg=name, timeout=PATIENCE
        )


def judged(page: Page, name: str) -> None:
    """Wait until a verdict is in."""
    page.wait_for_function(
        "name => document.querySelector('#kwk-review').dataset.judged === name", arg=name, timeout=PATIENCE
    )


def shown(page: Page) -> str:
    """Return the round that is shown."""
    return str(page.locator("#kwk-review").get_attribute("data-ready"))


def keep(page: Page, name: str) -> None:
    """Write what is seen, if somebody wants to look at it."""
    if folder := os.environ.get("KWK_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def with_picture(served: Served, minimum: int = 0) -> str:
    """Return a round whose question shows a picture."""
    for line in (served.folder / "train.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        for turn in range(1, len(record["conversations"]), 2):
            asked = record["conversations"][turn - 1]
            if asked["image_list"] and turn >= minimum and HOSTILE not in asked["value"]:
                return f"{record['id']}#{turn}"
    raise AssertionError("no round shows a picture")


def test_a_reviewer_reads_round_basis_and_conversation_and_a_key_accepts(served: Served, browse: Opens) -> None:
    name = with_picture(served, 3)
    page = browse("Ana", name)
    expect(page.locator(".before .turn").first).to_be_visible()
    expect(page.locator(".round .turn")).to_have_count(2)
    assert page.locator(".round .asks img").evaluate_all("all => all.map(each => each.naturalWidth > 0)") == [True]
    expect(page.locator(".triples .ids").first).to_contain_text("http://isles.example/")
    expect(page.locator(".true li").first).to_be_visible()
    expect(page.locator(".checked")).to_have_text("The graph confirms it.")
    keep(page, "dialogue-review")
    page.keyboard.press("a")
    judged(page, name)
    keep(page, "dialogue-review-accepted")
    found = served.verdict(name, "Ana")
    assert found is not None
    assert (found.judgement, found.at is not None) == ("accept", True)
    page.wait_for_function("name => document.querySelector('#kwk-review').dataset.ready !== name", arg=name)
    expect(page.locator(".progress")).to_contain_text("you 1")


def test_two_reviewers_at_once_get_different_rounds_and_are_blind_to_each_other(served: Served, browse: Opens) -> None:
    bo, cy = browse("Bo"), browse("Cy")
    first, second = shown(bo), shown(cy)
    assert first != second
    bo.keyboard.press("a")
    judged(bo, first)
    cy.evaluate("name => { location.hash = encodeURIComponent(name); }", first)
    seen(cy, first)
    assert "Bo" not in (cy.locator(".stage").text_content() or "")
    cy.keyboard.press("r")
    expect(cy.locator("form.reject")).to_be_visible()
    keep(cy, "dialogue-review-reject")
    cy.keyboard.press("2")
    judged(cy, first)
    expect(cy.locator("ul.tally")).to_contain_text("Bo")
    expect(cy.locator("ul.tally")).to_contain_text("one can't tell what is asked")
    keep(cy, "dialogue-review-judged")
    found = served.verdict(first, "Cy")
    assert found is not None
    assert (found.judgement, found.reason) == ("reject", "unclear")
    cy.keyboard.press("g")
    expect(cy.locator(".list")).to_contain_text("Cohen")
    keep(cy, "dialogue-review-agreement")


def test_words_that_lose_the_answer_or_a_picture_are_refused_and_true_ones_are_taken(
    served: Served, browse: Opens
) -> None:
    name = with_picture(served)
    page = browse("Eve", name)
    page.keyboard.press("e")
    question, answer = page.locator("textarea[name=question]"), page.locator("textarea[name=answer]")
    asked, given = question.input_value(), answer.input_value()
    keep(page, "dialogue-review-refine")
    answer.fill("I would rather not say.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice")).to_contain_text("no longer names")
    keep(page, "dialogue-review-refused")
    answer.fill(given)
    question.fill(asked.replace("<image>", ""))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice")).to_contain_text("<image> has to stand in it")
    question.fill(asked)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice")).to_contain_text("Nothing is changed")
    assert served.verdict(name, "Eve") is None
    answer.fill(f"{given} So it is.")
    page.keyboard.press("Control+Enter")
    judged(page, name)
    expect(page.locator(".notice")).to_be_hidden()
    found = served.verdict(name, "Eve")
    assert found is not None
    assert (found.judgement, found.question, found.answer) == ("refine", asked, f"{given} So it is.")


def test_keys_typed_into_a_field_are_words_and_no_verdicts(served: Served, browse: Opens) -> None:
    page = browse("Typist")
    name = shown(page)
    page.keyboard.press("r")
    page.locator("input[name=note]").fill("")
    page.locator("input[name=note]").press_sequentially("a re1? so")
    page.keyboard.press("Escape")
    expect(page.locator("form.reject")).to_have_count(0)
    assert served.verdict(name, "Typist") is None
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("?")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("name => document.querySelector('#kwk-review').dataset.ready !== name", arg=name)
    page.keyboard.press("ArrowLeft")
    seen(page, name)
    assert served.verdict(name, "Typist") is None


def test_words_that_are_html_are_shown_as_they_are(served: Served, browse: Opens) -> None:
    page = browse("<b>Mallory</b> ${1+1}")
    name = next(
        f"{p.key.dialogue}#{p.key.turn}" for p in places(served.folder, Choice()) if p.key.dialogue.startswith("<img")
    )
    page.evaluate("name => { location.hash = encodeURIComponent(name); }", name)
    seen(page, name)
    expect(page.locator(".round .said").first).to_contain_text(HOSTILE)
    expect(page.locator(".faults")).to_contain_text("the graph does not hold this triple")
    page.keyboard.press("r")
    page.locator("input[name=note]").fill(HOSTILE)
    page.keyboard.press("Enter")
    judged(page, name)
    expect(page.locator("ul.tally")).to_contain_text("<b>Mallory</b> ${1+1}")
    expect(page.locator("ul.tally")).to_contain_text(HOSTILE)
    assert page.evaluate("document.body.dataset.hacked") is None


def test_a_verdict_that_is_changed_counts_as_it_was_said_last_and_both_are_kept(served: Served, browse: Opens) -> None:
    page = browse("Changer")
    name = shown(page)
    page.keyboard.press("a")
    judged(page, name)
    page.evaluate("() => { delete document.querySelector('#kwk-review').dataset.judged; }")
    page.evaluate("name => { location.hash = encodeURIComponent(name); }", name)
    seen(page, name)
    page.keyboard.press("r")
    page.keyboard.press("3")
    judged(page, name)
    found = served.verdict(name, "Changer")
    assert found is not None
    assert found.judgement == "reject"
    history = [
        v.judgement for v in Verdicts(served.engine, "archipelago").history(found.key) if v.reviewer == "Changer"
    ]
    assert history == ["accept", "reject"]


def test_nothing_is_asked_of_another_machine(served: Served, browse: Opens) -> None:
    browse("Offline")
    assert served.requested == []


def test_a_folder_that_was_rebuilt_under_the_page_is_said(
    served: Served, browse: Opens, run: Callable[..., Result]
) -> None:
    page = browse("Late")
    path = served.folder / "train.jsonl"
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b'"value": "', b'"value": "O! '))
        page.keyboard.press("a")
        expect(page.locator(".notice")).to_contain_text("start `kwk dialogues review` again")
    finally:
        path.write_bytes(before)
