"""Style sheet and guide: colours legible and lasting, every query of the guide finds something, no name breaks it."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import neo4j
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kg import browser, graph, guide, queries, tour, tour_checks
from kg import showcase as shows
from kg.graph import read
from kg.grass import colours, contrast, style_sheet
from kg.settings import Addresses
from kg.showcase import Showcase, Way, gallery, showcase
from kg.thumbnails import thumbnail
from kg.tour import Shown

FIRST = [f"Type{n}" for n in range(40)]


class Guide(HTMLParser):
    """What Browser makes of a guide: tags, the queries that a click runs, and the pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.queries: list[str] = []
        self.pictures: list[str] = []
        self.links: list[str] = []
        self._runnable = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self._runnable = tag == "pre" and "runnable" in values["class"].split()
        if self._runnable:
            self.queries.append("")
        if "data-populate" in values:
            self.queries.append(values["data-populate"])
        if tag == "img":
            self.pictures.append(values["src"])
        if tag == "a":
            self.links.append(values["href"])

    def handle_endtag(self, tag: str) -> None:
        self._runnable = False

    def handle_data(self, data: str) -> None:
        if self._runnable:
            self.queries[-1] += data


def read_write(driver: neo4j.Driver, cypher: str, **parameters: str) -> None:
    """Change a graph behind kwk's back, as somebody does in Browser."""
    with driver.session() as session:
        session.run(cypher, **parameters).consume()


def test_captions_are_legible_in_every_colour() -> None:
    for each in colours([FIRST]).values():
        assert contrast(each.fill, each.text) >= 4.5
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_a_graph_that_comes_later_changes_no_colour_of_those_before_it() -> None:
    second = ["Film", "Type39", "Type0", *(f"Other{n}" for n in range(13))]
    before, after = colours([FIRST]), colours([FIRST, second])
    assert {label: after[label] for label in FIRST} == before
    assert len({after[label] for label in FIRST[:16]}) == 16
    assert len({after[label] for label in second}) >= 15  # two of them had theirs, maybe the same


def test_every_type_has_a_rule_after_the_one_that_it_overrides() -> None:
    sheet = style_sheet(colours([["Country", "City"]]))
    assert sheet.index("node.Entity") < sheet.index("node.Country") < sheet.index("node.City")
    assert 'caption: "{name}"' in sheet
    assert "node.Image" in sheet


def test_every_query_of_the_guide_finds_something(home: Path, driver: neo4j.Driver, atlas: str) -> None:
    browser.publish_assets(home, driver)
    slides = Guide((home / "assets" / "slides" / f"{atlas}.html").read_text("utf-8"))
    assert len(slides.queries) > 20
    for query in [tour.GRAPHS, browser.first_query(driver, atlas), *slides.queries]:
        assert read(driver, query), query
    whole = Guide((home / "assets" / "guide.html").read_text("utf-8"))
    assert set(slides.queries) < set(whole.queries)


def test_the_first_picture_is_illustrated_and_no_hairball(driver: neo4j.Driver, atlas: str) -> None:
    rows = read(driver, browser.first_query(driver, atlas))
    nodes = {str(node) for row in rows for path in (row["fact"], *row["pictures"]) for node in path[::2]}
    assert 20 <= len(nodes) <= 60
    assert sum("sha256" in node for node in nodes) >= 5


def test_thumbnails_stand_in_the_guide_itself_and_lead_to_the_picture(home: Path, atlas: str) -> None:
    slides = Guide((home / "assets" / "slides" / f"{atlas}.html").read_text("utf-8"))
    assert len(slides.pictures) > 10
    assert all(picture.startswith("data:image/webp;base64,") for picture in slides.pictures)
    assert len(slides.links) == len(slides.pictures)
    assert all(link.startswith(f"@ASSETS@/images/{atlas}/") for link in slides.links)


def test_slides_are_made_again_only_for_a_graph_that_changed(
    home: Path, driver: neo4j.Driver, atlas: str, graph_name: str
) -> None:
    browser.publish_assets(home, driver)
    kept = home / "assets" / "slides" / f"{atlas}.html"
    stale = kept.with_name("gone.html")
    stale.write_text("slides of a graph that was removed")
    before = kept.stat().st_mtime_ns
    graph.claim(driver, graph_name)
    browser.publish_assets(home, driver)
    assert kept.stat().st_mtime_ns == before
    assert kept.with_name(f"{graph_name}.html").exists()
    assert not stale.exists()


