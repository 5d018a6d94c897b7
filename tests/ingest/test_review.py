"""The review page itself, served as `kwk images review` serves it, in a real Chromium: keys become votes in the stores.

KWK_TEST_SCREENSHOTS names a folder that pictures of it are written to.
"""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import neo4j
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from ingest.ballot import BallotBox
from ingest.images import ImageFile, open_picture
from kg import graph, removal
from kg.types import ImageRecord

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms: the machine may be busy with the other tests
HOSTILE = "<img src=x onerror=\"document.body.dataset.hacked='1'\"> ${1+1} {{value}} </script>"


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is served, and the box that its votes go to."""

    address: str
    box: BallotBox
    shas: dict[str, list[str]]  # entity -> its images, in the order of the page
    requested: list[str]  # what a browser asked for outside the page

    def votes(self, entity: str) -> dict[str, str | None]:
        """Return the last vote of each reviewer, from the history."""
        return {vote.reviewer: vote.sha256 for vote in self.box.history(entity)}


@contextmanager
def page_served(home: Path, name: str, *options: str) -> Iterator[str]:
    """Run `kwk images review` as a user does, until Ctrl-C; yield its address."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KWK_", "GRADIO_"))}
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from kg.cli import main; main()",
            "images",
            "review",
            "--graph",
            name,
            "--no-open",
            *options,
        ],
        env=environment | {"KWK_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        yield next(iter(re.findall(r"http://\S+", told)))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def served(
    home: Path, driver: neo4j.Driver, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A graph with real pictures, hostile names and an entity of sixty images, and its page."""
    from PIL import Image

    name = f"test-{uuid.uuid4().hex[:8]}"
    root = tmp_path_factory.mktemp("pictures")
    (root.parent / "secret.txt").write_text("not for you")
    sizes = {"a-lima": 4, "b-oslo": 3, "c-rome": 2, "d-hostile": 2, "e-many": 60, "f-late": 2}
    records: list[ImageRecord] = []
    shas: dict[str, list[str]] = {}
    for place, (entity, count) in enumerate(sizes.items()):
        for n in range(count):
            path = f"{entity}-{n:02}.png"
            Image.new("RGB", (60, 40), (40 * place % 255, 4 * n, 90)).save(root / path)
            opened = open_picture(root, ImageFile(entity, path))
            assert not hasattr(opened, "reason")
            records.append(opened.record)  # type: ignore[union-attr]
        shas[entity] = [record.sha256 for record in records if record.entity == entity]
    writer = graph.claim(driver, name)
    writer.run("MATCH (g:Graph {name: $graph}) SET g.image_root = $root", root=str(root))
    writer.run(
        "UNWIND $rows AS row MERGE (e:Entity {graph: $graph, id: row.id}) SET e += row",
        rows=[
            {"id": "a-lima", "name": "Lima", "names": ["Lima", "Ciudad de los Reyes"],
             "description": "Capital of Peru.", "wikipedia": "https://en.wikipedia.org/wiki/Lima", "wikidata": "Q2868",
             "population": 9751717},
            *({"id": entity, "name": entity[2:].title()} for entity in ("b-oslo", "c-rome", "e-many", "f-late")),
            {"id": "d-hostile", "name": HOSTILE, "description": HOSTILE, "names": [HOSTILE, "x"],
             "same_as": ["javascript:alert(1)", "https://example.org/?q=\"><b>"]},
            {"id": "peru", "name": "Peru"},
        ],
    )  # fmt: skip
    writer.run(
        "MATCH (p:Entity {graph: $graph, id: 'peru'}), (l:Entity {graph: $graph, id: 'a-lima'}) "
        "MERGE (r:Relation {graph: $graph, path: 'cap', type: 'CAPITAL_OF'}) SET r.label = 'capital of' "
        "MERGE (l)-[f:CAPITAL_OF]->(p) SET f.triple = 'x', f.relation = 'cap', f.sources = ['test']"
    )
    graph.write_images(writer, records, "test")
    writer.run(
        "MATCH (:Entity {graph: $graph, id: 'a-lima'})-[h:HAS_IMAGE]->(i {sha256: $sha}) "
        "SET h.gate = 'dropped', h.reason = 'duplicate'",
        sha=shas["a-lima"][3],
    )
    with page_served(home, name) as address:
        yield Served(address, BallotBox(driver, engine, name), shas, [])
    removal.remove_graph(driver, engine, name)


Opens = Callable[..., Page]


@pytest.fixture
def browse(chromium: Browser, served: Served) -> Iterator[Opens]:
    """Open the page in a browser of its own, which may ask for nothing outside, as a reviewer."""
    contexts = []

    def opened(reviewer: str, entity: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": 1360, "height": 860}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        here = urlsplit(served.address).netloc
        page.on(
            "request", lambda r: served.requested.append(r.url) if urlsplit(r.url).netloc not in (here, "") else None
        )
        page.goto(served.address + (f"#{entity}" if entity else ""))
        page.get_by_label("Your name").fill(reviewer)
        page.keyboard.press("Enter")
        seen(page, entity)
        return page

    yield opened
    for context in contexts:
        context.close()


def seen(page: Page, entity: str | None = None) -> None:
    """Wait until an entity has been there long enough to be voted on."""
    page.locator(f'[data-ready="{entity}"]' if entity else "[data-ready]").wait_for()


def settled(page: Page) -> None:
    """Wait until a vote is in, and its tally is shown."""
    page.locator(".verdict.voted").wait_for()
    page.locator("#kwk-review:not([data-busy])").wait_for()


def keep(page: Page, name: str) -> None:
    """Write what is seen, if somebody wants to look at it."""
    if folder := os.environ.get("KWK_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def asked(address: str, path: str, method: str = "GET", body: str | None = None, **headers: str) -> tuple[int, bytes]:
    """Ask the page's server for a path as it is written, and return the status with what came back."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_an_expert_reads_of_the_entity_votes_by_a_key_and_the_next_one_follows(served: Served, browse: Opens) -> None:
    page = browse("Ana", "a-lima")
    about = page.locator(".about")
    for said in ("Lima", "Ciudad de los Reyes", "Capital of Peru.", "capital of", "Peru", "9,751,717"):
        expect(about).to_contain_text(said)
    links = dict(about.locator(".links a").evaluate_all("all => all.map(a => [a.textContent, a.href])"))
    assert links["Wikipedia"] == "https://en.wikipedia.org/wiki/Lima"
    assert links["Wikidata"] == "https://www.wikidata.org/wiki/Q2868"
    assert "a-lima" in links["Neo4j Browser"]
    pictures = page.locator(".grid > .card:visible img")
    expect(pictures).to_have_count(3)
    assert pictures.evaluate_all("all => all.map(each => each.naturalWidth)") == [60, 60, 60]
    keep(page, "review")
    page.keyboard.press("2")
    settled(page)
    keep(page, "review-voted")
    assert served.votes("a-lima")["Ana"] == served.shas["a-lima"][1]
    seen(page, "b-oslo")
    expect(page.locator(".progress")).to_contain_text("1 of 6")


def test_a_vote_survives_a_reload(served: Served, browse: Opens) -> None:
    page = browse("Reloader", "c-rome")
    page.keyboard.press("0")
    settled(page)
    page.goto(served.address + "#c-rome")
    page.reload()
    seen(page, "c-rome")
    expect(page.locator(".actions .none.mine")).to_have_count(1)
    expect(page.locator(".who")).to_have_text("Reloader")
    assert served.votes("c-rome")["Reloader"] is None


def test_two_browsers_vote_at_once_blind_and_the_tie_goes_to_the_queue(served: Served, browse: Opens) -> None:
    bo, cy = browse("Bo", "b-oslo"), browse("Cy", "b-oslo")
    bo.keyboard.press("1")
    settled(bo)
    assert cy.locator(".tally").count() == 0
    cy.reload()
    seen(cy, "b-oslo")
    assert "Bo" not in (cy.locator(".stage").text_content() or "")
    cy.keyboard.press("3")
    settled(cy)
    expect(cy.locator(".verdict")).to_contain_text("tied")
    expect(cy.locator(".tally")).to_have_text(["1 Bo", "1 Cy"])
    cy.keyboard.press("q")
    row = cy.locator('tr[data-open="b-oslo"]')
    expect(row).to_contain_text("tied")
    expect(row.locator("img")).to_have_count(2)
    keep(cy, "review-queue")
    blind = browse("Di", "f-late")
    blind.get_by_role("tab", name="Queue").click()
    expect(blind.locator('tr[data-open="b-oslo"]')).to_contain_text("vote first")
    blind.keyboard.press("e")
    expect(blind.locator('tr[data-open="b-oslo"] .badge')).to_have_text("tied")
    blind.keyboard.press("a")
    expect(blind.locator(".stage")).to_contain_text("Cohen")
    blind.locator("nav >> text=Entities").click()
    blind.locator('tr[data-open="b-oslo"] button').click()
    seen(blind, "b-oslo")
    blind.keyboard.press("3")
    settled(blind)
    expect(blind.locator(".card.chosen")).to_have_attribute("data-sha", served.shas["b-oslo"][2])


def test_keys_lead_on_and_back_and_open_help_and_a_close_view(served: Served, browse: Opens) -> None:
    page = browse("Walker", "a-lima")
    page.keyboard.press("s")
    seen(page, "b-oslo")
    page.keyboard.press("ArrowLeft")
    seen(page, "a-lima")
    page.keyboard.press("ArrowRight")
    seen(page, "b-oslo")
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("1")  # no vote while the help is open
    page.keyboard.press("?")
    page.keyboard.press("z")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog.close-up p")).to_have_text("b-oslo-01.png")
    page.keyboard.press("Enter")
    settled(page)
    assert served.votes("b-oslo")["Walker"] == served.shas["b-oslo"][1]
    assert len([vote for vote in served.box.history("b-oslo") if vote.reviewer == "Walker"]) == 1


def test_a_key_pressed_twice_does_not_vote_on_what_was_not_seen(served: Served, browse: Opens) -> None:
    page = browse("Hasty", "a-lima")
    for key in ("1", "1", "Enter", "1", "1"):
        page.keyboard.press(key)
    seen(page, "b-oslo")
    settled_on = served.votes("a-lima")["Hasty"]
    assert settled_on == served.shas["a-lima"][0]
    assert "Hasty" not in served.votes("b-oslo")


def test_a_dropped_image_is_behind_a_toggle_with_its_reason_and_can_be_chosen(served: Served, browse: Opens) -> None:
    page = browse("Digger", "a-lima")
    expect(page.locator(".dropped")).to_be_hidden()
    page.keyboard.press("d")
    expect(page.locator(".dropped")).to_contain_text("near-duplicate")
    page.keyboard.press("4")
    settled(page)
    assert served.votes("a-lima")["Digger"] == served.shas["a-lima"][3]


def test_an_entity_of_sixty_images_can_be_voted_on_by_keys(served: Served, browse: Opens) -> None:
    page = browse("Many", "e-many")
    expect(page.locator(".card")).to_have_count(60)
    page.keyboard.press("m")
    page.keyboard.press("2")
    settled(page)
    keep(page, "review-many")
    assert served.votes("e-many")["Many"] == served.shas["e-many"][10]


def test_two_tabs_of_one_reviewer_are_one_vote(served: Served, browse: Opens) -> None:
    page = browse("Twice", "f-late")
    other = page.context.new_page()
    other.goto(served.address + "#f-late")
    seen(other, "f-late")
    page.keyboard.press("1")
    settled(page)
    other.keyboard.press("2")
    settled(other)
    assert served.votes("f-late")["Twice"] == served.shas["f-late"][1]
    assert len([vote for vote in served.box.history("f-late") if vote.reviewer == "Twice"]) == 2
    expect(other.locator(".card .tally")).to_have_text(["1 Twice"])


def test_names_that_are_html_are_shown_as_they_are(served: Served, browse: Opens) -> None:
    page = browse("<b>Eve</b> ${1+1} {{value}}", "d-hostile")
    expect(page.locator("h2")).to_have_text(HOSTILE)
    page.keyboard.press("1")
    settled(page)
    expect(page.locator(".tally")).to_contain_text("<b>Eve</b> ${1+1} {{value}}")
    assert page.evaluate("document.body.dataset.hacked") is None
    addresses = page.locator(".links a").evaluate_all("all => all.map(a => a.href)")
    assert not [address for address in addresses if not address.startswith(("http://", "https://"))]


def test_a_name_that_is_none_is_refused_with_a_sentence(browse: Opens) -> None:
    page = browse("Fay")
    page.locator(".who").click()
    page.get_by_label("Your name").fill("a\u202eb")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("U+202E")


def test_an_image_or_entity_that_went_meanwhile_is_said_and_nothing_is_voted(served: Served, browse: Opens) -> None:
    page = browse("Stale", "f-late")
    driver, name = served.box.driver, served.box.graph
    set_id = "MATCH (e:Entity {graph: $g, id: $was}) SET e.id = $now"
    driver.execute_query(set_id, g=name, was="f-late", now="gone")
    try:
        page.keyboard.press("1")
        expect(page.locator(".notice")).to_contain_text("no longer in the graph")
        expect(page.locator(".mine")).to_have_count(0)
    finally:
        driver.execute_query(set_id, g=name, was="gone", now="f-late")
    page.get_by_role("button", name="Try again").click()
    settled(page)
    expect(page.locator(".notice")).to_be_hidden()
    assert served.votes("f-late")["Stale"] == served.shas["f-late"][0]


def test_dark_and_light_as_the_system_has_it(browse: Opens) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = browse("Looker", "a-lima", color_scheme=scheme)
        keep(page, f"review-{scheme}")
        colours[scheme] = page.locator("#kwk-review").evaluate("each => getComputedStyle(each).backgroundColor")
    assert colours["light"] != colours["dark"]


def test_nothing_is_asked_of_another_machine(served: Served, browse: Opens) -> None:
    browse("Offline", "a-lima")
    assert served.requested == []


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/file=/etc/passwd", "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://x/", "/gradio_api/upload", "/gradio_api/run/predict", "/monitoring",
        "/picture/../../etc/passwd",
        "/picture/%2e%2e%2f%2e%2e%2fsecret.txt/512", "/static/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/../../../etc/passwd",
        f"/picture/{'0' * 64}/512", "/gradio_api/file=secret.txt", "/docs", "/openapi.json",
    ],
)  # fmt: skip
def test_no_file_beside_the_images_can_be_had(served: Served, path: str) -> None:
    status, body = asked(served.address, path)
    assert status in (403, 404)
    assert b"root:" not in body
    assert b"not for you" not in body


