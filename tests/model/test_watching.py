"""A training that a signal kills in the midst of a step instead of ending it."""

import os
import signal
from pathlib import Path

import pytest

from kg.cli import Kwk
from kg.settings import ServiceSettings
from model.checkpoint import read_manifest
from model.loop import Report
from model.prepare import Material
from model.train import train
from model.watching import table_of, watched
from tests.model.conftest import settings_of

REPORT = Report(7, 0.5, 1.0, {"total": 2.0, "AR": 1.5}, {"total": 2.5, "AR": 1.25}, 1e-3, 1234.5)


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_signal_ends_a_step_and_leaves_a_run_that_is_saved(
    material: Material, tmp_path: Path, number: int, raised: type[BaseException]
) -> None:
    before = signal.getsignal(number)
    with watched(Kwk(ServiceSettings(tmp_path), -1)) as watch:

        def signalled(report: Report) -> None:
            if report.step == 3:
                os.kill(os.getpid(), number)
            watch(report)

        with pytest.raises(raised) as stopped:
            train(material, settings_of(material), tmp_path / "run", signalled)
    if isinstance(stopped.value, SystemExit):
        assert stopped.value.code == 143
    assert signal.getsignal(number) == before
    manifest = read_manifest(tmp_path / "run")
    assert (manifest.step, manifest.finished, manifest.stale) == (3, "", 0)


def test_table_shows_losses_of_training_and_validation_and_the_speed() -> None:
    table = table_of(REPORT)
    assert [column.header for column in table.columns] == ["", "total", "AR"]
    assert [list(column.cells) for column in table.columns] == [
        ["train", "valid"],
        ["2.000", "2.500"],
        ["1.500", "1.250"],
    ]
    assert table.caption == "1,234 tokens/s, learning rate 1.00e-03"
