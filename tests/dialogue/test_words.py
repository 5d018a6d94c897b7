"""Small things that a reader winces at: a wrong article, a name given away, a question word not counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.articles import article_of
from dialogue.draws import Draws
from dialogue.mentions import Names, plain
from dialogue.pictures import picture_words
from dialogue.statistics import question_word, wording_pattern
from dialogue.words import plural
from kg.errors import DataError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("United Kingdom", "/location/country"),
        ("Czech Republic", "Country"),
        ("Democratic Republic of the Congo", "Country"),
        ("Solomon Islands", "Country"),
        ("US Dollar", "Currency"),
        ("Academy Award for Best Picture", "/award/award_category"),
        ("54th Annual Grammy Awards", "/award/award_ceremony"),
        ("Vietnam War", "/military/military_conflict"),
        ("University of Iowa", "/education/university"),
        ("2003 NBA Draft", "/sports/sports_league_draft"),
        ("New York Knicks", "/basketball/basketball_team"),
        ("California State Assembly", "/government/governmental_body"),
        ("Supreme Court of Canada", "/government/governmental_body"),
        ("War in North-West Pakistan", "/military/military_conflict"),
        ("National Baseball Hall of Fame", "/architecture/museum"),
        ("Northern Avoiding Line", "railway line"),
        ("Mallow class", "class of locomotive"),
        ("Maternity Ward", "Ward"),
        ("GLUCO trial", "ClinicalTrial"),
        ("Nightingale Building", "Building"),
        ("Port of Rotterdam", "Port"),
        ("Royal College of Surgeons", "ProfessionalBody"),
        ("Royal Infirmary", "Hospital"),
        ("Garden of the Two Rivers", "Garden"),
        ("Patrol of the Seven Peaks", "Competition"),
        ("Los Angeles Lakers", "/basketball/basketball_team"),
        ("New York Mets", "/baseball/baseball_team"),
        ("Philadelphia 76ers", "/basketball/basketball_team"),
        ("Juilliard School", "/education/university"),
        ("Rhode Island School of Design", "/education/university"),
        ("Portland metropolitan area", "/location/citytown"),
        ("Pacific Time Zone", "/time/time_zone"),
        ("Qing dynasty", "/location/country"),
        ("Bee Gees", "/music/musical_group"),
        ("Royal Garden of Tresco", "BotanicGarden"),
        ("Amazon Survey of 1849", "Expedition"),
        ("Endeavour Voyage", "Expedition"),
        ("Northern Herbarium", "Institution"),
        ("Northern Echo", "MediaOutlet"),
        ("County Shield", "Competition"),
    ],
)
def test_names_that_take_an_article_get_it(name: str, kind: str) -> None:
    assert article_of(name, (), (kind,)) == "the "


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Peru", "Country"),
        ("The Beatles", "/music/musical_group"),
        ("Palm Desert", "/location/citytown"),
        ("Bank of America", "/business/business_operation"),
        ("World War Z", "/film/film"),
        ("Congo", "/film/film"),
        ("Southend-on-Sea", "/location/administrative_division"),
        ("drama film", "/film/film_genre"),
        ("Arsenal F.C.", "/soccer/football_team"),
        ("Connecticut Huskies men's basketball", "/basketball/basketball_team"),
        ("Manchester United F.C.", "/soccer/football_team"),
        ("Paris Saint-Germain", "/sports/sports_team"),
        ("Los Angeles", "/location/citytown"),
        ("El Paso", "/location/citytown"),
        ("Delta Delta Delta", "/education/fraternity_sorority"),
        ("Stanford University School of Medicine", "/education/university"),
        ("UCLA School of Law", "/education/university"),
        ("Prime Minister of the United Kingdom", "/government/government_office_or_title"),
        ("Knight of the Sea", "Person"),
        ("Star Wars", "/film/film"),
        ("Ward 7", "Ward"),
        ("St Mary's Hospital", "Hospital"),
        ("Oakfield Care Home", "CareHome"),
        ("King's College London", "University"),
        ("Heathrow Airport", "Airport"),
        ("Hallam Botanic Garden", "Garden"),
        ("Greek cuisine", "Cuisine"),
        ("Film of Glass", "Film"),
        ("Summer of 1969", "Song"),
        ("Empire State Building", "/film/film"),
        ("", ""),
    ],
)
def test_names_that_take_no_article_get_none(name: str, kind: str) -> None:
    assert article_of(name, (), (kind,)) == ""


def test_alias_with_an_article_decides() -> None:
    assert article_of("Ohio State", ("Ohio State", "the Ohio State"), ("/education/university",)) == "the "


def test_any_name_gives_a_subject_away_whole_words_only() -> None:
    peru = Names(("Peru", "Republic of Peru", "PE", "🇵🇪"))
    for text in ("What is the capital of PERU?", "the republic of\nPeru's flag", "Code: PE."):
        assert peru.within(plain(text)), text
    for text in ("What is the capital of <image>?", "Peruvian food", "gym and PEs", "pe", ""):
        assert not peru.within(plain(text)), text


def test_code_is_no_word() -> None:
    assert not Names(("Italy", "IT")).within(plain("Could you give a picture of it?"))
    assert Names(("tea",)).within(plain("Which country grows tea?"))


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=12))
def test_name_between_other_words_is_found(before: str, after: str, name: str) -> None:
    if plain(name).strip():
        assert Names((name,)).within(plain(f"{before} {name} {after}"))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2), st.integers(0, 10**9), st.integers(1, 2**32))
def test_draws_stay_below_their_limit_and_hang_on_their_seeds_alone(a: int, b: int, c: int, limit: int) -> None:
    one, same = Draws(a, b, c), Draws(a, b, c)
    drawn = [one.below(limit) for _ in range(5)]
    assert drawn == [same.below(limit) for _ in range(5)]
    assert all(0 <= each < limit for each in drawn)


def test_draws_of_neighbouring_dialogues_are_unlike_and_even() -> None:
    firsts = [Draws(0, 0, n).below(10) for n in range(10_000)]
    counts = [firsts.count(each) for each in range(10)]
    assert min(counts) > 850
    assert max(counts) < 1150


def test_language_nobody_wrote_down_is_said() -> None:
    with pytest.raises(DataError, match="'xx'"):
        picture_words("xx")


def test_every_list_of_picture_words_has_something_to_say() -> None:
    words = picture_words("en")
    assert words.shown[0].name == "<image>"
    assert all("<image>" in f"{each.name}{each.before}{each.after}" for each in words.shown)
    assert len(words.requests) == 3
    assert len(words.replies) == 3
    assert all(text.count("<image>") == 1 for texts in words.replies for text in texts)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("In which country is Lima?", "Which"),
        ("With whom did she play?", "Who"),
        ("Whose capital is Lima?", "Who"),
        ("Is Lima a city?", "Is/Are/Did"),
        ("<image>\nWhere is this?", "Where"),
        ("Name a city.", "other"),
    ],
)
def test_question_word_is_found_where_it_stands(text: str, word: str) -> None:
    assert question_word(text.replace("<image>", "")) == word


def test_wording_is_known_again_with_and_without_what_may_be_left_out() -> None:
    pattern = wording_pattern("Where was [the film] {x} released?")
    for text in ("Where was the film Jaws released?", "Where was this film released?\n<image> Can I see a picture?"):
        assert pattern.fullmatch(text), text
    assert not pattern.fullmatch("Where was the film Jaws shot?")


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("country of origin", "countries of origin"),
        ("person born there", "people born there"),
        ("organization active there", "organizations active there"),
        ("film released that way", "films released that way"),
        ("film budgeted in it", "films budgeted in it"),
        ("combatant they fought for", "combatants they fought for"),
        ("country where it is spoken", "countries where it is spoken"),
        ("institution that grants it", "institutions that grant it"),
        ("entry that was split", "entries that were split"),
        ("team that drafted them", "teams that drafted them"),
        ("monarch of the line", "monarchs of the line"),
        ("home run in the season", "home runs in the season"),
    ],
)
def test_of_a_phrase_the_noun_becomes_plural_and_its_verb_follows(one: str, several: str) -> None:
    assert plural(one) == several
