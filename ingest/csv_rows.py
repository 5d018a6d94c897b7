"""Rows of a CSV file with the number of their line: comma, tab, semicolon or bar; what is no row is rejected."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.errors import DataError
from kg.types import Reject

DELIMITERS = (",", "\t", ";", "|")  # the first of those that cut the header into most cells
HOSTILE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
UNDECODED = re.compile(r"[\udc80-\udcff]")  # what surrogateescape makes of a byte that is not UTF-8
TYPED = re.compile(
    r"(?P<key>.*):(?P<kind>START_ID|END_ID|ID|LABEL|TYPE|IGNORE|int|integer|long|short|byte|float|double|bool|boolean|"
    r"char|string|date|datetime|localdatetime|time|localtime|duration|point)(?:\((?P<group>[^)]*)\))?"
    r"(?:\{[^}]*\})?(?P<list>\[\])?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A cell of the header, plain or as neo4j-admin writes it: `age:int`, `:ID(Person)`, `tags:string[]`."""

    key: str
    kind: str = ""  # in small letters; empty where the header says none
    group: str = ""  # of ids
    many: bool = False

    @property
    def role(self) -> str:
        """Return what the column is for: the kind of a column of neo4j-admin's own, else its key in small letters."""
        own = self.kind in ("id", "label", "start_id", "end_id", "type", "ignore")
        return f":{self.kind}" if own else self.key.casefold()


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file whose header was read."""

    path: Path
    delimiter: str
    columns: tuple[Column, ...]

    def rows(self, rejects: list[Reject]) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of each row, cut of spaces; a row that can't be used becomes a reject."""
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            next(reader)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as exc:
                    rejects.append(Reject(self.path.name, line, "malformed", f"is no row: {exc}"))
                    continue
                if cells is None:
                    return
                if problem := self._problem(cells):
                    reason, detail = problem
                    if reader.line_num > line:  # a quote that is never closed takes all lines behind it along
                        detail = f"reaches to line {reader.line_num}, and {detail}"
                    rejects.append(Reject(self.path.name, line, reason, detail))
                elif any(cells):
                    yield line, [cell.strip() for cell in cells]

    def _problem(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """Return reason and detail of a row that can't be used."""
        if not cells:
            return None
        if len(cells) != len(self.columns):
            return "malformed", f"has {len(cells)} cells where the header has {len(self.columns)}: {str(cells)[:200]}"
        if UNDECODED.search("".join(cells)):
            return "encoding", f"is not UTF-8: {str(cells)[:200]!a}"
        return None

    def find(self, *roles: str) -> int | None:
        """Return the place of the first of these roles that there is."""
        places = {column.role: n for n, column in reversed(list(enumerate(self.columns)))}
        return next((places[role] for role in roles if role in places), None)


def open_table(path: Path, delimiter: str | None) -> Table:
    """Read the header of a CSV file. Raises DataError if there is none that can be used."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise DataError(f"{delimiter!r} can't part cells; `--delimiter` takes one character, or 'tab'.")
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            first = file.readline(2**20)
            file.seek(0)
            best = delimiter or max(DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each), [])))
            cells = next(csv.reader(file, delimiter=best), [])
            ",".join(cells).encode()
    except (OSError, UnicodeEncodeError, csv.Error) as exc:
        raise DataError(f"The header of {path} can't be read: {getattr(exc, 'strerror', None) or exc}.") from exc
    columns = tuple(column(cell.strip()) for cell in cells)
    named = [each.key for each in columns if each.key]
    twice = sorted({key for key in named if named.count(key) > 1})
    if not any(cells) or twice:
        problem = f"names {', '.join(twice)} twice" if twice else "is missing"
        raise DataError(f"The header of {path} {problem}; the first line gives every column a name.")
    return Table(path, best, columns)


def column(cell: str) -> Column:
    """Read one cell of a header."""
    found = TYPED.fullmatch(cell)
    if found is None:
        return Column(cell)
    return Column(found["key"].strip(), found["kind"].lower(), found["group"] or "", bool(found["list"]))
