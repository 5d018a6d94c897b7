"""An answer is followed back to its edges, the turns that taught them and the gates, by Cypher that runs as printed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from dialogue.publish import publish as publish_dialogues
from kg.graph import read
from kg.stores import Stores
from kg.tour_checks import met
from model.publish import publish
from model.run import Run
from model.tiers import NAMES
from retrieval.conversation import Conversation, Host
from tests.retrieval.conftest import Cut

Ask = Callable[..., Result]


def test_an_answers_edge_is_shown_with_who_says_it(host: Host, kwk: Ask) -> None:
    given = host.turn(Conversation(), "What is the capital of Peru?")
    text = kwk("-q", "trace", str(given.id)[:12]).stdout
    assert "question: What is the capital of Peru?" in text
    assert "head: Peru, relation: CAPITAL, tail: Lima, sources: ['atlas']" in text


def test_every_step_is_cypher_that_runs_as_it_is_printed(host: Host, kwk: Ask) -> None:
    given = host.turn(Conversation(), "Which country has Lima as its capital? Could you show me a picture?")
    found = json.loads(kwk("-q", "trace", str(given.id), "--json").stdout)
    assert found["steps"]
    with host.answerer.reader.driver.session() as session:
        for step in found["steps"]:
            session.run(step["query"]).consume()
    assert [row["entity"] for step in found["steps"] for row in step["rows"] if "gate" in row] == ["Peru"]


def test_an_edge_that_is_gone_is_said_to_be_gone(host: Host, kwk: Ask, cut: Cut) -> None:
    given = host.turn(Conversation(), "What is the currency of Brazil?")
    assert "gone from the graph" not in kwk("-q", "trace", str(given.id)).stdout
    with cut("urn:kwk:atlas:country/BR", "CURRENCY"):
        assert "gone from the graph" in kwk("-q", "trace", str(given.id)).stdout


def test_a_published_answer_stands_in_the_graph_once_with_its_edges_and_goes_with_it(host: Host, kwk: Ask) -> None:
    given = host.turn(Conversation(), "Which country has Lima as its capital? Could you show me a picture?")
    for _ in range(2):
        found = json.loads(kwk("-q", "trace", str(given.id), "--publish", "--json").stdout)
    step = found["steps"][-1]
    assert "2 RESTS_ON and 1 SHOWS" in step["tells"]
    with host.answerer.reader.driver.session() as session:
        drawn = session.run(step["query"]).values()
        rested = session.run(
            "MATCH (a:Answer {id: $id})-[r:RESTS_ON]->(e) RETURN r.role, e.name, r.triple IS NOT NULL ORDER BY r.role",
            id=str(given.id),
        ).values()
        session.run("MATCH (a:Answer {id: $id}) DETACH DELETE a", id=str(given.id)).consume()
    assert rested == [["answer", "Peru", True], ["subject", "Lima", False]]
    assert any(row[-1] for row in drawn)


def test_negatives_that_a_run_met_are_shown_with_the_turns_that_taught_an_edge(
    stores: Stores, atlas: str, dialogues: Path, run: Run, kwk: Ask
) -> None:
    publish_dialogues(stores.driver, atlas, dialogues)
    count = "MATCH (:Run {graph: $graph, id: $id})-[m:MET_NEGATIVE]->() RETURN count(m) AS n"
    done = publish(stores.driver, run.folder, run.manifest)
    assert done.negatives > done.turns > 20
    assert done.missing == 0
    assert f"{done.negatives:,} MET_NEGATIVE of" in kwk("-q", "runs", "publish", str(run.folder)).stdout
    assert read(stores.driver, count, graph=atlas, id=run.manifest.id) == [{"n": done.negatives}]
    query = "MATCH (:Run {id: $id})-[m:MET_NEGATIVE]->() MATCH (t:Turn {graph: $graph, id: m.turn})-[o:RESTS_ON]->() "
    key = read(
        stores.driver,
        query + "WHERE o.triple IS NOT NULL RETURN o.triple AS key LIMIT 1",
        graph=atlas,
        id=run.manifest.id,
    )[0]["key"]
    turn = read(stores.driver, query + "RETURN t.id AS turn LIMIT 1", graph=atlas, id=run.manifest.id)[0]["turn"]
    assert f"run: {run.manifest.id}, tier: " in kwk("-q", "trace", "--graph", atlas, turn).stdout
    rows = read(stores.driver, met(atlas, key))
    assert {row["run"] for row in rows} == {run.manifest.id}
    assert {row["tier"] for row in rows} <= set(NAMES)


def test_only_an_answer_is_published(kwk: Ask) -> None:
    assert "takes an answer's id" in kwk("-q", "trace", "some turn", "--publish", code=2).output


@pytest.mark.parametrize("id", ["00000000-0000", "no such turn"])
def test_what_is_not_there_is_said_to_be_missing(kwk: Ask, atlas: str, id: str) -> None:
    assert "There is no answer" in kwk("-q", "trace", "--graph", atlas, id, code=1).output
