"""RDF as text, subject by subject: N-Triples, Turtle (TriG reads the same), RDF/XML."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from kg.errors import DataError
from kg.rdf_entity import TYPE, Said
from kg.rdf_lines import is_text
from kg.rdf_terms import literal_parts

Write = Callable[[str], Any]

PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "https://schema.org/",
}
_SHORT = re.compile(
    "<(" + "|".join(map(re.escape, PREFIXES.values())) + r")([A-Za-z](?:[A-Za-z0-9_\-]*[A-Za-z0-9_])?)>"
)
_OF = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NAMES = "RDF ID about parseType resource nodeID datatype li Description aboutEach aboutEachPrefix bagID"
_SYNTAX = {PREFIXES["rdf"] + name for name in _NAMES.split()}  # no names of properties


class NTriples:
    """One statement a line."""

    def __init__(self, write: Write) -> None:
        self.write = write

    def begin(self) -> None:
        """Nothing stands before the first statement."""

    def subject(self, subject: str, said: Iterable[Said]) -> None:
        """Write all that is said of a subject."""
        self.write("".join(f"{subject} <{predicate}> {value} .\n" for predicate, value in said))

    def end(self) -> None:
        """Nothing stands behind the last."""


class Turtle(NTriples):
    """One paragraph a subject."""

    def begin(self) -> None:
        """Write the prefixes."""
        self.write("".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items()))

    def subject(self, subject: str, said: Iterable[Said]) -> None:
        """Write all that is said of a subject."""
        lines = [f"    {self.verb(predicate)} {self.term(value)}" for predicate, value in said]
        if lines:
            self.write(f"\n{self.term(subject)}\n" + " ;\n".join(lines) + " .\n")

    def verb(self, predicate: str) -> str:
        """Return a predicate."""
        return "a" if predicate == TYPE else self.term(f"<{predicate}>")

    @staticmethod
    def term(value: str) -> str:
        """Return a term, by its prefix where it has one."""
        if value.startswith("_:"):
            return f"_:{plain_label(value)}"
        if is_text(value):
            if not value.endswith(">"):
                return value
            text, _, datatype = value.rpartition("^^")
            return f"{text}^^{Turtle.term(datatype)}"
        match = _SHORT.fullmatch(value)
        return f"{_OF[match[1]]}:{match[2]}" if match else value


class Xml(NTriples):
    """One rdf:Description a subject. Raises DataError for what RDF/XML can't hold."""

    def begin(self) -> None:
        """Write the root element."""
        self.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self.write(f'<rdf:RDF xmlns:rdf="{PREFIXES["rdf"]}">\n')

    def subject(self, subject: str, said: Sequence[Said]) -> None:  # type: ignore[override]
        """Write all that is said of a subject."""
        if said:
            self.write(f"<rdf:Description {self.node(subject, 'about')}>\n")
            self.write("".join(self.statement(subject, predicate, value) for predicate, value in said))
            self.write("</rdf:Description>\n")

    def end(self) -> None:
        """Close the root element."""
        self.write("</rdf:RDF>\n")

    def statement(self, subject: str, predicate: str, value: str) -> str:
        """Return one property element."""
        namespace, name = qualified(predicate)
        tag = f"rdf:{name}" if namespace == PREFIXES["rdf"] else f"p:{name}"
        opened = tag if tag.startswith("rdf:") else f"{tag} xmlns:p={attribute(namespace)}"
        if not is_text(value):
            return f"  <{opened} {self.node(value, 'resource')}/>\n"
        text, language, datatype = literal_parts(value)
        if _NOT_XML.search(text):
            raise DataError(
                f"{subject} has a text under <{predicate}> with a character that XML does not know; "
                "export to turtle or nt instead."
            )
        extra = f" xml:lang={attribute(language)}" if language else ""
        extra = f" rdf:datatype={attribute(datatype)}" if datatype else extra
        content = escape(text, {"\r": "&#13;"})
        return f"  <{opened}{extra}>{content}</{tag}>\n"

    @staticmethod
    def node(term: str, key: str) -> str:
        """Return the attribute that names a node."""
        return f'rdf:nodeID="{plain_label(term)}"' if term.startswith("_:") else f"rdf:{key}={attribute(term[1:-1])}"


WRITERS: dict[str, type[NTriples]] = {"turtle": Turtle, "nt": NTriples, "trig": Turtle, "xml": Xml}


def attribute(text: str) -> str:
    """Return a quoted attribute of XML."""
    return quoteattr(text)


def qualified(predicate: str) -> tuple[str, str]:
    """Split a predicate into namespace and name as XML needs them. Raises DataError if it has no such name."""
    for start in range(len(predicate) - 1, 0, -1):
        if not re.match(r"[\w.\-]", predicate[start], re.ASCII):
            break
    else:
        start = 0
    tail = predicate[start + 1 :]
    while tail and not re.match(r"[A-Za-z_]", tail):
        tail = tail[1:]
    if not tail or predicate in _SYNTAX or not predicate[: -len(tail)]:
        raise DataError(f"RDF/XML has no way to write the predicate <{predicate}>; export to turtle or nt instead.")
    return predicate[: -len(tail)], tail


def plain_label(term: str) -> str:
    """Return a blank node's label in letters that every format takes; different ones stay different."""
    label = term.removeprefix("_:")
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9\-]*", label):
        return label
    return "x_" + re.sub(r"[^A-Za-z0-9\-]", lambda match: f"_{ord(match[0]):x}_", label)
