"""Read FB15K and its siblings in MMKB's layout (Liu et al. 2019, "MMKG: Multi-Modal Knowledge Graphs").

A folder holds `<NAME>_EntityTriples.txt` and, where they are there: `<NAME>_NumericalTriples.txt`,
`<NAME>_ImageIndex.txt`, `*_SameAsLink.txt`, `*mid2name*.txt`, `entity2wikidata.json`, and
`image-graph_images/m.<id>/*`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg.errors import DataError
from kg.type_votes import vote_types
from kg.types import Entity, ImageFile, PropertyValue, Reject, Source, Triple

IMAGES = "image-graph_images"
# An id or a relation is one word of visible characters; hostile ones (control, bidi) have no place in either.
WORD = r"([^\s\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+)"
TRIPLE = re.compile(rf"{WORD}[ \t]+{WORD}[ \t]+{WORD}(?:[ \t]+\.)?[ \t]*")
NUMBER = re.compile(rf"{WORD}\t<?{WORD}>?\t{WORD}")
LINK = re.compile(rf"{WORD}[ \t]+<SameAs>[ \t]+<{WORD}>[ \t]*\.?[ \t]*")
UNLABELLED = re.compile(r"Q\d+")
PAIR = re.compile(r"(\S+)\t(\S.*)")
RESERVED = {"graph", "id", "name", "names", "description", "types", "sources", "same_as"}


@dataclass(slots=True)
class Reading:
    """What is gathered while the files are read."""

    folder: Path
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, path: Path, line: int, reason: str, detail: str) -> None:
        """Note what is dropped, with its place relative to the folder."""
        self.rejects.append(Reject(str(path.relative_to(self.folder)), line, reason, detail[:300]))

    def lines(self, path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield number and match of each line; what does not match, or is not UTF-8, is rejected. Blank lines pass."""
        with path.open("rb") as file:
            for n, raw in enumerate(file, 1):
                try:
                    line = raw.decode().rstrip("\r\n")
                except UnicodeDecodeError as exc:
                    self.reject(path, n, "encoding", f"is not UTF-8: {exc.reason} at byte {exc.start}")
                    continue
                match = pattern.fullmatch(line)
                if match:
                    yield n, match
                elif line.strip():
                    self.reject(path, n, "malformed", f"is not what this file holds: {line!r}")


