"""The real `kwk serve` as a process of its own, and clients that talk with it about the bundled atlas."""

import base64
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil

from ingest.sample import folder
from kg.rdf import read_rdf

READY = 180  # seconds until it listens; measuring what pgvector lacks takes its time
SLACK = 5  # seconds beyond the deadline that a client waits
_ADDRESS = re.compile(r"answers at (http://[^/]+)/")
_IMAGE = re.compile(r"\((http[^)]+/images/[0-9a-f]{64})\)")

Said = dict[str, Any]  # a message


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens: its address, its process, and what it has said on stderr."""

    address: str
    process: psutil.Popen
    log: Path

    def log_text(self) -> str:
        """Return what it has said."""
        return self.log.read_text("utf-8", "replace")


@contextmanager
def served(home: Path, graph: str, *options: str) -> Iterator[Served]:
    """Run `kwk serve` on a free port of 127.0.0.1; it is told to stop, and killed if it does not."""
    call = [sys.executable, "-c", "from kg.cli import main; main()", "--home", str(home)]
    with tempfile.TemporaryDirectory(prefix="kwk-served-") as scratch:
        log = Path(scratch) / "stderr"
        with log.open("w") as stderr:
            process = psutil.Popen([*call, "serve", "--graph", graph, "--port", "0", *options], stderr=stderr)
        try:
            yield Served(_address(process, log), process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: psutil.Popen, log: Path) -> str:
    """Wait until it says where it listens."""
    for _ in range(READY * 10):
        if found := _ADDRESS.search(log.read_text("utf-8", "replace")):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"kwk serve does not listen: {log.read_text('utf-8', 'replace')[-2000:]}")


@dataclass(frozen=True, slots=True)
class Country:
    """A country that questions are asked about, with a picture of its flag."""

    name: str
    flag: Path


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one request. `status` is 0 where no answer of HTTP came."""

    kind: str
    status: int
    began: float  # time.monotonic()
    seconds: float
    text: str  # what was answered, or what went wrong
    apt: bool = True  # the answer is about whom the question was


def countries() -> list[Country]:
    """Return the countries of the atlas that it has a flag of in Noto's style."""
    entities = read_rdf([folder() / "atlas.ttl"], "atlas").entities
    names = {each.id.rpartition("/")[2]: each.name for each in entities if ":country/" in each.id}
    files = {code: folder() / "images" / f"flag-{code}-noto.webp" for code in names}
    return [Country(names[code], file) for code, file in sorted(files.items()) if file.exists()]


def talk(client: httpx.Client, about: Sequence[Country], random: Random) -> Iterator[Told]:
    """Talk without end: a fact and a follow-up, a picture that is shown, one that is wished for and fetched."""
    while True:
        country, topic = random.choice(about), random.choice(("fact", "picture", "wish"))
        if topic == "fact":
            opening = [message(f"What is the capital of {country.name}?")]
            told = ask(client, "fact", opening, country.name)
            yield told
            answered = {"role": "assistant", "content": told.text}
            yield ask(client, "follow-up", [*opening, answered, message("And its currency?")], country.name)
        elif topic == "picture":
            yield ask(client, "picture", [message("Which country is this?", country.flag)])
        else:
            told = ask(client, "wish", [message(f"Show me the flag of {country.name}")], country.name)
            yield told
            yield from (fetch(client, link) for link in _IMAGE.findall(told.text))


def message(text: str, picture: Path | None = None) -> Said:
    """Return what a user says, with a picture."""
    if picture is None:
        return {"role": "user", "content": text}
    data = base64.b64encode(picture.read_bytes()).decode()
    shown = {"type": "image_url", "image_url": {"url": f"data:image/webp;base64,{data}"}}
    return {"role": "user", "content": [{"type": "text", "text": text}, shown]}


def ask(client: httpx.Client, kind: str, said: list[Said], name: str = "") -> Told:
    """Ask; the answer is apt if it has `name` in it."""
    began = time.monotonic()
    try:
        found = client.post("/v1/chat/completions", json={"messages": said})
    except httpx.HTTPError as exc:
        return Told(kind, 0, began, time.monotonic() - began, repr(exc))
    seconds = time.monotonic() - began
    if found.status_code != 200:
        return Told(kind, found.status_code, began, seconds, found.text)
    text = str(found.json()["choices"][0]["message"]["content"])
    return Told(kind, 200, began, seconds, text, apt=name in text)


def fetch(client: httpx.Client, address: str) -> Told:
    """Fetch an image of an answer."""
    began = time.monotonic()
    try:
        found = client.get(address)
    except httpx.HTTPError as exc:
        return Told("image", 0, began, time.monotonic() - began, repr(exc))
    good = found.headers.get("content-type") == "image/webp"
    return Told("image", found.status_code, began, time.monotonic() - began, "" if good else found.text)
