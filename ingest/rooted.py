"""Read files below a root and nothing outside it, whatever their names say and whoever changes links meanwhile."""

import os
import stat
from pathlib import Path

MAX_BYTES = 64 * 2**20
LONGEST_NAME = 4096  # bytes of a path; Linux opens none that is longer


class Unusable(Exception):
    """A picture that can't be used: `reason` is the code in the rejects file."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_within(root: Path, path: str) -> bytes:
    """Return the bytes of a file below `root`. Raises Unusable: a path that leads outside, no file, too large.

    A link is followed as long as it stays below `root`.
    """
    parts = parts_below(root, path)
    try:
        file = open_below(os.path.realpath(root), parts)
    except OSError as exc:  # missing, no permission, a loop of links, a link that was set after we had looked
        raise Unusable("unreadable", f"can't be opened: {exc.strerror or exc}") from exc
    try:
        kind = os.fstat(file)
        if not stat.S_ISREG(kind.st_mode):
            raise Unusable("unreadable", "is no regular file")
        data = read_all(file) if kind.st_size <= MAX_BYTES else b""
    except OSError as exc:
        raise Unusable("unreadable", f"can't be opened: {exc.strerror or exc}") from exc
    finally:
        os.close(file)
    if kind.st_size > MAX_BYTES or len(data) > MAX_BYTES:
        raise Unusable("too_large", f"is larger than {MAX_BYTES} bytes")
    if not data:
        raise Unusable("empty", "has no bytes")
    return data


def parts_below(root: Path, path: str) -> tuple[str, ...]:
    """Return the folders and the file that `path` means below `root`, all links resolved. Raises Unusable."""
    try:
        if len(path.encode("utf-8")) > LONGEST_NAME:
            raise Unusable("unreadable", f"has a name of more than {LONGEST_NAME} bytes")
        real_root = Path(os.path.realpath(root))
        real = Path(os.path.realpath(real_root / path))  # not strict: opening it says what is wrong
    except UnicodeEncodeError as exc:  # a name in no encoding can't be kept in the stores, nor asked for by a browser
        raise Unusable("unreadable", "has a name that is not valid UTF-8") from exc
    except (OSError, ValueError) as exc:  # a NUL byte
        raise Unusable("unreadable", str(exc)) from exc
    if not real.is_relative_to(real_root):
        raise Unusable("outside_root", f"leads to a file outside {root}")
    parts = real.relative_to(real_root).parts
    if not parts:
        raise Unusable("unreadable", "is no regular file")
    return parts


def open_below(root: str, parts: tuple[str, ...]) -> int:
    """Open a regular file by folders that are no links, from `root` down; return its descriptor. Raises OSError.

    The path was resolved before, so a link on it now was set in between: it is not followed, wherever it leads. Nor is
    anything opened but files and folders: a pipe would block and a device might act.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = below
        kind = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
            raise OSError(0, "is no regular file")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def read_all(file: int) -> bytes:
    """Read a descriptor to its end, or one byte more than is allowed."""
    with os.fdopen(file, "rb", closefd=False) as opened:
        return opened.read(MAX_BYTES + 1)
