"""Sorting what is larger than memory: lines go to nameless files, and come back in order, each once.

The files have no name from the moment they are made, so nothing is left of them whatever ends the process.
"""

import heapq
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

RUN_BYTES = 32 * 1024 * 1024  # of lines that are sorted in memory at once
FAN_IN = 48  # runs that are merged at once; each is an open file
BLOCK = 128 * 1024


class Spool:
    """Lines (bytes without a line break) on disk. They are written once, and can be read from anywhere, many times."""

    def __init__(self, folder: Path | None = None) -> None:
        descriptor, name = tempfile.mkstemp(prefix="kwk-", dir=folder)
        Path(name).unlink()
        self._file = descriptor
        self._buffer: list[bytes] = []
        self._held = 0
        self.size = 0  # bytes
        self.count = 0  # lines
        weakref.finalize(self, os.close, descriptor)

    def append(self, line: bytes) -> None:
        """Add a line."""
        self._buffer.append(line)
        self._held += len(line) + 1
        self.count += 1
        if self._held >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what is held back."""
        if self._buffer:
            self._write(b"\n".join(self._buffer) + b"\n")
            self._buffer, self._held = [], 0

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.pwrite(self._file, view, self.size)
            self.size += done
            view = view[done:]

    def __iter__(self) -> Iterator[bytes]:
        """Read the lines from the beginning; several readers do not disturb each other."""
        self.flush()
        rest, place = b"", 0
        while block := os.pread(self._file, BLOCK, place):
            place += len(block)
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            yield from lines

    def __len__(self) -> int:
        """Return how many lines there are."""
        return self.count


class Sorter:
    """Takes lines in any order; `sorted` gives them in the order of their bytes, equal ones once."""

    def __init__(self, folder: Path | None = None, run_bytes: int = RUN_BYTES) -> None:
        self._folder = folder
        self._run_bytes = run_bytes
        self._lines: set[bytes] = set()
        self._held = 0
        self._runs: list[list[Spool]] = [[]]  # by level: a run of level n + 1 is FAN_IN runs of level n, merged

    def append(self, line: bytes) -> None:
        """Add a line."""
        if line not in self._lines:
            self._lines.add(line)
            self._held += len(line) + 64  # what Python adds to a string of bytes and its place in a set
            if self._held >= self._run_bytes:
                self._spill()

    def _spill(self) -> None:
        """Write what is in memory as one run; where there are many runs, merge them."""
        self._add(0, sorted(self._lines))
        self._lines.clear()
        self._held = 0

    def _add(self, level: int, lines: Iterable[bytes]) -> None:
        run = Spool(self._folder)
        for line in lines:
            run.append(line)
        run.flush()
        if level == len(self._runs):
            self._runs.append([])
        self._runs[level].append(run)
        if len(self._runs[level]) >= FAN_IN:
            runs, self._runs[level] = self._runs[level], []
            self._add(level + 1, distinct(heapq.merge(*runs)))

    def sorted(self) -> Iterator[bytes]:
        """Yield every distinct line in order."""
        runs = [run for level in self._runs for run in level]
        if not runs:
            return iter(sorted(self._lines))
        self._spill()
        return distinct(heapq.merge(*(run for level in self._runs for run in level)))


def distinct(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each of sorted lines once."""
    return (line for line, _ in groupby(lines))


class Reading(Generic[T]):
    """A stream of `count` items that `read` begins anew each time."""

    __slots__ = ("_count", "_read")

    def __init__(self, count: int, read: Callable[[], Iterator[T]]) -> None:
        self._count = count
        self._read = read

    def __iter__(self) -> Iterator[T]:
        """Read them from the beginning."""
        return self._read()

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count
