"""Where a graph's pictures lie: a path of the graph is relative to its first folder, or absolute below any of them."""

from collections.abc import Sequence
from pathlib import Path


def place(roots: Sequence[Path], path: str) -> tuple[Path | None, str]:
    """Return the root that a path of the graph lies below, and the path from there; an absolute path names its own."""
    if not Path(path).is_absolute():
        return (roots[0] if roots else None), path
    for root in roots:
        if Path(path).is_relative_to(root):
            return root, str(Path(path).relative_to(root))
    return None, path
