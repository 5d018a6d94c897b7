"""Killed at any moment of saving, a run is what it was before or what it was to become, and goes on from there."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.checkpoint import read_manifest
from model.run import load
from tests.conftest import TOLD

LONGEST = 0.3  # seconds that a child saves before it is killed, at most


def half_done(folder: Path) -> bool:
    """Say whether a save was cut: a file that is not whole, or weights that no manifest names."""
    files = read_manifest(folder).files
    weights = {path.name for path in folder.glob("*-*.safetensors")}
    return bool(list(folder.glob(".*.partial")) or weights - set(files))


def test_run_that_is_killed_while_it_saves_is_whole_every_time(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills, rng = pytestconfig.getoption("--save-kills"), random.Random(8)  # noqa: S311
    saver = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.saver", str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert saver.stdin
    assert saver.stdout
    assert saver.stdout.readline() == b"ready\n"
    folder, reached, cut = tmp_path / "run", 2, 0
    for _ in range(kills):
        saver.stdin.write(b"\n")
        saver.stdin.flush()
        child, before = int(saver.stdout.readline()), read_manifest(folder).step
        while read_manifest(folder).step == before:  # it has taken the run up and saves
            time.sleep(0.002)
        time.sleep(rng.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        assert saver.stdout.readline() == b"gone\n"
        cut += half_done(folder)
        load(folder)  # the best: every file is compared with its hash
        run = load(folder, latest=True)
        assert run.manifest.step > reached
        reached = run.manifest.step
    saver.stdin.close()
    saver.stdout.close()
    assert saver.wait() == 0
    assert cut or kills < 10
    pytestconfig.stash.setdefault(TOLD, []).append(
        f"saving: {kills} kills, {cut} of them in the midst of a save, {reached} saves; every time a whole run"
    )
