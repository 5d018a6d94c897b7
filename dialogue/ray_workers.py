"""Batches of dialogues on Ray's workers, on this machine: Ray is started for a build and stopped after it."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from dialogue.batches import Submit, Written, write_batch
from dialogue.material import Origin
from dialogue.tongues import prepare_in
from dialogue.walk import Task
from kg.errors import DataError, ServiceError

STORE = 512 << 20  # bytes of Ray's object store: a graph goes through it once
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # no cluster: it listens on this machine alone, on every system
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_open_telemetry": "0",
}


class Worker:
    """What stands in each of Ray's processes."""

    def __init__(self, origin: Origin) -> None:
        self._material = prepare_in(origin)
        self._seed = origin.seed

    def write(self, tasks: list[Task]) -> list[Written]:
        """Write a batch."""
        return write_batch(self._material, self._seed, tasks)


@contextmanager
def ray_workers(origin: Origin, workers: int) -> Iterator[Submit]:
    """Start Ray on 127.0.0.1 with so many workers; yield a function that begins a batch on the next of them.

    Raises DataError if Ray isn't installed or is at work already, ServiceError if it does not start.
    """
    with _environment(QUIET):  # Ray reads it when it is imported, and so do its processes
        try:
            import ray
        except ImportError as exc:
            raise DataError(
                "Ray isn't installed, so --engine ray can't work; `pip install 'kwk[ray]'`, or leave --engine out."
            ) from exc
        if ray.is_initialized():
            raise DataError("Ray is at work in this process already; stop it, or leave --engine out.")
        place = tempfile.mkdtemp(prefix="kwk-ray-")  # short: sockets stand below it
        try:
            _start(workers, place)
            yield _submitting(origin, workers)
        finally:
            ray.shutdown()
            shutil.rmtree(place, ignore_errors=True)


def _start(workers: int, place: str) -> None:
    import ray

    try:
        ray.init(
            address="local",
            num_cpus=workers,
            num_gpus=0,
            include_dashboard=False,
            object_store_memory=STORE,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
            _temp_dir=place,
        )
    except (OSError, RuntimeError, ValueError, ConnectionError) as exc:
        raise ServiceError(f"Ray did not start: {exc}. Leave --engine out to build without it.") from exc


def _submitting(origin: Origin, workers: int) -> Submit:
    """Begin the workers, which share one copy of what they make their material from."""
    import ray

    shared = ray.put(origin)
    kind: Any = ray.remote(num_cpus=1, max_restarts=0)(Worker)
    actors = cycle([kind.remote(shared) for _ in range(workers)])

    def submit(tasks: list[Task]) -> Callable[[], list[Written]]:
        running = next(actors).write.remote(tasks)

        def finished() -> list[Written]:
            try:
                written: list[Written] = ray.get(running)
            except ray.exceptions.RayError as exc:
                raise ServiceError(f"Ray lost a worker: {exc}. Build again, or leave --engine out.") from exc
            return written

        return finished

    return submit


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
