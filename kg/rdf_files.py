"""Files of RDF become statements: N-Triples line by line, the other formats through rdflib, in memory.

Nothing is fetched while a file is read, and no entity of an XML file may grow.
"""

import gzip
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.parsers import expat

import rdflib
from rdflib import Dataset, Graph

from kg.errors import DataError
from kg.progress import Progress
from kg.rdf_blank import blank_names
from kg.rdf_lines import LineParser, Statement, read_lines
from kg.rdf_terms import BadTerm, node_id, term_of
from kg.types import Reject

FORMATS = {
    "nt": "nt", "nq": "nquads", "ttl": "turtle", "turtle": "turtle", "n3": "turtle", "trig": "trig",
    "rdf": "xml", "xml": "xml", "owl": "xml", "jsonld": "json-ld", "json": "json-ld",
}  # fmt: skip
LONGEST_ENTITY = 1_000  # characters that an entity of an XML file may stand for: a namespace, not a bomb


def format_of(path: Path) -> str:
    """Return the format that a file's suffix tells, `.gz` aside. Raises DataError."""
    suffixes = [suffix[1:].lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
        suffixes.pop()
    kind = FORMATS.get(suffixes[-1]) if suffixes else None
    if kind is None:
        raise DataError(
            f"{path} has no suffix that tells its RDF format; name it .ttl, .nt, .nq, .rdf, .trig or .jsonld."
        )
    return kind


def statements(paths: Sequence[Path], reject: Callable[[Reject], None], progress: Progress) -> Iterator[Statement]:
    """Yield the statements of all files, in no order; what is none goes to `reject`. Raises DataError."""
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)  # what it warns of is a reject
    kinds = {path: format_of(path) for path in paths}
    sized = {path: path.stat().st_size if path.exists() else 0 for path in paths}
    graph = Graph()
    with progress("reading", sum(sized.values())) as advance:
        for n, path in enumerate(paths):
            if kinds[path] in ("nt", "nquads"):
                yield from read_lines(path, LineParser(kinds[path] == "nquads", n), reject, advance)
            else:
                parse(path, kinds[path], graph)
                advance(sized[path])
    blank: list[tuple[str, str, str]] = []
    for triple in graph:
        try:
            subject, predicate, value = (term_of(term) for term in triple)
        except BadTerm as exc:
            reject(Reject(paths[0].name, 0, exc.reason, f"{str(triple[0])[:200]!r} {exc}"))
        else:
            if subject.startswith("_:") or value.startswith("_:"):
                blank.append((subject, predicate, value))
            else:
                yield node_id(subject), node_id(predicate), value
    names = blank_names(blank)
    for subject, predicate, value in blank:
        yield node_id(names.get(subject, subject)), node_id(predicate), names.get(value, value)


def parse(path: Path, kind: str, graph: Graph) -> None:
    """Read a file into `graph` by rdflib; the names of graphs within it are not kept. Raises DataError."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError as exc:
        raise DataError(f"There is no file {path}.") from exc
    except (OSError, EOFError) as exc:
        raise DataError(f"{path} can't be read: {exc}.") from exc
    if kind == "xml":
        refuse_entities(path, data)
    if kind == "json-ld":
        refuse_remote_context(path, data)
    into = Dataset(default_union=True) if kind in ("trig", "json-ld") else graph
    try:
        with warnings.catch_warnings(), exact_literals():
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own, of its own parsers
            into.parse(BytesIO(data), format=kind, publicID=path.resolve().as_uri())
    except IndexError as exc:  # rdflib's Turtle, at the end of the text
        raise DataError(f"{path} is not valid {kind}: it ends in the middle of a statement.") from exc
    except Exception as exc:  # rdflib's parsers share no class of errors
        raise DataError(f"{path} is not valid {kind}: {' '.join(str(exc).split())[:500]}") from exc
    if isinstance(into, Dataset):
        for subject, predicate, value, _ in into.quads():
            graph.add((subject, predicate, value))


@contextmanager
def exact_literals() -> Iterator[None]:
    """Make rdflib keep a literal as it is written: 007 is not 7."""
    before = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = before


class _Begun(Exception):
    """The first element was reached: no declaration comes any more."""


def refuse_entities(path: Path, data: bytes) -> None:
    """Raise DataError if an XML file declares entities that read other files, or that grow.

    Those that stand for a namespace, as ontologies use them, are short and hold no other: they pass.
    """

    def declared(name: str, parameter: bool, value: str | None, *rest: Any) -> None:
        if parameter or value is None or "&" in value or len(value) > LONGEST_ENTITY:
            raise DataError(
                f"{path} declares the XML entity '{name[:80]}', which reads another file or may grow without bound; "
                "write it out, or convert the file to Turtle."
            )

    def begun(*_: Any) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        parser.Parse(data, True)
    except _Begun:
        pass
    except expat.ExpatError as exc:
        raise DataError(f"{path} is not valid xml: {exc}.") from exc


def refuse_remote_context(path: Path, data: bytes) -> None:
    """Raise DataError if a JSON-LD file names a context that would have to be fetched."""
    try:
        todo: list[Any] = [json.loads(data)]
    except (ValueError, RecursionError) as exc:
        raise DataError(f"{path} is not valid json-ld: {exc}.") from exc
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            todo += value.values()
            context = value.get("@context")
            named = [each for each in (context if isinstance(context, list) else [context]) if isinstance(each, str)]
            if isinstance(value.get("@import"), str):
                named.append(value["@import"])
            if named:
                raise DataError(
                    f"{path} takes its context from {named[0][:200]!r}, and nothing is fetched while a file is read; "
                    "put the context itself into the file."
                )
