"""Pictures are fetched from a web that answers badly, and nothing that had arrived is lost or asked for twice."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from yarl import URL

from ingest import fetch_guard
from ingest.fetch import FetchSettings, fetch_images
from ingest.fetch_index import index_files, read_index
from ingest.fetch_report import FetchSummary
from ingest.image_map import read_image_map
from kg import cli
from kg.errors import DataError
from kg.types import Reject
from tests.ingest.hostile_server import GIGANTIC, HostileServer, hostile_server, picture

Report = dict[str, dict[str, Any]]


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """A hostile server."""
    with hostile_server() as running:
        yield running


def fetched(folder: Path, lines: list[str], **chosen: Any) -> tuple[FetchSummary, Report]:
    """Fetch an index of these lines; return the summary, and the report by address."""
    index = folder / "index.tsv"
    index.write_text("\n".join(lines) + "\n", "utf-8")
    how = FetchSettings(**{"allow_private": True, "backoff": 0.001, "timeout": 20.0, **chosen})
    summary = fetch_images([(str(index), read_index(index))], folder / "out", how)
    rows = [json.loads(line) for line in Path(summary.report).read_text("utf-8").splitlines()]
    assert all(not each.name.endswith(".new") for each in (folder / "out").rglob("*"))
    return summary, {row["address"]: row for row in rows}


def one(folder: Path, address: str, **chosen: Any) -> dict[str, Any]:
    """Fetch one address; return its line of the report."""
    _, report = fetched(folder, [f"e\t{address}"], **chosen)
    return next(iter(report.values()))


def mapped(folder: Path) -> list[tuple[str, str]]:
    """Return the lines of the map."""
    lines = (folder / "out/map.tsv").read_text("utf-8").splitlines()
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def test_what_arrives_is_what_the_server_has_and_the_map_is_one_that_ingest_takes(
    server: HostileServer, tmp_path: Path
) -> None:
    ids = ["/m/0f8l9c", "http://example.org/entity/Q42", "plain", "http://example.org/é#Größe"]
    lines = [f"{each}\t{server.address(f'/picture/{n}.gif')}" for n, each in enumerate(ids)]
    summary, report = fetched(tmp_path, ["# a comment", "", *lines])
    assert (summary.addresses, summary.pictures, dict(summary.states)) == (4, 4, {"new": 4})
    source = read_image_map(tmp_path / "out/map.tsv", ids, "map")
    assert [image.entity for image in source.images] == ids
    assert not source.rejects
    for n, image in enumerate(source.images):
        path = tmp_path / "out" / image.path
        assert path.read_bytes() == server.pictures[f"/picture/{n}.gif"]
        assert path.suffix == ".png"  # by what it is
    folders = [Path(image.path).parent.name for image in source.images]
    assert folders[0] == "m.0f8l9c"
    assert folders[1].startswith("Q42-")
    assert folders[2] == "plain"
    assert folders[3].startswith("Größe-")
    assert all(row["status"] == 200 and row["bytes"] and row["tries"] == 1 for row in report.values())


def test_mmkbs_url_lists_give_mmkbs_folders_and_names(server: HostileServer, tmp_path: Path) -> None:
    urls = tmp_path / "image-graph_urls"
    urls.mkdir()
    for provider in ("google", "bing"):
        lines = [f"{server.address(f'/picture/{provider}-{n}.jpg')}\tm.0abc/{n}" for n in range(2)]
        (urls / f"URLS_{provider}.txt").write_text("\n".join(lines) + "\n")
    listings = [(str(file), read_index(file)) for file in index_files(urls)]
    fetch_images(listings, tmp_path / "out", FetchSettings(allow_private=True))
    assert mapped(tmp_path) == [
        ("/m/0abc", f"m.0abc/{name}.png") for name in ("bing_0", "bing_1", "google_0", "google_1")
    ]
    with pytest.raises(DataError, match="URLS_"):
        index_files(tmp_path / "out")


@pytest.mark.parametrize(
    ("path", "reason", "status"),
    [
        ("/status/404", "not_found", 404),
        ("/status/410", "gone", 410),
        ("/status/403", "forbidden", 403),
        ("/status/418", "http_error", 418),
        ("/status/503", "server_error", 503),
        ("/status/204", "http_error", 204),
        ("/truncated", "truncated", 200),
        ("/chunked-cut", "truncated", 200),
        ("/unframed-cut", "truncated", 200),
        ("/html", "not_an_image", 200),
        ("/empty", "empty", 200),
        ("/not-gzip", "bad_answer", 200),
        ("/redirect/6/a.png", "too_many_redirects", 302),
        ("/loop", "too_many_redirects", 302),
        ("/to?file:///etc/passwd", "bad_redirect", 301),
        ("/to?ftp://127.0.0.1/a.png", "bad_redirect", 301),
        ("/to?http://user:secret@127.0.0.1/a.png", "bad_redirect", 301),
        ("/to?http://[::1", "bad_redirect", 301),
    ],
)
def test_what_gives_no_picture_is_reported_with_its_reason(
    server: HostileServer, tmp_path: Path, path: str, reason: str, status: int
) -> None:
    row = one(tmp_path, server.address(path), retries=1)
    assert (row["state"], row["reason"], row["status"]) == ("failed", reason, status)
    assert mapped(tmp_path) == []
    assert [each.name for each in (tmp_path / "out").glob("*/*")] == []


@pytest.mark.parametrize(
    ("path", "suffix", "tries"),
    [
        ("/redirect/5/a.png", ".png", 1),
        ("/busy/a.png", ".png", 3),
        ("/flaky/a.png", ".png", 2),
        ("/mislabelled.gif", ".jpg", 1),
        ("/chunked", ".png", 1),
        ("/unframed", ".png", 1),
        ("/gzipped", ".png", 1),
        ("/wrong-range", ".png", 3),
    ],
)
def test_a_picture_is_kept_however_it_comes(
    server: HostileServer, tmp_path: Path, path: str, suffix: str, tries: int
) -> None:
    row = one(tmp_path, server.address(path))
    assert (row["state"], row["tries"]) == ("new", tries)
    ((_, kept),) = mapped(tmp_path)
    assert Path(kept).suffix == suffix
    with Image.open(tmp_path / "out" / kept) as image:
        image.load()


def test_a_server_that_says_nothing_costs_no_more_than_the_time_out(server: HostileServer, tmp_path: Path) -> None:
    rows = fetched(tmp_path, [f"e\t{server.address(path)}" for path in ("/silent", "/drip")], timeout=0.1, retries=0)[
        1
    ].values()
    assert [row["reason"] for row in rows] == ["timeout", "timeout"]


def test_a_server_that_is_gone_costs_one_try_for_each_address_after_the_first(tmp_path: Path) -> None:
    with hostile_server() as server:
        closed = server.port
    lines = [f"e\thttp://127.0.0.1:{closed}/{n}" for n in range(5)]
    summary, report = fetched(tmp_path, lines, connections=1, retries=2)
    assert dict(summary.reasons) == {"no_connection": 5}
    assert [row["tries"] for row in report.values()] == [3, 1, 1, 1, 1]
    assert summary.worst_hosts == {"127.0.0.1": {"asked": 5, "lost": 5}}
    assert one(tmp_path, "http://no-such-host.invalid/a.png", retries=0)["reason"] == "no_such_host"


@pytest.mark.parametrize("path", ["/declared", "/endless", "/bomb"])
def test_ten_gigabytes_are_cut_at_the_limit(server: HostileServer, tmp_path: Path, path: str) -> None:
    row = one(tmp_path, server.address(path), max_size=2**20)
    assert (row["reason"], row["tries"]) == ("too_large", 1)
    assert row["received"] < 2**21
    server.stop.set()
    assert server.log[0].sent < GIGANTIC // 100
    assert [each for each in (tmp_path / "out").rglob("*") if each.is_file() and each.stat().st_size > 2**20] == []


def test_a_page_is_not_read_to_its_end_when_its_first_bytes_are_no_picture(
    server: HostileServer, tmp_path: Path
) -> None:
    server.pictures["/bare/a.png"] = b"<html>" + bytes(2**24)
    row = one(tmp_path, server.address("/bare/a.png"))
    assert row["reason"] == "not_an_image"
    assert row["received"] < 2**22


def test_a_server_that_gives_little_at_a_time_gives_all_in_the_end(server: HostileServer, tmp_path: Path) -> None:
    row = one(tmp_path, server.address("/little"), retries=3)
    data = server.pictures["/little"]
    assert row["reason"] == "truncated"  # its tries did not suffice
    while row["state"] != "new":
        row = one(tmp_path, server.address("/little"), retries=3)
    assert sum(request.sent for request in server.log) == len(data)  # not a byte twice
    assert (tmp_path / "out" / mapped(tmp_path)[0][1]).read_bytes() == data


def test_a_second_run_asks_only_whether_something_changed(server: HostileServer, tmp_path: Path) -> None:
    paths = ["/picture/a.png", "/dated/b.png", "/bare/c.png", "/status/404"]
    lines = [f"{path}\t{server.address(path)}" for path in paths]
    fetched(tmp_path, lines)
    before = {path: (tmp_path / "out" / path).stat().st_ino for _, path in mapped(tmp_path)}
    server.log.clear()
    summary, report = fetched(tmp_path, lines)
    assert dict(summary.states) == {"unchanged": 3, "failed": 1}
    assert [report[server.address(path)]["status"] for path in paths] == [304, 304, 200, 404]
    assert {path: (tmp_path / "out" / path).stat().st_ino for _, path in mapped(tmp_path)} == before
    server.pictures["/picture/a.png"] = picture(99, kind="JPEG")
    summary, _ = fetched(tmp_path, lines)
    assert summary.states["changed"] == 1
    kept = dict(mapped(tmp_path))
    assert kept["/picture/a.png"].endswith(".jpg")
    assert (tmp_path / "out" / kept["/picture/a.png"]).read_bytes() == server.pictures["/picture/a.png"]
    assert len(list((tmp_path / "out").glob("*/*"))) == 3  # nothing is left of the old one


def test_a_picture_whose_address_has_died_is_kept_and_reported(server: HostileServer, tmp_path: Path) -> None:
    server.pictures["/bare/a.png"] = picture(1)
    fetched(tmp_path, [f"e\t{server.address('/bare/a.png')}"])
    kept = mapped(tmp_path)
    server.pictures["/bare/a.png"] = b"<html>gone, sorry; here is what we sell instead</html>"
    row = one(tmp_path, server.address("/bare/a.png"))
    assert (row["state"], row["reason"]) == ("stale", "not_an_image")
    assert mapped(tmp_path) == kept
    assert (tmp_path / "out" / kept[0][1]).read_bytes() == picture_of(tmp_path, kept)


def picture_of(folder: Path, kept: list[tuple[str, str]]) -> bytes:
    """Return the bytes of the first picture of a map, which must decode."""
    path = folder / "out" / kept[0][1]
    with Image.open(path) as image:
        image.load()
    return path.read_bytes()


def test_a_picture_that_somebody_removed_is_fetched_again(server: HostileServer, tmp_path: Path) -> None:
    lines = [f"e\t{server.address('/picture/a.png')}"]
    fetched(tmp_path, lines)
    path = tmp_path / "out" / mapped(tmp_path)[0][1]
    path.unlink()
    fetched(tmp_path, lines)
    assert path.read_bytes() == server.pictures["/picture/a.png"]


def test_one_address_is_asked_once_however_many_entities_want_it(server: HostileServer, tmp_path: Path) -> None:
    address = server.address("/picture/flag.png")
    summary, report = fetched(tmp_path, [f"country{n}\t{address}#part{n}" for n in range(9)])
    assert len(server.log) == 1
    assert (summary.addresses, summary.pictures, report[address]["wanted_by"]) == (1, 9, 9)
    assert len({(tmp_path / "out" / path).read_bytes() for _, path in mapped(tmp_path)}) == 1
    assert len({path for _, path in mapped(tmp_path)}) == 9


@pytest.mark.parametrize("route", ["held", "hop"])
def test_a_host_is_never_asked_for_more_at_once_than_the_limit(
    server: HostileServer, tmp_path: Path, route: str
) -> None:
    server.barrier = threading.Barrier(4)  # and it is asked for as many as that
    host = "localhost" if route == "hop" else "127.0.0.1"
    lines = [f"e\t{server.address(f'/{route}/{n}', host)}" for n in range(40)]
    summary, _ = fetched(tmp_path, lines, per_host=4, connections=16)
    assert dict(summary.states) == {"new": 40}
    assert server.most == 4


def test_the_order_of_the_map_is_that_of_the_index_whoever_answers_first(server: HostileServer, tmp_path: Path) -> None:
    paths = [f"/{kind}/{n}.png" for n in range(10) for kind in ("flaky", "picture", "busy")]
    fetched(tmp_path, [f"e{n}\t{server.address(path)}" for n, path in enumerate(paths)])
    assert [entity for entity, _ in mapped(tmp_path)] == [f"e{n}" for n in range(30)]
    first = (tmp_path / "out/map.tsv").read_bytes()
    fetched(tmp_path, [f"e{n}\t{server.address(path)}" for n, path in enumerate(paths)])
    assert (tmp_path / "out/map.tsv").read_bytes() == first


def test_no_cookie_is_kept_no_proxy_is_taken_and_kwk_says_who_it_is(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    fetched(tmp_path, [f"e\t{server.address(f'/cookie/{n}')}" for n in range(5)], connections=1)
    assert len(server.log) == 5
    assert all("Cookie" not in request.headers for request in server.log)
    assert all(request.headers["User-Agent"].startswith("kwk/") for request in server.log)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]",  # noqa: S104 - asked, not bound
     "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254", "10.1.2.3", "192.168.0.1",
     "100.64.0.1", "224.0.0.1", "[fe80::1]", "[fc00::1]", "[ff02::1]"],
)  # fmt: skip
def test_nothing_private_is_asked_unless_it_is_allowed(server: HostileServer, tmp_path: Path, host: str) -> None:
    row = one(tmp_path, server.address("/picture/a.png", host), allow_private=False, retries=0)
    assert row["reason"] == "private_address"
    assert server.log == []


def test_a_redirect_does_not_lead_into_a_private_network(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 127.0.0.1 stands for a public server here; whatever else it leads to is judged as ever.
    judge = fetch_guard.is_public
    monkeypatch.setattr(fetch_guard, "is_public", lambda address: address == "127.0.0.1" or judge(address))
    for target in ("http://127.0.0.2", "http://localhost.localdomain", "http://2130706434", "http://[::1]"):
        address = server.address(f"/to?{target}:{server.port}/picture/a.png")
        row = one(tmp_path, address, allow_private=False, retries=0)
        assert row["reason"] in ("private_address", "no_such_host")
        assert [request.path for request in server.log if request.path.startswith("/picture")] == []
    assert one(tmp_path, server.address("/redirect/2/a.png"), allow_private=False)["state"] == "new"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_open_internet_is_open(address: str) -> None:
    assert fetch_guard.is_public(address)


def test_hostile_ids_and_names_stay_below_the_folder(server: HostileServer, tmp_path: Path) -> None:
    address = server.address("/picture/a.png")
    hostile = ["../../up", "/etc/passwd", "..", ".", "map.tsv", "a/b", "C:\\x", "-rf", "x" * 2000, "ü" * 2000, "%2e%2e",
               "\u202egpj", "~root", "$(id)", "CON", "a\u0000b", " ", "*", "报告", "_:b0", "𓀀"]  # fmt: skip
    lines = [f"{each}\t{address}?{n}\t{each}" for n, each in enumerate(hostile)]
    lines += [
        f"e\t{server.address('/picture/..%2f..%2f..%2fetc%2fx')}",
        f"e\t{server.address('/picture/' + 'y' * 3000)}",
    ]
    summary, _ = fetched(tmp_path, lines)
    assert {path.name for path in tmp_path.iterdir()} == {"index.tsv", "out"}
    assert summary.pictures + sum(summary.rejects.values()) == len(lines)
    assert set(summary.rejects) == {"malformed"}
    for _, path in mapped(tmp_path):
        place = tmp_path / "out" / path
        assert len(Path(path).parts) == 2
        assert place.resolve().is_relative_to(tmp_path / "out")
        assert place.is_file()


def test_lines_that_are_no_use_are_rejected_with_their_number_and_reason(server: HostileServer, tmp_path: Path) -> None:
    good = f"e\t{server.address('/picture/a.png')}"
    lines = [good, "no tab", "e\t", "\thttp://a.example/", "e\tftp://a.example/a.png", "e\tfile:///etc/passwd",
             "e\thttp://", "e\thttp://user:pw@a.example/", "e\thttp://[::1/", "e\thttp://a.example:99999/", good,
             "e\t/relative.png", "e\tdata:image/png;base64,AA==", f"e\thttp://a.example/{'a' * 70_000}"]  # fmt: skip
    (tmp_path / "index.tsv").write_bytes("\n".join(lines).encode() + b"\ne\thttp://a.example/\xff\n")
    index = tmp_path / "index.tsv"
    summary = fetch_images([(str(index), read_index(index))], tmp_path / "out", FetchSettings(allow_private=True))
    rejects = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text("utf-8").splitlines()]
    assert {each["line"]: each["reason"] for each in rejects} == {
        **dict.fromkeys((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14), "malformed"), 11: "duplicate", 15: "encoding"
    }  # fmt: skip
    assert (summary.pictures, summary.lines) == (1, 15)
    assert all(each["file"] == "index.tsv" and each["detail"] for each in rejects)


def test_two_pictures_of_one_name_both_stay_and_keep_their_names(server: HostileServer, tmp_path: Path) -> None:
    lines = [f"e\t{server.address(f'/picture/{n}/a.png')}\tPhoto.jpg" for n in range(3)]
    lines.append(f"e\t{server.address('/picture/3/a.png')}\tphoto.png")  # the same where capitals are not told apart
    fetched(tmp_path, lines)
    before = mapped(tmp_path)
    assert before[0] == ("e", "e/Photo.png")
    assert len({path.casefold() for _, path in before}) == 4
    fetched(tmp_path, [lines[3], lines[1], lines[0]])
    assert mapped(tmp_path) == [before[3], before[1], before[0]]


def test_two_indexes_fetched_into_one_folder_share_its_map(server: HostileServer, tmp_path: Path) -> None:
    for name in ("one", "two"):
        index = tmp_path / f"{name}.tsv"
        index.write_text(f"{name}\t{server.address(f'/picture/{name}.png')}\n")
        fetch_images([(str(index), read_index(index))], tmp_path / "out", FetchSettings(allow_private=True))
    assert [entity for entity, _ in mapped(tmp_path)] == ["one", "two"]
    assert len(server.log) == 2  # the first was not asked again


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"{text}\thttp://a.example/{text}".encode()))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_index_holds_it_is_wanted_safely_or_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.tsv").write_bytes(content)
    for item in read_index(tmp_path / "index.tsv"):
        if isinstance(item, Reject):
            assert item.reason in ("malformed", "encoding")
            assert 1 <= item.line <= content.count(b"\n") + 1
        else:
            assert URL(item.address).scheme in ("http", "https")
            for part in (item.folder, item.name):
                assert 0 < len(part.encode()) < 200
                assert not set(part) & set("/\\\0\t\n\r")
                assert part.strip(".") == part
            assert not set(item.entity) & set("\t\n\r\0")


def test_the_addresses_that_a_graph_holds_are_fetched_and_come_back_as_its_pictures(
    server: HostileServer, tmp_path: Path, kwk: Callable[..., Result], driver: neo4j.Driver, graph_name: str
) -> None:
    addresses = [server.address(f"/picture/{n}.png") for n in range(2)] + ["nonsense"]
    (tmp_path / "facts.nt").write_text("<http://a.example/ada> <http://a.example/knows> <http://a.example/bob> .\n")
    kwk("ingest", "rdf", str(tmp_path / "facts.nt"), "--graph", graph_name)
    with driver.session() as session:
        write = "MATCH (e:Entity {graph: $graph, id: $id}) SET e.image_addresses = $addresses"
        session.run(write, graph=graph_name, id="http://a.example/ada", addresses=addresses).consume()
    out = str(tmp_path / "out")
    done = kwk("images", "fetch", "--graph", graph_name, "--out", out, "--allow-private", "--json")
    summary = json.loads(done.stdout)
    assert (summary["pictures"], summary["rejects"]) == (2, {"malformed": 1})
    loaded = kwk("ingest", "images", "--map", summary["map"], "--graph", graph_name, "--json")
    assert json.loads(loaded.stdout)["images"] == 2


def command(folder: Path, *options: str) -> list[str]:
    """Return the command line of `kwk images fetch`."""
    fetch = ["images", "fetch", "--index", str(folder / "index.tsv"), "--out", str(folder / "out"), "--allow-private"]
    return [sys.executable, "-c", "from kg.cli import main; main()", "--home", str(folder / "home"), *fetch, *options]


def sizes(folder: Path) -> list[int]:
    """Return the sizes of a folder's files; none where one vanished while it was looked at."""
    try:
        return [each.stat().st_size for each in folder.glob("*")]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_killed_goes_on_where_it_was_and_no_byte_is_sent_twice(
    server: HostileServer, tmp_path: Path, kill: signal.Signals
) -> None:
    server.pictures["/resumable"] = picture(0, size=256)
    half = len(server.pictures["/resumable"]) // 2
    paths = [f"/picture/{n}.png" for n in range(20)] + ["/resumable"]
    (tmp_path / "index.tsv").write_text("".join(f"e\t{server.address(path)}\n" for path in paths))
    process = subprocess.Popen(command(tmp_path), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    parts, kept = tmp_path / "out/.parts", tmp_path / "out/e"
    tick = threading.Event()
    while sizes(parts) != [half] or len(list(kept.glob("*.png"))) < 20:
        assert process.poll() is None
        tick.wait(0.01)
    process.send_signal(kill)
    assert process.wait() != 0
    server.stop.set()
    done = subprocess.run(command(tmp_path, "--json"), capture_output=True, check=True, text=True)
    summary = json.loads(done.stdout)
    assert summary["continued"]
    assert (summary["states"], summary["pictures"]) == ({"new": 21}, 21)
    for path in paths:
        assert sum(request.sent for request in server.asked(path)) == len(server.pictures[path])
    assert [request.headers.get("Range") for request in server.asked("/resumable")] == [None, f"bytes={half}-"]
    assert (tmp_path / "out" / mapped(tmp_path)[-1][1]).read_bytes() == server.pictures["/resumable"]
    assert list(parts.iterdir()) == []


def test_a_picture_that_was_whole_when_the_run_was_killed_is_not_sent_again(
    server: HostileServer, tmp_path: Path
) -> None:
    server.stop.set()
    lines = [f"e\t{server.address('/resumable')}"]
    fetched(tmp_path, lines, retries=0)  # half of it
    (part,) = (tmp_path / "out/.parts").iterdir()
    part.write_bytes(server.pictures["/resumable"])  # as if killed between the last byte and its name
    sent = sum(request.sent for request in server.log)
    fetched(tmp_path, lines)
    assert sum(request.sent for request in server.log) == sent
    assert (tmp_path / "out" / mapped(tmp_path)[0][1]).read_bytes() == server.pictures["/resumable"]


def test_a_file_that_changed_between_two_halves_is_fetched_from_its_beginning(
    server: HostileServer, tmp_path: Path
) -> None:
    server.stop.set()
    fetched(tmp_path, [f"e\t{server.address('/resumable')}"], retries=0)
    server.pictures["/resumable"] = picture(77, size=64)
    assert one(tmp_path, server.address("/resumable"))["state"] == "new"
    assert (tmp_path / "out" / mapped(tmp_path)[0][1]).read_bytes() == server.pictures["/resumable"]


def test_the_command_says_what_rotted_away(server: HostileServer, tmp_path: Path) -> None:
    paths = ["/picture/a.png", "/status/404", "/status/410", "/html"]
    (tmp_path / "index.tsv").write_text("".join(f"e\t{server.address(path)}\n" for path in paths) + "rubbish\n")
    arguments = command(tmp_path, "--max-size", "1MB")[3:]
    result = CliRunner().invoke(cli.kwk, arguments)
    assert result.exit_code == 0, result.output
    assert "4 addresses of 5 lines: 3 failed, 1 new" in result.stdout
    for words in ("not_found", "gone", "not_an_image", "75%", "127.0.0.1", "1 malformed", "map.tsv", "report.jsonl"):
        assert words in result.stdout
    assert json.loads(CliRunner().invoke(cli.kwk, [*arguments, "--json", "-q"][0:-1]).stdout)["pictures"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--connections", "0"], "at least 1"),
        (["--max-size", "big"], "is no size"),
        (["--timeout", "0"], "time-out"),
    ],
)
def test_settings_that_cant_work_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "index.tsv").write_text("")
    result = CliRunner().invoke(cli.kwk, command(tmp_path, *options)[3:])
    assert result.exit_code != 0
    assert words in result.output


def test_only_one_run_writes_a_folder(server: HostileServer, tmp_path: Path) -> None:
    (tmp_path / "index.tsv").write_text(f"e\t{server.address('/silent')}\n")
    process = subprocess.Popen(command(tmp_path), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    tick = threading.Event()
    while not server.log:
        assert process.poll() is None
        tick.wait(0.01)
    with pytest.raises(DataError, match="Another"):
        fetched(tmp_path, [])
    process.kill()
    process.wait()


def test_what_a_server_asks_for_is_waited_for_within_bounds() -> None:
    patient = FetchSettings(longest_wait=60)
    assert patient.wait(0, 7.0) == 7.0
    assert patient.wait(0, 86_400.0) == 60
    waits = [patient.wait(tries, None) for tries in range(12)]
    assert 0.25 <= waits[0] <= 0.75
    assert waits[11] == 60
