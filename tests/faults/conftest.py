"""Kills by the number: few in the suite, many by `make faults`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import TOLD
from tests.faults.rough import open_stores

Report = Callable[[str, int, int], None]


@pytest.fixture(scope="session")
def rough(new_home: Callable[[], Path]) -> Path:
    """A KWK_HOME whose servers get killed."""
    home = new_home()
    open_stores(home).close()
    return home


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in MMKB's layout with 40,000 facts and 120 pictures: enough to be killed in the middle."""
    folder = tmp_path_factory.mktemp("chain")
    lines = [f"/m/{n} /a/b/r{n % 7} /m/{(n * 31 + k) % 4000} ." for n in range(4000) for k in range(10)]
    (folder / "X_EntityTriples.txt").write_text("\n".join(lines) + "\n")
    for n in range(40):
        place = folder / "image-graph_images" / f"m.{n}"
        place.mkdir(parents=True)
        for each in "abc":
            Image.effect_noise((48, 32), 80).save(place / f"{each}.png")
    return folder


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    """Note a line for the end: what was killed, how often, and how many violations there were."""
    lines = pytestconfig.stash.setdefault(TOLD, [])
    return lambda what, kills, violations: lines.append(f"killed {what} {kills} times: {violations} violations")
