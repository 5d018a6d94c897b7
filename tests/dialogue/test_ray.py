"""Another engine that writes other bytes, stays behind, or opens the machine to others, is no engine to offer."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dialogue.batches import batches_of
from dialogue.build import BuildSettings, build
from dialogue.material import Material
from dialogue.walk import Task
from kg.adjacency import Adjacency
from kg.errors import DataError

Isles = Callable[..., Adjacency]


def needs_ray() -> None:
    """Skip where Ray isn't installed, without importing it: it reads its environment once."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_ray_writes_the_same_bytes_and_leaves_nothing_running(
    isles: Isles, built: Path, tmp_path: Path, workers: int
) -> None:
    needs_ray()
    before = {child.pid for child in children()}
    build(isles(), BuildSettings(rounds=600, seed=3), tmp_path / "ray", workers=workers, engine="ray")
    assert {f.name: f.read_bytes() for f in (tmp_path / "ray").iterdir()} == {
        f.name: f.read_bytes() for f in built.iterdir()
    }
    left = [child for child in children() if child.pid not in before]
    assert psutil.wait_procs(left, timeout=20)[1] == []


def test_ray_listens_on_this_machine_alone(material: Material) -> None:
    needs_ray()
    before = {child.pid for child in children()}
    with batches_of(material, 0, 1, "ray") as run:
        assert len(next(run(iter([Task(0, n) for n in range(4)])))) == 4
        started = [child for child in children() if child.pid not in before]
        open_ = [c.laddr.ip for child in started for c in child.net_connections() if c.status == psutil.CONN_LISTEN]
    assert open_
    assert set(open_) <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_ray_that_is_not_installed_is_said(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DataError, match="Ray isn't installed"), batches_of(material, 0, 1, "ray"):
        pass
