"""The bundled atlas in both stores, with the flags of some countries, what answers questions about it, and a short run.

Norway's flag is that of Svalbard and Jan Mayen too, to the byte. Liechtenstein has one picture, in the style that the
run has never seen.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import neo4j
import numpy as np
import pytest
import torch
from PIL import Image
from sqlalchemy import Engine

from dialogue import splits
from dialogue.build import BuildSettings, build
from dialogue.types import FORMATS, Format, Shown, Turn
from dialogue.verbalise import lexicon
from dialogue.wordings import Direction
from ingest.encoders import Encoder
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, Tower
from kg import adjacency, removal
from kg.cli import Kwk
from kg.graph import read
from kg.progress import silent
from kg.rdf import read_rdf
from kg.settings import Addresses, ServiceSettings
from kg.stores import Stores
from kg.types import Entity, ImageFile, Source, Triple
from model import presets, wordings
from model.cli import read_material
from model.run import Run
from model.run import load as load_run
from model.settings import TrainSettings
from model.train import train
from retrieval.album import Album, View, read_album, view
from retrieval.answer import Answerer
from retrieval.assemble import image_roots, open_answerer
from retrieval.conversation import Host
from retrieval.journal import Journal
from retrieval.trials import Trial

FLAGS = ("PE", "JP", "FR", "BR", "CA", "KE", "IN", "NO", "GR", "TR", "ZA", "KR", "MX", "SE", "CH", "NP", "SJ")
ALONE = "flag-LI-twemoji.webp"
HELD_OUT = "twemoji"
I2I, FEWEST = FORMATS.index("I2I"), 3  # facts of the test split that are asked from image to image
BRIEF = Path(__file__).with_name("brief.toml")

Cut = Callable[[str, str], AbstractContextManager[None]]
Ask = Callable[..., Trial]
MakeView = Callable[..., View]


@pytest.fixture(scope="session")
def stores(driver: neo4j.Driver, engine: Engine, addresses: Addresses) -> Stores:
    """Both stores."""
    return Stores(driver, engine, addresses)


@pytest.fixture(scope="session")
def atlas(stores: Stores, tower: Tower, home: Path) -> Iterator[str]:
    """The name of a graph that holds the whole atlas, and the flags of some countries."""
    source = read_rdf([folder() / "atlas.ttl"], "atlas")
    flags = [each for each in source.images if each.entity.rpartition("/")[2] in FLAGS or each.path.endswith(ALONE)]
    name = named({each.entity for each in flags}, source.triples)
    load(Target(stores.driver, stores.engine, name, home), replace(source, images=flags), tower)
    yield name
    removal.remove_graph(stores.driver, stores.engine, name)


def named(shown: Collection[str], triples: Iterable[Triple]) -> str:
    """Return a new name in which the test split has questions from image to image: few facts have both ends shown."""
    both = [each for each in triples if each.head in shown and each.tail in shown]
    while True:
        name = f"test-atlas-{uuid.uuid4().hex[:8]}"
        codes = [splits.spread(each.key(name), splits.available(True, True)) for each in both]
        if sum(I2I in splits.formats_in(code, splits.TEST) for code in codes) >= FEWEST:
            return name


@pytest.fixture(scope="session")
def answerer(stores: Stores, atlas: str, home: Path) -> Answerer:
    """What answers questions about the atlas, without a trained run."""
    return open_answerer(stores, atlas, home)


@pytest.fixture(scope="session")
def host(answerer: Answerer, stores: Stores, atlas: str) -> Host:
    """What answers conversations about the atlas and writes them down, without a trained run."""
    return Host(answerer, Journal(stores.engine, atlas))


@pytest.fixture(scope="session")
def films(stores: Stores, tower: Tower, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    """What answers questions about a few films in Freebase's terms, whose pictures were moved away after the load."""
    root, name = tmp_path_factory.mktemp("films"), f"test-films-{uuid.uuid4().hex[:8]}"
    for number in (1, 2):
        Image.effect_noise((64, 48), 40 * number).convert("RGB").save(root / f"{number}.png")
    source = Source(
        "films",
        entities=[
            Entity("/m/1", "Big Fish", ("Big Fish",), types=("/film/film",)),
            Entity("/m/2", "Tim Burton", ("Tim Burton",), types=("/people/person",)),
            Entity("/m/3", "Fantasy", ("Fantasy",), types=("/film/film_genre",)),
        ],
        triples=[
            Triple("/m/1", "/film/film/directed_by", "/m/2"),
            Triple("/m/1", "/film/film/genre", "/m/3"),
            Triple("/m/2", "/film/director/film", "/m/1"),
        ],
        images=[ImageFile("/m/1", "1.png"), ImageFile("/m/1", "2.png")],
        image_root=root,
    )
    load(Target(stores.driver, stores.engine, name, home), source, tower)
    for file in root.iterdir():
        file.unlink()
    yield open_answerer(stores, name, home)
    removal.remove_graph(stores.driver, stores.engine, name)


