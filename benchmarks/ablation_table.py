"""What ablations came to: a line an arm, each figure over its seeds with Student's interval, as Markdown and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dialogue.quality.plots import ACCENT, LINE, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.24  # inches of a plot
# What is compared, by a name to read: an evaluation's table, its format, its figure, and whether of a style unseen.
MEASURES: Mapping[str, tuple[str, str, str, bool]] = {
    "T2T": ("closed_book", "t2t", "accuracy", False),
    "I2T": ("closed_book", "i2t", "accuracy", False),
    "T2I@1": ("closed_book", "t2i", "recall1", False),
    "I2I@1": ("closed_book", "i2i", "recall1", False),
    "T2I@1 masked": ("closed_book_name_masked", "t2i", "recall1", False),
    "I2T unseen": ("closed_book", "i2t", "accuracy", True),
    "I2I@1 unseen": ("closed_book", "i2i", "recall1", True),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over seeds in per cent, with Student's 95 % interval where there are two seeds or more."""

    mean: float
    low: float | None
    high: float | None
    seeds: int

    def told(self, sign: bool = False) -> str:
        """Return the figure to read."""
        mean = f"{self.mean:+.1f}" if sign else f"{self.mean:.1f}"
        return mean if self.low is None else f"{mean} ({self.low:.1f} to {self.high:.1f})"


def measured(report: Mapping[str, Any]) -> dict[str, float]:
    """Return what is compared of an evaluation, in per cent, macro over relations; without what was not asked."""
    found = {}
    for name, (table, form, figure, unseen) in MEASURES.items():
        metrics = report.get("unseen_style", {}).get("metrics", {}) if unseen else report["metrics"]
        leaf = metrics.get(table, {}).get(form, {}).get("macro", {})
        if leaf.get(figure) is not None:
            found[name] = 100 * float(leaf[figure])
    return found


def over_seeds(values: Sequence[float]) -> Figure:
    """Return the mean of what seeds gave, and Student's interval of it."""
    from scipy.stats import t  # type: ignore[import-untyped]

    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Figure(mean, None, None, count)
    half = float(t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Figure(mean, mean - half, mean + half, count)


Found = Mapping[str, Mapping[int, Mapping[str, float]]]  # arm -> seed -> measure -> per cent


def compared(found: Found, default: str) -> dict[str, dict[str, dict[str, Figure]]]:
    """Return for each arm and measure its figure, and its difference to the default, paired by seed."""
    rows: dict[str, dict[str, dict[str, Figure]]] = {}
    for arm, seeds in found.items():
        rows[arm] = {}
        for name in MEASURES:
            values = [seen[name] for seen in seeds.values() if name in seen]
            if not values:
                continue
            rows[arm][name] = {"figure": over_seeds(values)}
            base = found.get(default, {})
            gaps = [seen[name] - base[seed][name] for seed, seen in seeds.items() if name in base.get(seed, {})]
            if gaps and arm != default:
                rows[arm][name]["difference"] = over_seeds(gaps)
    return rows


def markdown(rows: Mapping[str, Mapping[str, Mapping[str, Figure]]], default: str, about: str) -> str:
    """Return two tables: the figures, and how each arm differs from the default."""
    names = [name for name in MEASURES if any(name in row for row in rows.values())]
    lines = ["# Ablations", "", about, ""]
    for title, part, sign in (
        ("By heart, macro, %", "figure", False),
        (f"Against {default}, points", "difference", True),
    ):
        lines += [f"| {title} | {' | '.join(names)} | seeds |", "|---" * (len(names) + 2) + "|"]
        for arm, row in rows.items():
            cells = [row[name][part].told(sign) if part in row.get(name, {}) else "" for name in names]
            if any(cells):
                seeds = max(each[part].seeds for each in row.values() if part in each)
                lines.append(f"| {arm} | {' | '.join(cells)} | {seeds} |")
        lines.append("")
    lines.append("The mean over seeds; in brackets Student's 95 % interval, of differences paired by seed.")
    return "\n".join(lines) + "\n"


def plot(rows: Mapping[str, Mapping[str, Mapping[str, Figure]]], measure: str, default: str) -> str:
    """Draw how each arm differs from the default in one measure, with its interval."""
    arms = [arm for arm, row in rows.items() if "difference" in row.get(measure, {})]

    def draw(axes: Axes) -> None:
        for place, arm in enumerate(reversed(arms)):
            gap = rows[arm][measure]["difference"]
            if gap.low is not None and gap.high is not None:
                axes.plot((gap.low, gap.high), (place, place), color=ACCENT, linewidth=1.6)
            axes.plot(gap.mean, place, "o", color=ACCENT, markersize=4.5)
        axes.axvline(0, color=LINE, linewidth=1)
        axes.set_yticks(range(len(arms)), arms[::-1])
        axes.set_ylim(-0.6, len(arms) - 0.4)
        axes.set_xlabel(f"{measure}: points against {default}")

    label = f"How far each arm lies from {default} in {measure}."
    return drawn(f"ablations-{measure}", 0.7 + ROW * max(len(arms), 1), draw, label)
