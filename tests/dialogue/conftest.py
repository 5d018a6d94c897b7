"""A small graph of a vocabulary of its own, written here: islands, ports, ships; no lexicon knows it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from dialogue.build import BuildSettings, build
from dialogue.material import Material, Origin, prepare
from kg.adjacency import Adjacency, Picture, Relation, Vertex
from kg.adjacency import build as adjacency

ISLANDS = ("Amber", "Basalt", "Coral", "Dune", "Ember", "Fjord", "Gale", "Heron")
PREDICATES = ("hasMainPort", "neighbouringIsland", "lighthouseKeeper", "homePort", "officialLanguage", "builtBy")

Dialogues = Callable[..., Result]


@pytest.fixture(scope="session")
def run(kwk: Dialogues) -> Dialogues:
    """Call `kwk dialogues` as its user does, on the real services."""

    def call(*arguments: str, code: int = 0) -> Result:
        return kwk("-q", "dialogues", *arguments, code=code)

    return call


@pytest.fixture(scope="session")
def islands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with islands.ttl (camelCase predicates, labels in two languages), map.tsv and its images."""
    folder = tmp_path_factory.mktemp("islands")
    (folder / "islands.ttl").write_text("\n".join(_turtle()), encoding="utf-8")
    lines = []
    for n, name in enumerate(ISLANDS[:6]):
        for shade in (40, 200):
            file = f"{name.lower()}-{shade}.png"
            Image.new("RGB", (32, 24), (shade, 25 * n, 255 - 30 * n)).save(folder / file)
            lines.append(f"http://isles.example/id/{name}\t{file}")
    (folder / "map.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _turtle() -> list[str]:
    head = [
        "@prefix : <http://isles.example/id/> .",
        "@prefix v: <http://isles.example/vocabulary#> .",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .",
        'v:hasMainPort rdfs:label "main port"@en, "Haupthafen"@de .',
    ]
    for n, name in enumerate(ISLANDS):
        after = ISLANDS[(n + 1) % len(ISLANDS)]
        head += [
            f':{name} a v:Island ; rdfs:label "{name} Island"@en, "Insel {name}"@de ;',
            f"  v:hasMainPort :{name}Port ; v:neighbouringIsland :{after} ; v:lighthouseKeeper :Keeper{n} ;",
            f"  v:officialLanguage :Language{n % 3} .",
            f':{name}Port a v:Port ; rdfs:label "Port {name}"@en, "Hafen {name}"@de .',
            f':Keeper{n} a v:Person ; rdfs:label "Keeper Number {n}"@en, "Wärterin {n}"@de .',
            f':Ship{n} a v:Ship ; rdfs:label "The {name} Star"@en, "Stern von {name}"@de ;',
            f"  v:homePort :{after}Port ; v:builtBy :Keeper{(n + 3) % len(ISLANDS)} .",
        ]
    tongues = zip(("Selkie", "Gullish", "Tidal"), ("Selkisch", "Möwisch", "Gezeitig"), strict=True)
    head += [f':Language{n} a v:Language ; rdfs:label "{en}"@en, "{de}"@de .' for n, (en, de) in enumerate(tongues)]
    return head


def make_isles(shown: int = 6) -> Adjacency:
    """Make the same kind of graph without any store: `shown` islands have two images each."""
    entities, triples = [], []
    for n, name in enumerate(ISLANDS):
        after = ISLANDS[(n + 1) % len(ISLANDS)]
        images = (
            (Picture(f"{name}-a.png", f"{n:064d}"), Picture(f"{name}-b.png", f"{n + 50:064d}")) if n < shown else ()
        )
        entities += [
            Vertex(f"i:{name}", (f"{name} Island", f"Isle of {name}"), ("Island",), images),
            Vertex(f"p:{name}", (f"Port {name}",), ("Port",)),
            Vertex(f"k:{n}", (f"Keeper Number {n}",), ("Person",)),
        ]
        triples += [
            (f"i:{name}", "v:hasMainPort", f"p:{name}"),
            (f"i:{name}", "v:neighbouringIsland", f"i:{after}"),
            (f"i:{name}", "v:lighthouseKeeper", f"k:{n}"),
            (f"i:{name}", "v:officialLanguage", f"l:{n % 3}"),
            (f"k:{n}", "v:homePort", f"p:{after}"),
            (f"k:{n}", "v:builtBy", f"k:{(n + 3) % 8}"),
        ]
    entities += [Vertex(f"l:{n}", (name,), ("Language",)) for n, name in enumerate(("Selkie", "Gullish", "Tidal"))]
    relations = [Relation(f"v:{name}", name.upper(), name) for name in PREDICATES]
    return adjacency(
        "isles", entities, relations, triples, {each: each for each in ("Island", "Port", "Person", "Language")}
    )


@pytest.fixture(scope="session")
def isles() -> Callable[..., Adjacency]:
    """Make isles of which some have images."""
    return make_isles


@pytest.fixture(scope="session")
def material() -> Material:
    """What dialogues of the isles are made from."""
    return prepare(Origin(make_isles(), kinds=("fact",)))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dialogues of the isles, in a folder that no test changes."""
    folder = tmp_path_factory.mktemp("built") / "isles"
    build(make_isles(), BuildSettings(rounds=600, seed=3), folder)
    return folder


@pytest.fixture(scope="session")
def archipelago(kwk: Callable[..., Result], islands: Path) -> str:
    """The islands in both stores, images by map file; the name of the graph. What a killed session left of it goes."""
    if any(each["name"] == "archipelago" for each in json.loads(kwk("graphs", "list", "--json").output)):
        kwk("graphs", "remove", "archipelago", "--yes")
    kwk("ingest", "rdf", str(islands / "islands.ttl"), "--graph", "archipelago", "--name", "islands")
    kwk("ingest", "images", "--graph", "archipelago", "--map", str(islands / "map.tsv"), "--name", "pictures")
    return "archipelago"


@pytest.fixture(scope="session")
def charted(run: Dialogues, archipelago: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dialogues of the archipelago, built by the command; no test changes them."""
    folder = tmp_path_factory.mktemp("charted") / archipelago
    run("build", "--graph", archipelago, "--out", str(folder), "--rounds", "700", "--seed", "1")
    return folder


@pytest.fixture(scope="session")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dialogues of isles whose pictures are files: the folder of the dialogues; no test changes it or them."""
    root = tmp_path_factory.mktemp("pictures")
    graph = make_isles()
    entities = tuple(
        replace(each, images=tuple([_draw(root, picture.path, n) for picture in each.images]))
        for n, each in enumerate(graph.entities)
    )
    folder = tmp_path_factory.mktemp("pictured") / "isles"
    build(replace(graph, entities=entities, image_roots=(root,)), BuildSettings(rounds=600, seed=3), folder)
    return folder


def _draw(root: Path, name: str, n: int) -> Picture:
    """Draw a picture that no other is like, in a folder of its own: a PNG, or a JPEG."""
    file = root / "drawn" / name.replace("-b.png", "-b.JPG")
    file.parent.mkdir(exist_ok=True)
    Image.new("RGB", (8 + n, 6), (9 * n % 256, 200, 40 if file.suffix == ".png" else 90)).save(file)
    return Picture(str(file.relative_to(root)), hashlib.sha256(file.read_bytes()).hexdigest())
