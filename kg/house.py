"""The servers of one KWK_HOME: which ports they have, whether they run, how one is started and stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kg.errors import ServiceError
from kg.neo4j_server import Neo4jServer
from kg.postgres_server import PostgresServer
from kg.processes import Known, choose_port, find, find_by_arguments, is_free, last_lines, listens, ticks
from kg.service_state import make_password, read_password, read_state, write_state
from kg.settings import ServiceSettings
from kg.static_server import StaticServer

Report = Callable[[str], None]

# Tried first; a port that is taken is passed over, and the one that was found is remembered.
FIRST_PORTS = {"bolt": 7687, "http": 7474, "postgres": 5432, "assets": 7480}
PORTS = {"assets": ("assets",), "neo4j": ("bolt", "http"), "postgres": ("postgres",)}
_LOCK_PATIENCE = 900.0  # seconds: another kwk may be fetching 190 MB
_PATIENCE = 180.0  # seconds until the first answer; recovery after a crash takes its time


class House:
    """The servers of one KWK_HOME, to be changed only under `alone`."""

    def __init__(self, settings: ServiceSettings, report: Report) -> None:
        """Read what is remembered."""
        self.settings = settings
        self.report = report
        self.state = read_state(settings.home)

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

    def known(self, name: str) -> Known | None:
        """Return the process of a server that runs: the one remembered, or one that was forgotten."""
        known = self.state.processes.get(name)
        return known if find(known) else find_by_arguments(*self.server(name).arguments)

    def start(self, name: str) -> None:
        """Start a server on the ports it had, or on free ones, unless it runs."""
        if any(port not in self.state.ports for port in PORTS[name]):
            self.leave(name)  # whatever runs: its ports were forgotten
        if self.known(name):
            return
        if name != "assets":
            make_password(self.settings.home, name)
        for port in PORTS[name]:
            others = [number for other, number in self.state.ports.items() if other != port]
            had = self.state.ports.get(port)
            if had is None or not is_free(had):
                self.state.ports[port] = choose_port(FIRST_PORTS[port], others)
        self._remember(name, self.server(name).start(self.report))

    def await_answer(self, name: str) -> None:
        """Return once a server answers that was started before."""
        for attempt in range(3):
            try:
                self._await_answer(name)
                return
            except ServiceError:
                # Did somebody take the port between our look and the server's? Then once more, on another.
                if attempt == 2 or self.known(name) or all(is_free(self.state.ports[port]) for port in PORTS[name]):
                    raise
                self.start(name)

    def _await_answer(self, name: str) -> None:
        known, server = self.known(name), self.server(name)
        for _ in ticks(_PATIENCE):
            if known is None or not find(known):
                raise ServiceError(f"{server.title} died while it started; {last_lines(server.log)}")
            # Only our own process is asked: a stranger on our port must not be offered a password.
            if listens(known, server.port) and server.answers():
                return
        raise ServiceError(f"{server.title} did not answer in {_PATIENCE:.0f} s; {last_lines(server.log)}")

    def look(self, name: str) -> str:
        """Say whether a server is running, starting or stopped."""
        known, server = self.known(name), self.server(name)
        if known is None:
            return "stopped"
        with suppress(ServiceError):
            if listens(known, server.port) and server.answers():
                return "running"
        return "starting"

    def leave(self, name: str) -> bool:
        """Stop one server, and say whether it ran."""
        known = self.known(name)
        if known:
            self.server(name).stop(known)
        return known is not None

    def _remember(self, name: str, known: Known) -> None:
        """Write down at once what was started: we may be interrupted while we wait for it."""
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
