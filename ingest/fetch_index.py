"""Read lists of image addresses: `id TAB address [TAB name]`, or MMKB's `URLS_<provider>.txt`; name the files safely.

MMKB publishes one file for each search engine, with lines of an address, a tab, and `m.<id>/<number>`; a graph in Neo4j
may hold addresses too. What the pictures will be called is decided here, because ids, addresses and names come from
strangers: a folder and a stem are made of letters, digits, `-` and `_` alone, and are short.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import neo4j
from yarl import URL

from ingest import queries
from kg.errors import DataError
from kg.graph import read
from kg.types import Reject

LONGEST_LINE = 65_536  # bytes
LONGEST_ID = 2_048  # characters
LONGEST_ADDRESS = 8_000
PAGE = 5_000  # entities read at once
LONGEST_NAME = 100  # bytes
MMKB_PICTURE = re.compile(r"([a-z])\.(\w+)/(\d{1,6})", re.ASCII)
FREEBASE_ID = re.compile(r"/([a-z])/(\w{1,60})", re.ASCII)
PLAIN_ID = re.compile(r"\w[\w-]{0,59}", re.ASCII)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
KNOWN_SUFFIX = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp|tiff?|svg)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture that an index names: for whom, from where, and what it will be called, without its suffix."""

    line: int
    entity: str
    address: str
    host: str
    folder: str
    name: str


def index_files(path: Path) -> list[Path]:
    """Return the files of an index: itself, or the `URLS_*.txt` of a folder. Raises DataError if there are none."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("URLS_*.txt"))
    if not found:
        raise DataError(f"{path} holds no URLS_*.txt; `--index` names a file of `id TAB address`, or MMKB's folder.")
    return found


def read_index(path: Path) -> Iterator[Wanted | Reject]:
    """Yield what each line of an index wants, or why it is rejected. Never holds more than a line."""
    try:
        with path.open("rb") as file:
            for n, raw in numbered_lines(file):
                if raw is None:
                    yield Reject(path.name, n, "malformed", f"is longer than {LONGEST_LINE} bytes")
                    continue
                try:
                    line = raw.decode("utf-8-sig" if n == 1 else "utf-8").strip(" \r\n")
                except UnicodeDecodeError as exc:
                    yield Reject(path.name, n, "encoding", f"is not UTF-8: {exc.reason} at byte {exc.start}")
                    continue
                if line.strip() and not line.startswith("#"):
                    yield read_line(path, n, line)
    except OSError as exc:
        raise DataError(f"{path} can't be read: {exc.strerror}.") from exc


def read_graph(driver: neo4j.Driver, graph: str) -> Iterator[Wanted | Reject]:
    """Yield the addresses that a graph's entities hold, in the order of their ids; the line is a running number."""
    after, n = "", 0
    while rows := read(driver, queries.IMAGE_ADDRESSES, graph=graph, after=after, limit=PAGE):
        for row in rows:
            for address in row["addresses"]:
                n += 1
                yield want(f"graph {graph}", n, row["id"], str(address))
        after = rows[-1]["id"]


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield number and bytes of each line; None for one that is too long to be read."""
    n = 0
    while raw := file.readline(LONGEST_LINE + 1):
        n += 1
        if len(raw) <= LONGEST_LINE or raw.endswith(b"\n"):
            yield n, raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(LONGEST_LINE)
        yield n, None


def read_line(path: Path, n: int, line: str) -> Wanted | Reject:
    """Read one line in either layout."""
    first, tab, rest = (part.strip(" ") for part in line.partition("\t"))
    picture = MMKB_PICTURE.fullmatch(rest)
    if picture and "://" in first:
        kind, each, number = picture.groups()
        provider = path.stem.removeprefix("URLS_")
        return want(path.name, n, f"/{kind}/{each}", first, f"{provider}_{number}")
    address, _, name = (part.strip(" ") for part in rest.partition("\t"))
    if not tab or not address:
        return Reject(path.name, n, "malformed", f"is not an id, a tab and an address: {line[:200]!r}")
    return want(path.name, n, first, address, name)


def want(index: str, n: int, entity: str, address: str, name: str = "") -> Wanted | Reject:
    """Check an id and an address, and name the file; without a name it is called after its address."""
    unfit = entity != entity.strip() or entity.startswith("#") or UNPRINTABLE.search(entity)
    if not entity or len(entity) > LONGEST_ID or unfit:
        return Reject(index, n, "malformed", f"has an id that no map can hold: {entity[:200]!r}")
    try:
        url = checked(address)
    except ValueError as exc:
        return Reject(index, n, "malformed", f"has an address that can't be asked ({exc}): {address[:200]!r}")
    given = stem(KNOWN_SUFFIX.sub("", re.split(r"[/\\]", name)[-1])) if name else ""
    called = (
        given or f"{stem(KNOWN_SUFFIX.sub('', unquote(url.raw_name, errors='replace'))) or 'image'}-{mark(str(url))}"
    )
    return Wanted(n, entity, str(url), str(url.host), folder_of(entity), called)


def checked(address: str) -> URL:
    """Return an address as it is asked for, without its fragment. Raises ValueError saying what is wrong with it."""
    if len(address) > LONGEST_ADDRESS:
        raise ValueError(f"longer than {LONGEST_ADDRESS} characters")
    if UNPRINTABLE.search(address):
        raise ValueError("control characters")
    url = URL(address).with_fragment(None)
    if url.scheme not in ("http", "https"):
        raise ValueError("neither http nor https")
    if not url.host or url.port == 0:
        raise ValueError("no host")
    if url.user is not None or url.password is not None:
        raise ValueError("a user's name stands in it")
    return url


def folder_of(entity: str) -> str:
    """Return an entity's folder: `m.0f8l9c` for `/m/0f8l9c` as MMKB has it, a plain id itself, else with a mark."""
    if freebase := FREEBASE_ID.fullmatch(entity):
        return f"{freebase[1]}.{freebase[2]}"
    if PLAIN_ID.fullmatch(entity):
        return entity
    last = re.split(r"[/#:]", unquote(entity, errors="replace").rstrip("/#"))[-1]
    return f"{stem(last) or 'entity'}-{mark(entity)}"


def stem(text: str) -> str:
    """Return what may stand in a file's name: letters and digits of any script, `-` and `_`; at most 100 bytes."""
    safe = "".join(c if unicodedata.category(c)[0] in "LMN" or c in "-_" else "_" for c in text[:LONGEST_ID])
    short = re.sub(r"_{2,}", "_", safe).strip("_-").encode()[:LONGEST_NAME]
    return short.decode(errors="ignore").strip("_-")


def mark(text: str) -> str:
    """Return eight hex digits that tell names apart."""
    return hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:8]
