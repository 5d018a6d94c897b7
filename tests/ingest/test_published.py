"""MMKB's published files are fetched whole or not at all."""

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result

from ingest.published import fetch_published, folder_of
from kg.errors import DataError

FILES = {
    "FB15K/FB15K_EntityTriples.txt": "/m/0a /x/y/z /m/0b .\n",
    "FB15K/FB15K_NumericalTriples.txt": "",
    "FB15K/FB15K_ImageIndex.txt": "/m/0a\tFBIMG00001\n",
    "DB15K/DB15K_SameAsLink.txt": "/m/0a <SameAs> <http://dbpedia.org/resource/A> .\n",
    "YAGO15K/YAGO15K_SameAsLink.txt": "",
}


class Quiet(SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A local copy of what MMKB publishes, and its address."""
    root = tmp_path / "mirror"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield root, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_all_files_arrive_together(mirror: tuple[Path, str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "fb15k")
    fetch_published("fb15k", folder, mirror[1])
    fetch_published("fb15k", folder, mirror[1])  # and again
    assert sorted(file.name for file in folder.iterdir()) == sorted(Path(name).name for name in FILES)
    assert [entry.name for entry in folder.parent.iterdir()] == ["fb15k"]


def test_a_missing_file_leaves_nothing_behind_and_says_what_to_do(mirror: tuple[Path, str], tmp_path: Path) -> None:
    (mirror[0] / "FB15K/FB15K_ImageIndex.txt").unlink()
    folder = folder_of(tmp_path, "fb15k")
    with pytest.raises(DataError, match="FB15K_ImageIndex.txt can't be fetched.*--source"):
        fetch_published("fb15k", folder, mirror[1])
    assert list(folder.parent.iterdir()) == []


def test_fetched_files_are_ingested_with_names_from_their_links(
    mirror: tuple[Path, str], kwk: Callable[..., Result], graph_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KWK_FB15K_DIR", raising=False)
    refused = kwk("ingest", "fb15k", "--graph", graph_name, code=1).output
    assert "--source DIR" in refused
    assert "kwk ingest sample" in refused
    done = kwk("ingest", "fb15k", "--fetch", "--mirror", mirror[1], "--graph", graph_name)
    assert "1 triples" in done.stdout
