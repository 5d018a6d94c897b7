"""A server that misbehaves costs a reason code or a retry, never a wrong text and never a hanging run."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from dialogue.llm.cache import open_cache
from dialogue.llm.endpoint import Endpoint
from dialogue.llm.requests import Answer, LlmSettings, Message, Request, found_json
from kg.errors import DataError, ServiceError, StoreError

GOOD = json.dumps({"word": "yes"})
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
Serve = Callable[..., Any]


def request(text: str = "Say yes.") -> Request:
    return Request("word", (Message("user", text),), SCHEMA)


@pytest.fixture
def ask(runner: Callable[..., Any]) -> Callable[..., Any]:
    """Ask once; return what came back, the reason, and what was spent."""

    def call(url: str, text: str = "Say yes.", **more: Any) -> Any:
        async def work(endpoint: Endpoint) -> Any:
            return await endpoint.ask(request(text), ("word",))

        (found, reason), spent, _ = runner(url, **more)(work)
        return found, reason, spent

    return call


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"Sure! Here you are:\n```json\n{GOOD}\n```\nAnything else?",
        f"<think>{{not json}}</think> {GOOD}",
        '{"other": 1} ' + GOOD,
    ],
)
def test_json_is_found_whatever_stands_around_it(text: str, serve: Serve, ask: Any) -> None:
    with serve(lambda asked: text) as fake:
        found, reason, spent = ask(fake.url)
    assert (found, reason, spent.requests) == ({"word": "yes"}, "", 1)


def test_bad_json_is_asked_for_again_and_then_given_up(serve: Serve, ask: Any) -> None:
    with serve(lambda asked: GOOD if asked.again else '{"word": "y') as fake:
        assert ask(fake.url)[0] == {"word": "yes"}
        assert [each["seed"] for each in fake.seen] == [0, 1]
    with serve(lambda asked: "no braces") as fake:
        assert ask(fake.url)[:2] == (None, "no_json")
        assert len(fake.seen) == 3
        assert ask(fake.url)[:2] == (None, "no_json")
        assert len(fake.seen) == 3, "what can't be read is kept, too: it was paid for"


def refusing(refusal: str | None, finish: str, content: str | None) -> web.Response:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    return web.json_response({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("I won't.", "stop", None), "refused"),
        ((None, "content_filter", ""), "refused"),
        ((None, "length", '{"word": "yes yes'), "cut_off"),
        ((None, "stop", "  "), "empty"),
    ],
)
def test_refusals_and_cut_answers_have_their_reasons(arguments: Any, expected: str, serve: Serve, ask: Any) -> None:
    with serve(lambda asked: refusing(*arguments)) as fake:
        found, reason, spent = ask(fake.url)
    assert (found, reason) == (None, expected)
    assert spent.tokens > 0, "a server that does not count its tokens is estimated"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(status: int, serve: Serve, ask: Any) -> None:
    with serve(
        lambda asked: GOOD if asked.again > 1 else web.Response(status=status, headers={"Retry-After": "0"})
    ) as fake:
        found, _, spent = ask(fake.url)
    assert (found, spent.retries, spent.requests) == ({"word": "yes"}, 2, 1)


def test_a_server_says_how_long_to_wait(serve: Serve, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float, *more: Any) -> Any:
        waited.append(seconds)
        return await real(0)

    def busy(asked: Any) -> Any:
        after = ("7", "999999", "Wed, 21 Oct 2026 07:28:00 GMT", "-3", "nan")
        return web.Response(status=429, headers={"Retry-After": after[asked.again]}) if asked.again < 5 else GOOD

    monkeypatch.setattr("dialogue.llm.endpoint.asyncio.sleep", sleep)
    with serve(busy) as fake:
        assert ask(fake.url, attempts=6)[0] == {"word": "yes"}
    told = [seconds for seconds in waited if seconds]
    assert told[:2] == [7.0, 120.0], "as long as it says, but not for ever"
    assert all(0 <= seconds <= 120 for seconds in waited)


def test_a_server_that_hangs_is_given_up_after_the_deadline(serve: Serve, ask: Any) -> None:
    async def hang(asked: Any) -> str:
        if asked.text == "Hang.":
            await asyncio.Event().wait()
        return GOOD

    with serve(hang) as fake:
        found, reason, spent = ask(fake.url, "Hang.", timeout=0.2, attempts=2)
        assert (found, reason, spent.retries) == (None, "unanswered", 1)
        assert ask(fake.url, "Say yes.", timeout=20)[0] == {"word": "yes"}


def test_a_server_that_trickles_is_given_up_too(serve: Serve, ask: Any) -> None:
    async def trickle(asked: Any) -> web.StreamResponse:
        return web.Response(body=drops(), content_type="application/json")

    async def drops() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    with serve(trickle) as fake:
        assert ask(fake.url, timeout=0.3, attempts=1)[:2] == (None, "unanswered")


BODIES = (
    b"",
    b"<html>",
    b"[]",
    b"null",
    b'{"choices": null}',
    b'{"choices": []}',
    b'{"choices": [{"message": null}]}',
    b'{"choices": [{"message": {"content": [1]}}]}',
    b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": "many"}}',
)


@pytest.mark.parametrize("body", BODIES)
def test_nonsense_is_no_answer(body: bytes, serve: Serve, ask: Any) -> None:
    def nonsense(asked: Any) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    with serve(nonsense) as fake:
        assert ask(fake.url, attempts=2)[:2] == (None, "unanswered")


def test_a_server_without_schemas_is_asked_without(serve: Serve, ask: Any) -> None:
    def old(asked: Any) -> Any:
        if "response_format" in asked.body:
            return web.json_response({"error": {"message": "response_format is not supported"}}, status=400)
        return f"Here: {GOOD}"

    with serve(old) as fake:
        assert ask(fake.url)[0] == {"word": "yes"}
        assert ["response_format" in each for each in fake.seen] == [True, False]


def test_a_server_that_calls_the_limit_otherwise_is_understood(serve: Serve, ask: Any) -> None:
    def new(asked: Any) -> Any:
        if "max_tokens" in asked.body:
            return web.json_response({"error": {"message": "use 'max_completion_tokens' instead"}}, status=400)
        return GOOD

    with serve(new) as fake:
        assert ask(fake.url)[0] == {"word": "yes"}
        assert "response_format" in fake.seen[-1]


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refuses the key"), (403, "refuses the key"), (404, "no such model")]
)
def test_what_no_retry_mends_ends_the_run(status: int, words: str, serve: Serve, ask: Any) -> None:
    with serve(lambda asked: web.Response(status=status)) as fake:
        with pytest.raises(ServiceError, match=words):
            ask(fake.url)
        assert len(fake.seen) == 1


def test_a_server_that_answers_nobody_ends_the_run(serve: Serve, runner: Any) -> None:
    async def many(endpoint: Endpoint) -> None:
        await asyncio.gather(*(endpoint.ask(request(str(n)), ("word",)) for n in range(30)))

    with serve(lambda asked: web.Response(status=500)) as fake:
        with pytest.raises(ServiceError, match="does not answer .status 500"):
            runner(fake.url, attempts=1)(many)
        assert len(fake.seen) < 30


def test_the_whole_request_is_the_key(settings_for: Any) -> None:
    one = settings_for("http://a/v1")
    keys = {
        request().key(one),
        request("Say no.").key(one),
        Request("word", request().messages, {"type": "object"}).key(one),
        Request("word", request().messages, SCHEMA, sample=1).key(one),
        request().key(settings_for("http://b/v1")),
        request().key(settings_for("http://a/v1", temperature=0.5)),
        request().key(settings_for("http://a/v1", max_tokens=99)),
        request().key(LlmSettings("http://a/v1", "other")),
    }
    assert len(keys) == 8
    assert request().key(one) == request().key(settings_for("http://a/v1/", in_flight=1, timeout=1.0))


CHILD = """
import asyncio, sys
from pathlib import Path
from dialogue.llm.cache import open_cache
from dialogue.llm.endpoint import connect, in_order
from dialogue.llm.requests import LlmSettings, Message, Request
async def main(url, cache, total):
    settings = LlmSettings(url, "fake", in_flight=3)
    with open_cache(Path(cache)) as kept:
        async with connect(settings, "", kept, 0.01) as endpoint:
            work = lambda n: endpoint.ask(Request("word", (Message("user", str(n)),), {}), ("word",))
            async for found, reason in in_order(work, range(int(total)), 12):
                assert found, reason
            print(endpoint.budget.spent.requests, endpoint.budget.spent.cached)
