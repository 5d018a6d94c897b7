"""Say what became of each address: the map that `kwk ingest images` takes, the report, and the summary."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ingest.fetch_download import put
from ingest.fetch_state import FetchState

MAP, REPORT, REJECTS = "map.tsv", "report.jsonl", "rejects.jsonl"
WORST_HOSTS = 10


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """What became of the addresses of this run, and where it stands written."""

    lines: int
    addresses: int
    states: Mapping[str, int]  # new, changed, unchanged, stale (an older copy is kept), failed
    reasons: Mapping[str, int]  # of those that gave no picture
    worst_hosts: Mapping[str, Mapping[str, int]]  # host -> asked, lost
    rejects: Mapping[str, int]  # lines by reason
    pictures: int  # lines of the map
    received: int  # bytes
    seconds: float
    continued: bool  # an earlier run was cut short, and what it had done was not done again
    map: str
    report: str
    rejects_file: str | None


@dataclass(slots=True)
class Lines:
    """What was read of the indexes."""

    count: int = 0
    rejects: dict[str, int] = field(default_factory=dict)


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Write a text file under another name, and give it its own when it is whole."""
    scratch = path.with_name(f".{path.name}.new")
    with scratch.open("w", encoding="utf-8", newline="\n") as file:
        yield file
    scratch.replace(path)


def write_map(state: FetchState, folder: Path) -> int:
    """Write `id TAB path` of every picture that is kept, in the order of the indexes; return how many.

    A picture that several entities share is put in the folder of each. One that somebody removed is forgotten.
    """
    count = 0
    lost: set[int] = set()
    with replacing(folder / MAP) as file:
        for row in state.kept_places():
            path = f"{row['folder']}/{row['name']}{row['suffix']}"
            if not is_whole(folder / path, row["size"]):
                others = (folder / f"{place}{row['suffix']}" for place in state.places(row["address"]))
                source = next((other for other in others if is_whole(other, row["size"])), None)
                if source is None:
                    lost.add(row["address"])
                    continue
                put(source, folder / path)
            file.write(f"{row['entity']}\t{path}\n")
            count += 1
    for address in lost:
        state.lose(address)
    return count


def is_whole(path: Path, size: int) -> bool:
    """Say whether a file is there in its full size."""
    return path.is_file() and path.stat().st_size == size


def write_report(state: FetchState, folder: Path) -> None:
    """Write one JSON object for each address that was asked, in the order of the indexes."""
    with replacing(folder / REPORT) as file:
        for row in state.report():
            line = {
                "address": row["url"],
                "state": row["state"],
                "reason": row["reason"],
                "status": row["status"],
                "bytes": row["size"] if row["kept"] else 0,
                "received": row["received"],
                "seconds": row["seconds"],
                "tries": row["tries"],
                "final": row["final"],
                "wanted_by": row["wanted_by"],
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def summarised(state: FetchState, folder: Path, lines: Lines, pictures: int, seconds: float) -> FetchSummary:
    """Count what became of the addresses of this run."""
    states = {row["state"]: row["count"] for row in state.tally("state", " GROUP BY state ORDER BY count DESC, state")}
    lost = " AND state IN ('failed', 'stale')"
    reasons = state.tally("reason", f"{lost} GROUP BY reason ORDER BY count DESC, reason")
    hosts = state.tally(
        "host, sum(state IN ('failed', 'stale')) AS lost",
        f" GROUP BY host HAVING lost > 0 ORDER BY lost DESC, host LIMIT {WORST_HOSTS}",
    )
    return FetchSummary(
        lines=lines.count,
        addresses=sum(states.values()),
        states=states,
        reasons={row["reason"]: row["count"] for row in reasons},
        worst_hosts={row["host"]: {"asked": row["count"], "lost": row["lost"]} for row in hosts},
        rejects=lines.rejects,
        pictures=pictures,
        received=state.tally("coalesce(sum(received), 0) AS bytes", "")[0]["bytes"],
        seconds=round(seconds, 2),
        continued=state.continues,
        map=str(folder / MAP),
        report=str(folder / REPORT),
        rejects_file=str(folder / REJECTS) if lines.rejects else None,
    )
