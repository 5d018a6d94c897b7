"""The page of `kwk article --edit` in a real Chromium: replace, upload, caption, drop, add; nothing is lost.

KWK_TEST_SCREENSHOTS names a folder that pictures of it are written to.
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from kg.errors import DataError
from retrieval.article.desk import Desk
from retrieval.article.folder import ARTICLE, ArticleFolder
from retrieval.article.written import Article, Candidate, Fact, Paragraph, Place, Section, Sentence

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms: the machine may be busy with the other tests
HOSTILE = "<img src=x onerror=\"document.body.dataset.hacked='1'\"> {{ 7*7 }} </script>"


def drawn(colour: tuple[int, int, int], file: Path) -> bytes:
    """Draw a picture, and return its bytes."""
    Image.new("RGB", (90, 60), colour).save(file)
    return file.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> ArticleFolder:
    """An article of two paragraphs; after the first stands an image, with another one to choose from."""
    place = tmp_path / "article"
    place.mkdir()
    made = ArticleFolder(place)
    red, green = (made.keep(drawn(each, tmp_path / "c.png")) for each in ((200, 0, 0), (0, 200, 0)))
    candidates = (Candidate(red, "red.png", "graph"), Candidate(green, "green.png", "graph", rank=0.5))
    article = Article(
        "atlas",
        HOSTILE,
        ("x",),
        (
            Section("", (Paragraph("x", (Sentence("Peru is a country.", (0,)),), ("x",)),)),
            Section("More", (Paragraph("x", (Sentence("Its capital is Lima.", (1,)),), ("x",)),)),
        ),
        (Fact("Peru", "x", "description", "a country"), Fact("Peru", "x", "capital", "Lima", "y", "CAPITAL")),
        (Place(0, 0, "x", "Peru, a country.", (0,), red, candidates),),
    )
    made.save(article)
    return made


@pytest.fixture
def page(chromium: Browser, folder: ArticleFolder) -> Iterator[Page]:
    """The page as `kwk article --edit` serves it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KWK_", "GRADIO_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", "from kg.cli import main; main()", "article", "--edit", str(folder.place), "--no-open"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = next(iter(re.findall(r"http://\S+", process.stdout.readline())))
    context = chromium.new_context(viewport={"width": 1180, "height": 900})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    made = context.new_page()
    made.goto(address)
    expect(made.locator(".kwk-article h1")).to_be_visible()
    yield made
    context.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def test_a_reader_replaces_captions_uploads_drops_and_adds_and_finds_it_all_in_the_folder(
    page: Page, folder: ArticleFolder, tmp_path: Path
) -> None:
    assert page.locator(".kwk-article h1").inner_text() == HOSTILE
    assert page.evaluate("document.body.dataset.hacked") is None
    green = folder.article().places[0].candidates[1].sha256

    page.get_by_role("button", name="Another picture").click()
    page.locator("figure [data-act=take]").first.click()
    expect(page.locator(".kwk-article .saved")).to_have_text("Saved")
    assert folder.article().places[0].image == green

    page.get_by_label("Caption").fill(f"Mine: {HOSTILE}")
    page.locator("h1").click()
    expect(page.get_by_label("Caption")).to_have_text(f"Mine: {HOSTILE}")
    assert (folder.article().places[0].caption, folder.article().places[0].facts) == (f"Mine: {HOSTILE}", ())

    own = drawn((0, 0, 200), tmp_path / "blue.png")
    page.locator("[data-act=own]").set_input_files(tmp_path / "blue.png")
    expect(page.locator("figure > img")).to_have_attribute("src", re.compile(hashlib.sha256(own).hexdigest()))
    assert folder.article().places[0].chosen.origin == "own"
    if place := os.environ.get("KWK_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(place) / "article-edit.png")

    page.get_by_role("button", name="Remove").click()
    expect(page.locator("figure")).to_have_count(0)
    assert folder.article().places == ()

    page.get_by_role("button", name="+ picture").nth(1).click()
    page.locator("[data-act=put]:visible").first.click()
    expect(page.locator("figure")).to_have_count(1)
    (added,) = folder.article().places
    assert (added.section, added.paragraph) == (1, 0)
    for name in ("article.md", "article.html"):
        assert "<img src=x" not in (folder.place / name).read_text("utf-8")
    assert added.image[:16] in (folder.place / "article.md").read_text("utf-8")


def test_no_picture_is_put_in_twice_and_nothing_that_is_none(folder: ArticleFolder, tmp_path: Path) -> None:
    desk = Desk(folder)
    red = folder.article().places[0].image
    spot = {"section": 1, "paragraph": 0, "revision": folder.revision()}
    with pytest.raises(DataError, match="stands in the article already"):
        desk.add(spot | {"sha256": red})
    with pytest.raises(DataError, match="not in the article's folder"):
        desk.add(spot | {"sha256": "../../etc/passwd"})
    with pytest.raises(DataError, match="can't be used"):
        desk.add(spot | {"picture": "data:image/png;base64,aGVsbG8="})
    with pytest.raises(DataError, match="no other address is opened"):
        desk.add(spot | {"picture": "http://169.254.169.254/latest"})
    assert len(folder.article().places) == 1


def test_an_edit_made_elsewhere_is_not_overwritten(folder: ArticleFolder) -> None:
    one, other = Desk(folder), Desk(folder)
    before = folder.revision()
    spot = {"section": 0, "paragraph": 0, "revision": before}
    one.caption(spot | {"caption": "Written first."})
    with pytest.raises(DataError, match="changed elsewhere"):
        other.caption(spot | {"caption": "Written second, without having seen it."})
    assert folder.article().places[0].caption == "Written first."


def test_an_edit_that_is_cut_leaves_the_article_whole(folder: ArticleFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = folder.article()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(DataError, match="No space left"):
            Desk(folder).drop({"section": 0, "paragraph": 0, "revision": folder.revision()})
    assert folder.article() == before
    assert (folder.place / "images" / f"{before.places[0].image[:16]}.png").is_file()  # article.md still shows it
    assert sorted(path.name for path in folder.place.iterdir() if path.is_file()) == [
        "article.html",
        ARTICLE,
        "article.md",
    ]
