"""Stores killed and restarted under `kwk serve`: each request ends with an answer or a clear 503, and it recovers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import httpx
import pytest

from benchmarks.served import SLACK, Country, Served, Told, ask, countries, message, served, talk
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, Tower
from kg import vectors
from kg.rdf import read_rdf
from kg.services import ensure
from kg.settings import ServiceSettings
from tests.faults.rough import open_stores
from tests.faults.test_kills import kill

DEADLINE = 8.0  # seconds; shorter than a restart of Neo4j, so that some requests reach it
CLIENTS = 4
RECOVERY = 60  # seconds
Report = Callable[[str, int, int], None]


@dataclass
class Crowd:
    """Clients that talk with a server until it is over."""

    server: Served
    about: list[Country]
    told: list[Told] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def converse(self, seed: int) -> None:
        """Talk, one request after the other; after a refusal a moment later."""
        with httpx.Client(base_url=self.server.address, timeout=DEADLINE + SLACK) as client:
            for told in talk(client, self.about, Random(seed)):  # noqa: S311
                self.told.append(told)
                if self.over.wait(0.01 if told.status == 200 else 0.2):
                    return


@pytest.fixture(scope="module")
def about() -> list[Country]:
    """Whom is talked about."""
    return countries()[:20]


@pytest.fixture(scope="module")
def server(rough: Path, tower: Tower, about: list[Country]) -> Iterator[Served]:
    """`kwk serve` over the atlas, with the flags that are asked for, in a home whose servers get killed."""
    source = read_rdf([folder() / "atlas.ttl"], "atlas")
    flags = [each for each in source.images if Path(each.path).name in {each.flag.name for each in about}]
    with open_stores(rough) as driver:
        engine = vectors.connect(ensure(ServiceSettings(rough), print).postgres)
        load(Target(driver, engine, "served", rough), replace(source, images=flags), tower)
        engine.dispose()
    with served(rough, "served", "--deadline", str(DEADLINE)) as made:
        yield made


@pytest.fixture
def crowd(server: Served, about: list[Country]) -> Iterator[Crowd]:
    """A few clients that talk all the time."""
    made = Crowd(server, about)
    threads = [threading.Thread(target=made.converse, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    yield made
    made.over.set()
    for thread in threads:
        thread.join()


def clear(told: Told) -> bool:
    """Say whether a request ended as it should: an answer or a 503 with a sentence, within its deadline."""
    if told.seconds > DEADLINE + 2:  # to be sent and read on a busy machine
        return False
    if told.status == 200:
        return told.apt
    return told.status == 503 and json.loads(told.text)["error"]["message"].endswith((".", ")"))


def answers_again(address: str) -> bool:
    """Say whether the server answers from both stores again, and says that it is well."""
    with httpx.Client(base_url=address, timeout=DEADLINE + SLACK) as client:
        end = time.monotonic() + RECOVERY
        while time.monotonic() < end:
            told = ask(client, "fact", [message("What is the capital of Peru?")], "Lima")
            if told.status == 200 and told.apt and client.get("/health").status_code == 200:
                return True
            time.sleep(0.2)
    return False


@pytest.mark.parametrize("store", ["postgres", "neo4j"])
def test_a_store_killed_under_the_service_costs_answers_for_a_while_and_nothing_else(
    store: str, rough: Path, server: Served, crowd: Crowd, report: Report, pytestconfig: pytest.Config
) -> None:
    said = len(server.log_text())
    kills, moments, lost = pytestconfig.getoption("--serving-kills"), Random(3), 0  # noqa: S311
    for _ in range(kills):
        time.sleep(moments.uniform(0.2, 2.0))
        kill(rough, store)
        time.sleep(moments.uniform(0.0, 1.5))
        ensure(ServiceSettings(rough), print)
        lost += not answers_again(server.address)
    crowd.over.set()
    unclear = [told for told in crowd.told if not clear(told)]
    refused = sum(told.status == 503 for told in crowd.told)
    report(f"{store} under kwk serve ({len(crowd.told)} requests, {refused} of them 503)", kills, len(unclear) + lost)
    assert not unclear
    assert lost == 0
    assert server.process.is_running()
    assert "Traceback" not in server.log_text()[said:]
