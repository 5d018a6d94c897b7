"""What is installed from the wheel holds all that the commands need, far from any checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the files that git tracks."""
    source = tmp_path_factory.mktemp("source")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, files.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = out.glob("kwk-*.whl")
    return built


def test_the_installed_wheel_brings_up_the_stores_and_loads_the_sample(
    wheel: Path, home: Path, tmp_path: Path
) -> None:  # fmt: skip
    installed = tmp_path / "installed"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--quiet", "--target", str(installed), str(wheel)]
    subprocess.run(uv, check=True, cwd=tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(installed), "KWK_HOME": str(home)}

    def kwk(*arguments: str) -> str:
        program = "import kg; from kg.cli import main; assert 'installed' in kg.__file__, kg.__file__; main()"
        command = [sys.executable, "-P", "-c", program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "running" in kwk("up")
    assert "'wheel' holds" in kwk("ingest", "sample", "--graph", "wheel")
    assert "Removed 'wheel'" in kwk("graphs", "remove", "wheel", "--yes")
