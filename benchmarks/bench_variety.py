"""Distinct n-grams of built dialogues, against the same dialogues with one wording a relation.

The figure is the sum, over n = 2..4, of distinct n-grams per n-gram (TextBind's measure of diversity).
"""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.bench_dialogues import material_of
from dialogue.compose import Plan, compose
from dialogue.material import Material
from dialogue.walk import Task, walk
from ingest.mmkb import read_mmkb
from ingest.sample import folder
from kg.rdf import read_rdf

ROUNDS = 20_000
_WORD = re.compile(r"<image>|\w+|[^\w\s]")


def main() -> None:
    """Measure on the bundled atlas, and on FB15K where KWK_FB15K_DIR names it. No store is needed."""
    sources = [read_rdf([folder() / "atlas.ttl"], "atlas")]
    if os.environ.get("KWK_FB15K_DIR"):
        sources.append(read_mmkb(Path(os.environ["KWK_FB15K_DIR"]), "fb15k"))
    for source in sources:
        measure(material_of(source))


def measure(material: Material) -> None:
    """Compose the same plans with all wordings and with the first one of each relation."""
    plans, rounds = [], 0
    for n in range(ROUNDS):
        plan = walk(material, 0, Task(0, n, turn=n)).plan
        if plan is not None:
            plans.append(plan)
            rounds += len(plan.rounds)
        if rounds >= ROUNDS:
            break
    for what, side in (("all turns", slice(None)), ("questions", slice(0, None, 2)), ("answers", slice(1, None, 2))):
        ours, one = (
            diversity(turn.value for plan in each for turn in compose(material, plan).turns[side])
            for each in (plans, [plainly(plan) for plan in plans])
        )
        print(
            f"{material.graph.graph}, {what} of {rounds:,} rounds: distinct n-grams {ours:.3f}, "
            f"with one wording a relation {one:.3f}, ratio {ours / one:.2f}"
        )


def plainly(plan: Plan) -> Plan:
    """Return a plan in the first wording of each relation; a bare answer stays bare."""
    rounds = (each._replace(form=0, statement=min(each.statement, 0)) for each in plan.rounds)
    return replace(plan, rounds=tuple(rounds))


def diversity(texts: Iterable[str]) -> float:
    """Return the sum over n = 2..4 of distinct n-grams per n-gram; an n-gram does not cross two turns."""
    words = [_WORD.findall(text.casefold()) for text in texts]
    total = 0.0
    for n in (2, 3, 4):
        grams = [gram for each in words for gram in zip(*(each[i:] for i in range(n)), strict=False)]
        total += len(set(grams)) / len(grams)
    return total
