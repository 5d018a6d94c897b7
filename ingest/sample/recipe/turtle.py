"""Statements → Turtle, always in the same order, so that a rebuild changes only what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

PREFIXES = {
    "atlas": "urn:kwk:atlas:",
    "city": "urn:kwk:atlas:city/",
    "continent": "urn:kwk:atlas:continent/",
    "country": "urn:kwk:atlas:country/",
    "currency": "urn:kwk:atlas:currency/",
    "language": "urn:kwk:atlas:language/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
_FIRST = ("a", "rdfs:label", "skos:altLabel", "schema:description", "rdfs:domain", "rdfs:range")


@dataclass(frozen=True, slots=True)
class Text:
    """A literal in a language, or a plain string where `lang` is empty."""

    value: str
    lang: str = ""


# A name is written as it is: prefixed ("country:PE") or in angle brackets ("<images/x.webp>").
Value = str | Text | int | Decimal
Statements = Mapping[str, Iterable[Value]]  # predicate -> objects


def document(subjects: Mapping[str, Statements]) -> str:
    """Return the Turtle document of `subjects`, in the order given, objects sorted."""
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    return head + "".join(_block(subject, statements) for subject, statements in subjects.items())


def _block(subject: str, statements: Statements) -> str:
    lines = []
    for predicate in sorted(statements, key=_order):
        objects = sorted({_written(value) for value in statements[predicate]}, key=_by_language)
        if objects:
            lines.append(f"    {predicate} {', '.join(objects)}")
    return f"\n{subject}\n" + " ;\n".join(lines) + " .\n"


def _order(predicate: str) -> tuple[int, str]:
    return (_FIRST.index(predicate) if predicate in _FIRST else len(_FIRST), predicate)


def _by_language(written: str) -> tuple[str, str]:
    quoted, mark, lang = written.rpartition('"@')
    return (lang, quoted) if mark else ("", written)


def _written(value: Value) -> str:
    if isinstance(value, Text):
        escaped = value.value.translate(_ESCAPES)
        return f'"{escaped}"@{value.lang}' if value.lang else f'"{escaped}"'
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text if "." in text else f"{text}.0"
    return str(value)
