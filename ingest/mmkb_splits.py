"""Published splits: `train.txt`, `valid.txt` and `test.txt`, in a folder or in an archive beside it."""

import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.mmkb_lines import TRIPLE, Reading, bare
from kg.errors import DataError
from kg.rdf_terms import LONGEST
from kg.types import Triple

PARTS = ("train", "valid", "test")
USUAL = "fb15k-237"


def read_splits(reading: Reading, subset: str | None) -> tuple[str, dict[Triple, str]]:
    """Return the split's name and the part of each of its triples; none where no split is there.

    Without `subset` it is FB15k-237, if that lies beside the triples. Raises DataError if `subset` is not there.
    """
    name = (subset or USUAL).lower()
    place = find(reading.folder, name)
    if place is None:
        if subset:
            raise DataError(
                f"{reading.folder} holds no split '{subset}': neither train.txt, valid.txt and test.txt, nor a folder "
                f"or an archive {subset}.tar.gz with them."
            )
        return name, {}
    found: dict[Triple, str] = {}
    words: dict[str, str] = {}
    for part in PARTS:
        path = place / f"{part}.txt" if place.is_dir() else place
        with opened(place, part) as lines:
            for n, match in reading.matches(path, lines, TRIPLE):
                triple = Triple(*(words.setdefault(word, bare(word)) for word in match.groups()))
                if any(len(each.encode()) > LONGEST for each in (triple.head, triple.relation, triple.tail)):
                    reading.reject(path, n, "too_long", f"has a name of more than {LONGEST:,} bytes in {part}")
                elif triple in found:
                    reading.reject(path, n, "duplicate", f"says in {part} what {found[triple]} says")
                else:
                    found[triple] = part
    return name, found


def find(folder: Path, name: str) -> Path | None:
    """Return the folder or archive of a split: one called so, else the folder itself."""
    for path in sorted(folder.iterdir()):
        called = path.name.lower()
        if (path.is_dir() and called == name and (path / "train.txt").is_file()) or called == f"{name}.tar.gz":
            return path
    return folder if all((folder / f"{part}.txt").is_file() for part in PARTS) else None


@contextmanager
def opened(place: Path, part: str) -> Iterator[Iterable[bytes]]:
    """Open one part. Raises DataError if it is not there."""
    try:
        if place.is_dir():
            with (place / f"{part}.txt").open("rb") as file:
                yield file
            return
        with tarfile.open(place) as archive:
            member = next((each for each in archive if each.isfile() and Path(each.name).name == f"{part}.txt"), None)
            content = archive.extractfile(member) if member else None
            if content is None:
                raise DataError(f"{place} holds no {part}.txt.")
            yield content
    except (OSError, EOFError, tarfile.TarError) as exc:
        raise DataError(f"{place} can't be read: {exc}; get it anew, or remove it to go without its split.") from exc
