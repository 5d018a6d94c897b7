"""Neo4j Browser itself, in a real Chromium: what somebody sees who types `kwk explore` and logs in.

KWK_TEST_SCREENSHOTS names a folder that pictures of it are written to.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pytest
from click.testing import Result
from playwright.sync_api import Browser, Locator, Page, Route, expect

from kg import tour, tour_checks
from kg.browser import publish_assets
from kg.settings import Addresses
from kg.tour import Shown

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms: the machine may be busy with the other tests
CAPTION = "[...each.querySelectorAll('text.caption')].map(line => line.textContent.trim()).join(' ')"
FILL = "each.querySelector('circle.b-outline').getAttribute('fill')"


@pytest.fixture
def page(
    chromium: Browser, home: Path, addresses: Addresses, driver: neo4j.Driver, atlas: str, kwk: Callable[..., Result]
) -> Iterator[Page]:
    """Neo4j Browser as `kwk explore` opens it, logged in by the password alone."""
    publish_assets(home, driver)
    told = kwk("explore", "--print", "--graph", atlas).stdout
    context = chromium.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(PATIENCE)
    context.route("**/*", stay_here)
    shown = context.new_page()
    shown.goto(next(iter(re.findall(r"http://\S+", told))))
    shown.get_by_test_id("password").fill(addresses.neo4j.password)
    shown.get_by_test_id("connect").click()
    shown.get_by_test_id("guidesDrawer").wait_for()
    yield shown
    context.close()


def stay_here(route: Route) -> None:
    """Let requests to this machine pass, and none to the world."""
    if urlsplit(route.request.url).hostname in ("localhost", "127.0.0.1"):
        route.continue_()
    else:
        route.abort()


def keep(page: Page, name: str) -> None:
    """Write what is seen, if somebody wants to look at it."""
    if folder := os.environ.get("KWK_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def drawn(page: Page) -> Locator:
    """Return the nodes of the newest result, once their layout has come to rest."""
    page.wait_for_function(
        """() => {
            const places = [...document.querySelectorAll('svg g.node')].map(node => node.getAttribute('transform'));
            const before = window.placesBefore;
            window.placesBefore = places.join();
            return places.length > 0 && window.placesBefore === before;
        }""",
        polling=500,
    )
    return page.locator("svg g.node")


def run_query(page: Page, cypher: str) -> None:
    """Run a query of the guide by a click on the sign before it."""
    guide = page.get_by_test_id("guidesDrawer")
    wanted = guide.locator("pre.runnable").filter(has_text=cypher.split(tour.ADDRESS)[0])
    for _ in range(40):
        if wanted.count():
            break
        page.get_by_test_id("guideNextSlide").click()
    wanted.first.locator("i").click()
    page.get_by_test_id("frameCommand").filter(has_text=cypher.split("\n")[0].strip()).first.wait_for()


def test_the_first_picture_is_drawn_in_our_colours_with_names_and_pictures(page: Page, home: Path) -> None:
    page.get_by_test_id("editor-Run").click()
    nodes = drawn(page)
    keep(page, "explore")
    assert 20 <= nodes.count() <= 60
    sheet = (home / "assets" / "kg.grass").read_text()
    ours = dict(re.findall(r"node\.(\w+) { (?:diameter: \d+px; )?color: (#\w+)", sheet))
    looks = dict(nodes.evaluate_all(f"all => all.map(each => [{CAPTION}, {FILL}])"))
    assert looks["France"] == ours["Country"]
    assert looks["Paris"] == ours["City"]
    assert {fill for caption, fill in looks.items() if caption.startswith("flag FR")} == {ours["Image"]}
    assert set(looks.values()) <= set(ours.values())
    assert page.locator("svg g.relationship text").filter(has_text="CURRENCY").count()


def test_a_query_of_the_guide_runs_by_a_click(page: Page) -> None:
    run_query(page, tour.coverage("atlas"))
    row = page.locator("table tr").filter(has_text="Country").first
    row.wait_for()
    keep(page, "coverage")
    assert "100" in (row.text_content() or "")


def test_the_address_of_a_picture_opens_the_picture(page: Page) -> None:
    run_query(page, tour.addresses("atlas"))
    with page.expect_popup() as opened:
        page.locator("td a").first.click()
    assert_picture(opened.value)


def test_a_thumbnail_opens_its_picture_and_the_name_below_draws_what_is_around(page: Page) -> None:
    guide = page.get_by_test_id("guidesDrawer")
    page.get_by_test_id("guideNextSlide").click()
    pictures = guide.locator("img")
    pictures.first.wait_for()
    keep(page, "guide")
    assert min(pictures.evaluate_all("all => all.map(each => each.naturalWidth)")) > 20
    with page.expect_popup() as opened:
        guide.locator("a", has=page.locator("img")).last.click()
    assert_picture(opened.value)
    name = guide.locator("[data-populate]").first
    name.locator("i").click()
    assert name.text_content() in drawn(page).evaluate_all(f"all => all.map(each => {CAPTION})")


def test_a_conversation_is_drawn_in_its_order_and_gates_are_told_by_a_click(checked: str, page: Page) -> None:
    run_query(page, tour_checks.verdicts(Shown(checked, "mary", "Mary Shelley", "Person")))
    row = page.locator("table tr").filter(has_text="duplicate").first
    row.wait_for()
    assert "/images/" in (row.text_content() or "")
    assert row.locator("td a").count() == 1
    keep(page, "gates")
    run_query(page, tour_checks.walk(checked, f"{checked}-0-train-0"))
    looks = dict(drawn(page).evaluate_all(f"all => all.map(each => [{CAPTION}, {FILL}])"))
    keep(page, "walk")
    assert any(caption.startswith("Where was") for caption in looks)
    assert {"Mary Shelley", "London", "liked"} <= looks.keys()
    captions = page.locator("svg g.relationship text").all_text_contents()
    assert {"0", "1", "2"} <= {caption.strip() for caption in captions}
    expect(page.get_by_text("BORN_IN (1)").first).to_be_visible()


def assert_picture(page: Page) -> None:
    """Check that a page shows a picture and nothing else."""
    page.wait_for_load_state()
    assert page.evaluate("document.contentType") == "image/webp"
    expect(page.locator("img")).to_have_count(1)
    assert page.locator("img").evaluate("each => each.naturalWidth") == 224
