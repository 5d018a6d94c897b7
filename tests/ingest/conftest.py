"""An open_clip model of our own, trained once and kept between two runs of the tests."""

import hashlib
from pathlib import Path

import pytest

from tests.ingest import open_clip_model


@pytest.fixture(scope="session")
def small_clip(pytestconfig: pytest.Config) -> str:
    """What `--encoder` takes for a small open_clip model that knows the sample's flags by their countries' names."""
    recipe = hashlib.sha256(Path(open_clip_model.__file__).read_bytes()).hexdigest()[:8]
    folder = Path(pytestconfig.cache.mkdir("small-clip")) / recipe
    if (folder / "open_clip_config.json").exists():  # written last
        return f"small:{folder}"
    return open_clip_model.train_small_clip(folder)
