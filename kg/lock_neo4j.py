"""Make `neo4j.lock.toml` again: `python -m kg.lock_neo4j` (a developer's tool; it needs `jgo`)."""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

VERSION = "2026.08.1"
ARTIFACTS = (
    f"org.neo4j:neo4j:{VERSION}",
    f"org.neo4j.app:neo4j-server:{VERSION}",
    "org.neo4j.client:neo4j-browser:5.24.0",
)
LOCK = Path(__file__).with_name("neo4j.lock.toml")
HEADER = """\
# Every jar of the Neo4j server that kwk runs; made by `make neo4j-lock`, read by kg/jars.py.
# Paths are those of any Maven repository. Neo4j is GPLv3: fetched when it is first needed, never shipped.
version = "{version}"
jars = [
"""


def resolve(cache: Path) -> list[Any]:
    """Return jgo's artifacts of the server: what Maven would put on a run-time class path."""
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(resolver=PythonResolver(), repo_cache=cache, timeout=60)
    wanted, further = context.resolver.resolve([context.create_dependency(name) for name in ARTIFACTS])
    return [d.artifact for d in (*wanted, *further) if d.scope in (None, "compile", "runtime")]


def line(artifact: Any) -> str:
    """Fetch one artifact and return its line of the lock."""
    content = artifact.resolve().read_bytes()
    coordinate = ":".join(
        part for part in (artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier) if part
    )
    path = f"{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    digest = hashlib.sha256(content).hexdigest()
    return f'  {{ coordinate = "{coordinate}", size = {len(content)}, sha256 = "{digest}", path = "{path}" }},\n'


def main() -> None:
    """Write the lock beside this file."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(16) as pool:
        lines = sorted(pool.map(line, resolve(Path(folder))))
    LOCK.write_text(HEADER.format(version=VERSION) + "".join(lines) + "]\n", encoding="utf-8")
    sys.stderr.write(f"{LOCK.name}: {len(lines)} jars\n")


if __name__ == "__main__":
    main()
