"""Illustrated articles about the atlas: what they tell, cite and show, and what becomes of hostile names."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from ingest.load import load
from ingest.sample import folder as sample
from ingest.target import Target, Tower
from kg import removal
from kg.errors import DataError, GroundingError
from kg.graph import read
from kg.stores import Stores
from kg.types import Entity, ImageFile, Source, Triple
from retrieval.article.folder import ARTICLE, ArticleFolder, write
from retrieval.article.make import ArticleSettings, Made, make, read_outline
from retrieval.article.render import html, markdown
from retrieval.article.written import Article
from retrieval.article.written import read as read_article
from tests.dialogue.llm.conftest import Asked, serving

HOSTILE = 'Evil <script>alert(1)</script> [x](javascript:a) *b* `c` "d" | \\ {{ e }}'
MANY = 240  # films of the hub


@pytest.fixture(scope="module")
def write_about(stores: Stores, atlas: str, home: Path) -> Callable[..., Made]:
    """Make an article about the atlas."""

    def made(title: str = "", **more: object) -> Made:
        return make(stores, atlas, home, ArticleSettings(title, **more))  # type: ignore[arg-type]

    return made


@pytest.fixture(scope="module")
def peru(write_about: Callable[..., Made]) -> Made:
    """The article on Peru."""
    return write_about("Peru")


@pytest.fixture(scope="module")
def hub(stores: Stores, tower: Tower, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A graph of one country in which everything happens, and of somebody whose name is hostile to a page."""
    root, name = tmp_path_factory.mktemp("hub"), f"test-hub-{uuid.uuid4().hex[:8]}"
    Image.effect_noise((64, 48), 60).convert("RGB").save(root / "flag.png")
    films = [Entity(f"/m/f{n}", f"Film {n}", types=("/film/film",)) for n in range(MANY)]
    country = Entity("/m/us", "Utopia", ("Utopia",), types=("/location/country",), description="country of films")
    evil = Entity("/m/evil", HOSTILE, (HOSTILE,), types=("/people/person",))
    source = Source(
        "hub",
        entities=[country, evil, *films],
        triples=[
            *(Triple(film.id, "/film/film/country", "/m/us") for film in films),
            Triple("/m/f0", "/film/film/directed_by", "/m/evil"),
            Triple("/m/us", "/location/country/capital", "/m/evil"),
        ],
        images=[ImageFile("/m/us", "flag.png"), ImageFile("/m/evil", "flag.png")],
        image_root=root,
    )
    ordered = sorted(source.triples, key=lambda each: each.head)
    load(Target(stores.driver, stores.engine, name, home), replace(source, triples=ordered), tower)
    yield name
    removal.remove_graph(stores.driver, stores.engine, name)


def text_of(article: Article) -> str:
    """Return all that an article says."""
    return " ".join(s.text for section in article.sections for p in section.paragraphs for s in p.sentences)


def test_every_fact_that_an_article_cites_is_in_the_graph_and_its_cypher_finds_it(stores: Stores, peru: Made) -> None:
    assert len(peru.article.facts) > 20
    for fact in peru.article.facts:
        rows = read(stores.driver, fact.query(peru.article.graph))  # type: ignore[arg-type]
        assert len(rows) == 1, fact
        if fact.object_id:
            found = read(
                stores.driver,
                "MATCH (:Entity {graph: $graph, id: $id})-[r {triple: $key}]->() RETURN r.relation AS relation",
                graph=peru.article.graph,
                id=fact.subject_id,
                key=fact.key(peru.article.graph),
            )
            assert [row["relation"] for row in found] == [fact.relation]
        else:
            assert rows[0]["value"] is not None


def test_every_sentence_rests_on_facts_and_names_whom_they_join(peru: Made) -> None:
    for section in peru.article.sections:
        for paragraph in section.paragraphs:
            for sentence in paragraph.sentences:
                assert sentence.facts, sentence.text
                for fact in (peru.article.facts[n] for n in sentence.facts):
                    if fact.object_id:
                        assert fact.object in sentence.text or fact.subject in sentence.text, sentence.text


def test_an_article_says_what_people_want_to_know_in_plain_words(peru: Made) -> None:
    text = text_of(peru.article)
    assert text.startswith("Peru is a country in South America. Its population is 31,989,256")
    assert "Its capital is Lima." in text
    assert re.search(r"borders on (?=[^.]*Chile)(?=[^.]*Brazil)[^.]*\.", text)
    assert not re.search(r"\{|\}|\bthe the\b|\.\.|urn:kwk", text)


