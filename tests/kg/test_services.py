"""Our own pair of stores through everything that happens to servers on somebody's machine."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from neo4j import GraphDatabase

import kg
from kg.errors import ServiceError
from kg.house import House
from kg.java import OLDEST, choose_java, java_version
from kg.postgres_place import SYSTEM_FOLDER, SYSTEM_USER, read_place
from kg.processes import Known, find, is_free, know
from kg.service_state import make_home, read_password, read_state, write_state
from kg.services import ensure, status, stop
from kg.settings import Addresses, ServiceSettings

NewHome = Callable[..., Path]
posix = pytest.mark.skipif(os.name != "posix", reason="modes and users as POSIX has them")
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root starts servers as another")


def kwk(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start the command as a user does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KWK_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from kg.cli import main; main()", *arguments],
        env=environment | {"KWK_HOME": str(home)} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, *arguments: str, **more: str) -> str:
    """Run the command to its end, and return what it printed."""
    process = kwk(home, *arguments, **more)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def known(home: Path, name: str) -> Known:
    """Return the process of a server that must be running."""
    found = House(ServiceSettings(home), print).known(name)
    assert found is not None
    return found


def kill(home: Path, name: str) -> Known:
    """Kill a server the hard way, and return what it was."""
    victim = known(home, name)
    psutil.Process(victim.pid).kill()
    while find(victim):
        time.sleep(0.01)
    return victim


def both_answer(addresses: Addresses) -> bool:
    """Ask both stores a question."""
    neo4j, postgres = addresses.neo4j, addresses.postgres
    with GraphDatabase.driver(neo4j.uri, auth=(neo4j.user, neo4j.password)) as driver:
        one = driver.execute_query("RETURN 1 AS one").records[0]["one"]
    with psycopg.connect(postgres.url, password=postgres.password) as connection:
        row = connection.execute("SELECT '[1,2,3]'::vector <-> '[1,2,4]'").fetchone()
    return bool(one == 1 and row == (1.0,))


@pytest.fixture(scope="module")
def own(new_home: NewHome) -> Path:
    """A home for rough treatment: two `kwk up` at once start it, and every test leaves it running."""
    made = new_home()
    first, second = kwk(made, "up"), kwk(made, "up")
    for process in (first, second):
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert "neo4j     running" in out
    return made


@pytest.fixture
def lean(new_home: NewHome, addresses: Addresses) -> ServiceSettings:
    """A home that starts Postgres alone; its Neo4j is somebody else's."""
    return with_neo4j(ServiceSettings(new_home()), addresses)


def with_neo4j(settings: ServiceSettings, addresses: Addresses) -> ServiceSettings:
    """Take Neo4j from elsewhere."""
    neo4j = addresses.neo4j
    return replace(settings, neo4j_uri=neo4j.uri, neo4j_user=neo4j.user, neo4j_password=neo4j.password)


# --- starting -----------------------------------------------------------------------------------------------------


def test_two_kwk_up_at_once_start_one_pair(own: Path) -> None:
    assert both_answer(ensure(ServiceSettings(own), print))
    for marks in (("--home-dir=", "neo4j/home"), ("-D", "server/data"), ("kg.assets", "--home")):
        lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
        place = str(read_place(own / "postgres"))
        ours = [line for line in lines if (str(own) in line or place in line) and all(mark in line for mark in marks)]
        assert len(ours) == 1, ours


def test_servers_outlive_the_command_and_its_session(own: Path) -> None:
    for name in ("neo4j", "postgres", "assets"):
        process = psutil.Process(known(own, name).pid)
        assert os.getpid() not in [parent.pid for parent in process.parents()]
        if os.name == "posix":
            assert os.getsid(process.pid) != os.getsid(0)


def test_a_second_up_finds_what_runs(own: Path) -> None:
    before = read_state(own)
    said: list[str] = []
    assert both_answer(ensure(ServiceSettings(own), said.append))
    assert (said, read_state(own)) == ([], before)


def test_an_interrupted_up_is_taken_over_by_the_next(own: Path) -> None:
    kill(own, "neo4j")
    process = kwk(own, "up")
    assert process.stderr is not None
    assert "starting Neo4j" in process.stderr.readline()
    while not find(read_state(own).processes["neo4j"]):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    started = known(own, "neo4j")
    assert both_answer(ensure(ServiceSettings(own), print))
    assert known(own, "neo4j") == started