def test_an_image_is_served_small_and_only_as_it_was_ingested(served: Served) -> None:
    [sha, other] = served.shas["c-rome"]
    status, body = asked(served.address, f"/picture/{sha}/512")
    assert (status, body[:4], body[8:12]) == (200, b"RIFF", b"WEBP")
    assert asked(served.address, f"/picture/{sha}/511")[0] == 404
    [row] = served.box.read("MATCH (g:Graph {name: $graph}) RETURN g.image_root AS root")
    file = Path(row["root"]) / "c-rome-01.png"
    before = file.read_bytes()
    try:
        file.unlink()
        file.symlink_to(Path(row["root"]).parent / "secret.txt")
        status, body = asked(served.address, f"/picture/{other}/1600")
        assert status == 404
        assert b"not for you" not in body
        file.unlink()
        file.write_bytes((Path(row["root"]) / "c-rome-00.png").read_bytes())
        assert asked(served.address, f"/picture/{other}/1600")[0] == 404
    finally:
        file.unlink()
        file.write_bytes(before)
    assert asked(served.address, f"/picture/{other}/1600")[0] == 200


def test_another_page_or_name_of_this_machine_can_not_vote(served: Served) -> None:
    body = json.dumps({"fn_name": "kwk_vote", "component_id": 1, "session_hash": "x", "data": {"reviewer": "eve"}})
    sent = {"method": "POST", "body": body, "Content_Type": "application/json"}
    path = "/gradio_api/component_server"
    assert asked(served.address, path, **sent, Origin="http://evil.example")[0] == 403  # type: ignore[arg-type]
    assert asked(served.address, path, **sent, Host="evil.example")[0] == 403  # type: ignore[arg-type]
    status, answer = asked(served.address, path, **sent)  # type: ignore[arg-type]
    assert status == 200
    assert "no longer in the graph" in json.loads(answer)["error"]


