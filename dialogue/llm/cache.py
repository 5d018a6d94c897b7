"""Answers on disk, by the key of the whole request: a run that was killed goes on, and pays nothing twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dialogue.llm.requests import Answer
from kg.errors import StoreError

_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL, problem TEXT NOT NULL, "
    "tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL) WITHOUT ROWID"
)


class Cache:
    """Answers that are kept; each is on disk before it is used. Holds no address, no key and no prompt."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> Answer | None:
        """Return the answer to a request, None if it was never answered."""
        query = "SELECT text, problem, tokens_in, tokens_out FROM answers WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        return Answer(*row) if row else None

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        row = (key, answer.text, answer.problem, answer.tokens_in, answer.tokens_out)
        self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)


@contextmanager
def open_cache(path: Path) -> Iterator[Cache]:
    """Open the cache at a path, which several runs may share. Raises StoreError if it can't be used."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    except (OSError, sqlite3.Error) as exc:
        raise StoreError(f"The cache {path} can't be opened: {exc}; name another with --llm-cache.") from exc
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a kill loses nothing; a power cut the last few answers
        connection.execute(_TABLE)
        yield Cache(connection)
    except sqlite3.Error as exc:
        raise StoreError(f"The cache {path} can't be used: {exc}; name another with --llm-cache.") from exc
    finally:
        connection.close()
