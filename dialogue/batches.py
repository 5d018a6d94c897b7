"""Run batches of dialogues in order, in this process or ahead of time in several."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from dialogue.asks import Ask
from dialogue.lines import line
from dialogue.material import Material, prepare
from dialogue.types import Format, Kind
from dialogue.walk import Task, walk
from kg.adjacency import Adjacency

BATCH = 100  # dialogues

Run = Callable[[Iterable[Task]], Iterator[list["Written"]]]


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a task. `line` is None where no start led to a second round."""

    line: str | None
    rounds: int = 0
    triples: tuple[int, ...] = ()  # that were asked
    unmet: tuple[Ask, ...] = ()  # wanted rounds that found no place


def write_batch(material: Material, seed: int, tasks: Sequence[Task]) -> list[Written]:
    """Plan, compose and serialise some dialogues: a pure function."""
    batch = []
    for task in tasks:
        found = walk(material, seed, task)
        if found.plan is None:
            batch.append(Written(None, unmet=found.unmet))
            continue
        rounds = found.plan.rounds
        triples = tuple([triple for each in rounds for triple in each.triples])
        batch.append(Written(line(material, found.plan) + "\n", len(rounds), triples, found.unmet))
    return batch


@contextmanager
def batches_of(material: Material, seed: int, workers: int = 1) -> Iterator[Run]:
    """Yield a function that turns tasks, which may have no end, into batches in their order."""
    if workers < 2:
        yield lambda tasks: (write_batch(material, seed, part) for part in _parts(tasks))
        return
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    origin = material.graph, seed, material.formats, material.lang, material.kinds
    with ProcessPoolExecutor(workers, multiprocessing.get_context(method), _begin_worker, origin) as executor:
        try:
            yield lambda tasks: _ahead(executor, tasks, 3 * workers)
        finally:
            executor.shutdown(cancel_futures=True)


def _parts(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    rest = iter(tasks)
    return iter(lambda: list(islice(rest, BATCH)), [])


def _ahead(executor: ProcessPoolExecutor, tasks: Iterable[Task], ahead: int) -> Iterator[list[Written]]:
    waiting: deque[Future[list[Written]]] = deque()
    for part in _parts(tasks):
        waiting.append(executor.submit(_write_in_worker, part))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_of_worker: list[tuple[Material, int]] = []  # what this process makes dialogues from, if it is a worker


def _begin_worker(graph: Adjacency, seed: int, formats: tuple[Format, ...], lang: str, kinds: tuple[Kind, ...]) -> None:
    _of_worker[:] = [(prepare(graph, seed, formats, lang, kinds), seed)]


def _write_in_worker(tasks: list[Task]) -> list[Written]:
    return write_batch(*_of_worker[0], tasks)
