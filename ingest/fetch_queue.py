"""Whose turn it is: jobs by host, so many at once for each, and a host that asked for a pause gets it."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """An address to be asked, with what is known of it from before."""

    id: int
    address: str
    host: str
    kept: bool = False  # a copy lies on disk: sha256, size, suffix, etag and modified are of that copy
    sha256: str = ""
    size: int = 0  # bytes
    suffix: str = ""
    etag: str = ""
    modified: str = ""
    tries: int = 0  # that failed in this run, with the bytes and seconds that they took
    received: int = 0
    seconds: float = 0.0


class HostQueue:
    """A window on a stream of jobs. Memory is that of the window, however long the stream is."""

    def __init__(self, jobs: Iterator[Job], per_host: int, window: int = 2_048) -> None:
        self.jobs: Iterator[Job] | None = jobs
        self.per_host = per_host
        self.window = window
        self.waiting: dict[str, deque[Job]] = {}
        self.held = 0  # jobs taken from the stream and not finished
        self.busy: Counter[str] = Counter()
        self.paused: dict[str, float] = {}  # host -> when it may be asked again, by the loop's clock
        self.changed = asyncio.Event()

    async def take(self) -> "tuple[Job, Slot] | None":
        """Return the next job with a slot at its host, as soon as there is one; None when all are finished."""
        while True:
            if job := self._pick():
                return job, Slot(self, job.host)
            if self.jobs is None and not self.held:
                return None
            await self._change()

    def finish(self) -> None:
        """Count one job as done with."""
        self.held -= 1
        self.changed.set()

    def again(self, job: Job, delay: float, pause_host: bool) -> None:
        """Offer a job once more after `delay` seconds; `pause_host` leaves its whole host alone for as long."""
        loop = asyncio.get_running_loop()
        if not pause_host:
            loop.call_later(delay, self._offer, job)
            return
        until = max(self.paused.get(job.host, 0.0), loop.time() + delay)
        self.paused[job.host] = until
        loop.call_at(until, self._resume, job.host, until)
        self._offer(job)

    def _resume(self, host: str, until: float) -> None:
        if self.paused.get(host) == until:  # nothing has prolonged the pause since
            del self.paused[host]
            self.changed.set()

    def _offer(self, job: Job) -> None:
        self.waiting.setdefault(job.host, deque()).appendleft(job)
        self.changed.set()

    def _pick(self) -> Job | None:
        while self.jobs is not None and self.held < self.window:
            job = next(self.jobs, None)
            if job is None:
                self.jobs = None
                break
            self.held += 1
            self.waiting.setdefault(job.host, deque()).append(job)
        for host, jobs in self.waiting.items():
            if self.busy[host] < self.per_host and host not in self.paused:
                job = jobs.popleft()
                if not jobs:
                    del self.waiting[host]
                self.busy[host] += 1
                return job
        return None

    async def _change(self) -> None:
        self.changed.clear()
        await self.changed.wait()

    async def enter(self, host: str) -> None:
        """Wait for a slot at a host."""
        while self.busy[host] >= self.per_host:
            await self._change()
        self.busy[host] += 1

    def leave(self, host: str) -> None:
        """Give a slot back."""
        self.busy[host] -= 1
        if not self.busy[host]:
            del self.busy[host]
        self.changed.set()


class Slot:
    """The right to ask one host; a redirect takes it to another, where it waits its turn."""

    def __init__(self, queue: HostQueue, host: str) -> None:
        self.queue = queue
        self.host: str | None = host

    async def move(self, host: str) -> None:
        """Go to another host."""
        if host != self.host:
            self.close()
            await self.queue.enter(host)
            self.host = host

    def close(self) -> None:
        """Give the right back."""
        if self.host is not None:
            self.queue.leave(self.host)
            self.host = None
