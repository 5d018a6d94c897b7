"""The servers of one KWK_HOME: which ports they have, whether they run, how one is started and stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from kg.errors import ServiceError
from kg.neo4j_server import Neo4jServer
from kg.postgres_server import PostgresServer
from kg.processes import Known, choose_port, find, is_free
from kg.service_state import make_password, read_password, read_state, write_state
from kg.settings import ServiceSettings
from kg.static_server import StaticServer

Report = Callable[[str], None]

# Tried first; a port that is taken is passed over, and the one that was found is remembered.
FIRST_PORTS = {"bolt": 7687, "http": 7474, "postgres": 5432, "assets": 7480}
PORTS = {"assets": ("assets",), "neo4j": ("bolt", "http"), "postgres": ("postgres",)}
_LOCK_PATIENCE = 900.0  # seconds: another kwk may be fetching 190 MB


class House:
    """The servers of one KWK_HOME, to be changed only under `alone`."""

    def __init__(self, settings: ServiceSettings, report: Report) -> None:
        """Read what is remembered."""
        self.settings = settings
        self.report = report
        self.state = read_state(settings.home)
        self._turn = Lock()  # both stores start at once

    @property
    def assets(self) -> StaticServer:
        """Return the static server as it was last started."""
        return StaticServer(self.settings.home, self.state.ports.get("assets", 0))

    @property
    def neo4j(self) -> Neo4jServer:
        """Return Neo4j as it was last started."""
        settings = self.settings
        bolt, http, assets = (self.state.ports.get(port, 0) for port in ("bolt", "http", "assets"))
        password = read_password(settings.home, "neo4j") or ""
        return Neo4jServer(settings.home, bolt, http, assets, password, settings.java, settings.maven_repository)

    @property
    def postgres(self) -> PostgresServer:
        """Return Postgres as it was last started."""
        home = self.settings.home
        return PostgresServer(home, self.state.ports.get("postgres", 0), read_password(home, "postgres") or "")

    def server(self, name: str) -> Neo4jServer | PostgresServer | StaticServer:
        """Return the server of that name."""
        if name == "assets":
            return self.assets
        return self.neo4j if name == "neo4j" else self.postgres

    def bring(self, name: str) -> None:
        """Start a server if it does not run, and return once it answers."""
        if not all(port in self.state.ports for port in PORTS[name]):
            self.leave(name)  # whatever runs, its ports were forgotten
        for attempt in range(3):
            known = self.known(name)
            if known is None:
                known = self._start(name)
            try:
                self.server(name).await_answer(known)
            except ServiceError:
                # Did somebody take the port between our look and the server's? Then look again.
                if attempt == 2 or find(known) or all(is_free(self.state.ports[port]) for port in PORTS[name]):
                    raise
            else:
                return

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
def alone(home: Path, report: Report) -> Iterator[None]:
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
