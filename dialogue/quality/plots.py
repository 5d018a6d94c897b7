"""Plots in one quiet style, as SVG that stands in a page. Names from outside are drawn as they are, never as markup."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dialogue.quality.clusters import Clusters

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, LINE = "#26313b", "#6f7a85", "#e3e7ea"
ACCENT, PAPER = "#3c6e9f", "#c7ab78"
SERIES = ("#2f5d8a", "#6f9cc4", "#b7cde2", "#c7ab78", "#8a8f6a", "#a86f5a", "#7d6a94", "#9aa3ab")
WIDTH = 4.7  # inches
LABEL = 34  # characters of a label that are shown
STYLE: dict[Any, Any] = {
    "font.size": 8.5,
    "font.family": "sans-serif",
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.unicode_minus": False,
    "svg.fonttype": "none",  # text stays text
    "legend.frameon": False,
}


def drawn(name: str, height: float, draw: Callable[[Axes], None], label: str) -> str:
    """Draw into axes and return SVG; `name` keeps the ids of two figures of a page apart, `label` is read aloud."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the page's own fonts have it
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    return svg.replace("<svg ", f'<svg role="img" aria-label="{_attribute(label)}" ', 1)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def short(label: Any) -> str:
    """Return a label that fits beside a bar, on one line."""
    text = " ".join(str(label).split())
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"


