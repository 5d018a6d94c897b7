"""`kwk serve` over HTTP: what OpenAI's own client gets, and what is refused before it can do harm."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO

import httpx
import neo4j
import openai
import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.review import shown
from ingest.sample import folder
from kg.local_page import bind
from kg.stores import Stores
from retrieval import opening
from retrieval.answer import Answerer
from retrieval.conversation import Host
from retrieval.guard import ServeSettings
from retrieval.opening import Once
from retrieval.serve import Service, application

Serve = Callable[..., TestClient]


@pytest.fixture(scope="module")
def service(host: Host, stores: Stores, atlas: str) -> Service:
    """What answers requests about the atlas."""
    return Service(
        host, ServeSettings(), lambda sha, side: shown(stores.driver, atlas, sha, side), lambda: {"neo4j": True}
    )


@pytest.fixture(scope="module")
def client(service: Service) -> TestClient:
    """A client of it, without a network."""
    return TestClient(application(service), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def address(service: Service) -> Iterator[str]:
    """The address of a server on a port of its own."""
    bound = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application(service), log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def official(address: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as made:
        yield made


def asked(client: TestClient, *messages: object, **more: object) -> httpx.Response:
    said = [{"role": "user", "content": message} if not isinstance(message, dict) else message for message in messages]
    return client.post("/v1/chat/completions", json={"model": "atlas", "messages": said, **more})


def picture(name: str) -> dict[str, object]:
    data = base64.b64encode((folder() / "images" / name).read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/webp;base64,{data}"}}


def test_the_official_client_is_answered_with_evidence_beside_the_choices(official: openai.OpenAI) -> None:
    found = official.chat.completions.create(
        model="atlas", messages=[{"role": "user", "content": "What is the capital of Peru?"}]
    )
    assert found.choices[0].message.content == "The capital of Peru is Lima."
    assert found.choices[0].finish_reason == "stop"
    (edge,) = (found.model_extra or {})["evidence"]["evidence"]
    assert (edge["subject"], edge["object"]) == ("Peru", "Lima")
    assert [model.id.startswith("test-atlas") for model in official.models.list()] == [True]


def test_the_official_client_streams_the_same_words(official: openai.OpenAI) -> None:
    chunks = list(
        official.chat.completions.create(
            model="atlas", messages=[{"role": "user", "content": "What is the capital of Peru?"}], stream=True
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "The capital of Peru is Lima."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["evidence"]["grounded"] is True


def test_pictures_go_in_and_come_out(official: openai.OpenAI, address: str) -> None:
    content = [{"type": "text", "text": "Which country is this?"}, picture("flag-PE-noto.webp")]
    found = official.chat.completions.create(model="atlas", messages=[{"role": "user", "content": content}])  # type: ignore[list-item,misc]
    assert "Peru" in (found.choices[0].message.content or "")
    shown_flag = official.chat.completions.create(
        model="atlas", messages=[{"role": "user", "content": "Show me the flag of Peru"}]
    )
    link = (shown_flag.choices[0].message.content or "").rpartition("(")[2].rstrip(")")
    assert link.startswith(address)
    with Image.open(BytesIO(httpx.get(link).content)) as flag:
        assert flag.format == "WEBP"


def test_a_conversation_is_followed_also_where_the_server_has_forgotten_it(
    client: TestClient, service: Service
) -> None:
    turns = ("What is the capital of Peru?", {"role": "assistant", "content": "Lima."}, "And its currency?")
    first = asked(client, *turns).json()["choices"][0]["message"]["content"]
    service.remembered.clear()
    assert asked(client, *turns).json()["choices"][0]["message"]["content"] == first
    assert first == "The currency of Peru is the Peruvian Sol."


def test_the_journal_knows_which_turn_an_answer_is(client: TestClient, service: Service) -> None:
    turns = ("What is the capital of Kenya?", {"role": "assistant", "content": "Nairobi."}, "And its currency?")
    ids = [asked(client, *said).json()["id"].removeprefix("chatcmpl-") for said in (turns[:1], turns)]
    kept = [service.host.journal.find(id) for id in ids]
    assert [row["turn"] for row in kept] == [0, 1]
    assert kept[0]["conversation"] == kept[1]["conversation"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": "x"},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "assistant", "content": "hm"}]},
        {"messages": [{"role": "pirate", "content": "hm"}]},
        {"messages": [{"role": "user", "content": "x" * 5000}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]},
        {"messages": [{"role": "user", "content": [
            {"type": "text", "text": "who?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]},
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_openais_shape(client: TestClient, body: object) -> None:
    found = client.post("/v1/chat/completions", json=body)
    assert found.status_code == 400
    assert found.json()["error"]["message"].endswith((".", ")", '"'))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=50), st.binary(max_size=60))
def test_no_question_and_no_upload_breaks_it(client: TestClient, text: str, data: bytes) -> None:
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert asked(client, text or "?").status_code in (200, 400)
    content = [{"type": "text", "text": text or "?"}, {"type": "image_url", "image_url": {"url": url}}]
    assert asked(client, content).status_code == 400


def test_a_thumb_is_kept_and_a_missing_answer_said_to_be_missing(client: TestClient, host: Host) -> None:
    id = asked(client, "What is the capital of Peru?").json()["evidence"]["id"]
    assert client.post(f"/v1/answers/{id}/thumb", json={"up": False, "reason": "Cusco"}).json() == {"kept": True}
    assert host.journal.find(id)["thumbs"][0]["reason"] == "Cusco"
    nobody = "00000000-0000-4000-8000-000000000000"
    assert client.post(f"/v1/answers/{nobody}/thumb", json={"up": True}).status_code == 400


def test_no_file_is_reached_through_the_address_of_an_image(client: TestClient) -> None:
    for name in ("x", "..%2f..%2fetc%2fpasswd", "0" * 64, "%00", "'; DROP TABLE answer"):
        assert client.get(f"/images/{name}").status_code in (400, 404)


@contextmanager
def held_to(service: Service, **limits: object) -> Iterator[TestClient]:
    with TestClient(application(replace(service, settings=ServeSettings(**limits)))) as held:  # type: ignore[arg-type]
        yield held


def test_what_is_too_large_too_often_or_bears_no_token_is_not_read(service: Service) -> None:
    with held_to(service, most_bytes=500) as small:
        assert asked(small, "x" * 1000).status_code == 413
        assert small.post("/v1/chat/completions", content=iter([b"x" * 400] * 4)).status_code == 413
    with held_to(service, rate=2) as slow:
        assert [slow.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]
    with held_to(service, token="secret") as closed:  # noqa: S106 - a test's
        assert closed.get("/v1/models").status_code == 401
        assert closed.get("/v1/models", headers={"Authorization": "Bearer secreT"}).status_code == 401
        assert closed.get("/v1/models", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert closed.get("/health").status_code == 200


def test_a_store_that_is_gone_is_a_503_within_the_deadline_and_the_service_recovers(
    service: Service, answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(application(service))
    with neo4j.GraphDatabase.driver("bolt://127.0.0.1:1", max_transaction_retry_time=0, connection_timeout=1) as gone:
        monkeypatch.setattr("retrieval.ground.Reader.driver", property(lambda reader: gone), raising=False)
        found = asked(client, "What is the capital of Peru?")
        assert found.status_code == 503
        assert found.json()["error"]["type"] == "server_error"
        monkeypatch.undo()
    assert asked(client, "What is the capital of Peru?").status_code == 200


def test_while_the_graphs_pictures_are_opened_a_picture_is_told_to_come_back_and_a_question_is_answered(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.01)
    begun, allowed = threading.Event(), threading.Event()

    def measure() -> None:
        begun.set()
        allowed.wait()

    pictures = Once(measure, "Come back.")
    thread = threading.Thread(target=pictures)
    thread.start()
    begun.wait()
    host = replace(service.host, answerer=replace(service.host.answerer, pictures=pictures))
    with TestClient(application(replace(service, host=host))) as client:
        found = asked(client, [{"type": "text", "text": "Which country is this?"}, picture("flag-PE-noto.webp")])
        assert (found.status_code, found.json()["error"]["message"]) == (503, "Come back.")
        assert found.headers["Retry-After"]
        assert asked(client, "What is the capital of Peru?").status_code == 200
    allowed.set()
    thread.join()


def test_who_would_wait_too_long_is_told_so(service: Service) -> None:
    hurried = replace(service, settings=ServeSettings(deadline=0.05, threads=1))
    with TestClient(application(hurried)) as client:
        hurried.threads.submit(time.sleep, 0.5)
        found = asked(client, "What is the capital of Peru?")
    assert found.status_code == 503
    assert found.headers["Retry-After"]


def test_health_and_figures_are_there_for_machines(client: TestClient, service: Service) -> None:
    asked(client, "What is the capital of Peru?")
    assert client.get("/health").json()["neo4j"] is True
    text = client.get("/metrics").text
    assert 'kwk_requests_total{route="/v1/chat/completions",status="200"}' in text
    assert "kwk_answer_seconds_count" in text
    sick = replace(service, alive=lambda: {"neo4j": False, "postgres": True})
    assert TestClient(application(sick)).get("/health").status_code == 503
