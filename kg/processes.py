"""Processes that outlive us: start them, know them again, stop them; and the ports they listen on."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from kg.errors import ServiceError

# A process in between starts the server and ends at once: the server then belongs to the system and not to us,
# so that it outlives the command and leaves no zombie with a long-lived caller.
_LAUNCH = """
import json, subprocess, sys
argv, log, cwd, env, user = json.load(sys.stdin)
how = {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
if user:
    how |= {"user": user, "group": user, "extra_groups": []}
with open(log, "ab") as out:
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, env=env, **how)
print(child.pid, flush=True)
child.returncode = 0
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A process as we met it: the pid alone may belong to something else tomorrow."""

    pid: int
    created: float  # seconds since the epoch, as psutil tells it


def launch(argv: Sequence[str], log: Path, cwd: Path, user: str | None = None) -> Known:
    """Start a server in a session of its own, as `user` if one is named; `log` takes its output from now on."""
    log.unlink(missing_ok=True)
    order = json.dumps([list(argv), str(log), str(cwd), clean_environment(), user])
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own text
            [sys.executable, "-I", "-S", "-c", _LAUNCH], input=order, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as exc:
        raise ServiceError(f"{argv[0]} can't be started: {getattr(exc, 'stderr', None) or exc}") from exc
    return know(int(done.stdout))


def clean_environment() -> dict[str, str]:
    """Return our environment without what kwk and libpq are told by it: passwords are none of a server's business."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("KWK_", "PG", "NEO4J_"))}


def know(pid: int) -> Known:
    """Return what tells this process from a later one with the same pid."""
    try:
        return Known(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return Known(pid, 0.0)  # gone already: it matches nothing


def find(known: Known | None) -> psutil.Process | None:
    """Return the running process that was met before, or None if it is gone or another took its pid."""
    if known is None:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(known.pid)
        if abs(process.create_time() - known.created) < 0.1 and not _is_dead(process):
            return process
    return None


def _is_dead(process: psutil.Process) -> bool:
    """Say whether a process only waits to be collected: a killed one holds its ports until its last thread ended."""
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


def find_by_arguments(*arguments: str) -> Known | None:
    """Return a running process whose command line holds all these arguments."""
    for process in psutil.process_iter(["cmdline", "create_time"]):
        line = process.info["cmdline"] or []
        if all(argument in line for argument in arguments):
            return Known(process.pid, process.info["create_time"])
    return None


def listens(known: Known, port: int) -> bool:
    """Say whether this very process listens on the port."""
    process = find(known)
    with suppress(psutil.Error):
        return process is not None and any(
            connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            for connection in process.net_connections("tcp")
        )
    return False


def end(known: Known | None, patience: float) -> bool:
    """Ask a process to end, kill it when `patience` (seconds) is spent, and say whether it ended by itself."""
    process = find(known)
    if process is None:
        return True
    with suppress(psutil.NoSuchProcess):
        process.terminate()
    # Not psutil's wait: in a container nobody may collect the dead, and it would wait for that.
    if any(find(known) is None for _ in ticks(patience, 0.02)):
        return True
    with suppress(psutil.NoSuchProcess):
        process.kill()
    for _ in ticks(patience, 0.02):
        if find(known) is None:
            break
    return False


def is_free(port: int) -> bool:
    """Say whether nobody answers to `localhost:port` and we could listen there."""
    # Browsers try ::1 first when they are told `localhost`: somebody else there would get our visitors.
    with suppress(OSError), socket.create_connection(("::1", port), timeout=1):
        return False
    with socket.socket() as trial:
        if os.name == "posix":  # elsewhere this option lets two listen on one port
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(wanted: int, taken: Sequence[int] = ()) -> int:
    """Return the first free port from `wanted` on, none of `taken`."""
    for port in range(wanted, min(wanted + 500, 65536)):
        if port not in taken and is_free(port):
            return port
    raise ServiceError(f"No free port between {wanted} and {wanted + 500} on 127.0.0.1: stop something that listens.")


def last_lines(log: Path, count: int = 12) -> str:
    """Return the end of a log for an error."""
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        if lines:
            return "\n    ".join([f"the last lines of {log}:", *lines])
    return f"{log} holds nothing"


def ticks(seconds: float, pause: float = 0.05) -> Iterator[None]:
    """Yield until the time is spent: the pace at which a server is asked whether it answers."""
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        yield
        time.sleep(pause)
