"""Islands with drawings in two styles, conversations about them, and one short training that no test changes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tokenizers import Tokenizer

from dialogue.build import BuildSettings, build
from dialogue.serialise import read_dialogues
from dialogue.verbalise import lexicon
from ingest.descriptor import COLOURS
from ingest.sentences import minilm
from kg.adjacency import Adjacency, Picture, Relation, Vertex
from kg.adjacency import build as adjacency
from model import presets, wordings
from model import run as runs
from model import train as training
from model.data import Example, Index, examples
from model.gallery import Gallery, gallery
from model.loop import Report
from model.prepare import Material
from model.run import Run, load
from model.settings import TrainSettings
from model.tokens import train_tokenizer
from model.train import train

NAMES = ("Amber", "Basalt", "Coral", "Dune", "Ember", "Fjord", "Gale", "Heron")
STYLES = ("ink", "oil")
MINUTE = str(Path(__file__).with_name("minute.toml"))
GRID = 8  # channels of a cell of the pictures that are measured here

Isles = Callable[..., Adjacency]


@dataclass(frozen=True)
class Remembering:
    """The real sentence encoder with a memory: each training here compares the same wordings."""

    space: str
    width: int
    kept: dict[str, NDArray[np.float32]]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts to features of length 1, (N, D)."""
        new = [text for text in dict.fromkeys(texts) if text not in self.kept]
        self.kept.update(zip(new, minilm().encode(new), strict=True))
        return np.stack([self.kept[text] for text in texts]) if texts else np.empty((0, self.width), np.float32)


@contextmanager
def small_trainings(encoder: Remembering) -> Iterator[None]:
    """Make trainings quick while the block lasts: small presets, few steps and a short lexicon for the wordings."""
    part = dict(list(lexicon().items())[::12])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # what is so small is not faster on two, and much slower where others compute
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wordings, "STEPS", 3)
        patch.setattr(wordings, "lexicon", lambda: part)
        for module in (training, runs):
            patch.setattr(module, "minilm", lambda: encoder)
        for name in ("minute", "asleep"):
            patch.setitem(presets.PRESETS, name, Path(__file__).with_name(f"{name}.toml"))  # type: ignore[arg-type]
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def sentences() -> Remembering:
    """The sentence encoder of all tests here."""
    return Remembering(minilm().space, minilm().width, {})


@pytest.fixture(scope="module", autouse=True)
def small(sentences: Remembering) -> Iterator[None]:
    """Keep trainings quick in the tests here, and in no others."""
    with small_trainings(sentences):
        yield


def sha_of(name: str, style: str) -> str:
    """Return what stands for the content of a picture."""
    return f"{NAMES.index(name):032x}{STYLES.index(style):032x}"


def make_isles(styles: Sequence[str] = STYLES, shown: int = 6) -> Adjacency:
    """Make islands, ports, keepers and languages: `shown` islands have a picture of each style."""
    entities, triples = [], []
    for n, name in enumerate(NAMES):
        after = NAMES[(n + 1) % len(NAMES)]
        drawn = tuple(Picture(f"{name}-{style}.png", sha_of(name, style)) for style in styles) if n < shown else ()
        entities += [
            Vertex(f"i:{name}", (f"{name} Island", f"Isle of {name}"), ("Island",), drawn),
            Vertex(f"p:{name}", (f"Port {name}",), ("Port",)),
            Vertex(f"k:{n}", (f"Keeper Number {n}",), ("Person",)),
        ]
        triples += [
            (f"i:{name}", "v:hasMainPort", f"p:{name}"),
            (f"i:{name}", "v:neighbouringIsland", f"i:{after}"),
            (f"i:{name}", "v:lighthouseKeeper", f"k:{n}"),
            (f"i:{name}", "v:officialLanguage", f"l:{n % 3}"),
            (f"k:{n}", "v:homePort", f"p:{after}"),
        ]
    entities += [Vertex(f"l:{n}", (name,), ("Language",)) for n, name in enumerate(("Selkie", "Gullish", "Tidal"))]
    relations = [
        Relation(f"v:{name}", name.upper(), name)
        for name in ("hasMainPort", "neighbouringIsland", "lighthouseKeeper", "officialLanguage", "homePort")
    ]
    return adjacency(
        "isles", entities, relations, triples, {each: each for each in ("Island", "Port", "Person", "Language")}
    )


@pytest.fixture(scope="session")
def isles() -> Isles:
    """Make islands."""
    return make_isles


