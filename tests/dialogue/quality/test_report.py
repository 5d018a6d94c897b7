"""The report and the card: nothing from outside becomes markup, nothing is loaded from elsewhere, figures are true."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from playwright.sync_api import Browser

from dialogue.serialise import to_line
from dialogue.statistics import statistics_of
from dialogue.types import Dialogue, Fact, Shown, Span, Turn
from kg import cli

EVIL = '<script>alert("$x_{1}$")</script>&"\'`|'


def hostile(name: str, split: str) -> Dialogue:
    """A dialogue whose every name, relation, strategy and text would like to be markup."""
    said = f"{EVIL}, of course.\n<image>"
    fact = Fact("fact", ((EVIL, f"/{EVIL}/r", "t"),), "tail", ("t",), EVIL, (Span(0, len(EVIL), "t"),), "I2I")
    return Dialogue(
        f"{split}-{name}",
        "isles",
        EVIL,
        EVIL,
        (
            Turn("human", f"<image>\nWhat is it, {EVIL}?", (Shown("a.png", "a", EVIL),)),
            Turn("model", said, (Shown("../../etc/passwd", "b", EVIL),), fact),
        ),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile dialogues, whose settings are hostile too."""
    place = tmp_path_factory.mktemp("hostile")
    Image.new("RGB", (64, 48), "teal").save(place / "a.png")
    for split in ("train", "valid", "test"):
        lines = [to_line(hostile(str(n), split)) for n in range(8)]
        (place / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    settings = {"graph": EVIL, "image_root": str(place), "settings": {EVIL: EVIL}, "dropped": {EVIL: 3},
                "from": {"entities": 1, "relations": 2, "triples": 3}}  # fmt: skip
    (place / "build.json").write_text(json.dumps(settings), "utf-8")
    (place / "wordings.json").write_text("{}", "utf-8")
    (place / "leakage.json").write_text(json.dumps({"by": EVIL, "shares": {EVIL: 0.25}, "list": [{"n": 7}]}), "utf-8")
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> Path:
    """The report on them, by the command."""
    result = CliRunner().invoke(cli.kwk, ["-q", "dialogues", "report", str(folder), "--encoder", "none"])
    assert result.exit_code == 0, result.output
    return folder / "report.html"


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        assert not any(name.startswith("on") for name, _ in attrs)


def test_a_name_that_is_markup_stays_a_name(page: Path) -> None:
    found = Tags()
    found.feed(page.read_text("utf-8"))
    assert "script" not in found.tags
    assert "&lt;script&gt;" in page.read_text("utf-8")


def test_the_page_loads_nothing_from_elsewhere(page: Path) -> None:
    found = Tags()
    found.feed(page.read_text("utf-8"))
    assert all(address.startswith(("#", "data:")) for address in found.addresses)
    assert "root:" not in page.read_text("utf-8")
    assert found.addresses.count(next(each for each in found.addresses if each.startswith("data:image/webp"))) >= 1


def test_the_same_dialogues_give_the_same_page(page: Path, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    arguments = ["-q", "dialogues", "report", str(folder), "--encoder", "none", "--out", str(again)]
    assert CliRunner().invoke(cli.kwk, arguments).exit_code == 0
    assert again.read_bytes() == page.read_bytes()


def test_the_card_is_yaml_whatever_the_names_are_and_names_its_files(folder: Path, tmp_path: Path) -> None:
    import yaml  # type: ignore[import-untyped]

    target = tmp_path / "README.md"
    arguments = ["-q", "dialogues", "card", str(folder), "--license", "cc-by-4.0", "--out", str(target)]
    result = CliRunner().invoke(cli.kwk, arguments)
    assert result.exit_code == 0, result.output
    text = target.read_text("utf-8")
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["pretty_name"] == f"Dialogues of {EVIL}"
    assert header["license"] == "cc-by-4.0"
    assert header["language"] == [EVIL]
    assert [each["path"] for each in header["configs"][0]["data_files"]] == ["train.jsonl", "valid.jsonl", "test.jsonl"]
    assert "<script" not in text.split("---\n", 2)[2]
    for section in ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution", "Maintenance"):
        assert f"## {section}" in text
    assert re.search(r"\| train \| `train.jsonl` \| 8 \| 8 \|", text)


def test_the_report_shows_the_figures_that_were_counted(page: Path, folder: Path) -> None:
    text = page.read_text("utf-8")
    found = statistics_of(folder)
    assert f"<b>{found['rounds']['total']}</b><span>rounds</span>" in text
    assert "0.25" in text
    assert "Nobody" not in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1120, 390])
def test_a_browser_shows_it_whole_without_a_complaint(chromium: Browser, page: Path, width: int) -> None:
    tab = chromium.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
    tab.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    tab.goto(page.as_uri())
    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert tab.locator("svg").count() > 12
    assert tab.locator("article").count() == 12
    tab.close()
