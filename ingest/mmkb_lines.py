"""Lines of MMKB's files: what each may hold, and what becomes of those that hold something else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg.types import Reject

# An id or a relation is one word of visible characters; hostile ones (control, bidi) have no place in either.
WORD = r"([^\s\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+)"
TRIPLE = re.compile(rf"{WORD}[ \t]+{WORD}[ \t]+{WORD}(?:[ \t]+\.)?[ \t]*")
# A number as it is, or a literal with its datatype.
NUMBER = re.compile(rf'{WORD}[ \t]+{WORD}[ \t]+(?:"([^"]*)"(?:\^\^<([^<>"\s]*)>)?|([^\s"]+))(?:[ \t]+\.)?[ \t]*')
LINK = re.compile(rf"{WORD}[ \t]+<SameAs>[ \t]+{WORD}[ \t]*\.?[ \t]*")
PAIR = re.compile(r"(\S+)\t(\S.*)")


def bare(word: str) -> str:
    """Return a word without the angle brackets around it."""
    return word[1:-1] if len(word) > 2 and word.startswith("<") and word.endswith(">") else word


@dataclass(slots=True)
class Reading:
    """What is gathered while the files are read."""

    folder: Path
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, path: Path, line: int, reason: str, detail: str) -> None:
        """Note what is dropped, with its place relative to the folder."""
        self.rejects.append(Reject(str(path.relative_to(self.folder)), line, reason, detail[:300]))

    def lines(self, path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield number and match of each line of a file."""
        with path.open("rb") as file:
            yield from self.matches(path, file, pattern)

    def matches(
        self, path: Path, lines: Iterable[bytes], pattern: re.Pattern[str]
    ) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield number and match of each line; what does not match, or is not UTF-8, is rejected. Blank lines pass."""
        for n, raw in enumerate(lines, 1):
            try:
                line = raw.decode().rstrip("\r\n")
            except UnicodeDecodeError as exc:
                self.reject(path, n, "encoding", f"is not UTF-8: {exc.reason} at byte {exc.start}")
                continue
            match = pattern.fullmatch(line)
            if match:
                yield n, match
            elif line.strip():
                self.reject(path, n, "malformed", f"is not what this file holds: {line[:200]!r}")