@pytest.mark.parametrize(
    "data", [None, 7, [], "x", {"reviewer": ["a"]}, {"reviewer": "a", "entity": 1}, {"reviewer": "a", "sha256": {}}]
)
def test_whatever_is_sent_is_answered_with_a_sentence(served: Served, data: object) -> None:
    for name in ("kwk_vote", "kwk_sheet"):
        body = json.dumps({"fn_name": name, "component_id": 1, "session_hash": "x", "data": data})
        status, answer = asked(
            served.address, "/gradio_api/component_server", "POST", body, Content_Type="application/json"
        )
        assert status == 200
        assert json.loads(answer)["error"]


def test_while_neo4j_is_away_the_page_says_so_and_the_vote_is_cast_when_it_is_back(
    served: Served, browse: Opens, home: Path
) -> None:
    page = browse("Patient", "c-rome")
    state = json.loads((home / "services.json").read_text())
    server = psutil.Process(state["processes"]["neo4j"]["pid"])
    server.suspend()
    try:
        page.keyboard.press("1")
        expect(page.locator(".live.waiting")).to_have_text("Waiting for an answer …")
    finally:
        server.resume()
    settled(page)
    assert served.votes("c-rome")["Patient"] == served.shas["c-rome"][0]


def test_a_page_whose_server_has_ended_says_so(chromium: Browser, served: Served, home: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    with page_served(home, served.box.graph, "--reviewer", "Given") as address:
        page.goto(address)
        seen(page)
        expect(page.locator(".who")).to_have_text("Given")
    page.keyboard.press("1")
    expect(page.locator(".notice")).to_contain_text("still running")
    expect(page.locator(".mine")).to_have_count(0)
    context.close()