def measured_isles(styles: Sequence[str] = STYLES) -> tuple[dict[str, NDArray[np.float32]], dict[str, int]]:
    """Return measurements (4·GRID + COLOURS,) of the islands' pictures, and their dHashes."""
    measured, hashes = {}, {}
    for n, name in enumerate(NAMES[:6]):
        for style in styles:
            rng = np.random.default_rng([n, STYLES.index(style)])
            grid = np.random.default_rng(n).normal(size=4 * GRID) + 0.5 * rng.normal(size=4 * GRID)
            colours = np.random.default_rng(n).uniform(-0.5, 0.5, COLOURS)
            row = np.concatenate([grid / np.linalg.norm(grid), colours]).astype(np.float16)
            measured[sha_of(name, style)] = row.astype(np.float32)
            hashes[sha_of(name, style)] = int(rng.integers(1 << 63))
    return measured, hashes


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """What a run learns from: the islands, their pictures, conversations."""
    folder = tmp_path_factory.mktemp("conversations") / "isles"
    build(make_isles(), BuildSettings(rounds=400, seed=3), folder)
    return Material(make_isles(), *measured_isles(), folder)


@pytest.fixture(scope="session")
def wordless(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The islands without any picture; all their conversations are trained on."""
    folder = tmp_path_factory.mktemp("text") / "isles"
    build(make_isles(shown=0), BuildSettings(formats=("T2T",)), folder)
    return Material(make_isles(shown=0), {}, {}, folder)


@pytest.fixture(scope="session")
def tokenizer(material: Material) -> Tokenizer:
    """A tokenizer of the islands' conversations."""
    texts = (turn.value for each in read_dialogues(material.dialogues / "train.jsonl") for turn in each.turns)
    return train_tokenizer(texts, 600)


@pytest.fixture(scope="session")
def shown(material: Material) -> Gallery:
    """The islands' pictures as a model learns from them."""
    return gallery(material.graph, material.measured, material.hashes)


@pytest.fixture(scope="session")
def talks(material: Material, tokenizer: Tokenizer, shown: Gallery) -> list[Example]:
    """The islands' conversations as a model learns from them."""
    dialogues = read_dialogues(material.dialogues / "train.jsonl")
    return list(examples(dialogues, tokenizer, presets.preset(MINUTE), Index.of(material.graph), shown))


def settings_of(material: Material, **chosen: object) -> TrainSettings:
    """Return settings of a short training."""
    short = {"preset": "minute", "steps": 12, "every": 4, "drawn": 6, "seed": 5}
    return TrainSettings("isles", str(material.dialogues), **{**short, **chosen})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def reports() -> list[Report]:
    """What whoever watched the short training saw."""
    return []


@pytest.fixture(scope="session")
def run(
    material: Material, sentences: Remembering, reports: list[Report], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A short training on the islands, loaded; no test changes its folder."""
    folder = tmp_path_factory.mktemp("runs") / "short"
    with small_trainings(sentences):
        made = train(material, settings_of(material, steps=36, every=12), folder, reports.append)
        loaded = load(folder)
    assert loaded.manifest == made
    return loaded


def draw_island(n: int, style: str) -> Image.Image:
    """Draw an island: its outline and its colour are its own, the line and the sea those of the style."""
    sea, line = ((235, 235, 240), 2) if style == "ink" else ((60, 110, 180), 6)
    picture = Image.new("RGB", (96, 72), sea)
    corners = [
        (48 + (14 + 4 * ((n * k) % 5)) * x, 36 + (10 + 3 * ((n + k) % 5)) * y) for k, (x, y) in enumerate(_ROUND)
    ]
    ImageDraw.Draw(picture).polygon(corners, (30 * n, 200 - 20 * n, 90 + 15 * n), (20, 20, 20), line)
    return picture


_ROUND = ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7))


@pytest.fixture(scope="session")
def drawn_isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with isles.ttl, map.tsv, and twelve pictures to be measured by the real encoder."""
    folder = tmp_path_factory.mktemp("drawn")
    graph = make_isles()
    lines = ["@prefix v: <http://isles.example/v#> .", "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> ."]
    iri = {entity.id: f"<http://isles.example/id/{entity.id.replace(':', '_')}>" for entity in graph.entities}
    for entity in graph.entities:
        lines.append(f'{iri[entity.id]} a v:{entity.types[0]} ; rdfs:label "{entity.name}"@en .')
    for head, tail, relation in graph.to_networkx().edges(keys=True):
        lines.append(f"{iri[head]} {relation} {iri[tail]} .")
    (folder / "isles.ttl").write_text("\n".join(lines), "utf-8")
    for n, name in enumerate(NAMES[:6]):
        for style in STYLES:
            draw_island(n, style).save(folder / f"{name}-{style}.png")
    (folder / "map.tsv").write_text(
        "".join(f"{iri[f'i:{name}'][1:-1]}\t{name}-{style}.png\n" for name in NAMES[:6] for style in STYLES), "utf-8"
    )
    return folder