def test_nobody_else_on_the_network_reaches_a_server(own: Path) -> None:
    heard = set()
    for name in ("neo4j", "postgres", "assets"):
        process = psutil.Process(known(own, name).pid)
        for one in (process, *process.children(recursive=True)):
            for connection in one.net_connections():
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip in ("127.0.0.1", "::ffff:127.0.0.1", "::1"), (name, connection)
                    heard.add(connection.laddr.port)
    assert heard == set(read_state(own).ports.values())


# --- what happens behind our back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["neo4j", "postgres", "assets"])
def test_a_server_that_was_killed_is_started_again_with_its_data(own: Path, name: str) -> None:
    addresses = ensure(ServiceSettings(own), print)
    with psycopg.connect(addresses.postgres.url, password=addresses.postgres.password) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (name text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [name])
    victim = kill(own, name)
    assert status(ServiceSettings(own))[name]["state"] == "stopped"
    again = ensure(ServiceSettings(own), print)
    assert again == addresses
    assert both_answer(again)
    assert known(own, name) != victim
    with psycopg.connect(again.postgres.url, password=again.postgres.password) as connection:
        assert connection.execute("SELECT 1 FROM kept WHERE name = %s", [name]).fetchone()


def test_lost_notes_about_running_servers_lose_no_server(lean: ServiceSettings) -> None:
    ensure(lean, print)
    first = known(lean.home, "postgres")
    (lean.home / "services.json").write_text('{"ports": {"postg')
    addresses = ensure(lean, print)
    assert find(first) is None
    assert both_answer(addresses)


def test_a_stale_pid_file_does_not_keep_a_store_from_starting(lean: ServiceSettings) -> None:
    ensure(lean, print)
    kill(lean.home, "postgres")
    place = read_place(lean.home / "postgres")
    assert place is not None
    assert (place / "data" / "postmaster.pid").exists()
    assert both_answer(ensure(lean, print))


def test_a_pid_that_now_belongs_to_something_else_is_left_alone(lean: ServiceSettings) -> None:
    ensure(lean, print)
    kill(lean.home, "postgres")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        state = read_state(lean.home)
        state.processes["postgres"] = replace(state.processes["postgres"], pid=stranger.pid)
        write_state(lean.home, state)
        place = read_place(lean.home / "postgres")
        assert place is not None
        pid_file = place / "data" / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *pid_file.read_text().splitlines()[1:]]))
        assert status(lean)["neo4j"]["state"] == "running"
        assert both_answer(ensure(lean, print))
        state.processes["postgres"] = replace(state.processes["postgres"], pid=stranger.pid)
        write_state(lean.home, state)
        stop(lean)
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_a_taken_port_is_passed_over_and_the_new_one_remembered(lean: ServiceSettings) -> None:
    first = ensure(lean, print)
    stop(lean)
    taken = read_state(lean.home).ports
    with socket.create_server(("127.0.0.1", taken["postgres"])), socket.create_server(("127.0.0.1", taken["assets"])):
        second = ensure(lean, print)
        assert both_answer(second)
        assert second.postgres.url != first.postgres.url
        assert second.assets != first.assets
    stop(lean)
    assert ensure(lean, print) == second  # though the first ports are free again


def test_a_port_taken_while_the_server_starts_is_passed_over_too(lean: ServiceSettings) -> None:
    ensure(lean, print)
    stop(lean)
    port = read_state(lean.home).ports["postgres"]
    with ThreadPoolExecutor(1) as pool:
        thieves: list[socket.socket] = []

        def steal(text: str) -> None:
            if "starting Postgres" in text and not thieves:
                thieves.append(socket.create_server(("127.0.0.1", port)))

        assert both_answer(pool.submit(ensure, lean, steal).result())
    assert read_state(lean.home).ports["postgres"] != port
    thieves[0].close()


def test_browser_is_said_to_lack_its_style_when_only_the_static_server_moved(own: Path) -> None:
    settings, said = ServiceSettings(own), list[str]()
    before = ensure(settings, print)
    kill(own, "assets")
    with socket.create_server(("127.0.0.1", read_state(own).ports["assets"])):
        after = ensure(settings, said.append)
    assert (after.neo4j, after.postgres) == (before.neo4j, before.postgres)
    assert "after `kwk down` and `kwk up`" in said[-1]


