"""A picture of the negatives that a run drew: how many of each tier, and how many hops from the answer."""

from collections.abc import Mapping
from pathlib import Path

from dialogue.quality.plots import bars
from model.checkpoint import write_whole

PLOT = "negatives.svg"


def plot(folder: Path, drawn: Mapping[str, Mapping[str, int]]) -> None:
    """Write the plot of a histogram (`model.negatives.histogram`) into a run's folder, unless nothing was drawn."""
    counts = dict(drawn.get("tiers", {}))
    if sum(counts.values()):
        counts |= {f"{hop} hop{'' if hop == '1' else 's'}": count for hop, count in drawn["hops"].items()}
        write_whole(folder / PLOT, bars("negatives", counts, "negatives drawn").encode())
