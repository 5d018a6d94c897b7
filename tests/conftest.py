"""The real services, started once for all tests, in a KWK_HOME of their own."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine

from ingest.encoders import Encoder, effnet_lite0
from ingest.target import Tower
from kg import catalogue, cli, graph, removal, schema, vectors
from kg.jars import fetch_jars
from kg.postgres_place import SYSTEM_FOLDER, read_place
from kg.services import ensure, stop
from kg.settings import Addresses, ServiceSettings

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOLD: pytest.StashKey[list[str]] = pytest.StashKey()  # lines for the end of a run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the numbers of kills and of hostile requests: few in the suite, many by `make faults`."""
    parser.addoption("--kills", type=int, default=2, help="SIGKILLs of an ingest")
    parser.addoption("--server-kills", type=int, default=1, help="SIGKILLs of each server under an ingest")
    parser.addoption("--save-kills", type=int, default=10, help="SIGKILLs of a training that saves")
    parser.addoption("--serving-kills", type=int, default=1, help="SIGKILLs of each store under `kwk serve`")
    parser.addoption("--hostile", type=int, default=150, help="hostile questions to `kwk serve`")
    parser.addoption("--hostile-uploads", type=int, default=60, help="hostile pictures to `kwk serve`")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the kills left."""
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def jars(pytestconfig: pytest.Config) -> Path:
    """Neo4j's jars: fetched once, and kept between two runs of the tests."""
    folder = Path(pytestconfig.cache.mkdir("neo4j-jars"))
    fetch_jars(folder, os.environ.get("KWK_MAVEN_REPOSITORY"), print)  # noqa: T201
    return folder


@pytest.fixture(scope="session")
def new_home(jars: Path) -> Iterator[Callable[[], Path]]:
    """Make homes that share the jars; at the end their servers are stopped, and nothing is left of them."""
    homes: list[Path] = []

    def make(mode: int = 0o755) -> Path:
        home = Path(tempfile.mkdtemp(prefix="kwk-test-"))
        home.chmod(mode)
        library = home / "neo4j" / "lib"
        library.mkdir(parents=True)
        for jar in jars.iterdir():
            share(jar, library / jar.name)
        homes.append(home)
        return home

    yield make
    for home in homes:
        remove(home)


def share(source: Path, target: Path) -> None:
    """Link a file, or copy it to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def remove(home: Path) -> None:
    """Stop the servers of a home and remove all their data, wherever it lies."""
    stop(ServiceSettings(home))
    place = read_place(home / "postgres")
    if place and place.parent == SYSTEM_FOLDER:
        shutil.rmtree(place)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def home(new_home: Callable[[], Path]) -> Path:
    """A KWK_HOME with both stores running; KWK_TEST_HOME names one that is kept from run to run."""
    kept = os.environ.get("KWK_TEST_HOME")
    made = Path(kept) if kept else new_home()
    ensure(ServiceSettings(made), print)
    return made


@pytest.fixture(scope="session")
def addresses(home: Path) -> Addresses:
    """The addresses of the stores of `home`."""
    return ensure(ServiceSettings(home), print)


@pytest.fixture(scope="session")
def driver(addresses: Addresses) -> Iterator[neo4j.Driver]:
    """Neo4j on the present schema."""
    connected = graph.connect(addresses.neo4j)
    schema.migrate_neo4j(connected)
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def engine(addresses: Addresses) -> Iterator[Engine]:
    """Postgres on the present schema."""
    connected = vectors.connect(addresses.postgres)
    schema.migrate_postgres(connected)
    yield connected
    connected.dispose()


@pytest.fixture
def graph_name(driver: neo4j.Driver, engine: Engine) -> Iterator[str]:
    """A name for a graph of one test; what the test loads under it is removed afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    if name in {row["name"] for row in catalogue.graphs(driver)}:
        removal.remove_graph(driver, engine, name)


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The offline image encoder."""
    return effnet_lite0()


@pytest.fixture(scope="session")
def tower(encoder: Encoder) -> Tower:
    """The same, as a load takes it."""
    return Tower("lite", encoder.space, encoder.width, lambda: encoder)


@pytest.fixture(scope="session")
def kwk(home: Path) -> Callable[..., Result]:
    """Call a command as its user does, on the real services; a failure shows what was printed."""

    def call(*arguments: str, code: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(cli.kwk, ["--home", str(home), *arguments], **options)
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture(scope="session")
def atlas(kwk: Callable[..., Result]) -> str:
    """The bundled sample as a graph, with its pictures."""
    kwk("ingest", "sample")
    return "atlas"


@pytest.fixture(scope="session")
def fb15k_folder() -> Path:
    """The real FB15K in MMKB's layout."""
    named = os.environ.get("KWK_FB15K_DIR")
    if not named or not Path(named).is_dir():
        pytest.skip("KWK_FB15K_DIR names no folder: the tests on the real FB15K DO NOT RUN")
    return Path(named)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium that asks nobody else for anything."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no chromium: the tests that drive a real browser DO NOT RUN")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def save_language() -> Callable[..., Path]:
    """Save a small language model, untrained, with a tokenizer of a text, as transformers saves one."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import TemplateProcessing
    from tokenizers.trainers import BpeTrainer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    def made(folder: Path, text: str, seed: int = 0) -> Path:
        tokenizer = Tokenizer(BPE())
        tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True)
        tokenizer.decoder = ByteLevelDecoder()
        own = ["<pad>", "<bos>", "<eos>"]
        trainer = BpeTrainer(vocab_size=400, special_tokens=own, initial_alphabet=sorted(ByteLevel.alphabet()))
        tokenizer.train_from_iterator([text] * 20, trainer)
        tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
        ).save_pretrained(folder)
        torch.manual_seed(seed)
        LlamaForCausalLM(
            LlamaConfig(
                vocab_size=tokenizer.get_vocab_size(),
                hidden_size=24,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                bos_token_id=1,
                eos_token_id=2,
                pad_token_id=0,
            )
        ).save_pretrained(folder)
        return folder

    return made
