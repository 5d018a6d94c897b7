"""How long an answer takes with FB15K warm, where that goes, and a cold `kwk ask`.

`make bench ONLY=answers QUESTIONS=FILE`: each question of every fifth row is new, as a person's would be.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench_questions import GRAPH, read_asked
from benchmarks.stores import opened
from retrieval.assemble import open_host
from retrieval.conversation import Conversation
from retrieval.ground import Reader
from retrieval.timings import timed

EVERY = 5  # rows of the file
WARM_UP = 10  # questions before any is timed
COLD = 3  # processes


def main() -> None:
    """Time questions in one process, each a conversation of its own and written down; then whole processes."""
    file = os.environ.get("QUESTIONS")
    if not file:
        print("answers: set QUESTIONS to a file of questions that people wrote; nothing is measured without one.")
        return
    torch.set_num_threads(1)
    taken: list[float] = []
    stores_: list[float] = []
    with opened() as (both, home):
        asked = [each.text for each in read_asked(Path(file), Reader(both.driver, GRAPH))][::EVERY]
        host = open_host(both, GRAPH, home, None)
        for number, text in enumerate(asked):
            with timed() as timings:
                host.turn(Conversation(), text)
            if number >= WARM_UP:
                taken.append(timings.seconds)
                stores_.append(timings.spent["stores"])
    p50, p95 = np.percentile(taken, (50, 95))
    print(f"one answer, FB15K warm, {len(taken)} questions: p50 {p50:.3f} s, p95 {p95:.3f} s; stores", end=" ")
    print("p50 {:.3f} s, p95 {:.3f} s".format(*np.percentile(stores_, (50, 95))))
    cold, kwk = [], Path(sys.executable).with_name("kwk")
    for text in asked[:COLD]:
        begun = time.perf_counter()
        subprocess.run([kwk, "-q", "ask", "--graph", GRAPH, text], check=True, capture_output=True)
        cold.append(time.perf_counter() - begun)
    print(f"a cold `kwk ask`: {', '.join(f'{each:.1f}' for each in cold)} s")


if __name__ == "__main__":
    main()