asyncio.run(main(*sys.argv[1:]))
"""


def test_a_run_that_is_killed_pays_for_nothing_twice(serve: Serve, tmp_path: Path) -> None:
    victims: list[subprocess.Popen[str]] = []

    def kill_at_20(asked: Any) -> str:
        if asked.number == 20:
            os.kill(victims[0].pid, signal.SIGKILL)
        return GOOD

    with serve(kill_at_20) as fake:
        command = [sys.executable, "-c", CHILD, fake.url, str(tmp_path / "cache.sqlite"), "60"]
        victims.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()))
        victims[0].communicate(timeout=120)
        assert victims[0].returncode == -signal.SIGKILL
        before = len(fake.seen)
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        requests, cached = map(int, done.stdout.split())
    assert requests + cached == 60
    assert requests == len(fake.seen) - before
    assert 60 - cached <= 60 - (before - 4), "at most what was in flight is asked again"


def test_a_cache_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="--llm-cache"), open_cache(tmp_path / "cache"):
        pass
    with open_cache(tmp_path / "good.sqlite") as cache:
        cache.put("k", Answer("t", "", 1, 2))
        assert cache.get("k") == Answer("t", "", 1, 2)
    rows = sqlite3.connect(tmp_path / "good.sqlite")
    assert rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    rows.close()


@pytest.mark.parametrize("url", ["ftp://x/v1", "no address", "http://me:secret@x/v1", "http://x/v1?key=1", "http://"])
def test_an_address_that_is_none_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(DataError) as told:
        LlmSettings(url, "m")
    assert "secret" not in str(told.value) or url.startswith("ftp")


@given(st.text() | st.lists(st.sampled_from(["{", "}", '"a"', ":", "1", "[", ",", "\\"])).map("".join))
def test_any_text_is_searched_for_json_without_an_error(text: str) -> None:
    found = found_json(text, ("a",))
    assert found is None or "a" in found
