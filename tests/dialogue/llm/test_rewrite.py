"""Dialogues in a language model's words are as true as they were, whatever the model does."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dialogue.llm.requests import LlmSettings
from dialogue.llm.rewrite import RewriteSettings, Rewritten
from dialogue.llm.runs import rewrite_rounds
from dialogue.serialise import read_dialogues
from dialogue.truth import Truth
from dialogue.types import SPLITS
from dialogue.verify import verify
from kg.adjacency import Adjacency
from kg.errors import DataError, ServiceError

Serve = Callable[..., Any]
Rewrite = Callable[..., Rewritten]


@pytest.fixture
def rewrite(
    built: Path, isles: Callable[..., Adjacency], runner: Callable[..., Any], settings_for: Callable[..., LlmSettings]
) -> Rewrite:
    def call(url: str, out: Path, key: str = "", settings: RewriteSettings | None = None, **more: Any) -> Rewritten:
        run = runner(url, key, **more)
        return rewrite_rounds(isles(), built, out, True, settings or RewriteSettings(), settings_for(url, **more), run)

    return call


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jsonl"}


def test_what_the_model_wrote_is_as_true_as_what_it_replaces(
    serve: Serve,
    truthful: Any,
    rewrite: Rewrite,
    isles: Callable[..., Adjacency],
    truth_of: Callable[..., Truth],
    tmp_path: Path,
) -> None:
    with serve(truthful) as fake:
        done = rewrite(fake.url, tmp_path / "out")
    report = verify(tmp_path / "out", truth_of(isles()), "isles")
    assert report.findings == []
    assert done.rounds > 100
    assert set(done.kept) <= {"asks_for_head", "held_out", "other_kind", "does_not_fit", "nothing_accepted"}
    texts = [
        turn.value
        for split in SPLITS
        for dialogue in read_dialogues(tmp_path / "out" / f"{split}.jsonl")
        for turn in dialogue.turns
    ]
    assert any("that belongs to" in text for text in texts)
    assert any(text.startswith("Which main port does <image> have?") for text in texts)
    assert any("Here is a picture" in text for text in texts)


def test_the_bytes_are_the_same_for_any_number_of_requests_at_once(
    serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path
) -> None:
    async def unsteady(asked: Any) -> str:
        await asyncio.sleep((asked.number * 7 % 5) / 500)
        return str(truthful(asked))

    with serve(unsteady) as fake:
        rewrite(fake.url, tmp_path / "one", in_flight=1)
        assert fake.most_at_once == 1
        (tmp_path / "cache.sqlite").unlink()
        rewrite(fake.url, tmp_path / "many", in_flight=16)
        assert 1 < fake.most_at_once <= 16
    assert content(tmp_path / "one") == content(tmp_path / "many")


def test_a_second_run_asks_nothing_and_writes_the_same(
    serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path
) -> None:
    with serve(truthful) as fake:
        first = rewrite(fake.url, tmp_path / "one")
        asked = len(fake.seen)
        second = rewrite(fake.url, tmp_path / "two")
        assert len(fake.seen) == asked == first.spent.requests
    assert second.spent.requests == second.spent.tokens == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")


LIES = {
    "answer_missing": lambda q, a, tail: (q, a.replace(tail, "it")),
    "answer_given": lambda q, a, tail: (f"Is it so that {tail} is what? {q}".replace("? ", " "), a),
    "yes_no": lambda q, a, tail: ("Is " + q[0].lower() + q[1:], a),
    "negated": lambda q, a, tail: (q, a.replace(" is ", " is not ")),
    "hedged": lambda q, a, tail: (q, a.replace(" is ", " is perhaps ")),
    "added_number": lambda q, a, tail: (q, a[:-1] + " since 1912."),
    "added_name": lambda q, a, tail: (q, a[:-1] + ", says Wikipedia."),
    "other_entity": lambda q, a, tail: (q, a[:-1] + ", and so is Tidal."),
    "refused": lambda q, a, tail: (q, f"As an AI language model, I say {tail}."),
    "markup": lambda q, a, tail: (q, f"**{tail}**"),
    "subject_missing": lambda q, a, tail: ("What is the name?", a),
    "no_question": lambda q, a, tail: (q.replace("?", "."), a),
    "too_long": lambda q, a, tail: (q, a + " so it is" * 60),
    "unrelated": lambda q, a, tail: (
        q.split(" of ")[0][:0] + "What about " + q.split(" ", 1)[1].split(" of ")[-1].split(" to ")[-1],
        tail + ".",
    ),
}


@pytest.mark.parametrize("reason", sorted(set(LIES) - {"unrelated"}))
def test_a_lie_is_not_taken_and_is_told_by_its_reason(
    reason: str, serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path, built: Path
) -> None:
    def lie(asked: Any) -> str:
        said = truthful(asked)
        if asked.kind != "Description":
            return str(said)
        found = json.loads(said)
        question, answer = LIES[reason](found["Q"], found["A"], asked.text.rsplit("Answer: ", 1)[1])
        return json.dumps({"Q": question, "A": answer})

    with serve(lie) as fake:
        done = rewrite(fake.url, tmp_path / "out")
    assert set(done.tally.reasons["pair"]) >= {reason}
    if reason not in ("other_entity",):
        assert done.rounds == 0
        assert [(tmp_path / "out" / f"{split}.jsonl").read_bytes() for split in SPLITS] == [
            (built / f"{split}.jsonl").read_bytes() for split in SPLITS
        ]
    rejected = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()]
    assert {each["reason"] for each in rejected} >= {reason}


def test_a_model_that_is_asked_to_judge_is_heard(serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path) -> None:
    def no(asked: Any) -> str:
        return json.dumps({"entailed": False}) if "Question:" in asked.text else str(truthful(asked))

    with serve(no) as fake:
        done = rewrite(fake.url, tmp_path / "out", settings=RewriteSettings(judge=True))
    assert done.rounds == 0
    assert done.tally.reasons["pair"]["judged_false"] > 10


def test_a_budget_stops_cleanly_and_the_next_run_goes_on(
    serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path
) -> None:
    with serve(truthful) as fake:
        part = rewrite(fake.url, tmp_path / "part", budget_tokens=9000, max_tokens=100)
        assert part.stopped
        assert part.spent.tokens <= 9000
        assert sum(part.tally.reasons["sentence"].values()) >= part.tally.reasons["sentence"]["over_budget"] > 0
        before = len(fake.seen)
        assert before == part.spent.requests > 0
        whole = rewrite(fake.url, tmp_path / "whole", max_tokens=100)
        assert whole.spent.requests == len(fake.seen) - before
        assert whole.spent.cached == before
    assert not whole.stopped
    assert whole.rounds > part.rounds


def test_a_budget_in_money_is_kept(serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path) -> None:
    with serve(truthful) as fake:
        done = rewrite(fake.url, tmp_path / "out", price=(1.0, 10.0), budget_cost=0.02, max_tokens=100)
    assert done.stopped
    assert 0 < done.spent.cost((1.0, 10.0)) <= 0.02


def test_a_server_that_nobody_reaches_ends_in_a_sentence(rewrite: Rewrite, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="does not answer"):
        rewrite("http://127.0.0.1:9/v1", tmp_path / "out", attempts=2)
    assert not (tmp_path / "out").exists()


def test_a_key_is_never_kept_or_told(serve: Serve, truthful: Any, rewrite: Rewrite, tmp_path: Path) -> None:
    secret = "sk-very-secret-key"
    with serve(truthful) as fake:
        rewrite(fake.url, tmp_path / "out", key=secret)
        assert fake.headers[0]["Authorization"] == f"Bearer {secret}"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert secret.encode() not in kept

    def refuse(asked: Any) -> web.Response:
        return web.json_response({"error": {"message": f"Incorrect API key provided: {secret}"}}, status=401)

    with serve(refuse) as fake, pytest.raises(ServiceError, match="refuses the key") as told:
        rewrite(fake.url, tmp_path / "again", key=secret)
    assert secret not in str(told.value)


def test_a_folder_without_a_fact_to_write_about_is_told(
    serve: Serve, truthful: Any, built: Path, tmp_path: Path, isles: Any, runner: Any, settings_for: Any
) -> None:
    for name in ("build.json", "wordings.json"):
        (tmp_path / name).write_bytes((built / name).read_bytes())
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(DataError, match="nothing to write"):
        rewrite_rounds(
            isles(),
            tmp_path,
            tmp_path / "out",
            False,
            RewriteSettings(),
            settings_for("http://x/v1"),
            runner("http://x/v1"),
        )
