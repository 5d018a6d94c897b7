"""Download the pictures that an index names, and report what rotted away.

Many connections, few to each host; what was kept stays kept when a run is killed; nothing private is asked unless it is
allowed. No proxy and no password is taken from the environment, and no cookie is kept.
"""

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import aiohttp
from filelock import FileLock, Timeout

from ingest.fetch_download import PARTS, Downloader
from ingest.fetch_guard import open_any, open_public
from ingest.fetch_index import Wanted
from ingest.fetch_queue import HostQueue
from ingest.fetch_report import REJECTS, FetchSummary, Lines, replacing, summarised, write_map, write_report
from ingest.fetch_state import FetchState
from ingest.images import MAX_BYTES
from kg import __version__
from kg.errors import DataError
from kg.progress import Progress, silent
from kg.types import Reject

USER_AGENT = f"kwk/{__version__} (knowledge-graph toolkit; kwk images fetch) aiohttp/{aiohttp.__version__}"
Listing = tuple[str, Iterable[Wanted | Reject]]  # an index: its name, and what its lines want


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How addresses are asked."""

    connections: int = 32
    per_host: int = 4
    timeout: float = 30.0  # seconds until a connection stands, and that a server may be silent; ten times for the whole
    retries: int = 3
    max_size: int = MAX_BYTES  # bytes of a body, after its Content-Encoding is undone
    allow_private: bool = False
    backoff: float = 0.5  # seconds before the first retry; twice as long before each further one
    longest_wait: float = 120.0  # seconds; also where a server asks for more

    def __post_init__(self) -> None:
        """Refuse what can't work. Raises DataError."""
        if min(self.connections, self.per_host, self.max_size) < 1 or self.timeout <= 0 or self.retries < 0:
            raise DataError(
                "Connections, connections per host and the size limit must be at least 1, the time-out more than 0 "
                f"and retries 0 or more: {self}."
            )

    def wait(self, tries: int, asked: float | None) -> float:
        """Return the seconds before the next try: what the server asked for, else longer each time and never the same.

        >>> FetchSettings(longest_wait=60).wait(0, 3600.0)
        60
        """
        if asked is not None:
            return min(asked, self.longest_wait)
        return min(self.backoff * 2.0**tries * random.uniform(0.5, 1.5), self.longest_wait)  # noqa: S311 - no secret


def fetch_images(
    listings: Iterable[Listing], folder: Path, settings: FetchSettings, progress: Progress = silent
) -> FetchSummary:
    """Fetch what the indexes want into `folder`. Raises DataError if it can't be used.

    However it ends short of being killed, the map and the report tell what was kept until then.
    """
    start = time.monotonic()
    with only_one(folder), closing(FetchState(folder, json.dumps(asdict(settings)))) as state:
        lines = read_listings(state, listings, folder)
        total = state.queue()
        try:
            with progress("addresses", total) as advance:
                asyncio.run(ask_all(state, folder, settings, advance))
            state.finish()
        except ExceptionGroup as exc:  # of the workers; what a server does is no exception
            if not exc.subgroup((OSError, sqlite3.Error)):
                raise
            raise DataError(f"{folder} can't be written: {exc.exceptions[0]}.") from exc
        finally:
            pictures = write_map(state, folder)
            write_report(state, folder)
        return summarised(state, folder, lines, pictures, time.monotonic() - start)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises DataError if another has it, or it can't be made."""
    try:
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetch.lock", timeout=0):
            yield
    except Timeout as exc:
        raise DataError(f"Another `kwk images fetch` writes {folder}; wait for it, or name another folder.") from exc
    except OSError as exc:
        raise DataError(f"{folder} can't be written: {exc.strerror or exc}.") from exc


def read_listings(state: FetchState, listings: Iterable[Listing], folder: Path) -> Lines:
    """Remember what the indexes want; write the lines that are no use, with their place and reason, to a file."""
    lines = Lines()
    with replacing(folder / REJECTS) as file:
        for name, items in listings:
            state.begin_listing(name)
            for item in items:
                lines.count += 1
                if isinstance(item, Wanted) and not state.want(item):
                    item = Reject(Path(name).name, item.line, "duplicate", f"says again: {item.entity} {item.address}")
                if isinstance(item, Reject):
                    lines.rejects[item.reason] = lines.rejects.get(item.reason, 0) + 1
                    file.write(json.dumps(asdict(item), ensure_ascii=False) + "\n")
            state.end_listing()
    if not lines.rejects:
        (folder / REJECTS).unlink()
    return lines


async def ask_all(state: FetchState, folder: Path, settings: FetchSettings, advance: Callable[[int], None]) -> None:
    """Ask all addresses of the queue."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.connections))  # names resolve there
    guard = open_any if settings.allow_private else open_public
    silence = settings.timeout
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.connections, socket_factory=guard),
        timeout=aiohttp.ClientTimeout(total=10 * silence, sock_connect=silence, sock_read=silence),
        headers={"User-Agent": USER_AGENT, "Accept": "image/*,*/*;q=0.1", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    ) as session:
        downloader = Downloader(session, state, folder, settings)
        queue = HostQueue(state.jobs(), settings.per_host)
        unreachable: set[str] = set()
        async with asyncio.TaskGroup() as group:
            for _ in range(settings.connections):
                group.create_task(work(downloader, queue, unreachable, advance))


async def work(downloader: Downloader, queue: HostQueue, unreachable: set[str], advance: Callable[[int], None]) -> None:
    """Ask one address after the other. A host that answered none of its tries gets one try for each further address."""
    settings = downloader.settings
    while taken := await queue.take():
        job, slot = taken
        try:
            outcome, again = await downloader.attempt(job, slot)
        finally:
            slot.close()
        if again and job.tries < (0 if job.host in unreachable else settings.retries):
            more = replace(job, tries=job.tries + 1, received=outcome.received, seconds=outcome.seconds)
            queue.again(more, settings.wait(job.tries, again.wait), again.whole_host or outcome.status is None)
            continue
        if again and outcome.status is None:  # nothing was heard of the host
            unreachable.add(job.host)
        else:
            unreachable.discard(job.host)
        downloader.state.record(job, outcome)
        queue.finish()
        advance(1)
        await asyncio.sleep(0)  # what is refused at once never waits: without this nobody else would get a turn