@pytest.fixture(scope="module", autouse=True)
def brief() -> Iterator[None]:
    """Let runs of a very small preset be trained and opened in the tests here, and in no others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # what is so small is not faster on two
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.PRESETS, "brief", BRIEF)  # type: ignore[arg-type]
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def dialogues(stores: Stores, atlas: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of dialogues about the atlas."""
    out = tmp_path_factory.mktemp("dialogues") / "atlas"
    build(adjacency.load(stores.driver, atlas), BuildSettings(rounds=4000), out)
    return out


@pytest.fixture(scope="session")
def run_folder(
    stores: Stores, atlas: str, dialogues: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A very short training on the atlas without its twemoji; outside of KWK_HOME, so that nothing finds it unasked."""
    made = tmp_path_factory.mktemp("runs") / f"brief-{uuid.uuid4().hex[:8]}"
    part = dict(list(lexicon().items())[::12])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.PRESETS, "brief", BRIEF)  # type: ignore[arg-type]
        patch.setattr(wordings, "STEPS", 3)
        patch.setattr(wordings, "lexicon", lambda: part)
        material = read_material(Kwk(ServiceSettings(home), -1), stores, atlas, dialogues, HELD_OUT)
        settings = TrainSettings(atlas, str(dialogues), "brief", drawn=6, steps=24, every=12, holdout_style=HELD_OUT)
        train(material, settings, made)
    return made


@pytest.fixture(scope="module")
def run(run_folder: Path, brief: None) -> Run:
    """The short training, loaded."""
    return load_run(run_folder)


@pytest.fixture(scope="session")
def album(stores: Stores, answerer: Answerer, encoder: Encoder) -> Album:
    """All flags."""
    found = read_album(stores, answerer.reader, image_roots(answerer.reader), encoder, silent)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def seen_view(album: Album, run: Run) -> View:
    """The flags as the run has seen them."""
    assert run.descriptor is not None
    return view(album, run.descriptor, HELD_OUT, unseen=False)


@pytest.fixture(scope="module")
def unseen_view(album: Album, run: Run) -> View:
    """The flags in the style that the run has never seen."""
    assert run.descriptor is not None
    return view(album, run.descriptor, HELD_OUT, unseen=True)


@pytest.fixture(scope="session")
def cut(stores: Stores, atlas: str) -> Cut:
    """Take the edges of one type off an entity for a while, and put them back."""

    @contextmanager
    def without(head: str, kind: str) -> Iterator[None]:
        edges = "MATCH (a:Entity {graph: $graph, id: $head})-[r]->(b) WHERE type(r) = $kind "
        chosen = {"graph": atlas, "head": head, "kind": kind}
        taken = read(stores.driver, edges + "RETURN b.id AS tail, properties(r) AS properties", **chosen)
        assert taken
        with stores.driver.session() as session:
            session.run(edges + "DELETE r", chosen).consume()
            try:
                yield
            finally:
                session.run(
                    "UNWIND $rows AS row "
                    "MATCH (a:Entity {graph: $graph, id: $head}), (b:Entity {graph: $graph, id: row.tail}) "
                    "CREATE (a)-[r:$($kind)]->(b) SET r = row.properties",
                    {**chosen, "rows": taken},
                ).consume()

    return without


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Make a trial by hand."""

    def made(
        text: str,
        subject: str = "a",
        relation: str = "r",
        answers: Sequence[str] = (),
        *,
        direction: Direction = "tail",
        form: Format = "T2T",
        image: Shown | None = None,
        number: int = 0,
        held_out: bool = False,
    ) -> Trial:
        turn = Turn("human", text, (image,) if image else ())
        return Trial(number, subject, relation, direction, form, turn, frozenset(answers), held_out)

    return made


@pytest.fixture(scope="session")
def make_view() -> MakeView:
    """Make a view of images by hand: whom each shows, where it lies, and which it has seen; sha256 is "s0", "s1" …"""

    def made(
        owners: Sequence[Sequence[str]],
        vectors: Sequence[Sequence[float]],
        own: Sequence[bool] | None = None,
        alike: Sequence[Sequence[int]] | None = None,
        threshold: float = 0.0,
    ) -> View:
        rows = np.array(vectors, np.float32)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        shas = tuple(f"s{place}" for place in range(len(owners)))
        paths = tuple(f"{sha}.png" for sha in shas)
        by_entity: dict[str, list[int]] = {}
        for place, entities in enumerate(owners):
            for entity in entities:
                by_entity.setdefault(entity, []).append(place)
        album = Album(shas, paths, tuple(map(tuple, owners)), rows, rows, np.zeros(len(owners), np.uint64))
        return View(
            album,
            rows,
            np.array(own if own is not None else [True] * len(owners), np.bool_),
            [np.array(each, np.int32) for each in alike or [[place] for place in range(len(owners))]],
            {sha: place for place, sha in enumerate(shas)},
            by_entity,
            threshold,
        )

    return made