def thousands(value: float, _: object = None) -> str:
    """Return a number of an axis."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:,g}"


def bars(name: str, counts: Mapping[Any, float], axis: str) -> str:
    """Draw counts as horizontal bars, each with its number."""

    def draw(axes: Axes) -> None:
        places = np.arange(len(counts))
        found = axes.barh(places, list(counts.values()), color=ACCENT, height=0.68)
        axes.set_yticks(places, [short(label) for label in counts])
        axes.bar_label(found, [f"{value:,g}" for value in counts.values()], padding=3, color=GREY, fontsize=7.5)
        axes.invert_yaxis()
        axes.margins(x=0.14)
        _horizontal(axes, axis)

    return drawn(name, _height(len(counts)), draw, f"{axis}: {_read(counts)}")


def beside(name: str, ours: Mapping[str, float], theirs: Mapping[str, float], paper: str) -> str:
    """Draw shares as pairs of bars: this dataset's, and a paper's."""

    def draw(axes: Axes) -> None:
        labels = list(dict.fromkeys((*theirs, *ours)))
        places = np.arange(len(labels))
        for shift, shares, color, who in ((-0.19, ours, ACCENT, "here"), (0.19, theirs, PAPER, paper)):
            values = [100 * shares.get(label, 0.0) for label in labels]
            found = axes.barh(places + shift, values, 0.36, color=color, label=who)
            axes.bar_label(found, [f"{value:.1f}" for value in values], padding=3, color=GREY, fontsize=7)
        axes.set_yticks(places, [short(label) for label in labels])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.legend(loc="lower right", fontsize=8)
        _horizontal(axes, "% of rounds")

    both = f"here {_read(ours, 3)}; {paper} {_read(theirs, 3)}"
    return drawn(name, _height(1.5 * len(set(ours) | set(theirs))), draw, both)


def stacked(name: str, rows: Mapping[str, Mapping[str, int]], axis: str) -> str:
    """Draw the shares of each row's parts as one bar of 100 %."""
    parts = sorted({part for row in rows.values() for part in row}, key=lambda each: -_total(rows, each))
    shown, rest = parts[: len(SERIES) - 1], parts[len(SERIES) - 1 :]

    def draw(axes: Axes) -> None:
        labels = [label for label in rows if sum(rows[label].values())]
        left = np.zeros(len(labels))
        for part, color in zip((*shown, *(["others"] if rest else [])), SERIES, strict=False):
            among = rest if part == "others" and rest else [part]
            values = [100 * sum(rows[x].get(each, 0) for each in among) / sum(rows[x].values()) for x in labels]
            found = axes.barh(labels, values, 0.6, left=left, color=color, label=short(part), edgecolor="white", lw=0.6)
            light = color in SERIES[2:4]
            texts = [f"{value:.0f}" if value >= 6 else "" for value in values]
            axes.bar_label(found, texts, label_type="center", color=INK if light else "white", fontsize=7.5)
            left += values
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        columns = min(4, max(1, 60 // max(len(short(part)) + 4 for part in shown)) if shown else 1)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, fontsize=7.5, handlelength=1)
        _horizontal(axes, axis)

    return drawn(name, 1.9 + 0.06 * len(parts), draw, "; ".join(f"{row} {_read(rows[row])}" for row in rows))


def _total(rows: Mapping[str, Mapping[str, int]], part: str) -> int:
    return sum(row.get(part, 0) for row in rows.values())


def columns(name: str, counts: Mapping[int, int], axis: str, of: str, marks: Mapping[str, float] | None = None) -> str:
    """Draw how often each whole number was counted; `marks` are a paper's means."""

    def draw(axes: Axes) -> None:
        top = _reach(counts)
        values = {min(value, top): 0 for value in sorted(counts)}
        for value, n in counts.items():
            values[min(value, top)] += n
        axes.bar(list(values), list(values.values()), color=ACCENT, width=0.78)
        for (label, mark), dashes in zip((marks or {}).items(), ("-", (0, (4, 2))), strict=False):
            axes.axvline(mark, color=PAPER, lw=1.6, ls=dashes, label=f"{label} {mark:g}")
        if marks:
            axes.legend(loc="upper right", fontsize=7.5)
        tail = f" (last bar: {top} and more)" if top < max(counts, default=0) else ""
        _whole_numbers(axes)
        _vertical(axes, axis + tail, of)

    return drawn(name, 2.3, draw, f"{of} by {axis}: {_read(counts)}")


def _reach(counts: Mapping[int, int]) -> int:
    """Return the value above which a long tail is drawn as one: 99.5 of 100 lie below."""
    total, seen = sum(counts.values()), 0
    for value, n in sorted(counts.items()):
        seen += n
        if seen >= 0.995 * total:
            return max(value, 8)
    return 8


def sides(name: str, counts: Mapping[str, Mapping[int, int]], axis: str, of: str) -> str:
    """Draw counts of human and model side by side."""

    def draw(axes: Axes) -> None:
        for shift, (side, found), color in zip((-0.2, 0.2), counts.items(), (PAPER, ACCENT), strict=False):
            places = [place + shift for place in found]
            axes.bar(places, list(found.values()), 0.38, color=color, label=side)
        _whole_numbers(axes)
        axes.legend(loc="upper right", fontsize=8)
        _vertical(axes, axis, of)

    return drawn(name, 2.3, draw, "; ".join(f"{side} {_read(found)}" for side, found in counts.items()))


def ranked(name: str, counts: Mapping[int, int], axis: str, of: str) -> str:
    """Draw counts by rank, the vertical axis logarithmic."""

    def draw(axes: Axes) -> None:
        axes.fill_between(list(counts), list(counts.values()), 0.8, step="mid", color=ACCENT, lw=0)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.8)
        axes.set_xlim(0.5, len(counts) + 0.5)
        axes.minorticks_off()
        _whole_numbers(axes)
        _vertical(axes, axis, of)

    return drawn(name, 2.3, draw, f"{of} by {axis}: {_read(counts)}")


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


def histogram(name: str, values: Sequence[float], axis: str, of: str) -> str:
    """Draw how numbers spread; what lies beyond 99 of 100 of them stands in the last bar."""

    def draw(axes: Axes) -> None:
        found = np.asarray(values, float)
        low, high = float(found.min()), float(np.quantile(found, 0.99))
        reach = (low, high) if high > low else None
        axes.hist(np.minimum(found, high), bins=30, range=reach, color=ACCENT, rwidth=0.9)
        axes.axvline(float(np.median(found)), color=INK, lw=0.9, ls=(0, (3, 2)))
        _vertical(axes, f"{axis} (dashed: median {np.median(found):.3g})", of)

    return drawn(name, 2.3, draw, f"{of} by {axis}, median {np.median(values):.4g}")


def scatter(name: str, found: Clusters) -> str:
    """Draw a sample in its two principal components, what is in a cluster in colour."""

    def draw(axes: Axes) -> None:
        loose = found.labels < 0
        (x, y), (x_in, y_in) = found.points[loose].T, found.points[~loose].T
        axes.scatter(x, y, s=3, color="#cdd3d8", lw=0, label="in no cluster", rasterized=True)
        colors = [SERIES[n % len(SERIES)] for n in found.labels[~loose]]
        axes.scatter(x_in, y_in, s=6, c=colors, lw=0, label="in a cluster", rasterized=True)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel("first principal component")
        axes.set_ylabel("second")
        axes.spines[:].set_color(LINE)

    return drawn(name, 2.9, draw, f"{found.count} clusters of {len(found.labels)} points")


def _horizontal(axes: Axes, label: str) -> None:
    axes.set_xlabel(label)
    axes.xaxis.set_major_formatter(thousands)
    axes.xaxis.set_major_locator(_few())
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_axisbelow(True)


def _vertical(axes: Axes, label: str, of: str) -> None:
    axes.set_xlabel(label)
    axes.set_ylabel(of)
    axes.xaxis.set_major_formatter(thousands)
    axes.yaxis.set_major_formatter(thousands)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_axisbelow(True)


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def _height(rows: float) -> float:
    return 0.75 + 0.23 * max(2.0, rows)


def _read(counts: Mapping[Any, float], digits: int = 0) -> str:
    parts = [
        f"{' '.join(str(label).split())} {round(value, digits) if digits else value}" for label, value in counts.items()
    ]
    return ", ".join(parts[:20])
