"""The services of one KWK_HOME: start what is not running, say where it is, stop it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from kg.configured import check_neo4j, check_postgres, configured_neo4j, configured_postgres
from kg.errors import ServiceError
from kg.neo4j_server import Neo4jServer
from kg.postgres_server import PostgresServer
from kg.processes import Known, choose_port, find, is_free
from kg.service_state import make_home, make_password, read_password, read_state, write_state
from kg.settings import Addresses, ServiceSettings
from kg.static_server import StaticServer, install_assets

Report = Callable[[str], None]
Server = Neo4jServer | PostgresServer | StaticServer

# Tried first; a port that is taken is passed over, and the one that was found is remembered.
FIRST_PORTS = {"bolt": 7687, "http": 7474, "postgres": 5432, "assets": 7480}
PORTS = {"assets": ("assets",), "neo4j": ("bolt", "http"), "postgres": ("postgres",)}
_LOCK_PATIENCE = 900.0  # seconds: another kwk may be fetching 190 MB


def ensure(settings: ServiceSettings, report: Report) -> Addresses:
    """Start what is not running, wait until it answers, and return all addresses."""
    neo4j, postgres = configured_neo4j(settings), configured_postgres(settings)
    if neo4j:
        check_neo4j(neo4j)
    if postgres:
        check_postgres(postgres)
    make_home(settings.home)
    install_assets(settings.home)
    with _alone(settings.home, report):
        house = _House(settings, report)
        assets = house.bring("assets").address
        wanted = [name for name, given in (("neo4j", neo4j), ("postgres", postgres)) if given is None]
        with ThreadPoolExecutor(2) as pool:  # leaving it waits for both, whatever becomes of one
            jobs = {name: pool.submit(house.bring, name) for name in wanted}
        found = {name: job.result().address for name, job in jobs.items()}
    return Addresses(neo4j or found["neo4j"], postgres or found["postgres"], assets)


def stop(settings: ServiceSettings) -> tuple[str, ...]:
    """Stop every server of this KWK_HOME that runs, and return their names."""
    if not (settings.home / "services.json").exists():
        return ()
    with _alone(settings.home, lambda _: None):
        house = _House(settings, lambda _: None)
        with ThreadPoolExecutor(len(PORTS)) as pool:
            jobs = {name: pool.submit(house.leave, name) for name in PORTS}
        return tuple(name for name, job in jobs.items() if job.result())


class _House:
    """The servers of one KWK_HOME, while nobody else starts or stops them."""

    def __init__(self, settings: ServiceSettings, report: Report) -> None:
        """Read what is remembered."""
        self.settings = settings
        self.report = report
        self.state = read_state(settings.home)
        self._turn = Lock()  # both stores start at once

    def server(self, name: str) -> Server:
        """Return one server as it was last started."""
        settings, ports = self.settings, self.state.ports
        home = settings.home
        if name == "assets":
            return StaticServer(home, ports.get("assets", 0))
        password = read_password(home, name) or ""
        if name == "postgres":
            return PostgresServer(home, ports.get("postgres", 0), password)
        bolt, http, assets = (ports.get(port, 0) for port in ("bolt", "http", "assets"))
        return Neo4jServer(home, bolt, http, assets, password, settings.java, settings.maven_repository)

    def bring(self, name: str) -> Any:
        """Return a server that answers; start it if it does not run."""
        if not all(port in self.state.ports for port in PORTS[name]):
            self.leave(name)  # whatever runs, its ports were forgotten
        for attempt in range(3):
            known = self.known(name)
            if known is None:
                known = self._start(name)
            server = self.server(name)
            try:
                server.await_answer(known)
            except ServiceError:
                # Did somebody take the port between our look and the server's? Then look again.
                if attempt == 2 or find(known) or all(is_free(self.state.ports[port]) for port in PORTS[name]):
                    raise
            else:
                return server
        raise AssertionError("the last attempt returned or raised")

    def known(self, name: str) -> Known | None:
        """Return the process of a server that runs."""
        return self.server(name).running(self.state.processes.get(name))

    def leave(self, name: str) -> bool:
        """Stop one server, and say whether it ran."""
        known = self.known(name)
        if known:
            self.server(name).stop(known)
        self._remember(name, None)
        return known is not None

    def _start(self, name: str) -> Known:
        """Start one server on the ports it had, or on free ones."""
        if name != "assets":
            make_password(self.settings.home, name)
        with self._turn:
            ports = self.state.ports
            for port in PORTS[name]:
                others = [number for other, number in ports.items() if other != port]
                if port not in ports or not is_free(ports[port]):
                    ports[port] = choose_port(FIRST_PORTS[port], others)
        known = self.server(name).start(self.report)
        self._remember(name, known)
        return known

    def _remember(self, name: str, known: Known | None) -> None:
        """Write down at once what was started: we may be interrupted while we wait for it."""
        with self._turn:
            self.state.processes.pop(name, None)
            if known:
                self.state.processes[name] = known
            write_state(self.settings.home, self.state)


@contextmanager
def _alone(home: Path, report: Report) -> Iterator[None]:
    """Hold off every other kwk that wants to start or stop servers of this KWK_HOME."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / "services.lock")
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report("waiting for another kwk that starts or stops the servers")
            lock.acquire(timeout=_LOCK_PATIENCE)
    except Timeout as exc:
        raise ServiceError(
            f"Another kwk has held {lock.lock_file} for {_LOCK_PATIENCE:.0f} s: end it and try again."
        ) from exc
    try:
        yield
    finally:
        lock.release()
