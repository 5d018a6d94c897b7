"""What a training writes down as it goes: `log.jsonl`, and TensorBoard's files where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import DataError
from model.checkpoint import LOG, write_whole

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

BOARD = "tensorboard"  # the folder of TensorBoard's files in that of a run
NOT_SCALARS = ("step", "seconds")


class TrainingLog:
    """Lines of JSON, each of one step: its losses, or those of the validation after it."""

    def __init__(self, folder: Path, step: int, board: bool = False) -> None:
        """Go on with the log of a run that was saved at `step`: what was written after that is forgotten."""
        self._path = folder / LOG
        kept = [line for line in self._lines() if line["step"] <= step]
        write_whole(self._path, "".join(json.dumps(line) + "\n" for line in kept).encode())
        self._board: SummaryWriter | None = open_board(folder / BOARD, step) if board else None

    def write(self, record: Mapping[str, object]) -> None:
        """Write a line; `record` has the step."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        if self._board:
            for name, value in scalars(record):
                self._board.add_scalar(name, value, record["step"])

    def close(self) -> None:
        """Write all that is still in memory."""
        if self._board:
            self._board.close()

    def _lines(self) -> list[dict[str, int]]:
        """Return the lines that are whole."""
        lines = []
        for text in self._path.read_text("utf-8").splitlines() if self._path.exists() else ():
            try:
                lines.append(json.loads(text))
            except ValueError:  # cut where the machine stopped
                break
        return lines


def scalars(record: Mapping[str, object]) -> list[tuple[str, float]]:
    """Return the numbers of a record by name: {"valid": {"AR": 1.0}} has ("valid/AR", 1.0)."""
    found: list[tuple[str, float]] = []
    for key, value in record.items():
        if isinstance(value, Mapping):
            found += [(f"{key}/{name}", float(each)) for name, each in value.items()]
        elif isinstance(value, int | float) and key not in NOT_SCALARS:
            found.append((key, float(value)))
    return found


def open_board(folder: Path, step: int) -> SummaryWriter:
    """Open TensorBoard's files. Raises DataError if the package that writes them is not installed."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError as exc:
        raise DataError("TensorBoard's files need a package more: pip install 'kwk[tensorboard]'.") from exc
    return SummaryWriter(str(folder), purge_step=step + 1)
