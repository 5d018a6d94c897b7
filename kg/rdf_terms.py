"""Terms of RDF as N-Triples text: `<iri>`, `_:label`, `"text"@lang`, `"text"^^<datatype>`; and what may not be one.

A term has one text only: what reads it undoes escapes and writes the few that are needed, so equal terms are equal
strings, and a term never holds a line break or a tab.
"""

import re
from typing import Final

from rdflib.term import BNode, Literal, URIRef

LONGEST = 4_000  # bytes of an id, relation or type: Neo4j's indexes hold 8 kB a key
IRI: Final = r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\\x7f-\x9f\ud800-\udfff]*"
LABEL: Final = r"_:[A-Za-z0-9_:](?:[\-A-Za-z0-9_:.]*[\-A-Za-z0-9_:])?"
_IRI = re.compile(IRI)
_LABEL = re.compile(LABEL)
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9\-]+)|\^\^<(.*)>)?', re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]+(?:-[A-Za-z0-9]+)*")
# Line breaks of any kind, controls, and what no UTF-8 file can hold.
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([tbnrf"\'\\]))')
_PLAIN = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class BadTerm(ValueError):
    """A term that has no place in a graph: `reason` is the code that a reject carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def is_iri(text: str) -> bool:
    """Say whether a text is an absolute IRI as N-Triples may hold it."""
    return _IRI.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """Say whether a text is a blank node, `_:` and a label."""
    return _LABEL.fullmatch(text) is not None


def node(text: str) -> str:
    """Return the term of a node's id: an IRI, or a blank node's `_:label`."""
    return text if text.startswith("_:") else f"<{text}>"


def node_id(term: str) -> str:
    """Return the id that a node's term has in the graph."""
    return term[1:-1] if term.startswith("<") else term


def literal(text: str, language: str = "", datatype: str = "") -> str:
    """Return the term of a literal."""
    quoted = f'"{_UNSAFE.sub(_escaped, text)}"'
    if language:
        return f"{quoted}@{language}"
    return f"{quoted}^^<{datatype}>" if datatype else quoted


def literal_parts(term: str) -> tuple[str, str, str]:
    """Return text, language and datatype of a literal's term; the last two may be empty."""
    match = _LITERAL.fullmatch(term)
    if match is None:
        raise BadTerm("malformed", f"is no literal: {term[:200]!r}")
    text = match[1]
    return (_ESCAPE.sub(_unescaped, text) if "\\" in text else text), match[2] or "", match[3] or ""


def term_of(value: object) -> str:
    """Return the term of what rdflib read. Raises BadTerm for what N-Triples can't hold, or an index can't."""
    if isinstance(value, BNode):
        if not is_label(f"_:{value}"):
            raise BadTerm("malformed", f"has a blank node that no file can name: {str(value)[:200]!r}")
        return f"_:{value}"
    if isinstance(value, Literal):
        return _literal_term(value)
    if not isinstance(value, URIRef):  # a graph in braces, a variable: what only Notation3 knows
        raise BadTerm("malformed", f"holds {str(value)[:200]!r}, which is no term of RDF")
    return f"<{checked_iri(str(value))}>"


def checked_iri(text: str) -> str:
    """Return an IRI. Raises BadTerm if it is none, or too long."""
    if not is_iri(text):
        raise BadTerm("malformed", f"has the IRI {text[:200]!r}, which is none")
    if len(text) > LONGEST // 4 and len(text.encode()) > LONGEST:
        raise BadTerm("too_long", f"has an IRI of more than {LONGEST:,} bytes: {text[:200]!r}")
    return text


def _literal_term(value: Literal) -> str:
    """Return the term of a literal that rdflib read."""
    text, language = str(value), value.language or ""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise BadTerm("malformed", f"holds half a character (a lone surrogate): {text[:200]!r}") from exc
    if language and not _LANGUAGE.fullmatch(language):
        raise BadTerm("malformed", f"has the language {language[:200]!r}, which is none")
    return literal(text, language, checked_iri(str(value.datatype)) if value.datatype and not language else "")


def _escaped(match: re.Match[str]) -> str:
    """Return the escape of one character."""
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04X}"


def _unescaped(match: re.Match[str]) -> str:
    """Return the character of one escape."""
    return _PLAIN[match[3]] if match[3] else chr(int(match[1] or match[2], 16))
