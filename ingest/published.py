"""Fetch the files that the authors of MMKB publish; their addresses stand in `mmkb.toml`."""

import logging
import shutil
import tempfile
import tomllib
from importlib.resources import files
from pathlib import Path

from kg.errors import DataError
from kg.progress import Progress, silent


def folder_of(home: Path, dataset: str) -> Path:
    """Return where the fetched files of a dataset lie."""
    return home / "published" / dataset


def fetch_published(dataset: str, folder: Path, mirror: str | None = None, progress: Progress = silent) -> None:
    """Fetch a dataset into `folder`, whole or not at all. `mirror` replaces the published address. Raises DataError."""
    import pooch
    from requests import RequestException

    listing = tomllib.loads((files("ingest") / "mmkb.toml").read_text("utf-8"))
    base = (mirror or listing["address"]).rstrip("/") + "/"
    logging.getLogger("pooch").setLevel(logging.WARNING)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{dataset}-") as scratch:
        with progress("fetching", len(listing[dataset]["files"])) as advance:
            for name in listing[dataset]["files"]:
                try:
                    pooch.retrieve(
                        base + name,
                        known_hash=None,  # the authors publish none
                        fname=Path(name).name,
                        path=scratch,
                        downloader=pooch.HTTPDownloader(timeout=30),
                    )
                except (RequestException, OSError, ValueError) as exc:
                    raise DataError(
                        f"{base + name} can't be fetched ({exc}). Get MMKB's FB15K files on another machine and name "
                        "their folder with `--source`; `kwk ingest sample` needs no download."
                    ) from exc
                advance(1)
        shutil.rmtree(folder, ignore_errors=True)
        Path(scratch).rename(folder)
        Path(scratch).mkdir()  # for the context manager to remove
