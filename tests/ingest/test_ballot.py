"""A vote counts once, decides by the rule, is never lost, and lets an ingest go on beside it."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import neo4j
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j.exceptions import IncompleteCommit
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from ingest.agreement import Ballot
from ingest.ballot import BallotBox, Vote, present, record, reviewer_name
from kg import graph, queries, removal
from kg.errors import DataError, StoreError
from kg.types import ImageRecord

Kwk = Callable[..., Result]


def sha(number: int) -> str:
    """Return the name of an image by its number."""
    return f"{number:064x}"


def fill(driver: neo4j.Driver, name: str, images: dict[str, int]) -> None:
    """Write entities with so many images each, numbered through, without files."""
    writer = graph.claim(driver, name)
    writer.run("UNWIND $ids AS id MERGE (e:Entity {graph: $graph, id: id}) SET e.name = id", ids=list(images))
    numbers = iter(range(10**6))
    records = [
        ImageRecord(entity, f"{n}.png", sha(n), n, 8, 8, "PNG", 9)
        for entity, count in images.items()
        for n in (next(numbers) for _ in range(count))
    ]
    graph.write_images(writer, records, "test")


@pytest.fixture
def box(driver: neo4j.Driver, engine: Engine, graph_name: str) -> BallotBox:
    """A graph of four entities: three images, two, one, none."""
    fill(driver, graph_name, {"lima": 3, "oslo": 2, "rome": 1, "void": 0})
    return BallotBox(driver, engine, graph_name)


def gates(box: BallotBox, entity: str) -> dict[str, str]:
    """Return the gate of each image of an entity, by its number."""
    rows = box.driver.execute_query(
        "MATCH (:Entity {graph: $g, id: $e})-[h:HAS_IMAGE]->(i) RETURN i.sha256 AS sha, h.gate AS gate",
        g=box.graph, e=entity,
    ).records  # fmt: skip
    return {str(int(row["sha"], 16)): row["gate"] for row in rows}


def votes(box: BallotBox, entity: str) -> dict[str, str | None]:
    """Return who stands for what on an entity, as Neo4j has it; fails if somebody stands twice."""
    query = "MATCH (e:Entity {graph: $g, id: $e}) RETURN e.no_image_voters AS voters, e.no_image_voted AS voted, " \
        "COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i) RETURN h {.voters, .voted, sha256: i.sha256} } AS images"  # fmt: skip
    [row] = box.driver.execute_query(query, g=box.graph, e=entity).records
    sides = [(None, row["voters"], row["voted"])] + [(i["sha256"], i["voters"], i["voted"]) for i in row["images"]]
    found = [(who, choice) for choice, voters, voted in sides for who in voters or []]
    assert all(len(voters or []) == len(voted or []) and voters != [] for _, voters, voted in sides)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_two_votes_for_an_image_choose_it_and_one_does_not(box: BallotBox) -> None:
    assert box.cast("lima", sha(1), "ana").state == "open"
    assert set(gates(box, "lima").values()) == {"unjudged"}
    assert box.cast("lima", sha(1), "bo").state == "chosen"
    assert gates(box, "lima") == {"0": "unjudged", "1": "chosen", "2": "unjudged"}


def test_the_choice_moves_with_the_votes(box: BallotBox) -> None:
    for who in ("ana", "bo"):
        box.cast("lima", sha(0), who)
    for who in ("cy", "di"):
        done = box.cast("lima", sha(2), who)
    assert (done.state, done.votes) == ("tied", 4)
    assert gates(box, "lima") == {"0": "kept", "1": "unjudged", "2": "unjudged"}
    box.cast("lima", sha(2), "ana")
    assert gates(box, "lima") == {"0": "kept", "1": "unjudged", "2": "chosen"}


def test_none_of_these_is_a_vote_that_can_win_and_tie(box: BallotBox) -> None:
    box.cast("oslo", sha(3), "ana")
    assert box.cast("oslo", None, "bo").state == "tied"
    assert box.cast("oslo", None, "cy").state == "none"
    assert set(gates(box, "oslo").values()) == {"unjudged"}
    assert box.cast("oslo", sha(3), "di").state == "tied"
    assert box.cast("oslo", sha(3), "bo").state == "chosen"
    assert votes(box, "oslo") == {"ana": sha(3), "bo": sha(3), "cy": None, "di": sha(3)}


def test_experts_choose_what_a_gate_had_dropped(box: BallotBox) -> None:
    box.driver.execute_query(
        "MATCH (:Entity {graph: $g, id: 'lima'})-[h]->() SET h.gate = 'dropped', h.reason = 'semantic'", g=box.graph
    )
    box.cast("lima", sha(0), "ana")
    box.cast("lima", sha(0), "bo")
    assert gates(box, "lima") == {"0": "chosen", "1": "dropped", "2": "dropped"}


def test_a_new_vote_replaces_the_old_one_which_the_history_keeps(box: BallotBox) -> None:
    first = box.cast("lima", sha(0), "ana")
    second = box.cast("lima", None, "ana")
    third = box.cast("lima", sha(2), "ana")
    assert votes(box, "lima") == {"ana": sha(2)}
    assert (first.first, second.first, third.first) == (True, False, False)
    assert third.replaced == second.vote
    assert box.history("lima") == [first.vote, second.vote, third.vote]


def test_a_double_click_is_one_vote(box: BallotBox) -> None:
    first = box.cast("lima", sha(0), "ana")
    again = box.cast("lima", sha(0), " ana ")
    assert again.vote == first.vote
    assert again.replaced is None
    assert box.history("lima") == [first.vote]


def test_a_vote_whose_answer_was_lost_counts_once(box: BallotBox, monkeypatch: pytest.MonkeyPatch) -> None:
    real = neo4j.Session.execute_write
    lost = []

    def loses_the_first_answer(session: neo4j.Session, *work: Any) -> Any:
        done = real(session, *work)
        if not lost:
            lost.append(done)
            raise IncompleteCommit("the answer was lost")
        return done

    monkeypatch.setattr(neo4j.Session, "execute_write", loses_the_first_answer)
    done = box.cast("lima", sha(0), "ana")
    assert len(lost) == 1
    assert votes(box, "lima") == {"ana": sha(0)}
    assert box.history("lima") == [done.vote]


def test_a_stale_page_is_told_what_is_gone(box: BallotBox) -> None:
    with pytest.raises(DataError, match="no longer one of 'lima'"):
        box.cast("lima", sha(99), "ana")
    with pytest.raises(DataError, match="no longer one of 'lima'"):
        box.cast("lima", sha(3), "ana")  # an image of another entity
    with pytest.raises(DataError, match="no longer in the graph"):
        box.cast("atlantis", sha(0), "ana")
    assert votes(box, "lima") == {}
    assert box.history("lima") == []


def test_a_vote_for_an_image_that_is_removed_leaves_the_rest_right(box: BallotBox) -> None:
    for who in ("ana", "bo"):
        box.cast("lima", sha(0), who)
    box.driver.execute_query("MATCH (i:Image {graph: $g, sha256: $sha}) DETACH DELETE i", g=box.graph, sha=sha(0))
    assert box.next_entity("ana", "") == "lima"
    assert box.cast("lima", sha(1), "ana").state == "open"
    assert len(box.history("lima")) == 3


def test_while_postgres_is_gone_no_vote_is_lost(box: BallotBox) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    cut_off = BallotBox(box.driver, nowhere, box.graph)
    with pytest.raises(StoreError, match="Your vote counts"):
        cut_off.cast("lima", sha(0), "ana")
    with pytest.raises(StoreError, match="did not take"):  # the vote that it would replace is in no history yet
        cut_off.cast("lima", sha(1), "ana")
    assert votes(box, "lima") == {"ana": sha(0)}
    assert box.complete_history() == 1
    assert box.complete_history() == 0
    assert [vote.sha256 for vote in box.history("lima")] == [sha(0)]
    box.cast("lima", sha(1), "ana")
    assert [vote.sha256 for vote in box.history("lima")] == [sha(0), sha(1)]


def test_a_vote_that_was_cast_is_never_changed(box: BallotBox, engine: Engine) -> None:
    box.cast("lima", sha(0), "ana")
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text("UPDATE vote SET reviewer = 'eve' WHERE graph = :g"), {"g": box.graph})


def test_twenty_reviewers_at_once_leave_every_vote_once(driver: neo4j.Driver, engine: Engine, graph_name: str) -> None:
    fill(driver, graph_name, {f"e{n:02}": 3 for n in range(50)})
    box = BallotBox(driver, engine, graph_name)
    start = threading.Barrier(20)

    def review(number: int) -> None:
        start.wait()
        for n in range(50):
            entity = (n * 7 + number) % 50
            box.cast(f"e{entity:02}", [sha(3 * entity), sha(3 * entity + 1), None][number % 3], f"r{number:02}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(review, range(20)))
    wanted = {f"r{number:02}": number % 3 for number in range(20)}
    for n in range(50):
        expected = {who: [sha(3 * n), sha(3 * n + 1), None][choice] for who, choice in wanted.items()}
        assert votes(box, f"e{n:02}") == expected
    assert box.states() == {"tied": 50}  # seven, seven and six
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM vote WHERE graph = :g"), {"g": graph_name}).scalar_one()
    assert rows == 1_000


def test_an_ingest_that_runs_goes_on_while_votes_are_cast(box: BallotBox) -> None:
    writer = graph.claim(box.driver, box.graph)
    box.cast("lima", sha(0), "ana")
    writer.run(queries.DESCRIBE, properties={"source": "test"})  # raises if the vote had claimed the graph
    fill(box.driver, box.graph, {"lima": 3, "oslo": 2})  # a rerun of the ingest
    assert votes(box, "lima") == {"ana": sha(0)}


def test_a_reviewer_is_led_through_all_that_waits_and_back_to_what_was_skipped(box: BallotBox) -> None:
    assert box.progress("ana") == (0, 3)
    assert box.next_entity("ana", "") == "lima"
    assert box.next_entity("ana", "lima") == "oslo"
    box.cast("oslo", None, "ana")
    assert box.next_entity("ana", "oslo") == "rome"
    box.cast("rome", sha(5), "ana")
    assert box.next_entity("ana", "rome") == "lima"  # skipped at first
    box.cast("lima", sha(0), "ana")
    assert box.next_entity("ana", "lima") is None
    assert box.progress("ana") == (3, 3)
    assert box.progress("bo") == (0, 3)


def test_what_five_experts_settled_is_asked_again_only_on_demand(box: BallotBox) -> None:
    for who in "abcde":
        box.cast("lima", sha(0), who)
        box.cast("oslo", sha(3) if who < "c" else None if who < "e" else sha(4), who)
    assert box.next_entity("new", "") == "oslo"  # five votes, and no winner
    assert box.next_entity("new", "", everything=True) == "lima"


def test_an_entity_whose_images_were_all_dropped_is_not_asked_about(box: BallotBox) -> None:
    box.driver.execute_query("MATCH (:Entity {graph: $g, id: 'lima'})-[h]->() SET h.gate = 'dropped'", g=box.graph)
    assert box.next_entity("ana", "") == "oslo"
    assert box.progress("ana") == (0, 2)


def test_ties_and_entities_without_a_right_image_wait_in_the_queue(box: BallotBox, kwk: Kwk) -> None:
    box.cast("lima", sha(0), "ana")
    box.cast("lima", sha(1), "bo")
    box.cast("rome", sha(5), "ana")
    box.cast("rome", sha(5), "bo")
    for who in ("ana", "bo", "cy"):
        box.cast("oslo", None, who)
    rows = json.loads(kwk("images", "review", "--graph", box.graph, "--queue", "--json").stdout)
    assert [(row["id"], row["state"], row["votes"], row["none"]) for row in rows] == [
        ("oslo", "none", 3, 3),
        ("lima", "tied", 2, 0),
    ]
    assert [(image["sha256"], image["votes"]) for image in rows[1]["images"]] == [(sha(0), 1), (sha(1), 1)]
    told = kwk("images", "review", "--graph", box.graph, "--queue").stdout
    assert "none is right" in told
    assert "tie" in told
    assert "rome" not in told
    box.cast("lima", sha(1), "cy")
    assert [row["id"] for row in box.queue()] == ["oslo"]


def test_lists_come_in_pages_and_by_state(box: BallotBox) -> None:
    box.cast("oslo", sha(3), "ana")
    box.cast("oslo", sha(4), "bo")
    assert [row["id"] for row in box.entities("ana", limit=2)] == ["lima", "oslo"]
    assert [row["id"] for row in box.entities("ana", after="oslo", limit=2)] == ["rome"]
    assert [(row["id"], row["voted"]) for row in box.entities("ana", "tied")] == [("oslo", True)]
    assert [(row["id"], row["voted"]) for row in box.entities("cy", "tied")] == [("oslo", False)]
    assert box.states() == {"open": 2, "tied": 1}
    assert [row["id"] for row in box.queue(skip=1)] == []


def test_agreement_is_printed_from_the_votes(box: BallotBox, kwk: Kwk) -> None:
    assert "no votes" not in kwk("images", "review", "--graph", box.graph, "--agreement").stdout
    box.cast("lima", sha(0), "ana")
    box.cast("lima", sha(0), "bo")
    box.cast("oslo", sha(3), "ana")
    box.cast("oslo", None, "bo")
    box.cast("rome", None, "ana")
    assert sorted(box.ballots(), key=lambda each: -each.candidates) == [
        Ballot(3, {"ana": 0, "bo": 0}),
        Ballot(2, {"ana": 0, "bo": None}),
    ]
    found = json.loads(kwk("images", "review", "--graph", box.graph, "--agreement", "--json").stdout)
    assert (found["entities"], found["pictures"], found["agreement"]) == (2, 5, 0.5)
    # Five pictures: one chosen by both, one by ana alone, three by nobody: (4/5 - 14/25) / (1 - 14/25)
    assert found["pairs"] == [
        {"first": "ana", "second": "bo", "entities": 2, "pictures": 5, "cohen": pytest.approx(6 / 11), "agreement": 0.5}
    ]
    told = kwk("images", "review", "--graph", box.graph, "--agreement").stdout
    assert "Fleiss" in told
    assert "0.545" in told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ana   María\n", "Ana María"),
        ("Ana\u0301", "Aná"),
        ("<b>Bo</b>", "<b>Bo</b>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_a_name_is_kept_as_people_write_it(given: str, kept: str) -> None:
    assert reviewer_name(given) == kept


@pytest.mark.parametrize("given", ["", "  ", None, 7, ["ana"], "a" * 65, "a\x00b", "a\u202eb", "a\x1b[31m", "\ud800"])
def test_what_is_no_name_is_refused(given: object) -> None:
    with pytest.raises(DataError):
        reviewer_name(given)


@given(st.text(max_size=80))
def test_a_name_that_is_kept_is_kept_the_same_again(given: str) -> None:
    try:
        kept = reviewer_name(given)
    except DataError:
        return
    assert reviewer_name(kept) == kept
    assert 0 < len(kept) <= 64


@given(votes=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([0, 1, 2, None])), max_size=14))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_votes_ends_as_the_rule_says(box: BallotBox, votes: list[tuple[str, int | None]]) -> None:
    box.driver.execute_query(
        "MATCH (e:Entity {graph: $g, id: 'lima'})-[h:HAS_IMAGE]->() "
        "SET e.no_image_voters = null, e.no_image_voted = null, h.voters = null, h.voted = null, h.gate = 'unjudged'",
        g=box.graph,
    )
    state = "open"
    for who, choice in votes:
        state = box.cast("lima", None if choice is None else sha(choice), who).state
    last = list(dict(votes).values())
    counts = {choice: last.count(choice) for choice in last}
    leaders = [choice for choice, count in counts.items() if count == max(counts.values())]
    if len(last) < 2:
        wanted, winner = "open", None
    elif len(leaders) > 1:
        wanted, winner = "tied", None
    else:
        wanted, winner = ("none", None) if leaders == [None] else ("chosen", leaders[0])
    assert state == wanted
    chosen = [number for number, gate in gates(box, "lima").items() if gate == "chosen"]
    assert chosen == ([] if winner is None else [str(winner)])


def test_the_later_of_two_votes_counts_where_a_hand_left_two() -> None:
    row = {
        "voters": ["ana"], "voted": ["2026-11-21T10:00:00.000000+00:00"],
        "images": [{"sha256": sha(1), "voters": ["bo", "ana"], "voted": ["2026-11-21T09:00:00.000000+00:00"]}],
    }  # fmt: skip
    assert present("x", row) == [
        Vote("x", sha(1), "bo", "2026-11-21T09:00:00.000000+00:00"),
        Vote("x", None, "ana", "2026-11-21T10:00:00.000000+00:00"),
    ]


def test_a_history_takes_a_vote_once(engine: Engine, graph_name: str) -> None:
    vote = Vote("x", None, "ana", "2026-11-21T10:00:00.000000+00:00")
    assert record(engine, graph_name, [vote, vote]) == 1
    assert record(engine, graph_name, [vote]) == 0


def test_a_graph_that_is_removed_leaves_no_votes_behind(box: BallotBox) -> None:
    box.cast("lima", sha(0), "ana")
    removal.remove_graph(box.driver, box.engine, box.graph)
    assert box.history("lima") == []


def test_options_that_do_not_go_together_are_refused(kwk: Kwk, box: BallotBox) -> None:
    kwk("images", "review", "--graph", box.graph, "--queue", "--agreement", code=2)
    kwk("images", "review", "--graph", box.graph, "--json", code=2)
    assert "too long" in kwk("images", "review", "--graph", box.graph, "--reviewer", "x" * 70, code=1).output
