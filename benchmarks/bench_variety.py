"""Distinct n-grams of built dialogues, against the same dialogues with one wording a relation.

The figure is the sum, over n = 2..4, of distinct n-grams per n-gram (TextBind's measure of diversity); it falls as a
build grows. KWK_BENCH_ROUNDS says how many rounds of FB15K are composed; default: 300,000, its whole build.
"""

import os
import re
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.bench_dialogues import material_of
from dialogue.compose import Plan, compose
from dialogue.material import Material
from dialogue.quality.ngrams import NGrams
from dialogue.walk import Task, walk
from ingest.mmkb import read_mmkb
from ingest.sample import folder
from kg.rdf import read_rdf

ROUNDS = 20_000  # of the atlas
PARTS = {"all turns": slice(None), "questions": slice(0, None, 2), "answers": slice(1, None, 2)}
_WORD = re.compile(r"<image>|\w+|[^\w\s]")


def main() -> None:
    """Measure on the bundled atlas, and on FB15K where KWK_FB15K_DIR names it. No store is needed."""
    measure(material_of(read_rdf([folder() / "atlas.ttl"], "atlas")), ROUNDS)
    if os.environ.get("KWK_FB15K_DIR"):
        rounds = int(os.environ.get("KWK_BENCH_ROUNDS", "300000"))
        measure(material_of(read_mmkb(Path(os.environ["KWK_FB15K_DIR"]), "fb15k")), rounds)


def measure(material: Material, wanted: int) -> None:
    """Compose the same plans with all wordings and with the first one of each relation."""
    found = {part: (NGrams(), NGrams()) for part in PARTS}
    rounds = 0
    for n in count():
        plan = walk(material, 0, Task(0, n, turn=n)).plan
        if plan is not None:
            for side, each in enumerate((plan, plainly(plan))):
                texts = [_WORD.findall(turn.value.casefold()) for turn in compose(material, each).turns]
                for part, turns in PARTS.items():
                    for text in texts[turns]:
                        found[part][side].take(text)
            rounds += len(plan.rounds)
        if rounds >= wanted:
            break
    for part, sides in found.items():
        ours, one = (side.diversity() for side in sides)
        print(
            f"{material.graph.graph}, {part} of {rounds:,} rounds: distinct n-grams {ours:.3f}, "
            f"with one wording a relation {one:.3f}, ratio {ours / one:.2f}"
        )


def plainly(plan: Plan) -> Plan:
    """Return a plan in the first wording of each relation; a bare answer stays bare."""
    rounds = (each._replace(form=0, statement=min(each.statement, 0)) for each in plan.rounds)
    return replace(plan, rounds=tuple(rounds))
