"""What kwk remembers of its servers between two commands: ports, processes, passwords."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kg.errors import ServiceError
from kg.processes import Known


@dataclass(slots=True)
class State:
    """The content of services.json: `ports` stay once taken, `processes` are those last started."""

    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Known] = field(default_factory=dict)


def read_state(home: Path) -> State:
    """Return what services.json says; one that is missing or damaged says nothing."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        told = json.loads((home / "services.json").read_text(encoding="utf-8"))
        ports = {str(name): int(port) for name, port in told["ports"].items()}
        return State(ports, {str(name): Known(**process) for name, process in told["processes"].items()})
    return State()


def write_state(home: Path, state: State) -> None:
    """Replace services.json as a whole, so that a reader never meets half of it."""
    replace(home / "services.json", json.dumps(asdict(state), indent=1))


def replace(path: Path, text: str) -> None:
    """Write a file beside its place and move it there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def make_home(home: Path) -> None:
    """Make the folder of servers, or say in one sentence why it can't be used."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o711, exist_ok=True)  # for Postgres, which root starts as another user, to pass through
        for name in ("neo4j", "assets", "logs", "passwords"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        trial = home / f".writable-{secrets.token_hex(4)}"
        trial.touch()
        trial.unlink()
    except OSError as exc:
        reason = exc.strerror or exc
        raise ServiceError(
            f"The folder {home} can't be written ({reason}): name another with KWK_HOME or --home."
        ) from exc


def password_file(home: Path, server: str) -> Path:
    """Return where the password of one server is kept."""
    return home / "passwords" / server


def read_password(home: Path, server: str) -> str | None:
    """Return the password kept for a server, or None if none was ever made."""
    try:
        return password_file(home, server).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise ServiceError(
            f"The password in {password_file(home, server)} can't be read: {type(exc).__name__}."
        ) from exc


def make_password(home: Path, server: str) -> str:
    """Return the password kept for a server; make one that only this user can read if there is none."""
    kept = read_password(home, server)
    if kept:
        return kept
    password = secrets.token_urlsafe(24)
    path = password_file(home, server)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(password + "\n")
    return password