def test_neo4j_moves_with_its_browser_when_its_ports_are_taken(own: Path) -> None:
    settings = ServiceSettings(own)
    stop(settings)
    ports = read_state(own).ports
    with socket.create_server(("127.0.0.1", ports["bolt"])), socket.create_server(("127.0.0.1", ports["http"])):
        addresses = ensure(settings, print)
    assert both_answer(addresses)
    moved = read_state(own).ports
    assert addresses.neo4j.uri == f"bolt://127.0.0.1:{moved['bolt']}"
    assert addresses.neo4j.browser == f"http://localhost:{moved['http']}/browser/"
    assert not {moved["bolt"], moved["http"]} & {ports["bolt"], ports["http"]}
    assert f"advertised_address=127.0.0.1:{moved['bolt']}" in (own / "neo4j/home/conf/neo4j.conf").read_text()


# --- what can't work says so --------------------------------------------------------------------------------------


def test_a_neo4j_that_dies_while_it_starts_shows_the_end_of_its_log(new_home: NewHome, addresses: Addresses) -> None:
    home = new_home()
    (home / "neo4j" / "home").mkdir()
    (home / "neo4j" / "home" / "data").write_text("not a folder")
    settings = ServiceSettings(home, database_url=with_password(addresses))
    with pytest.raises(ServiceError, match="Neo4j died while it started; the last lines of") as told:
        ensure(settings, print)
    assert "Unable to write directory path" in str(told.value)
    assert status(settings)["neo4j"]["state"] == "stopped"


def test_a_postgres_that_dies_while_it_starts_shows_the_end_of_its_log(lean: ServiceSettings) -> None:
    ensure(lean, print)
    stop(lean)
    place = read_place(lean.home / "postgres")
    assert place is not None
    (place / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ServiceError, match="Postgres died while it started") as told:
        ensure(lean, print)
    assert "9.6" in str(told.value)


