"""A language model that is none: an OpenAI-compatible server on this machine that answers by rule, or misbehaves."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dialogue.llm.cache import open_cache
from dialogue.llm.endpoint import Endpoint, connect
from dialogue.llm.requests import LlmSettings
from dialogue.truth import Truth
from kg.adjacency import Adjacency

Reply = Callable[["Asked"], Any]  # a text, or a whole web.Response


@dataclass(frozen=True)
class Asked:
    """One request as the server met it: its number from 0, and its body."""

    number: int
    body: dict[str, Any]
    again: int  # how often the same messages came before

    @property
    def text(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def kind(self) -> str:
        return self.text.split(":", 1)[0]


@dataclass
class Fake:
    """The server. `reply` decides what it says; `seen` keeps the bodies, `headers` their headers."""

    reply: Reply
    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        again = sum(each["messages"] == body["messages"] for each in self.seen)
        asked = Asked(len(self.seen), body, again)
        self.seen.append(body)
        self.headers.append(dict(request.headers))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            said = self.reply(asked)
            if asyncio.iscoroutine(said):
                said = await said
        finally:
            self.at_once -= 1
        return said if isinstance(said, web.StreamResponse) else web.json_response(completion(said))


def completion(text: str | None, finish: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70},
    }


def honest(asked: Asked) -> str:
    """Answer as a good model would, to all that kwk asks."""
    if asked.kind == "Triple" and "Question:" not in asked.text:
        head, relation, tail = re.findall(r"<(.*?)>", asked.text)
        words = spoken(relation)
        said = [
            f"The {words} of {head} is {tail}.",
            f"{tail} is the {words} of {head}.",
            f"For {head}, the {words} is {tail}.",
        ]
        return json.dumps({"sentences": said})
    if asked.kind == "Sentence":
        sentence = asked.text.removeprefix("Sentence: ")
        return json.dumps({"sentences": [f"It is known that {sentence[0].lower()}{sentence[1:]}", sentence]})
    if asked.kind == "Description":
        found = re.fullmatch(r"Description: (.*)\nSubject: (.*)\nAnswer: (.*)", asked.text)
        assert found is not None
        sentence, subject, _ = found.groups()
        words = re.search(r"the ([a-z ]+?) (?:of|is)", sentence, re.IGNORECASE)
        assert words is not None
        first = len(sentence) % 3
        forms = ("What is the {} of {}?", "Tell me, what is the {} that belongs to {}?", "Which {} does {} have?")
        return json.dumps({"Q": forms[first].format(words[1], subject), "A": sentence})
    if "Question:" in asked.text:
        return json.dumps({"entailed": True})
    raise AssertionError(asked.text)


def spoken(relation: str) -> str:
    """The words of a relation of the isles: "v:hasMainPort (hasMainPort)"."""
    name = relation.split("(")[-1].rstrip(")").split(":")[-1]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().removeprefix("has ")


@contextmanager
def serving(reply: Reply) -> Iterator[Fake]:
    """Run the server in a thread of its own until the block ends."""
    fake = Fake(reply)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop: asyncio.Event = asyncio.Event()

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", fake.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        fake.url = f"http://{host}:{port}/v1"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    assert ready.wait(20)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Start a model that replies as it is told."""
    return serving


@pytest.fixture
def truthful() -> Callable[[Asked], str]:
    return honest


@pytest.fixture
def settings_for() -> Callable[..., LlmSettings]:
    def make(url: str, **more: Any) -> LlmSettings:
        return LlmSettings(url=url, model="fake", **({"in_flight": 4, "timeout": 5.0, "attempts": 3} | more))

    return make


@pytest.fixture
def runner(tmp_path: Path, settings_for: Callable[..., LlmSettings]) -> Callable[..., Any]:
    """Make what the commands call `run`: work on an endpoint, with a cache of the test and without long pauses."""

    def make(url: str, key: str = "", **more: Any) -> Callable[..., Any]:
        settings = settings_for(url, **more)

        def run(work: Callable[[Endpoint], Any]) -> tuple[Any, Any, bool]:
            async def main() -> tuple[Any, Any, bool]:
                with open_cache(tmp_path / "cache.sqlite") as cache:
                    async with connect(settings, key, cache, pause=0.001) as endpoint:
                        return await work(endpoint), endpoint.budget.spent, endpoint.budget.exhausted

            return asyncio.run(main())

        return run

    return make


@pytest.fixture
def truth_of() -> Callable[[Adjacency], Truth]:
    """What Neo4j would hold of a graph in memory, for the checker."""

    def make(graph: Adjacency) -> Truth:
        truth = Truth()
        heads, relations = graph.triple_heads().tolist(), graph.outgoing.relation.tolist()
        for head, relation, tail in zip(heads, relations, graph.outgoing.neighbour.tolist(), strict=True):
            truth.add(graph.entities[head].id, graph.relations[relation].path, graph.entities[tail].id)
        for entity in graph.entities:
            truth.names[entity.id] = list(entity.names)
            for image in entity.images:
                truth.images.add((entity.id, image.path, image.sha256))
                truth._contents[image.path] = image.sha256
        return truth

    return make
