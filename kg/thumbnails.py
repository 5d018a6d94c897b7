"""Small pictures that stand in a page itself: Neo4j Browser forbids its pages to load any from another address."""

import base64
import io
import warnings
from pathlib import Path
from urllib.parse import quote

from kg.assets import locate
from kg.tour import ADDRESS


def picture_path(graph: str, path: str) -> str:
    """Return where the static server has a picture."""
    return f"/images/{quote(graph)}/{quote(path)}"


def picture_address(graph: str, path: str) -> str:
    """Return the address of a picture, the static server's own still left out."""
    return ADDRESS + picture_path(graph, path)


def thumbnail(assets: Path, graph: str, path: str, size: int) -> str | None:
    """Return a picture as a data: URL, its longer side `size` pixels; None if it is gone or not what it was."""
    from PIL import Image

    try:
        file = locate(assets, picture_path(graph, path))
        if file is None:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                picture.draft("RGB", (2 * size, 2 * size))
                small = picture.convert("RGBA")
        small.thumbnail((size, size))
        written = io.BytesIO()
        small.save(written, "WEBP", quality=80)
    except (
        OSError,
        LookupError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        return None
    return f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"