@pytest.mark.parametrize("folder", ["file/home", "/proc/kwk", "/dev/null/home"])
@posix
def test_a_home_that_cant_be_written_is_named_with_the_way_out(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / folder
    with pytest.raises(ServiceError, match="KWK_HOME") as told:
        ensure(ServiceSettings(home), print)
    assert str(home) in str(told.value)


@posix
def test_a_java_that_is_too_old_is_refused_before_anything_starts(new_home: NewHome, tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    home = new_home()
    settings = ServiceSettings(home, java=str(java))
    with pytest.raises(ServiceError, match="is Java 17, and Neo4j needs 21 or newer"):
        ensure(settings, print)
    assert "neo4j" not in read_state(home).processes


@pytest.mark.skipif(shutil.which("java") is None, reason="this machine has no Java of its own")
def test_the_java_of_this_machine_is_taken_only_if_it_is_new_enough() -> None:
    java = Path(shutil.which("java") or "").resolve()
    version = java_version(java)
    for name in (str(java), str(java.parents[1])):  # the program, or the folder that JAVA_HOME names
        if version >= OLDEST:
            assert choose_java(name) == java
        else:
            with pytest.raises(ServiceError, match=f"is Java {version}"):
                choose_java(name)


@pytest.mark.parametrize("java", [sys.executable, "/nowhere/java"])
def test_what_is_no_java_is_not_run_as_one(java: str) -> None:
    with pytest.raises(ServiceError, match="KWK_JAVA"):
        choose_java(java)


def test_a_password_that_was_changed_behind_our_back_is_asked_for(lean: ServiceSettings) -> None:
    ensure(lean, print)
    path = lean.home / "passwords" / "postgres"
    right = path.read_text()
    path.write_text("another\n")
    with pytest.raises(ServiceError, match="refuses the password") as told:
        ensure(lean, print)
    assert str(path) in str(told.value)
    assert "another" not in str(told.value)
    path.write_text(right)
    assert both_answer(ensure(lean, print))


# --- secrets, modes, users ----------------------------------------------------------------------------------------


def test_passwords_stand_in_private_files_and_nowhere_else(own: Path) -> None:
    addresses = ensure(ServiceSettings(own), print)
    secrets = [addresses.neo4j.password, addresses.postgres.password]
    files = [own / "passwords" / name for name in ("neo4j", "postgres")]
    assert [path.read_text().strip() for path in files] == secrets
    assert len(set(secrets)) == 2
    assert min(len(secret or "") for secret in secrets) >= 32
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    shown = [repr(addresses), run(own, "status", "--json"), run(own, "doctor"), run(own, "explore", "--print")]
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            shown += [*process.cmdline(), *(process.environ().values() if process.pid != os.getpid() else ())]
    place = read_place(own / "postgres")
    assert place is not None
    for folder in (own, place):
        for path in folder.rglob("*"):
            if path.is_file() and path not in files and path.suffix != ".jar":
                shown.append(path.read_bytes().decode("latin-1"))
    for secret in secrets:
        assert secret
        assert not any(secret in text for text in shown)


def test_explore_shows_the_password_only_when_asked(own: Path) -> None:
    password = read_password(own, "neo4j")
    assert password
    told = run(own, "explore", "--print", "--show-password")
    assert password in told
    port = read_state(own).ports["bolt"]
    assert f"/browser/?dbms=bolt://neo4j@127.0.0.1:{port}&cmd=edit&arg=MATCH%20" in told


def test_servers_are_told_nothing_of_the_callers_secrets(lean: ServiceSettings, addresses: Addresses) -> None:
    run(lean.home, "up", KWK_NEO4J_URI=addresses.neo4j.uri, KWK_NEO4J_PASSWORD=addresses.neo4j.password)
    for name in ("postgres", "assets"):
        environment = psutil.Process(known(lean.home, name).pid).environ()
        assert not [variable for variable in environment if variable.startswith(("KWK_", "PG"))]


@posix
def test_no_folder_above_changes_its_mode(new_home: NewHome, addresses: Addresses) -> None:
    home = new_home(0o700)
    before = {path: path.stat().st_mode for path in home.parents}
    settings = with_neo4j(ServiceSettings(home), addresses)
    assert both_answer(ensure(settings, print))
    assert {path: path.stat().st_mode for path in home.parents} == before
    stop(settings)
    assert {path: path.stat().st_mode for path in home.parents} == before
    place = read_place(home / "postgres")
    assert place is not None
    if os.geteuid() == 0:
        assert place.parent == SYSTEM_FOLDER


@posix
def test_a_new_home_lets_nobody_look_into_it(tmp_path: Path) -> None:
    home = tmp_path / "share" / "kwk"
    make_home(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o711
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o700}


def test_a_port_of_somebody_whom_browsers_would_reach_first_is_not_taken() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        assert not is_free(other.getsockname()[1])


@as_root
def test_postgres_of_root_runs_as_a_system_user_in_a_folder_of_this_home_alone(lean: ServiceSettings) -> None:
    ensure(lean, print)
    assert psutil.Process(known(lean.home, "postgres").pid).username() == SYSTEM_USER
    place = read_place(lean.home / "postgres")
    assert place is not None
    assert place.owner() == SYSTEM_USER
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def python_for_anybody() -> str | None:
    """Return a Python of our version that a user without rights can run."""
    for python in (sys.executable, "/usr/bin/python3"):
        told = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        with suppress(OSError):
            if subprocess.run([python, "-c", told], user="nobody", group="nogroup", extra_groups=[]).returncode == 0:
                return python
    return None


@as_root
def test_a_user_without_rights_has_the_same_services(new_home: NewHome, addresses: Addresses) -> None:
    from pwd import getpwnam

    python = python_for_anybody()
    if python is None:
        pytest.skip("a user without rights can't run any Python of this version here")
    home = new_home()
    for path in (home, home / "neo4j"):
        os.chown(path, *(getpwnam("nobody")[2:4]))
    environment = {
        "KWK_HOME": str(home),
        "KWK_NEO4J_URI": addresses.neo4j.uri,
        "KWK_NEO4J_PASSWORD": addresses.neo4j.password,
        "PYTHONPATH": os.pathsep.join([str(Path(kg.__file__).parents[1]), sysconfig.get_path("purelib")]),
    }
    for command, state in (("up", "running"), ("down", "")):
        done = subprocess.run(
            [python, "-c", "from kg.cli import main; main()", command],
            user="nobody",
            group="nogroup",
            extra_groups=[],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert f"postgres  {state}" in done.stdout or not state
    assert (home / "postgres" / "server" / "data").owner() == "nobody"


# --- servers of the user's own ------------------------------------------------------------------------------------


def with_password(addresses: Addresses) -> str:
    """Return the URL that a user would set."""
    return addresses.postgres.url.replace("@", f":{addresses.postgres.password}@", 1)


def test_configured_stores_are_used_and_nothing_is_started_for_them(tmp_path: Path, addresses: Addresses) -> None:
    settings = with_neo4j(ServiceSettings(tmp_path, database_url=with_password(addresses)), addresses)
    try:
        found = ensure(settings, print)
        assert found.postgres == addresses.postgres
        assert replace(found.neo4j, browser=None) == replace(addresses.neo4j, browser=None)
        assert set(read_state(tmp_path).processes) == {"assets"}
        told = status(settings)
        assert (told["neo4j"]["state"], told["postgres"]["state"]) == ("running", "running")
        assert told["neo4j"]["password_file"] is None
    finally:
        stop(settings)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:s3cret@127.0.0.1:9/db", "does not answer"),
        ("postgresql://me:s3c/ret@127.0.0.1:5432/db", "is not of the form"),
        ("mysql://me:s3cret@127.0.0.1/db", "is not of the form"),
        ("s3cret", "is not of the form"),
    ],
)
def test_a_wrong_address_of_postgres_is_explained_without_its_password(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(ServiceError, match=says) as told:
        ensure(ServiceSettings(tmp_path, database_url=url), print)
    assert "KWK_DATABASE_URL" in str(told.value)
    causes = f"{told.value!r} {told.value.__cause__!r} {told.value.__context__!r}"
    assert "s3c" not in causes


def test_a_wrong_password_for_neo4j_is_explained_without_it(tmp_path: Path, addresses: Addresses) -> None:
    settings = ServiceSettings(tmp_path, neo4j_uri=addresses.neo4j.uri, neo4j_password="s3cret")
    with pytest.raises(ServiceError, match="KWK_NEO4J_PASSWORD") as told:
        ensure(settings, print)
    assert "s3cret" not in f"{told.value!r} {settings!r}"
    assert status(settings)["neo4j"]["state"] == "unreachable"
    with pytest.raises(ServiceError, match="set KWK_NEO4J_PASSWORD"):
        ensure(replace(settings, neo4j_password=None), print)


# --- what the commands say, and stopping --------------------------------------------------------------------------


def test_status_has_the_promised_shape_for_scripts(own: Path) -> None:
    told = json.loads(run(own, "status", "--json"))
    assert {name: list(service) for name, service in told.items()} == {
        "neo4j": ["state", "version", "uri", "user", "password_file", "browser"],
        "postgres": ["state", "version", "pgvector", "url", "password_file"],
        "assets": ["state", "url"],
    }
    assert {service["state"] for service in told.values()} == {"running"}
    assert told["neo4j"]["version"] == "2026.08.1"
    assert told["postgres"]["version"].startswith("18.")
    assert told["postgres"]["pgvector"]


def test_status_of_a_home_that_never_was_makes_nothing(tmp_path: Path) -> None:
    told = status(ServiceSettings(tmp_path / "home"))
    assert {service["state"] for service in told.values()} == {"stopped"}
    assert told["neo4j"]["uri"] is None
    assert not (tmp_path / "home").exists()
    assert stop(ServiceSettings(tmp_path / "home")) == ()


def test_doctor_finds_nothing_wrong_here_and_an_open_password_there(lean: ServiceSettings) -> None:
    ensure(lean, print)
    checks = {check["name"]: check for check in json.loads(run(lean.home, "doctor", "--json"))}
    assert all(check["ok"] for check in checks.values()), checks
    (lean.home / "passwords" / "postgres").chmod(0o644)
    process = kwk(lean.home, "doctor")
    out, _ = process.communicate()
    assert process.returncode == 1
    assert "chmod 600" in out


def test_down_stops_everything_at_once(own: Path, record_property: Callable[[str, object], None]) -> None:
    gone = [known(own, name) for name in ("neo4j", "postgres", "assets")]
    before = time.monotonic()
    run(own, "down")
    took = time.monotonic() - before
    record_property("kwk down, seconds", round(took, 2))
    print(f"kwk down: {took:.2f} s")  # noqa: T201
    assert not any(find(server) for server in gone)
    assert {service["state"] for service in status(ServiceSettings(own)).values()} == {"stopped"}
    run(own, "down")  # again: nothing to do is no error


@posix
def test_a_dead_process_that_nobody_collects_counts_as_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        dead = know(child.pid)
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert find(dead) is None
