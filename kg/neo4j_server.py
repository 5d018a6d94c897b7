"""Our own Neo4j Community server: its configuration, its start, its first password."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import ClassVar

from kg.errors import ServiceError
from kg.jars import fetch_jars
from kg.java import choose_java
from kg.processes import Known, end, find_by_arguments, launch
from kg.service_state import password_file
from kg.settings import Neo4jAddress

USER = "neo4j"
MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
ADMIN_CLASS = "org.neo4j.cli.AdminTool"  # the offline importer's
_FIRST_PASSWORD = "neo4j"  # noqa: S105 - what every new Neo4j has, until we set another
_STOP_PATIENCE = 30.0  # seconds
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")

# The guide opens beside what one draws. The last two keys are internal ones: they cut the stop from 10 s to half a
# second.
_CONFIGURATION = """\
# Written by kwk at every start.
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
server.directories.import=import
server.memory.pagecache.size={page_cache}m
db.tx_log.rotation.retention_policy=256M size
browser.remote_content_hostname_whitelist=localhost,127.0.0.1
browser.post_connect_cmd=style {static}/kg.grass; guide {static}/guide.html
client.allow_telemetry=false
dbms.usage_report.enabled=false
internal.server.bolt.thread_pool_shutdown_wait_time=0s
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
"""


@dataclass(frozen=True, slots=True)
class Neo4jServer:
    """The server of one KWK_HOME. `assets` is the port of the static server, from which Browser takes its style."""

    title: ClassVar[str] = "Neo4j"
    home: Path
    bolt: int
    http: int
    assets: int
    password: str = field(repr=False)
    java: str | None = None
    repository: str | None = None

    @property
    def address(self) -> Neo4jAddress:
        """Return how to reach the server."""
        return Neo4jAddress(
            f"bolt://127.0.0.1:{self.bolt}", USER, self.password, f"http://localhost:{self.http}/browser/"
        )

    @property
    def port(self) -> int:
        """Return the port that is waited for."""
        return self.bolt

    @property
    def folder(self) -> Path:
        """Return Neo4j's own home: configuration, data and logs."""
        return self.home / "neo4j" / "home"

    @property
    def log(self) -> Path:
        """Return the file that holds what the server prints."""
        return self.home / "logs" / "neo4j.log"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments by which this server is known among all processes."""
        return MAIN_CLASS, f"--home-dir={self.folder}"

    def start(self, report: Callable[[str], None]) -> Known:
        """Fetch what is missing, start the server and return at once."""
        import psutil

        java = choose_java(self.java)
        fetch_jars(self.home / "neo4j" / "lib", self.repository, report)
        self.forget_half_import()
        report(f"starting Neo4j on port {self.bolt}")
        heap, page_cache = (1024, 512) if psutil.virtual_memory().total > 12e9 else (512, 256)
        for name in ("conf", "import"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        static = f"http://localhost:{self.assets}"
        text = _CONFIGURATION.format(bolt=self.bolt, http=self.http, static=static, page_cache=page_cache)
        (self.folder / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")
        conf = f"--config-dir={self.folder / 'conf'}"
        return launch([*self.java_command(java, heap), *self.arguments, conf], self.log, self.folder)

    @property
    def jars(self) -> str:
        """Return where Java finds Neo4j's classes."""
        return str(self.home / "neo4j" / "lib" / "*")

    @property
    def importing(self) -> Path:
        """Return the file that is there for as long as the offline importer replaces the database."""
        return self.home / "neo4j" / "importing"

    @property
    def tables(self) -> Path:
        """Return the folder of what the importer reads."""
        return self.home / "neo4j" / "tables"

    def forget_half_import(self) -> None:
        """Remove what an importer that was killed has left: Neo4j can't open it, and before it there was nothing.

        It may still run, where only the command that started it was killed.
        """
        if self.importing.exists():
            end(find_by_arguments(ADMIN_CLASS, self.jars), _STOP_PATIENCE)
            rmtree(self.tables, ignore_errors=True)
            for part in ("databases", "transactions"):
                rmtree(self.folder / "data" / part / "neo4j", ignore_errors=True)
            self.importing.unlink()

    def java_command(self, java: Path, heap: int) -> list[str]:
        """Return how Java runs a class of Neo4j's, with `heap` MiB at most."""
        options = [f"-Xms{heap // 2}m", f"-Xmx{heap}m", "-XX:+UseParallelGC", "-Dfile.encoding=UTF-8"]
        options += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        options += ["--enable-native-access=ALL-UNNAMED", "-cp", self.jars]
        return [str(java), *options]

    def knows_assets(self) -> bool:
        """Say whether the server was started with the present address of the static server."""
        conf = self.folder / "conf" / "neo4j.conf"
        return f"http://localhost:{self.assets}/" in conf.read_text(encoding="utf-8")

    def answers(self) -> bool:
        """Say whether a query is answered."""
        return self.version() is not None

    def version(self) -> str | None:
        """Return the version if the server answers a query, None if it does not answer yet."""
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        uri = self.address.uri
        try:
            return query_version(uri, USER, self.password)
        except AuthError as exc:
            with suppress(AuthError):
                _set_first_password(uri, self.password)
                return None
            raise ServiceError(
                f"Neo4j at {uri} refuses the password in {password_file(self.home, 'neo4j')}: write there the one "
                f"that was set, or move {self.folder / 'data'} away to start with an empty graph."
            ) from exc
        except (DriverError, Neo4jError, OSError):
            return None

    def stop(self, known: Known) -> None:
        """Stop the server; what was committed is on disk, even if it must be killed."""
        end(known, _STOP_PATIENCE)


def query_version(uri: str, user: str, password: str) -> str:
    """Ask a server for its version on the database that graphs go to."""
    from neo4j import GraphDatabase

    with (
        GraphDatabase.driver(
            uri, auth=(user, password), connection_timeout=5, notifications_min_severity="OFF"
        ) as driver,
        driver.session() as session,
    ):
        text = "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version"
        record = session.run(text).single(strict=True)
        return str(record["version"])


def _set_first_password(uri: str, password: str) -> None:
    """Replace the password that every new Neo4j has."""
    from neo4j import GraphDatabase

    with (
        GraphDatabase.driver(uri, auth=(USER, _FIRST_PASSWORD), connection_timeout=5) as driver,
        driver.session(database="system") as session,
    ):
        session.run(
            "ALTER CURRENT USER SET PASSWORD FROM $first TO $password", first=_FIRST_PASSWORD, password=password
        ).consume()
