"""The figures of an evaluation as tables to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

AVERAGES = (("micro", "micro"), ("macro", "macro over relations"), ("prior_defeating", "prior-defeating"))


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """Print all tables of an evaluation."""
    console.print(f"Run {report['run'] or 'none'}, graph '{report['graph']}', split {report['split']}; 95 % intervals")
    console.print(report["harness"]["title"])
    for name, metrics in report["metrics"].items():
        if metrics:
            console.print(formats(name.replace("_", " "), metrics))
    if unseen := report.get("unseen_style"):
        for name, metrics in unseen["metrics"].items():
            if metrics:
                console.print(formats(f"{name.replace('_', ' ')}, style {unseen['style']} never seen", metrics))
    for name, metrics in report["baselines"].items():
        console.print(formats(f"baseline: {name.replace('_', ' ')}", metrics))
    console.print(single(report["parts"]))
    if against := report.get("against"):
        console.print(compared(f"{report['run']} against {against['run']}", against["difference"]))


def formats(title: str, metrics: Mapping[str, Any]) -> Table:
    """Return a table of formats by average."""
    table = Table(title=title, title_justify="left")
    table.add_column("format")
    for _, head in AVERAGES:
        table.add_column(head, justify="right", overflow="fold")
    table.add_column("n", justify="right")
    table.add_column("gallery", justify="right")
    for form, found in metrics.items():
        micro = found["micro"]
        table.add_row(
            form.upper(), *(shown(found[key]) for key, _ in AVERAGES), str(micro["n"]), str(micro["gallery"] or "")
        )
    return table


def single(parts: Mapping[str, Any]) -> Table:
    """Return a table of linking and relation, each on its own."""
    table = Table(title="each on its own", title_justify="left")
    groups: list[tuple[str, Mapping[str, Any]]] = [("linking", parts["linking"]), ("relation", parts["relation"])]
    groups += [(f"{name}, wordings kept for the test", found) for name, found in parts["held_out_wordings"].items()]
    columns: Sequence[str] = list(dict.fromkeys(form for _, found in groups for form in found))
    table.add_column("what")
    for form in columns:
        table.add_column(form.upper() if form != "all" else form, justify="right", overflow="fold")
    for name, found in groups:
        table.add_row(name, *(shown(found[form]) if form in found else "" for form in columns))
    return table


def compared(title: str, differences: Mapping[str, Any]) -> Table:
    """Return a table of paired differences."""
    table = Table(title=title, title_justify="left")
    for head in ("table", "format", "difference", "p", "n"):
        table.add_column(head, justify="left" if head in ("table", "format") else "right")
    for name, found in differences.items():
        for form, gap in found.items():
            low, high = gap["ci95"]
            text = f"{100 * gap['difference']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
            table.add_row(name.replace("_", " "), form.upper(), text, f"{gap['p']:.4f}", str(gap["n"]))
    return table


def percent(value: float | None) -> str:
    """Return a share in per cent."""
    return "–" if value is None else f"{100 * value:.1f}"


def shown(leaf: Mapping[str, Any], depths: bool = True) -> str:
    """Return one figure in per cent with its interval; for images at one and, with `depths`, at five."""
    value = leaf.get("accuracy", leaf.get("recall1"))
    if value is None:
        return "–"
    low, high = leaf["ci95"]
    text = f"{percent(value)} ({percent(low)}–{percent(high)})"
    return f"{text} / {percent(leaf['recall5'])}" if depths and "recall5" in leaf else text