def test_a_graph_without_facts_types_or_pictures_is_shown_too(driver: neo4j.Driver, graph_name: str) -> None:
    writer = graph.claim(driver, graph_name)
    rows = [
        {"id": each, "properties": {}, "makeshift": {}, "names": [each], "label": None, "said": []} for each in "ab"
    ]
    writer.run(queries.WRITE_ENTITIES, rows=rows, source="test", labels=[])
    assert showcase(driver, graph_name) == Showcase(graph_name, (), None, ())
    assert browser.first_query(driver, graph_name) == tour.GRAPHS
    writer.run("MATCH (a {graph: $graph, id: 'a'}), (b {graph: $graph, id: 'b'}) CREATE (a)-[:KNOWS]->(b)")
    shown = showcase(driver, graph_name)
    assert [(each.name, each.label, each.unique) for each in shown.entities] == [
        ("a", "Entity", False),
        ("b", "Entity", False),
    ]
    slides = Guide(guide.slides_of(shown, {}, Path("/nowhere")))
    assert slides.pictures == []
    found = [query for query in slides.queries if read(driver, query)]
    assert tour.neighbourhood(shown.entities[0]) in found
    assert tour.facts(shown.entities[0]) in found


def test_all_that_can_be_checked_has_a_slide_and_every_query_on_it_finds_something(
    home: Path, driver: neo4j.Driver, checked: str
) -> None:
    asked = {each.title: each.asks for each in showcase(driver, checked).checks}
    assert {title: len(asks) for title, asks in asked.items()} == {
        "how far pictures reach": 2,
        "from a drawing to the picture": 2,
        "what the gates decided": 4,
        "where experts disagree": 2,
        "a conversation": 3,
        "the trace of an answer": 4,
        "who says what": 2,
    }
    assert [row["topic"] for row in read(driver, tour_checks.topics(checked))] == ["drawn by hand", "people"]
    assert [row["chosen"] for row in read(driver, tour_checks.overruled(checked))] == ["liked"]
    assert {row["picture"] for row in read(driver, tour_checks.lost(checked))} == {"nobody", "twin"}
    assert [row["turn"] for row in read(driver, tour_checks.unsaid(checked))] == ["b"]
    (said,) = read(driver, tour_checks.origins(checked, f"{checked}-0-train-0#1"))
    assert said["facts"] == [["Mary Shelley", "BORN_IN", "London", ["books", "web"]]]
    (asked_,) = read(driver, tour_checks.origins(checked, f"{checked}-0-train-0#0"))
    assert asked_["pictures"] == [["Mary Shelley", "liked", "chosen", ["Bo", "Cy"]]]
    mary = Shown(checked, "mary", "Mary Shelley", "Person")
    (fact,) = read(driver, tour_checks.taught(mary, "BORN_IN"))
    assert (fact["tail"], fact["turns"], fact["sources"], fact["splits"]) == ("London", 1, ["books", "web"], ["train"])
    assert {row["gate"] for row in read(driver, tour_checks.picture_history(mary))} == {"chosen", "kept", "dropped"}
    assert [row["i"] for row in read(driver, tour_checks.read_aloud(checked, f"{checked}-0-train-0"))] == [0, 1, 2]
    assert [row["said by"] for row in read(driver, tour_checks.said_by(checked))] == [
        ["books", "web"],
        ["drawn by hand"],
    ]
    browser.publish_assets(home, driver)
    before = (home / "assets" / "slides" / f"{checked}.html").read_text("utf-8")
    read_write(driver, "MATCH (d:Dialogue {graph: $graph}) DETACH DELETE d", graph=checked)
    browser.publish_assets(home, driver)
    after = (home / "assets" / "slides" / f"{checked}.html").read_text("utf-8")
    assert "a conversation" in before
    assert "a conversation" not in after


