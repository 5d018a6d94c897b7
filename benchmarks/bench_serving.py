"""`kwk serve` under 32 clients for five minutes: errors, p50, p95 and p99 of a request, and the server's memory.

The clients share the machine with the server and its stores. `KWK_BENCH_CLIENTS` and `KWK_BENCH_SECONDS` set other
numbers. The goal: no error, p99 ≤ 5 × p50, memory flat after the first minute.
"""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

import httpx
import numpy as np
import psutil

from benchmarks.served import SLACK, Country, Told, countries, served, talk
from benchmarks.stores import stores

RATE = 1_000_000  # requests a second: all clients have one address
DEADLINE = 30.0
GRAPH = "atlas"


def main() -> None:
    """Serve the atlas, talk with it and print every figure."""
    clients = int(os.environ.get("KWK_BENCH_CLIENTS", "32"))
    seconds = float(os.environ.get("KWK_BENCH_SECONDS", "300"))
    with stores() as (_, _, home):
        kwk = [sys.executable, "-c", "from kg.cli import main; main()", "-q", "--home", str(home)]
        subprocess.run([*kwk, "ingest", "sample"], check=True, stdout=subprocess.DEVNULL)
        with served(home, GRAPH, "--rate", str(RATE), "--deadline", str(DEADLINE)) as server:
            told, memory = under_load(server.address, server.process, clients, seconds)
    report(told, memory, clients, seconds)


def under_load(
    address: str, process: psutil.Process, clients: int, seconds: float
) -> tuple[list[Told], list[tuple[float, float]]]:
    """Let clients talk for a time; return what each was told, and (second, MB) of the server's resident memory."""
    about, told, over = countries(), [list[Told]() for _ in range(clients)], threading.Event()
    threads = [
        threading.Thread(target=converse, args=(address, about, seed, kept, over)) for seed, kept in enumerate(told)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    memory = []
    while (now := time.monotonic() - begun) < seconds:
        memory.append((now, process.memory_info().rss / 1e6))
        over.wait(1)
    over.set()
    for thread in threads:
        thread.join()
    return [each for kept in told for each in kept], memory


def converse(address: str, about: Sequence[Country], seed: int, kept: list[Told], over: threading.Event) -> None:
    """Talk until it is over."""
    with httpx.Client(base_url=address, timeout=DEADLINE + SLACK) as client:
        for told in talk(client, about, Random(seed)):  # noqa: S311
            kept.append(told)
            if over.is_set():
                return


def report(told: Sequence[Told], memory: Sequence[tuple[float, float]], clients: int, seconds: float) -> None:
    """Print the figures: all requests, those of each kind, and memory by the minute."""
    wrong = [each for each in told if each.status != 200]
    astray = sum(not each.apt for each in told)
    print(
        f"{clients} clients for {seconds:.0f} s: {len(told):,} requests, {len(told) / seconds:.1f} a second, "
        f"{len(wrong)} errors, {astray} answers about another; load {', '.join(f'{x:.1f}' for x in os.getloadavg())}"
    )
    for each, count in Counter((each.kind, each.status, each.text[:120]) for each in wrong).most_common(5):
        print(f"  {count} × {each}")
    for kind in ("", *sorted({each.kind for each in told})):
        taken = np.array([each.seconds for each in told if kind in ("", each.kind)])
        p50, p95, p99 = np.quantile(taken, (0.5, 0.95, 0.99))
        print(
            f"{kind or 'all'}: {len(taken):,} requests, p50 {p50 * 1e3:,.0f} ms, p95 {p95 * 1e3:,.0f} ms, "
            f"p99 {p99 * 1e3:,.0f} ms, p99/p50 {p99 / p50:.1f}"
        )
    minutes = [
        [mb for second, mb in memory if second // 60 == minute] for minute in range(int(memory[-1][0] // 60) + 1)
    ]
    print(f"memory at the end of each minute: {', '.join(f'{each[-1]:,.0f}' for each in minutes)} MB")


if __name__ == "__main__":
    main()
