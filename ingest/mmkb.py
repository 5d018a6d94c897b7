"""Read FB15K and its siblings in MMKB's layout (Liu et al. 2019, "MMKG: Multi-Modal Knowledge Graphs").

A folder holds `<NAME>_EntityTriples.txt` and, where they are there: `<NAME>_NumericalTriples.txt`,
`<NAME>_ImageIndex.txt`, `*_SameAsLink.txt`, `*mid2name*.txt`, `entity2wikidata.json`, splits (`ingest/mmkb_splits.py`)
and `image-graph_images/m.<id>/*`. FB15K's ids are Freebase's (`/m/0d05w3`); those of DB15K and YAGO15K are IRIs in
angle brackets, which end in the name of what they mean.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from ingest.mmkb_lines import LINK, NUMBER, PAIR, TRIPLE, Reading, bare
from ingest.mmkb_splits import read_splits
from kg.errors import DataError
from kg.rdf_entity import TYPE, number, plain
from kg.rdf_terms import LONGEST, literal
from kg.type_votes import vote_types
from kg.types import Entity, ImageFile, PropertyValue, Source, Triple

IMAGES = "image-graph_images"
UNLABELLED = re.compile(r"Q\d+")
RESERVED = {
    "graph", "id", "name", "names", "description", "types", "sources", "same_as", "said", "image_addresses",
    "image_index", "wikidata", "wikipedia",
}  # fmt: skip
DOUBLE = "http://www.w3.org/2001/XMLSchema#double"


def read_mmkb(folder: Path, name: str = "fb15k", subset: str | None = None) -> Source:
    """Read a folder in MMKB's layout as one source; of `subset` (`fb15k-237`) the triples of its three parts alone.

    Raises DataError if it holds no triples.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; `--source` names a folder in MMKB's layout.")
    reading = Reading(folder)
    names = read_names(reading)
    wikidata = read_wikidata(folder)
    split, parts = read_splits(reading, subset)
    said = list(parts) if subset else read_triples(reading, triple_file(folder), names.keys() | wikidata.keys())
    facts = [triple for triple in said if triple.relation != TYPE]
    types = dict(vote_types(facts))
    for triple in said:
        if triple.relation == TYPE:
            types[triple.head] = (*types.get(triple.head, ()), triple.tail)
    ids = sorted({each for t in facts for each in (t.head, t.tail)} | {t.head for t in said})
    properties = read_properties(reading, set(ids))
    entities = [
        entity(each, names.get(each), wikidata.get(each, {}), types.get(each, ()), properties.get(each, {}))
        for each in ids
    ]
    root = folder / IMAGES
    there = set(facts)
    return Source(
        name=name,
        entities=entities,
        triples=sorted(facts, key=lambda triple: triple.head),
        images=list(find_images(reading, root, entities)),
        image_root=root.resolve() if root.is_dir() else None,
        splits={split: {triple: part for triple, part in parts.items() if triple in there}} if parts else {},
        rejects=reading.rejects,
    )


def triple_file(folder: Path) -> Path:
    """Return the file of triples. Raises DataError if there is none, or more than one."""
    found = sorted(folder.glob("*_EntityTriples.txt"))
    if len(found) != 1:
        raise DataError(
            f"{folder} holds {len(found)} files *_EntityTriples.txt where one is needed; `--source` names a folder in "
            "MMKB's layout, and `--subset NAME` one with train.txt, valid.txt and test.txt."
        )
    return found[0]


def read_triples(reading: Reading, path: Path, known: set[str]) -> list[Triple]:
    """Read distinct triples. Where a list of names is there, an id that is not in it is rejected."""
    triples: dict[Triple, None] = {}
    words: dict[str, str] = {}  # one string for each id and relation, not one for each time it is read
    for n, match in reading.lines(path, TRIPLE):
        head, relation, tail = (words.setdefault(word, bare(word)) for word in match.groups())
        unknown = [each for each in (head, tail) if known and each not in known]
        triple = Triple(head, relation, tail)
        if any(len(each.encode()) > LONGEST for each in (head, relation, tail)):
            reading.reject(path, n, "too_long", f"has a name of more than {LONGEST:,} bytes: {match[0][:200]!r}")
        elif unknown:
            reading.reject(path, n, "unknown_entity", f"names {' and '.join(unknown)}, which no list of names knows")
        elif triple in triples:
            reading.reject(path, n, "duplicate", "says again what an earlier line said")
        else:
            triples[triple] = None
    return list(triples)


