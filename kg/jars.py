"""Neo4j's jars: which ones (neo4j.lock.toml), and how they come here."""

import logging
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from kg.errors import ServiceError

_THREADS = 16
_TELL = 40e6  # bytes between two lines about the fetch


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock. `path` is that in a Maven repository, `size` in bytes."""

    coordinate: str
    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Return the file name, which is unique in the lock."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Lock:
    """The server's version and all its jars."""

    version: str
    jars: tuple[Jar, ...]


def read_lock() -> Lock:
    """Return the content of neo4j.lock.toml."""
    told = tomllib.loads(Path(__file__).with_name("neo4j.lock.toml").read_text(encoding="utf-8"))
    return Lock(told["version"], tuple(Jar(**jar) for jar in told["jars"]))


def maven_central() -> str:
    """Return the address of the public repository of Java's packages, as jgo knows it."""
    from jgo.maven import MavenContext

    return MavenContext().remote_repos["central"]


def fetch_jars(folder: Path, repository: str | None, report: Callable[[str], None]) -> None:
    """Bring every jar of the lock into `folder`; one that is there with the right SHA-256 stays."""
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    lock = read_lock()
    folder.mkdir(parents=True, exist_ok=True)
    kept = {jar.name for jar in lock.jars}
    for stray in folder.iterdir():
        if stray.name not in kept:  # of another version, or the rest of an interrupted fetch
            stray.unlink()
    missing = [jar for jar in lock.jars if not (folder / jar.name).exists()]
    if missing:
        size = sum(jar.size for jar in missing) / 1e6
        report(f"fetching Neo4j {lock.version}: {len(missing)} jars, {size:.0f} MB (GPLv3, once)")
    base = (repository or maven_central()).rstrip("/")
    depot = pooch.create(
        path=folder,
        base_url="",
        registry={jar.name: f"sha256:{jar.sha256}" for jar in lock.jars},
        urls={jar.name: f"{base}/{jar.path}" for jar in lock.jars},
        retry_if_failed=2,
    )
    downloader = pooch.HTTPDownloader(timeout=60)
    done, told = 0, 0
    with ThreadPoolExecutor(_THREADS) as pool:
        jobs = {pool.submit(depot.fetch, jar.name, downloader=downloader): jar for jar in lock.jars}
        for job in as_completed(jobs):
            if (exc := job.exception()) is not None:
                pool.shutdown(cancel_futures=True)
                raise _refused(jobs[job], base, exc) from exc
            done += jobs[job].size if jobs[job] in missing else 0
            if done - told > _TELL:
                told = done
                report(f"fetched {done / 1e6:.0f} MB")


def _refused(jar: Jar, base: str, exc: BaseException) -> ServiceError:
    """Say why one jar could not be had, and what to do."""
    if isinstance(exc, ValueError):  # pooch: the hash of what came differs
        return ServiceError(
            f"{jar.coordinate} from {base} is not what neo4j.lock.toml expects (its SHA-256 differs): "
            "try again, or name another mirror with KWK_MAVEN_REPOSITORY."
        )
    return ServiceError(
        f"{jar.coordinate} can't be fetched from {base} ({type(exc).__name__}): connect to the network for the first "
        "start, name a mirror with KWK_MAVEN_REPOSITORY, or a Neo4j of your own with KWK_NEO4J_URI."
    )
