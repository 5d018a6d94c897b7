"""Plots of an evaluation as SVG: who answers how well, and whether the slot is as often right as it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dialogue.quality.plots import ACCENT, GREY, LINE, PAPER, SERIES, drawn
from dialogue.types import FORMATS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.27  # inches


def plots(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the plots of an evaluation by file name."""
    found = {"answers.svg": answers(report)}
    for name, forms in report["calibration"].items():
        found[f"reliability-{name.replace('_', '-')}.svg"] = reliability(name, forms)
    return found


def answers(report: Mapping[str, Any]) -> str:
    """Draw each first answer's macro average with its interval, by format: the run's tables above the baselines."""
    tables = {**report["metrics"], **report["baselines"]}
    rows = [
        (form, name, found[form.lower()]["macro"])
        for form in FORMATS
        for name, found in tables.items()
        if form.lower() in found and found[form.lower()]["micro"]["n"]
    ]

    def draw(axes: Axes) -> None:
        names = []
        for place, (form, name, leaf) in enumerate(reversed(rows)):
            value = 100 * leaf.get("accuracy", leaf.get("recall1"))
            low, high = (100 * end for end in leaf["ci95"])
            colour = PAPER if name in report["baselines"] else ACCENT
            axes.plot((low, high), (place, place), color=colour, linewidth=1.6, solid_capstyle="round")
            axes.plot(value, place, "o", color=colour, markersize=4.5)
            names.append(f"{name.replace('_', ' ')}  {form}")
            if place and rows[len(rows) - 1 - place][0] != rows[len(rows) - place][0]:
                axes.axhline(place - 0.5, color=LINE, linewidth=0.8)
        axes.set_yticks(range(len(rows)), names)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(-2, 102)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="x", color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("first answers right, %, macro")

    label = "Share of first answers that are right, by format, of the run and of the baselines."
    return drawn("answers", 0.7 + ROW * max(len(rows), 1), draw, label)


def reliability(name: str, forms: Mapping[str, Any]) -> str:
    """Draw how often the slot is right against how sure it is; a model that knows itself lies on the line."""

    def draw(axes: Axes) -> None:
        axes.plot((0, 100), (0, 100), color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        for colour, (form, found) in zip(SERIES[::3], forms.items(), strict=False):
            bins = found["bins"]
            sure = [100 * each["confidence"] for each in bins]
            right = [100 * each["accuracy"] for each in bins]
            for x, each in zip(sure, bins, strict=True):
                low, high = (100 * end for end in each["ci95"])
                axes.plot((x, x), (low, high), color=colour, linewidth=1, alpha=0.5)
            label = f"{form.upper()}: ECE {found['ece']:.2f}, n {found['n']:,}"
            axes.plot(sure, right, "o-", color=colour, markersize=4, linewidth=1.2, label=label)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_aspect("equal")
        axes.set_xlabel("sure, %")
        axes.set_ylabel("right, %")
        axes.legend(loc="upper left")

    return drawn(f"reliability {name}", 4.2, draw, f"How often the slot is right against how sure it is: {name}.")