def test_a_query_that_takes_too_long_for_a_graph_is_left_out(
    driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shows.answers(driver, "UNWIND [1] AS n RETURN n")
    assert not shows.answers(driver, "UNWIND [] AS n RETURN n")
    monkeypatch.setattr(shows, "_PATIENCE", 0.5)
    assert not shows.answers(driver, "UNWIND range(1, 1000000000) AS n WITH sum(n * n % 7) AS s RETURN s")


def test_before_the_first_graph_the_guide_says_how_to_get_one(tmp_path: Path) -> None:
    browser.publish_nothing(tmp_path)
    assert "kwk ingest sample" in (tmp_path / "assets" / "guide.html").read_text()
    (tmp_path / "assets" / "kg.grass").write_text("mine")
    browser.publish_nothing(tmp_path)
    assert (tmp_path / "assets" / "kg.grass").read_text() == "mine"


def test_no_type_crowds_out_the_others() -> None:
    rows = [{"label": "Country", "pictures": ["p"]}] * 20 + [{"label": "Food", "pictures": ["p"]}] * 3
    assert [row["label"] for row in gallery(rows)] == ["Country"] * 4 + ["Food"] * 3 + ["Country"] * 6


def test_explore_begins_with_the_entity_that_was_named(
    kwk: Callable[..., Result], driver: neo4j.Driver, checked: str
) -> None:
    told = kwk("explore", "--print", "--graph", checked, "--entity", "Mary Shelley").stdout
    assert quote(tour.neighbourhood(Shown(checked, "mary", "Mary Shelley", "Person"))) in told
    assert "no entity 'Nobody'" in kwk("explore", "--print", "--graph", checked, "--entity", "Nobody", code=1).output
    read_write(driver, "CREATE (:Entity {graph: $graph, id: 'x', name: 'Hermit', names: ['Hermit']})", graph=checked)
    hermit = browser.first_query(driver, checked, "x")
    assert len(read(driver, hermit)) == 1


def test_explore_begins_with_the_graph_that_was_named(
    kwk: Callable[..., Result], addresses: Addresses, driver: neo4j.Driver, atlas: str
) -> None:
    told = kwk("explore", "--print", "--graph", atlas).stdout
    assert quote(browser.first_query(driver, atlas)) in told
    assert "Guide" not in told  # it opens by itself
    assert "There is no graph 'none'" in kwk("explore", "--print", "--graph", "none", code=1).output
    environment = {"KWK_NEO4J_URI": addresses.neo4j.uri, "KWK_NEO4J_PASSWORD": addresses.neo4j.password}
    own = kwk("explore", "--print", "--graph", atlas, env=environment).stdout
    assert f":style {addresses.assets}/kg.grass" in own
    assert f":guide {addresses.assets}/guide.html" in own


@pytest.mark.parametrize(
    ("path", "name"), [("images/flag-DE-noto.webp", "flag DE noto"), ("m.0b/noto_0.jpg", "noto 0"), ("a/__.png", "__")]
)
def test_the_name_of_a_picture_breaks_into_words(path: str, name: str) -> None:
    assert graph.picture_name(path) == name


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_survives_being_written_into_a_query(driver: neo4j.Driver, text: str) -> None:
    assert read(driver, f"RETURN {tour.literal(text)} AS text") == [{"text": text}]


TAGS = {"title", "article", "carousel", "slide", "div", "h3", "p", "table", "tr", "th", "pre", "code", "span", "br"}
HOSTILE = ["<script>alert(1)</script>", 'O\'Brien "the" \\', "</pre></slide>", "@ASSETS@", "a onclick='x'", "&lt;b&gt;"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_can_not_break_out_of_the_guide(name: str, tmp_path: Path) -> None:
    entity = Shown("g", name, name, "Thing", name, (name,))
    query = tour.longest_way("g", "KNOWS", 10)
    show = Showcase("g", (entity, entity), (entity, entity), (Way("KNOWS", query, (entity, entity)),))
    made = Guide(guide.page([guide.welcome([]), guide.slides_of(show, colours([["Thing"]]), tmp_path)]))
    assert made.tags <= TAGS
    assert made.queries.count(tour.neighbourhood(entity)) == 2


@pytest.fixture
def assets(tmp_path: Path) -> Iterator[Path]:
    """A folder of a static server that serves the pictures of one graph."""
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "roots.json").write_text(f'{{"g": ["{tmp_path.as_posix()}"]}}')
    yield folder


def test_a_thumbnail_is_small_and_of_a_picture_below_the_image_root(assets: Path, tmp_path: Path) -> None:
    Image.effect_noise((900, 600), 50).save(tmp_path / "a b.png")
    data = thumbnail(assets, "g", "a b.png", 50)
    assert data is not None
    assert len(data) < 4000
    assert thumbnail(assets, "g", "../outside.png", 50) is None


@pytest.mark.parametrize("content", [b"", b"no picture", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_a_picture_that_is_gone_or_broken_is_left_out(assets: Path, tmp_path: Path, content: bytes) -> None:
    assert thumbnail(assets, "g", "gone.webp", 50) is None
    (tmp_path / "broken.webp").write_bytes(content)
    assert thumbnail(assets, "g", "broken.webp", 50) is None
