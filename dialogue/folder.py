"""A folder that is there whole or not at all: written beside its place, moved there at the end."""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dialogue.types import SPLITS
from kg.errors import DataError

SETTINGS = "build.json"  # by which a folder of dialogues is known
WORDINGS = "wordings.json"


@contextmanager
def new_folder(out: Path, force: bool = False, mark: str = SETTINGS) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends well; if it does not, nothing is left.

    Raises DataError if `out` exists and may not be replaced, if another build is at work on it, or if nothing can be
    written there. Only a folder that holds a file named `mark` is ever replaced: one of dialogues, or of an export.
    """
    check_target(out, force, mark)
    partial = out.parent / f".{out.name}.partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        lock = FileLock(partial / ".lock", timeout=0)
        lock.acquire()
    except Timeout as exc:
        raise DataError(
            f"Another build or export is writing {out}; wait for it, or choose another folder with --out."
        ) from exc
    except OSError as exc:
        raise DataError(f"{out} can't be written: {exc.strerror}; choose another folder with --out.") from exc
    try:
        for stale in partial.iterdir():  # of a command that was killed
            if stale.is_dir() and not stale.is_symlink():
                shutil.rmtree(stale)
            elif stale.name != ".lock":
                stale.unlink()
        yield partial
        lock.release()
        (partial / ".lock").unlink(missing_ok=True)
        move(partial, out)
    except OSError as exc:
        full = exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reason = "there is no room left for it" if full else exc.strerror or str(exc)
        raise DataError(f"{out} can't be written: {reason}; nothing was left of it.") from exc
    finally:
        lock.release()
        with suppress(FileNotFoundError):
            shutil.rmtree(partial)


def check_target(out: Path, force: bool, mark: str = SETTINGS) -> None:
    """Raise DataError if `out` may not be written."""
    if not out.exists():
        return
    if not out.is_dir():
        raise DataError(f"{out} is a file; name a folder with --out.")
    if any(out.iterdir()) and not (force and (out / mark).is_file()):
        why = f"and holds no {mark}, so it is not replaced" if force else "already; --force replaces it"
        raise DataError(f"{out} exists {why}. --out names another folder.")


def move(partial: Path, out: Path) -> None:
    """Put a finished folder into its place; what was there before goes last."""
    old = partial.with_name(f".{out.name}.old")
    with suppress(FileNotFoundError):
        shutil.rmtree(old)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    with suppress(FileNotFoundError):
        shutil.rmtree(old)


def read_settings(folder: Path) -> dict[str, Any]:
    """Return what decided a folder's dialogues. Raises DataError if it is not a folder of dialogues."""
    return _read(folder / SETTINGS)


def read_wordings(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return how each relation is asked for, by direction: the last wording of each occurs in test only."""
    return _read(folder / WORDINGS)


def count_lines(folder: Path) -> int:
    """Return how many dialogues the files of a folder hold. Raises DataError if there are none."""
    total = 0
    for split in SPLITS:
        with suppress(FileNotFoundError), (folder / f"{split}.jsonl").open("rb") as lines:
            total += sum(1 for _ in lines)
    if not total:
        raise DataError(f"{folder} holds no dialogues; `kwk dialogues build` makes some.")
    return total


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise DataError(f"{path} can't be read ({exc}); name a folder that `kwk dialogues build` made.") from exc
    return found


def choose_folder(folder: Path | None, graph: str | None, below: Path = Path("dialogues")) -> Path:
    """Return the folder of dialogues that a command means: the one named, that of a graph, or the one built last."""
    if folder is not None or graph is not None:
        return folder or below / str(graph)
    found = [path.parent for path in below.glob(f"*/{SETTINGS}")]
    if not found:
        raise DataError(f"There are no dialogues in {below.absolute()}; `kwk dialogues build` makes some.")
    return max(found, key=lambda each: (each / SETTINGS).stat().st_mtime)
