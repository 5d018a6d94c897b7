"""What a folder of fetched pictures remembers: a SQLite file beside them, written after each picture.

It is in WAL mode, so a killed process loses nothing that was committed, and no file is synced for each picture. Nothing
of an index is held in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.fetch_index import Wanted, mark
from ingest.fetch_queue import Job
from kg.errors import DataError

STATE = ".fetch.sqlite"
PAGE = 256  # jobs read at once
SCHEMA = """
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, since INTEGER, settings TEXT, finished INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS listing (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS address (
    id INTEGER PRIMARY KEY, url TEXT UNIQUE, host TEXT, run INTEGER DEFAULT 0, state TEXT DEFAULT '',
    reason TEXT DEFAULT '', status INTEGER, received INTEGER DEFAULT 0, seconds REAL DEFAULT 0, final TEXT DEFAULT '',
    tries INTEGER DEFAULT 0, kept INTEGER DEFAULT 0, sha256 TEXT DEFAULT '', size INTEGER DEFAULT 0,
    suffix TEXT DEFAULT '', etag TEXT DEFAULT '', modified TEXT DEFAULT '', part TEXT DEFAULT ''
);
CREATE TABLE IF NOT EXISTS wanted (
    listing INTEGER, line INTEGER, entity TEXT, address INTEGER, folder TEXT, name TEXT, place TEXT UNIQUE,
    seen INTEGER, PRIMARY KEY (listing, entity, address)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wanted_address ON wanted (address);
CREATE INDEX IF NOT EXISTS wanted_line ON wanted (listing, line);
"""
# One address of each host, then the next of each: no host keeps the others waiting.
QUEUE = """
CREATE TEMP TABLE queue AS SELECT id FROM (
    SELECT a.id, row_number() OVER (PARTITION BY a.host ORDER BY a.id) AS turn FROM address a
    WHERE a.run < :since AND EXISTS (SELECT 1 FROM wanted w WHERE w.address = a.id AND w.seen = :run)
) ORDER BY turn, id
"""
JOBS = """
SELECT q.rowid AS position, a.id, url, host, kept, sha256, size, suffix, etag, modified
FROM temp.queue q JOIN address a ON a.id = q.id WHERE q.rowid > ? ORDER BY q.rowid LIMIT ?
"""
RECORD = """
UPDATE address SET run = ?, state = ?, reason = ?, status = ?, received = ?, seconds = ?, final = ?, tries = ?
WHERE id = ?
"""
KEEP = "UPDATE address SET kept = 1, sha256 = ?, size = ?, suffix = ?, etag = ?, modified = ?, part = '' WHERE id = ?"
REPORT = """
SELECT a.*, (SELECT count(*) FROM wanted w WHERE w.address = a.id) AS wanted_by FROM address a
WHERE a.run > 0 AND EXISTS (SELECT 1 FROM wanted w WHERE w.address = a.id) ORDER BY a.id
"""
PLACES = """
SELECT w.entity, w.folder, w.name, w.address, a.suffix, a.size FROM wanted w JOIN address a ON a.id = w.address
WHERE a.kept ORDER BY w.listing, w.line
"""
TALLY = """
SELECT {columns}, count(*) AS count FROM address a
WHERE a.run >= ? AND EXISTS (SELECT 1 FROM wanted w WHERE w.address = a.id AND w.seen = ?)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How asking an address ended. `state`: new, changed, unchanged, stale (an older copy is kept), or failed."""

    state: str
    reason: str = ""
    status: int | None = None  # the last HTTP status
    received: int = 0  # bytes of bodies in this run
    seconds: float = 0.0
    final: str = ""  # the address that answered, after redirects


class FetchState:
    """The memory of one folder. A run that was cut short is continued by the next one with the same settings."""

    def __init__(self, folder: Path, settings: str) -> None:
        self.path = folder / STATE
        try:
            self.database = sqlite3.connect(self.path, isolation_level=None)
            self.database.row_factory = sqlite3.Row
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            self.database.executescript(SCHEMA)
            before = self.one("SELECT * FROM run ORDER BY id DESC LIMIT 1")
            row = self.one("INSERT INTO run (settings) VALUES (?) RETURNING id", settings)
        except sqlite3.DatabaseError as exc:
            raise DataError(f"{self.path} can't be used ({exc}); remove it, and all is fetched anew.") from exc
        self.run = int(row["id"])
        self.continues = bool(before and not before["finished"] and before["settings"] == settings)
        self.since = int(before["since"]) if self.continues else self.run
        self.database.execute("UPDATE run SET since = ? WHERE id = ?", (self.since, self.run))
        self.listings: list[int] = []

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def finish(self) -> None:
        """Note that the run came to its end: the next one asks all addresses anew."""
        self.database.execute("UPDATE run SET finished = 1 WHERE id = ?", (self.run,))

    def one(self, query: str, *values: object) -> sqlite3.Row:
        """Return the first row of a query."""
        with closing(self.database.execute(query, values)) as cursor:
            row: sqlite3.Row = cursor.fetchone()
            return row

    def begin_listing(self, name: str) -> None:
        """Begin to read an index, in one transaction until `end_listing`."""
        self.database.execute("BEGIN")
        row = self.one(
            "INSERT INTO listing (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id", name
        )
        self.listings.append(int(row["id"]))

    def end_listing(self) -> None:
        """Forget what an earlier version of this index wanted and this one does not."""
        self.database.execute("DELETE FROM wanted WHERE listing = ? AND seen <> ?", (self.listings[-1], self.run))
        self.database.execute("COMMIT")

    def want(self, wanted: Wanted) -> bool:
        """Remember a line of the present index; false if an earlier line said the same."""
        listing = self.listings[-1]
        known = "INSERT INTO address (url, host) VALUES (?, ?) ON CONFLICT (url) DO UPDATE SET url = url RETURNING id"
        address = int(self.one(known, wanted.address, wanted.host)["id"])
        key = (listing, wanted.entity, address)
        row = self.one("SELECT seen FROM wanted WHERE listing = ? AND entity = ? AND address = ?", *key)
        if row is not None:
            if row["seen"] == self.run:
                return False
            change = "UPDATE wanted SET line = ?, seen = ? WHERE listing = ? AND entity = ? AND address = ?"
            self.database.execute(change, (wanted.line, self.run, *key))
            return True
        add = "INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        # Two pictures that would get one name, also where a file system tells no capitals apart: the later is marked.
        for name in (wanted.name, f"{wanted.name}-{mark(wanted.address)}", f"{wanted.name}-{listing}-{wanted.line}"):
            place = f"{wanted.folder}/{name}".casefold()
            row_values = (listing, wanted.line, wanted.entity, address, wanted.folder, name, place, self.run)
            if self.database.execute(add, row_values).rowcount:
                break
        return True

    def queue(self) -> int:
        """Line up what this run has still to ask; return how many addresses."""
        self.database.execute(QUEUE, {"since": self.since, "run": self.run})
        return int(self.one("SELECT count(*) AS count FROM temp.queue")["count"])

    def jobs(self) -> Iterator[Job]:
        """Yield the queue, a page at a time."""
        position = 0
        while rows := self.database.execute(JOBS, (position, PAGE)).fetchall():
            for row in rows:
                position, id_, url, host, kept, *rest = row
                yield Job(id_, url, host, bool(kept), *rest)

    def places(self, address: int) -> list[str]:
        """Return where the picture of an address goes, without its suffix, relative to the folder."""
        rows = self.database.execute(
            "SELECT folder, name FROM wanted WHERE address = ? ORDER BY listing, line", (address,)
        )
        return [f"{row['folder']}/{row['name']}" for row in rows]

    def begin_part(self, job: int, validator: str) -> None:
        """Remember by what the beginning of a file can be recognised, before its first byte is written."""
        self.database.execute("UPDATE address SET part = ? WHERE id = ?", (validator, job))

    def part_of(self, job: int) -> str:
        """Return by what the beginning that lies among the parts can be recognised: an ETag, a date, or nothing."""
        return str(self.one("SELECT part FROM address WHERE id = ?", job)["part"])

    def keep(self, job: Job) -> None:
        """Remember the copy that lies on disk now."""
        values = (job.sha256, job.size, job.suffix, job.etag, job.modified, job.id)
        self.database.execute(KEEP, values)

    def lose(self, address: int) -> None:
        """Note that no copy of this address is there any more."""
        self.database.execute("UPDATE address SET kept = 0, run = 0, etag = '', modified = '' WHERE id = ?", (address,))

    def record(self, job: Job, outcome: Outcome) -> None:
        """Write down how an address ended."""
        values = (self.run, outcome.state, outcome.reason, outcome.status, outcome.received)
        self.database.execute(RECORD, (*values, round(outcome.seconds, 3), outcome.final, job.tries + 1, job.id))

    def report(self) -> Iterable[sqlite3.Row]:
        """Yield each address that was asked, in the order of the indexes."""
        return self.database.execute(REPORT)

    def kept_places(self) -> Iterable[sqlite3.Row]:
        """Yield each line of the indexes whose picture was kept: entity, folder, name, address, suffix, size."""
        return self.database.execute(PLACES)

    def tally(self, columns: str, rest: str) -> list[sqlite3.Row]:
        """Count this run's addresses by `columns`; `rest` ends the query. Both are our own text."""
        return self.database.execute(TALLY.format(columns=columns) + rest, (self.since, self.run)).fetchall()
