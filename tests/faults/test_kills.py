"""Killed at any moment, client or server, an ingest that is run again ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kg import removal, vectors
from kg.house import House
from kg.services import ensure
from kg.settings import ServiceSettings
from tests.faults.rough import State, open_stores, state

NAME = "rough"
Report = Callable[[str, int, int], None]


def ingest(home: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start an ingest as a process of its own."""
    call = [sys.executable, "-c", "from kg.cli import main; main()", "-q", "--home", str(home)]
    return subprocess.Popen(
        [*call, "ingest", "fb15k", "--source", str(folder), "--graph", NAME],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(home: Path, folder: Path) -> float:
    """Ingest to the end; return the seconds it took."""
    start = time.monotonic()
    process = ingest(home, folder)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - start


def clear(home: Path) -> None:
    """Take the graph out of both stores."""
    driver = open_stores(home)
    engine = vectors.connect(ensure(ServiceSettings(home), print).postgres)
    removal.remove_graph(driver, engine, NAME)
    vectors.remove(engine, sorted(vectors.held(engine)))
    engine.dispose()
    driver.close()


@pytest.fixture(scope="module")
def undisturbed(rough: Path, chain: Path) -> Iterator[tuple[State, float]]:
    """What the stores hold after an ingest that nobody disturbs, and how long it takes."""
    finish(rough, chain)  # the first one warms the servers up
    whole = state(rough, NAME)
    clear(rough)
    seconds = finish(rough, chain)
    assert state(rough, NAME).same(whole)
    yield whole, seconds


def wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let a process run for some time, or to its end."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def violations(
    home: Path, folder: Path, whole: State, kills: int, disturb: Callable[[subprocess.Popen[bytes]], None]
) -> int:
    """Disturb one ingest after the other; return how many did not end, after a rerun, as if undisturbed."""
    wrong = 0
    for _ in range(kills):
        clear(home)
        process = ingest(home, folder)
        disturb(process)
        process.communicate()
        finish(home, folder)
        wrong += not state(home, NAME).same(whole)
    return wrong


def test_an_ingest_killed_at_any_moment_is_completed_by_the_next(
    rough: Path, chain: Path, undisturbed: tuple[State, float], report: Report, pytestconfig: pytest.Config
) -> None:
    whole, seconds = undisturbed
    kills, moments = pytestconfig.getoption("--kills"), random.Random(1)  # noqa: S311

    def disturb(process: subprocess.Popen[bytes]) -> None:
        wait(process, moments.uniform(0.2, 1.0) * seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    wrong = violations(rough, chain, whole, kills, disturb)
    report("ingest", kills, wrong)
    assert wrong == 0


@pytest.mark.parametrize("server", ["postgres", "neo4j"])
def test_a_server_killed_under_an_ingest_loses_and_doubles_nothing(
    server: str, rough: Path, chain: Path, undisturbed: tuple[State, float], report: Report,
    pytestconfig: pytest.Config,
) -> None:  # fmt: skip
    whole, seconds = undisturbed
    kills, moments = pytestconfig.getoption("--server-kills"), random.Random(2)  # noqa: S311

    def disturb(process: subprocess.Popen[bytes]) -> None:
        wait(process, moments.uniform(0.2, 1.0) * seconds)
        kill(rough, server)
        ensure(ServiceSettings(rough), print)  # the ingest may be waiting for it

    wrong = violations(rough, chain, whole, kills, disturb)
    report(server, kills, wrong)
    assert wrong == 0


def test_of_two_ingests_at_once_the_earlier_says_why_it_stops_and_one_whole_graph_is_left(
    rough: Path, chain: Path, undisturbed: tuple[State, float]
) -> None:
    clear(rough)
    runs = [ingest(rough, chain) for _ in range(2)]
    errors = [run.communicate()[1].decode() for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 0], [0, 1])
    told = [error for run, error in zip(runs, errors, strict=True) if run.returncode]
    assert all("Another command began to write" in error for error in told)
    finish(rough, chain)
    assert state(rough, NAME).same(undisturbed[0])


def test_of_two_ingests_with_postgres_killed_under_them_one_graph_is_left(
    rough: Path, chain: Path, undisturbed: tuple[State, float], report: Report
) -> None:
    whole, seconds = undisturbed

    def disturb(process: subprocess.Popen[bytes]) -> None:
        second = ingest(rough, chain)
        wait(second, 0.6 * seconds)
        kill(rough, "postgres")
        ensure(ServiceSettings(rough), print)
        second.communicate()

    wrong = violations(rough, chain, whole, 1, disturb)
    report("two ingests and postgres", 1, wrong)
    assert wrong == 0


def kill(home: Path, server: str) -> None:
    """Kill a server and whatever it started, at once."""
    known = House(ServiceSettings(home), print).known(server)
    assert known is not None
    process = psutil.Process(known.pid)
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    with suppress(psutil.NoSuchProcess):
        process.wait(30)
