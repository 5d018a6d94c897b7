"""Run batches of dialogues in order, in this process or ahead of time in several."""

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Literal, NamedTuple

from dialogue.asks import Ask
from dialogue.lines import line
from dialogue.material import Material, Origin
from dialogue.tongues import in_all, prepare_in
from dialogue.walk import Task, walk

BATCH = 100  # dialogues

AHEAD = 3  # batches that are begun before they are wanted, for each worker

Engine = Literal["processes", "ray"]
Submit = Callable[[list[Task]], Callable[[], list["Written"]]]  # begins a batch; what it returns waits for its end
Run = Callable[[Iterable[Task]], Iterator[list["Written"]]]


class Written(NamedTuple):
    """What came of a task: a line in each language. `lines` is None where no start led to a second round."""

    lines: str | None
    rounds: int = 0
    owed: tuple[tuple[int, Ask], ...] = ()  # triples that train has to ask for as well, and how
    unmet: tuple[Ask, ...] = ()  # wanted rounds that found no place


def write_batch(material: Material, seed: int, tasks: Sequence[Task]) -> list[Written]:
    """Plan, compose and serialise some dialogues: a pure function."""
    batch = []
    for task in tasks:
        found = walk(material, seed, task)
        if found.plan is None:
            batch.append(Written(None, unmet=found.unmet))
            continue
        lines = "".join([line(each, plan) + "\n" for each, plan in in_all(material, found.plan)])
        batch.append(Written(lines, len(found.plan.rounds), found.owed, found.unmet))
    return batch


@contextmanager
def batches_of(material: Material, seed: int, workers: int = 1, engine: Engine = "processes") -> Iterator[Run]:
    """Yield a function that turns tasks, which may have no end, into batches in their order."""
    if engine == "ray":
        from dialogue.ray_workers import ray_workers

        with ray_workers(material.origin, workers) as submit:
            yield lambda tasks: _ahead(submit, tasks, AHEAD * workers)
        return
    if workers < 2:
        yield lambda tasks: (write_batch(material, seed, part) for part in _parts(tasks))
        return
    forks = "fork" in multiprocessing.get_all_start_methods()
    given = material if forks else material.origin  # a fork has its parent's; memory views can't be sent
    context = multiprocessing.get_context("fork" if forks else "spawn")
    with ProcessPoolExecutor(workers, context, _begin_worker, (given,)) as executor:
        try:
            yield lambda tasks: _ahead(
                lambda part: executor.submit(_write_in_worker, part).result, tasks, AHEAD * workers
            )
        finally:
            executor.shutdown(cancel_futures=True)


def _parts(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    rest = iter(tasks)
    return iter(lambda: list(islice(rest, BATCH)), [])


def _ahead(submit: Submit, tasks: Iterable[Task], ahead: int) -> Iterator[list[Written]]:
    waiting: deque[Callable[[], list[Written]]] = deque()
    for part in _parts(tasks):
        waiting.append(submit(part))
        if len(waiting) > ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


_of_worker: list[tuple[Material, int]] = []  # what this process makes dialogues from, if it is a worker


def _begin_worker(given: Material | Origin) -> None:
    material = prepare_in(given) if isinstance(given, Origin) else given
    _of_worker[:] = [(material, material.origin.seed)]
    gc.freeze()  # the material stays: looking through it for garbage costs time, and copies pages that a fork shares


def _write_in_worker(tasks: list[Task]) -> list[Written]:
    return write_batch(*_of_worker[0], tasks)
