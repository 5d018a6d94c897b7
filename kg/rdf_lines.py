"""N-Triples and N-Quads, line by line: a file of any size, where a bad line is dropped and the rest goes on.

A line without escapes, which nearly all are, is taken apart by one regular expression; rdflib's parser reads the others
and says what is wrong with them. A property test holds that both read alike.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.ntriples import W3CNTriplesParser, r_tail, r_wspace
from rdflib.term import BNode, Node

from kg.errors import DataError
from kg.rdf_terms import IRI, LABEL, LONGEST, BadTerm, node_id, term_of
from kg.types import Reject

Statement = tuple[str, str, str]  # subject's id, predicate's IRI, object's term

_TEXT = r'"[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*"'
_PLAIN = re.compile(
    rf"[ \t]*(?:<({IRI})>|({LABEL}))[ \t]+<({IRI})>[ \t]+"
    rf"(<{IRI}>|{LABEL}|{_TEXT}(?:@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*|\^\^<{IRI}>)?)"
    rf"[ \t]*(?:(?:<{IRI}>|{LABEL})[ \t]*)?\.[ \t]*(?:#.*)?"
)
_TRIPLE = re.compile(
    rf"<({IRI})>[ \t]+<({IRI})>[ \t]+(<{IRI}>|{_TEXT}(?:@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*|\^\^<{IRI}>)?)[ \t]*\."
)


class _SameLabels(dict[str, BNode]):
    """Makes rdflib keep a blank node's label."""

    def get(self, label: str, default: object = None) -> BNode:
        """Return the label itself."""
        return BNode(label)


class _Sink:
    """Holds the statement that rdflib read last."""

    def __init__(self) -> None:
        self.found: tuple[Node, Node, Node] | None = None

    def triple(self, subject: Node, predicate: Node, value: Node) -> None:
        """Take a statement."""
        self.found = (subject, predicate, value)


class LineParser:
    """Reads one line of a file; `file_number` keeps the blank nodes of several files apart."""

    def __init__(self, quads: bool = False, file_number: int = 0) -> None:
        self._quads = quads
        self._prefix = f"_:f{file_number}-" if file_number else "_:"

    def read(self, line: str) -> Statement | None:
        """Return the statement of a line, None for a comment or an empty line. Raises BadTerm."""
        match = _TRIPLE.fullmatch(line)
        found = (match[1], match[2], match[3]) if match else self._plain(line) or self.by_rdflib(line)
        if found is None or (match and len(line) < LONGEST // 4):  # bytes are at most four times the characters
            return found
        subject, predicate, value = found
        for each in (subject, predicate, "" if is_text(value) else value):
            if len(each.encode()) > LONGEST:
                raise BadTerm("too_long", f"has a name of more than {LONGEST:,} bytes: {each[:200]!r}")
        if self._prefix == "_:":
            return found
        return self._own(subject), predicate, self._own(value)

    def _plain(self, line: str) -> Statement | None:
        """Read a line that needs no unescaping; None leaves it to rdflib."""
        match = _PLAIN.fullmatch(line)
        if match is None or (not self._quads and match.lastindex and self._has_graph(match)):
            return None
        return match[1] or match[2], match[3], match[4]

    @staticmethod
    def _has_graph(match: re.Match[str]) -> bool:
        """Say whether a fourth term stands behind the object."""
        return match.string[match.end(4) :].lstrip(" \t")[:1] != "."

    def by_rdflib(self, line: str) -> Statement | None:
        """Read a line by rdflib's parser."""
        sink = _Sink()
        parser = W3CNTriplesParser(sink, bnode_context=_SameLabels())  # type: ignore[arg-type]
        parser.line = line
        try:
            if self._quads:
                self._quad(parser, sink)
            else:
                parser.parseline()
            if sink.found is None:
                return None
            subject, predicate, value = (term_of(each) for each in sink.found)
        except BadTerm:
            raise
        except (ParserError, ValueError, TypeError, OverflowError) as exc:  # rdflib's, and those of bad escapes
            raise BadTerm("malformed", f"is no statement of N-Triples: {line[:200]!r}") from exc
        return node_id(subject), node_id(predicate), value

    @staticmethod
    def _quad(parser: W3CNTriplesParser, sink: _Sink) -> None:
        """Read a statement and the graph it stands in, which is not kept."""
        parser.eat(r_wspace)
        if not parser.line or parser.line.startswith("#"):
            return
        subject = parser.subject()
        parser.eat(r_wspace)
        predicate = parser.predicate()
        parser.eat(r_wspace)
        value = parser.object()
        parser.eat(r_wspace)
        _ = parser.uriref() or parser.nodeid()
        parser.eat(r_tail)
        if parser.line:
            raise ParserError(f"Trailing garbage: {parser.line}")
        sink.triple(subject, predicate, value)

    def _own(self, term: str) -> str:
        """Return a term, a blank node under the name that is this file's own."""
        return self._prefix + term[2:] if term.startswith("_:") else term


def read_lines(
    path: Path, parser: LineParser, reject: Callable[[Reject], None], advance: Callable[[int], None]
) -> Iterator[Statement]:
    """Yield the statements of a file, which may be compressed; what is none goes to `reject` with its line.

    `advance` is called with the bytes of the file that were read. Raises DataError if the file can't be read.
    """
    try:
        with path.open("rb") as raw:
            file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            place = 0
            for n, line in enumerate(file, 1):
                if not n % 10_000:
                    advance(raw.tell() - place)
                    place = raw.tell()
                try:
                    found = parser.read(line.decode("utf-8-sig" if n == 1 else "utf-8").rstrip("\r\n"))
                except UnicodeDecodeError as exc:
                    reject(Reject(path.name, n, "encoding", f"is not UTF-8: {exc.reason} at byte {exc.start}"))
                except BadTerm as exc:
                    reject(Reject(path.name, n, exc.reason, str(exc)))
                else:
                    if found:
                        yield found
            advance(raw.tell() - place)
    except FileNotFoundError as exc:
        raise DataError(f"There is no file {path}.") from exc
    except (OSError, EOFError, zlib.error) as exc:
        raise DataError(f"{path} can't be read to its end: {exc}; is it whole?") from exc


def is_text(term: str) -> bool:
    """Say whether an object's term is a literal."""
    return term.startswith('"')
