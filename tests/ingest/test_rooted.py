"""No file outside the root is opened, whatever a name says and whoever changes links meanwhile."""

import ctypes
import os
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.images import open_picture
from ingest.rooted import Unusable, open_below, parts_below, read_within
from kg.types import ImageFile, Reject

IN_OPEN = 0x20
HOSTILE = 5_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with an honest picture and every trap, beside a file that is nobody's business."""
    inside, outside = tmp_path / "root", tmp_path / "outside"
    (inside / "folder").mkdir(parents=True)
    outside.mkdir()
    (inside / "honest.bin").write_bytes(b"honest")
    (inside / "folder" / "honest.bin").write_bytes(b"honest")
    (outside / "secret").write_bytes(b"secret")
    (inside / "link").symlink_to(outside / "secret")
    (inside / "relative").symlink_to("../outside/secret")
    (inside / "way").symlink_to(outside, target_is_directory=True)
    (inside / "chain").symlink_to("link")
    (inside / "loop").symlink_to("loop")
    (inside / "ping").symlink_to("pong")
    (inside / "pong").symlink_to("ping")
    (inside / "within").symlink_to("folder/honest.bin")
    os.mkfifo(inside / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(os.path.relpath(inside / "socket"))
    return inside


@contextmanager
def opened_in(folder: Path) -> Iterator[list[str]]:
    """Have the kernel say which files of a folder are opened by anybody."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert watch >= 0, os.strerror(ctypes.get_errno())
    assert libc.inotify_add_watch(watch, os.fsencode(folder), IN_OPEN) >= 0
    names: list[str] = []
    try:
        yield names
        while True:
            try:
                events = os.read(watch, 65_536)
            except BlockingIOError:
                break
            while events:
                length = struct.unpack_from("iIII", events)[3]
                names.append(events[16 : 16 + length].rstrip(b"\0").decode() or ".")
                events = events[16 + length :]
    finally:
        os.close(watch)


def hostile_names(root: Path) -> Iterator[str]:
    """Yield names that mean harm, each put together at random from what is known to work somewhere."""
    chance = random.Random(7)  # noqa: S311
    traps = [
        "link",
        "relative",
        "way/secret",
        "chain",
        "loop",
        "ping",
        "pipe",
        "socket",
        "folder",
        "within/x",
        "nowhere",
    ]
    traps += ["../outside/secret", str(root.parent / "outside" / "secret"), "/etc/passwd", "/dev/zero", "/dev/tty", "/"]
    traps += ["/proc/self/mem", "/proc/self/fd/0", "..", ".", "", "~/x", "file:///etc/passwd", "%2e%2e/outside/secret"]
    odd = [
        "\0",
        "\n",
        "\u202e",
        "\ud800",
        "\udcff",
        "\\",
        "//",
        "/./",
        "/../",
        "..;/",
        "\x1b[2J",
        "é",
        "x" * 300,
        "a/" * 3000,
    ]
    yield from traps
    for _ in range(HOSTILE - len(traps)):
        parts = chance.choices([*traps, *odd, "..", "../..", "folder", "way", "/"], k=chance.randint(1, 6))
        yield chance.choice(["", "/", "folder/../", "../root/"]) + chance.choice(["", "/", "\u2066"]).join(parts)


def test_five_thousand_hostile_names_open_nothing_outside(root: Path) -> None:
    with opened_in(root.parent / "outside") as opened:
        for name in hostile_names(root):
            found = open_picture(root, ImageFile("e", name))
            assert isinstance(found, Reject), name
            # Names that lead back to the honest file are of no harm; it is no picture.
            assert found.reason in ("outside_root", "unreadable", "not_an_image"), (name, found)
    assert opened == []


def test_the_watch_sees_what_is_opened(root: Path) -> None:
    with opened_in(root.parent / "outside") as opened:
        (root / "link").read_bytes()
    assert opened == ["secret"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside/secret", "outside_root"),
        ("/etc/passwd", "outside_root"),
        ("link", "outside_root"),
        ("relative", "outside_root"),
        ("chain", "outside_root"),
        ("way/secret", "outside_root"),
        ("../nowhere", "outside_root"),
        ("a\0b", "unreadable"),
        ("\ud800.png", "unreadable"),
        ("x" * 300, "unreadable"),
        ("a/" * 100_000, "unreadable"),
        ("nowhere", "unreadable"),
        (".", "unreadable"),
        ("folder", "unreadable"),
        ("loop", "unreadable"),
        ("ping", "unreadable"),
        ("pipe", "unreadable"),
        ("socket", "unreadable"),
    ],
)
def test_each_trap_has_its_reason(root: Path, name: str, reason: str) -> None:
    with pytest.raises(Unusable) as raised:
        read_within(root, name)
    assert raised.value.reason == reason


def test_links_that_stay_inside_are_followed(root: Path) -> None:
    assert read_within(root, "within") == read_within(root, "folder/../honest.bin") == b"honest"
    (root.parent / "alias").symlink_to(root)
    assert read_within(root.parent / "alias", "folder/honest.bin") == b"honest"
    assert read_within(root, str(root / "honest.bin")) == b"honest"


def test_a_name_that_is_no_text_is_dropped_though_the_file_is_there(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.png")).write_bytes(b"honest")
    with pytest.raises(Unusable, match="not valid UTF-8"):
        read_within(root, os.fsdecode(b"caf\xe9.png"))


@pytest.mark.parametrize("name", ["folder/honest.bin", "honest.bin"])
def test_a_link_that_was_set_after_the_look_is_not_followed(root: Path, name: str) -> None:
    parts = parts_below(root, name)
    first = root / parts[0]
    first.rename(root / "moved")
    first.symlink_to(root.parent / "outside" / ("secret" if len(parts) == 1 else ""))
    (root.parent / "outside" / "honest.bin").write_bytes(b"secret")
    with opened_in(root.parent / "outside") as opened, pytest.raises(OSError):  # noqa: PT011 - ELOOP or ENOTDIR
        open_below(str(root), parts)
    assert opened == []


def test_whoever_swaps_a_folder_for_a_link_all_the_time_gains_nothing(root: Path) -> None:
    (root.parent / "outside" / "honest.bin").write_bytes(b"secret")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (root / "folder").rename(root / "aside")
            (root / "folder").symlink_to(root.parent / "outside", target_is_directory=True)
            (root / "folder").unlink()
            (root / "aside").rename(root / "folder")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(3_000):
            try:
                seen.add(read_within(root, "folder/honest.bin"))
            except Unusable as exc:
                seen.add(exc.reason.encode())
    finally:
        stop.set()
        swapper.join()
    assert seen <= {b"honest", b"outside_root", b"unreadable"}