def test_a_hub_is_bounded_and_what_was_left_out_is_counted(hub: str, stores: Stores, home: Path) -> None:
    made = make(stores, hub, home, ArticleSettings("Utopia"))
    told = [fact for fact in made.article.facts if fact.object_id and "/m/us" in (fact.subject_id, fact.object_id)]
    assert made.article.left_out == MANY + 1 - len(told) > MANY - 30
    assert len(text_of(made.article)) < 3_000


def test_no_picture_stands_twice_and_the_first_stands_in_the_lead(peru: Made, write_about: Callable[..., Made]) -> None:
    for made in (peru, write_about("Countries of South America")):
        images = [place.image for place in made.article.places]
        assert len(images) == len(set(images)) > 0
        assert made.article.places[0].section == 0
    assert peru.article.places[0].caption == "Peru, a country in South America."


def test_a_picture_that_two_entities_share_is_shown_once(hub: str, stores: Stores, home: Path) -> None:
    made = make(stores, hub, home, ArticleSettings("Utopia"))
    assert len(made.article.places) == 1


def test_a_theme_tells_of_all_that_it_names(write_about: Callable[..., Made]) -> None:
    made = write_about("Capitals of South America")
    text = text_of(made.article)
    assert text.startswith("Among the 14 capitals of South America are ") or text.startswith("The capitals of South")
    assert "Lima" in text
    assert "Oslo" not in text


def test_what_somebody_did_is_a_theme(hub: str, stores: Stores, home: Path) -> None:
    made = make(stores, hub, home, ArticleSettings(f"Films directed by {HOSTILE}"))
    assert made.article.about == ("/m/f0",)
    assert made.remark == ""


def test_an_outline_gives_the_sections(write_about: Callable[..., Made], tmp_path: Path) -> None:
    (tmp_path / "outline.md").write_text("# Money\n\n- Neighbouring countries\n")
    outline = read_outline(tmp_path / "outline.md")
    made = write_about("Peru", outline=outline)
    titles = [section.title for section in made.article.sections]
    assert set(titles[1:]) <= set(outline)
    assert titles[-1] == "Neighbouring countries"
    assert "Chile" in text_of(made.article)


def test_keywords_leave_out_what_nobody_asked_for(write_about: Callable[..., Made]) -> None:
    text = text_of(write_about("Peru", keywords=("currency",)).article)
    assert "Peruvian Sol" in text
    assert "Chile" not in text


def test_an_unknown_title_is_told_in_a_sentence(write_about: Callable[..., Made]) -> None:
    with pytest.raises(GroundingError, match="nothing that is called 'Xyzzy'"):
        write_about("Xyzzy")


def test_a_misspelt_title_is_understood(write_about: Callable[..., Made]) -> None:
    assert write_about("Switzerlnad").article.about == write_about("Switzerland").article.about