def read_names(reading: Reading) -> dict[str, str]:
    """Read `id TAB Name_with_underscores`; of Freebase's escaped quotation marks a backslash is left."""
    names: dict[str, str] = {}
    for path in sorted(reading.folder.glob("*mid2name*.txt")):
        for _, match in reading.lines(path, PAIR):
            names[match[1]] = " ".join(match[2].replace("_", " ").replace("\\", '"').split())
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
    found = read_numbers(reading, ids)
    links: dict[str, dict[str, None]] = {}
    for path in sorted(reading.folder.glob("*_SameAsLink.txt")):
        for n, match in reading.lines(path, LINK):
            ends = bare(match[1]), bare(match[2])
            each, other = ends if ends[0] in ids or ends[1] not in ids else ends[::-1]  # written from Freebase's side
            if each in ids:
                links.setdefault(each, {})[other] = None
            else:
                reading.reject(path, n, "unknown_entity", f"links {each} and {other}, which no triple names")
    for each, others in links.items():
        found.setdefault(each, {})["same_as"] = list(others)
    for path in sorted(reading.folder.glob("*_ImageIndex.txt")):
        for n, match in reading.lines(path, PAIR):
            if bare(match[1]) in ids:
                found.setdefault(bare(match[1]), {})["image_index"] = match[2]
            else:
                reading.reject(path, n, "unknown_entity", f"is about {match[1]}, which no triple names")
    return found


def read_numbers(reading: Reading, ids: set[str]) -> dict[str, dict[str, PropertyValue]]:
    """Read numbers and dates by id and property key; several of one kind become a list."""
    ends = {each.rpartition("/")[2]: each for each in ids if "://" in each}  # YAGO15K's numbers leave the rest out
    values: dict[str, dict[str, dict[str, None]]] = {}
    for path in sorted(reading.folder.glob("*_NumericalTriples.txt")):
        for n, match in reading.lines(path, NUMBER):
            each = bare(match[1])
            each = each if each in ids else ends.get(each, each)
            value = literal(match[3], datatype=match[4]) if match[3] is not None else literal(match[5], "", DOUBLE)
            if match[3] is None and isinstance(number(value), str):
                reading.reject(path, n, "malformed", f"has no number: {match[5]!r}")
            elif each not in ids:
                reading.reject(path, n, "unknown_entity", f"is about {each}, which no triple names")
            else:
                values.setdefault(each, {}).setdefault(bare(match[2]), {})[value] = None
    keys = number_keys({relation for found in values.values() for relation in found})
    return {
        each: {keys[relation]: whole(plain(several)) for relation, several in found.items()}
        for each, found in values.items()
    }


def whole(value: PropertyValue) -> PropertyValue:
    """Return numbers without a fraction as integers: a population of 10000000.0."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


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
    wikidata: Mapping[str, object],
    types: tuple[str, ...],
    properties: dict[str, PropertyValue],
) -> Entity:
    """Make one entity. Wikidata's label is preferred: the list of names writes `Artist-GB` for Artist."""
    name = name or title(each)
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
    if label.removesuffix(" organism") in aliases:  # so Wikidata calls the sexes: people are male and female
        label = label.removesuffix(" organism")
    named = label != each or bool(aliases)
    return Entity(
        id=each,
        name=label,
        names=tuple(dict.fromkeys([label, *([name] if name else []), *aliases])) if named else (),
        labels={"en": label} if named else {},
        description=str(wikidata.get("description") or ""),
        types=types,
        properties=properties | extra,
    )


def title(each: str) -> str | None:
    """Return the name that an id of DBpedia or YAGO ends in; None for an id that says nothing."""
    if "://" not in each:
        return None
    return " ".join(unquote(each.rstrip("/#").replace("#", "/").rpartition("/")[2]).replace("_", " ").split()) or None


def find_images(reading: Reading, root: Path, entities: list[Entity]) -> Iterator[ImageFile]:
    """Yield the files of `m.<id>/`, or of a folder that is called as the image index says, relative to `root`.

    A folder of an unknown entity is rejected.
    """
    if not root.is_dir():
        return
    owners = {str(each.properties["image_index"]): each.id for each in entities if "image_index" in each.properties}
    owners |= {each.id: each.id for each in entities}
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        each = "/" + folder.name.replace(".", "/", 1)
        owner = owners.get(each) or owners.get(folder.name)
        if owner is None:
            reading.reject(folder, 0, "unknown_entity", f"is a folder of {each}, which no triple names")
            continue
        for file in sorted(folder.iterdir()):
            if not file.name.startswith("."):
                yield ImageFile(owner, f"{folder.name}/{file.name}")
