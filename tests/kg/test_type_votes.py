"""What an entity is, where nobody says so: its relations vote."""

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.naming import type_labels
from kg.type_votes import freebase_rules, vote_types
from kg.types import Triple

STARRING = "/film/film/starring./film/performance/actor"


def test_type_of_a_head_is_the_domain_and_type_of_its_relation() -> None:
    votes = vote_types([Triple("oslo", "/geo/city/mayor", "anna"), Triple("oslo", "/geo/city/river", "akerselva")])
    assert votes["oslo"] == ("/geo/city",)


def test_type_of_a_compound_relation_is_that_of_its_first_hop() -> None:
    assert vote_types([Triple("alien", STARRING, "weaver")])["alien"] == ("/film/film",)


def test_entity_that_is_never_a_head_gets_the_type_its_like_have() -> None:
    cities = [Triple(f"city{i}", "/geo/city/river", f"river{i}") for i in range(3)]
    capitals = [Triple(f"land{i}", "/geo/land/seat", f"city{i}") for i in range(3)]
    votes = vote_types([*cities, *capitals, Triple("land3", "/geo/land/seat", "atlantis")])
    assert votes["atlantis"][0] == "/geo/city"


def test_many_facts_of_one_relation_are_one_vote() -> None:
    prizes = [Triple("hanks", "/stage/player/prize", f"prize{i}") for i in range(50)]
    person = [Triple("hanks", "/zoo/human/gender", "male"), Triple("hanks", "/zoo/human/born", "concord")]
    assert vote_types([*prizes, *person])["hanks"] == ("/zoo/human", "/stage/player")


def test_role_wins_only_where_nothing_else_got_a_vote() -> None:
    nominations = "/award/award_nominee/award_nominations./award/award_nomination/award"
    votes = vote_types(
        [Triple("x", nominations, "oscar"), Triple("y", nominations, "oscar"), Triple("y", "/a/b/c", "z")]
    )
    assert votes["x"] == ("/award/award_nominee",)
    assert votes["y"] == ("/a/b", "/award/award_nominee")


def test_actor_counts_as_a_person_and_all_votes_are_kept() -> None:
    votes = vote_types([Triple("x", "/film/actor/film./film/performance/film", "alien")])
    assert votes["x"] == ("/film/actor", "/people/person")


def test_narrow_type_wins_over_the_broad_one_it_belongs_to() -> None:
    facts = [Triple("u2", "/music/artist/genre", "rock"), Triple("u2", "/music/artist/label", "island")]
    votes = vote_types([*facts, Triple("u2", "/music/musical_group/member", "bono")])
    assert votes["u2"][0] == "/music/musical_group"


def test_predicates_that_are_no_paths_have_no_vote() -> None:
    assert vote_types([Triple("a", "urn:x:capital", "b"), Triple("a", "/one", "b"), Triple("a", "", "b")]) == {}


def test_curated_labels_are_unique_and_named_for_types_in_the_rules() -> None:
    labels = freebase_rules().labels
    assert len(set(labels.values())) == len(labels)
    assert type_labels(labels, {}) == dict(labels)


@given(st.lists(st.tuples(*[st.text("ab/._#é ", max_size=12)] * 3), max_size=12), st.randoms())
def test_order_of_hostile_triples_does_not_matter(rows: list[tuple[str, str, str]], random: Random) -> None:
    triples = [Triple(*row) for row in rows]
    votes = vote_types(triples)
    assert all(votes.values())
    random.shuffle(triples)
    assert vote_types(triples) == votes


@pytest.mark.fb15k
def test_famous_entities_of_fb15k_are_what_everybody_knows_they_are() -> None:
    folder = os.environ.get("KWK_FB15K_DIR")
    if not folder:
        pytest.skip("KWK_FB15K_DIR names no FB15K: the votes are not tried on real data")
    lines = (Path(folder) / "FB15K_EntityTriples.txt").read_text(encoding="utf-8").splitlines()
    votes = vote_types([Triple(*line.split()[:3]) for line in lines])
    labels = type_labels({kind for kinds in votes.values() for kind in kinds}, {})
    expected = {
        "/m/09c7w0": "Country",  # United States
        "/m/0bxtg": "Person",  # Tom Hanks
        "/m/05qtj": "City",  # Paris
        "/m/0661ql3": "Film",  # Inception
        "/m/02h40lc": "Language",  # English
        "/m/09nqf": "Currency",  # US dollar
        "/m/06by7": "MusicGenre",  # rock
        "/m/0342h": "Instrument",  # guitar
        "/m/03ksy": "University",  # Harvard
        "/m/07c0j": "MusicalGroup",  # the Beatles
        "/m/07c72": "TvProgram",  # the Simpsons
        "/m/01n7q": "Region",  # California
        "/m/0kpys": "County",  # Los Angeles County
        "/m/07t65": "Organization",  # United Nations
        "/m/081pw": "MilitaryConflict",  # World War II
        "/m/019sc": "Color",  # black
        "/m/050fh": "SoccerTeam",  # Manchester United
        "/m/045c7b": "Company",  # Google
        "/m/0ll3": "Month",  # August
    }
    assert {entity: labels[votes[entity][0]] for entity in expected} == expected