def read_mmkb(folder: Path, name: str = "fb15k") -> Source:
    """Read a folder in MMKB's layout as one source. Raises DataError if it holds no triples."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; `--source` names a folder in MMKB's layout.")
    triple_files = sorted(folder.glob("*_EntityTriples.txt"))
    if len(triple_files) != 1:
        raise DataError(
            f"{folder} holds {len(triple_files)} files *_EntityTriples.txt where one is needed; `--source` names a "
            "folder in MMKB's layout."
        )
    reading = Reading(folder)
    names = read_names(reading)
    wikidata = read_wikidata(folder)
    triples = read_triples(reading, triple_files[0], names.keys() | wikidata.keys())
    ids = sorted({t.head for t in triples} | {t.tail for t in triples})
    properties = read_properties(reading, set(ids))
    types = vote_types(triples)
    entities = [
        entity(each, names.get(each), wikidata.get(each, {}), types.get(each, ()), properties.get(each, {}))
        for each in ids
    ]
    root = folder / IMAGES
    return Source(
        name=name,
        entities=entities,
        triples=triples,
        images=list(find_images(reading, root, set(ids))),
        image_root=root.resolve() if root.is_dir() else None,
        rejects=reading.rejects,
    )


def read_triples(reading: Reading, path: Path, known: set[str]) -> list[Triple]:
    """Read distinct triples. Where a list of names is there, an id that is not in it is rejected."""
    triples: dict[Triple, None] = {}
    words: dict[str, str] = {}  # one string for each id and relation, not one for each time it is read
    for n, match in reading.lines(path, TRIPLE):
        head, relation, tail = (words.setdefault(word, word) for word in match.groups())
        unknown = [each for each in (head, tail) if known and each not in known]
        triple = Triple(head, relation, tail)
        if unknown:
            reading.reject(path, n, "unknown_entity", f"names {' and '.join(unknown)}, which no list of names knows")
        elif triple in triples:
            reading.reject(path, n, "duplicate", "says again what an earlier line said")
        else:
            triples[triple] = None
    return list(triples)


def read_names(reading: Reading) -> dict[str, str]:
    """Read `id TAB Name_with_underscores`."""
    names: dict[str, str] = {}
    for path in sorted(reading.folder.glob("*mid2name*.txt")):
        for _, match in reading.lines(path, PAIR):
            names[match[1]] = " ".join(match[2].replace("_", " ").split())
    return names


def read_wikidata(folder: Path) -> dict[str, dict[str, object]]:
    """Read labels, descriptions and aliases by id. Raises DataError if the file is not JSON."""
    path = folder / "entity2wikidata.json"
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as exc:
        raise DataError(f"{path} is not JSON: {exc}; remove it to go without labels and aliases.") from exc
    if not isinstance(found, dict):
        raise DataError(f"{path} must hold one object, id to description; remove it to go without.")
    return {key: value for key, value in found.items() if isinstance(value, dict)}


def read_properties(reading: Reading, ids: set[str]) -> dict[str, dict[str, PropertyValue]]:
    """Read numbers, links and the image index as properties by id."""
    numbers: list[tuple[str, str, float]] = []
    for path in sorted(reading.folder.glob("*_NumericalTriples.txt")):
        for n, match in reading.lines(path, NUMBER):
            try:
                value = float(match[3])
            except ValueError:
                reading.reject(path, n, "malformed", f"has no number: {match[3]!r}")
                continue
            if match[1] in ids:
                numbers.append((match[1], match[2].rstrip(">"), value))
            else:
                reading.reject(path, n, "unknown_entity", f"is about {match[1]}, which no triple names")
    keys = number_keys({relation for _, relation, _ in numbers})
    found: dict[str, dict[str, PropertyValue]] = {}
    for each, relation, value in numbers:
        whole = int(value) if value.is_integer() and abs(value) < 2**53 else value
        found.setdefault(each, {}).setdefault(keys[relation], whole)
    for path in sorted(reading.folder.glob("*_SameAsLink.txt")):
        for _, match in reading.lines(path, LINK):
            links = found.setdefault(match[1], {}).setdefault("same_as", [])
            if isinstance(links, list) and match[2] not in links:
                links.append(match[2])  # type: ignore[arg-type]  # a list of text under this key
    for path in sorted(reading.folder.glob("*_ImageIndex.txt")):
        for _, match in reading.lines(path, PAIR):
            found.setdefault(match[1], {})["image_index"] = match[2]
    return found


def number_keys(relations: set[str]) -> dict[str, str]:
    """Give every numeric relation a property key: its last segment, one more where two would share it."""
    keys: dict[str, str] = {}
    for relation in sorted(relations):
        segments = re.split(r"[./#]+", relation)
        for depth in range(1, len(segments) + 1):
            key = "_".join(segments[-depth:])
            if key not in keys.values() and key not in RESERVED and not key.startswith("name_"):
                break
        keys[relation] = key
    return keys


def entity(
    each: str,
    name: str | None,
    wikidata: dict[str, object],
    types: tuple[str, ...],
    properties: dict[str, PropertyValue],
) -> Entity:
    """Make one entity. Wikidata's label is preferred: the list of names writes `Artist-GB` for Artist."""
    label = str(wikidata.get("label") or name or each)
    if UNLABELLED.fullmatch(label):  # Wikidata gives its own id where it has no label
        label = name or label
    alternatives = wikidata.get("alternatives")
    aliases = [str(alias) for alias in alternatives] if isinstance(alternatives, list) else []
    extra: dict[str, PropertyValue] = {
        key: str(wikidata[source])
        for key, source in (("wikidata", "wikidata_id"), ("wikipedia", "wikipedia"))
        if wikidata.get(source)
    }
    return Entity(
        id=each,
        name=label,
        names=tuple(dict.fromkeys([label, *([name] if name else []), *aliases])),
        labels={"en": label},
        description=str(wikidata.get("description") or ""),
        types=types,
        properties=properties | extra,
    )


def find_images(reading: Reading, root: Path, ids: set[str]) -> Iterator[ImageFile]:
    """Yield the files of `m.<id>/`; a folder of an unknown entity is rejected. Paths are relative to `root`."""
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        each = "/" + folder.name.replace(".", "/", 1)
        if each not in ids and folder.name not in ids:
            reading.reject(folder, 0, "unknown_entity", f"is a folder of {each}, which no triple names")
            continue
        for file in sorted(folder.iterdir()):
            if not file.name.startswith("."):
                yield ImageFile(each if each in ids else folder.name, f"{folder.name}/{file.name}")