def test_a_repository_of_ones_own_is_used_and_the_graphs_pictures_are_not(
    write_about: Callable[..., Made], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    Image.effect_noise((80, 60), 50).convert("RGB").save(own / "my-trip-to-peru.png")
    Image.effect_noise((80, 60), 90).convert("RGB").save(own / "a-dog.png")
    (own / "no-picture.png").write_text("none")
    (own / "outside.png").symlink_to(sample() / "images" / "flag-PE-noto.webp")
    places = write_about("Peru", images=own).article.places
    assert places[0].chosen.file == "my-trip-to-peru.png"
    assert {each.origin for place in places for each in place.candidates} == {"own"}
    assert not any("outside" in each.file for place in places for each in place.candidates)


def test_a_copy_of_a_flag_is_known_without_its_name(write_about: Callable[..., Made], tmp_path: Path) -> None:
    with Image.open(sample() / "images" / "flag-PE-noto.webp") as flag:
        flag.convert("RGB").resize((180, 180)).save(tmp_path / "img-0001.png")
    places = write_about("Peru", images=tmp_path).article.places
    assert [place.chosen.file for place in places] == ["img-0001.png"]


def test_an_empty_repository_is_told_in_a_sentence(write_about: Callable[..., Made], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no picture"):
        write_about("Peru", images=tmp_path)


def test_a_hostile_name_stays_text_in_both_pages(hub: str, stores: Stores, home: Path) -> None:
    made = make(stores, hub, home, ArticleSettings("Utopia"))
    assert HOSTILE.split(">")[0] in text_of(made.article)
    page = html(made.article, made.image)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    text = markdown(made.article, {})
    assert "<script" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "[x](javascript" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def test_a_folder_holds_all_that_the_article_needs(peru: Made, tmp_path: Path) -> None:
    folder = write(peru.article, peru.image, tmp_path / "peru")
    assert folder.article() == peru.article
    text = (folder.place / "article.md").read_text("utf-8")
    for file in re.findall(r"\]\((images/[^)]+)\)", text):
        assert (folder.place / file).is_file()
    page = (folder.place / "article.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    told = json.loads((folder.place / ARTICLE).read_text("utf-8"))
    assert len(told["facts"][0]["cypher"]) > 20


def test_a_folder_of_something_else_is_never_replaced(peru: Made, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.md").write_text("years of work")
    with pytest.raises(DataError):
        write(peru.article, peru.image, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "thesis.md").read_text() == "years of work"


@pytest.mark.parametrize(
    "change",
    [
        {"form": "article-9"},
        {"sections": []},
        {"places": [{}]},
        {"facts": []},
        {"facts": None},
    ],
)
def test_a_damaged_article_is_told_in_a_sentence(peru: Made, change: dict[str, object]) -> None:
    told = json.loads(peru.article.to_json()) | change
    with pytest.raises(DataError, match="is no article of kwk's"):
        read_article(json.dumps(told).encode(), "article.json")


def test_the_command_writes_a_folder_and_says_what_is_in_it(
    kwk: Callable[..., Result], atlas: str, tmp_path: Path
) -> None:
    out = tmp_path / "nepal"
    asked = ("article", "--graph", atlas, "--title", "Nepal", "--out", str(out))
    told = json.loads(kwk("--quiet", *asked, "--json").stdout)
    assert (told["title"], told["images"] > 0) == ("Nepal", True)
    assert ArticleFolder(out).article().title == "Nepal"
    again = kwk(*asked, code=1)
    assert "--force replaces it" in again.output


INVENTED = (
    "It has twelve ski resorts near Paris.",
    "Its capital is not Lima.",
    "Perhaps Lima is its capital.",
    "The capital of Lima is Peru.",
    "It won 17 wars.",
    "Lima.",
    "",
)


def reworder(asked: Asked) -> str:
    """Answer with sentences, each given one word for word in another order where that is easy, else inventions."""
    old = re.findall(r"^\d+\. (.*?) \((?:.*)\)$", asked.text.split("Paragraph: ")[-1], re.MULTILINE)
    known = {"Its capital is Lima.": "Lima is its capital.", "It borders on Chile.": "It shares a border with Chile."}
    new = [known.get(each) or INVENTED[sum(map(ord, each)) % len(INVENTED)] for each in old]  # whoever is asked first
    return json.dumps({"sentences": new})


def test_what_a_language_model_invents_is_rejected_and_the_old_sentence_stays(
    kwk: Callable[..., Result], atlas: str, peru: Made, tmp_path: Path
) -> None:
    out = tmp_path / "peru"
    with serving(reworder) as fake:
        told = kwk(
            "article", "--graph", atlas, "--title", "Peru", "--out", str(out), "--llm", fake.url, "--llm-model", "fake",
            "--llm-cache", str(tmp_path / "cache.sqlite"),
        ).output  # fmt: skip
    article = ArticleFolder(out).article()
    sentences = [s for section in article.sections for p in section.paragraphs for s in p.sentences]
    assert [each.text for each in sentences if each.by_model] == ["Lima is its capital."]
    assert text_of(article).replace("Lima is its capital.", "Its capital is Lima.") == text_of(peru.article)
    assert article.model is not None
    assert sum(article.model["rejected"].values()) == article.model["asked"] - 1 > 10
    assert "rejected: " in told
    assert len(article.model["rejected"]) > 2, "each way to invent is told by its own reason"


def test_a_language_model_that_answers_nonsense_costs_no_sentence(
    kwk: Callable[..., Result], atlas: str, peru: Made, tmp_path: Path
) -> None:
    out = tmp_path / "peru"
    with serving(lambda asked: "[[[" if asked.number % 2 else json.dumps({"sentences": ["One."]})) as fake:
        kwk(
            "article", "--graph", atlas, "--title", "Peru", "--out", str(out), "--llm", fake.url, "--llm-model", "fake",
            "--llm-cache", str(tmp_path / "cache.sqlite"),
        )  # fmt: skip
    assert text_of(ArticleFolder(out).article()) == text_of(peru.article)


def test_an_address_without_a_model_is_a_mistake_of_usage(kwk: Callable[..., Result], tmp_path: Path) -> None:
    told = kwk("article", "--title", "Peru", "--out", str(tmp_path / "x"), "--llm", "http://127.0.0.1:1/v1", code=2)
    assert "belong together" in told.output
