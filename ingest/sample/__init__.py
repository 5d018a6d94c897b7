"""The bundled sample: a small atlas of the world, with flags, that every user has without a download.

`atlas.ttl` is RDF; its images stand beside it and are named relative to it. README.md says what is in it and
LICENSES.md where it comes from; `make sample` builds both again from their sources.
"""

from importlib.resources import files
from pathlib import Path


def folder() -> Path:
    """Return the folder of `atlas.ttl` and `images/`."""
    return Path(str(files(__name__)))
