"""A training as its user sees it: a small table on a terminal that lives, and Ctrl-C or SIGTERM that ends it well."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from kg.cli import Kwk

if TYPE_CHECKING:
    from rich.table import Table

    from model.loop import Report, Watch

TERMINATED = 128 + signal.SIGTERM  # the exit code of a training that SIGTERM ended, after a save


@contextmanager
def watched(kwk: Kwk, shows: bool = True) -> Iterator[Watch]:
    """Yield what shows losses, speed and the time left on stderr; nothing off a terminal or where asked to be quiet.

    It raises KeyboardInterrupt after Ctrl-C and SystemExit after SIGTERM, so that the step is ended first.
    """
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    hidden = kwk.verbosity < 0 or not console.is_terminal or not shows
    bar = Progress(TextColumn("step {task.fields[step]:,}"), BarColumn(), TimeRemainingColumn(), console=console)
    task = bar.add_task("", total=1.0, step=0)
    with Live(console=console, refresh_per_second=4, transient=True) as live, stopped() as signalled:

        def watch(report: Report) -> None:
            if signalled() == signal.SIGTERM:
                raise SystemExit(TERMINATED)
            if signalled() is not None:
                raise KeyboardInterrupt
            if not hidden:
                bar.update(task, completed=report.progress, step=report.step)
                live.update(Group(table_of(report), bar))

        yield watch


def table_of(report: Report) -> Table:
    """Return the losses in training and at the last validation, and how fast training is."""
    from rich.table import Table

    table = Table(box=None, header_style="dim")
    for name in ("", *report.losses):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("train", *(f"{loss:.3f}" for loss in report.losses.values()))
    if report.valid:
        table.add_row("valid", *(f"{report.valid.get(name, 0):.3f}" for name in report.losses))
    table.caption = f"{report.tokens_per_second:,.0f} tokens/s, learning rate {report.learning_rate:.2e}"
    return table


@contextmanager
def stopped() -> Iterator[Callable[[], int | None]]:
    """Yield what says which signal came, SIGINT or SIGTERM; one that comes twice ends the process at once."""
    came: int | None = None
    ends = (signal.SIGINT, signal.SIGTERM)

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = number
        signal.signal(number, before[signal.Signals(number)])

    if threading.current_thread() is not threading.main_thread():  # signals are for the main thread alone
        yield lambda: None
        return
    before = {each: signal.signal(each, note) for each in ends}
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
