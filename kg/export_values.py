"""Values of properties as RDF and JSON write them."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import neo4j.time
from rdflib import XSD

from kg.rdf_entity import number
from kg.rdf_terms import literal


def json_text(value: Any) -> str | None:
    """Return a value as JSON; None for what JSON has no word for."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None


def typed_literal(value: Any, datatype: str = "") -> str:
    """Return a property's value as a literal, of `datatype` if that gives the same value again."""
    text = str(value)
    if isinstance(value, bool):
        text, own = text.lower(), XSD.boolean
    elif isinstance(value, int):
        own = XSD.integer
    elif isinstance(value, float):
        text, own = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(repr(value), repr(value)), XSD.double
    elif isinstance(value, neo4j.time.DateTime | datetime):
        text, own = iso(value), XSD.dateTime
    elif isinstance(value, neo4j.time.Date | date):
        text, own = iso(value), XSD.date
    elif isinstance(value, neo4j.time.Time | time):
        text, own = iso(value), XSD.time
    elif isinstance(value, neo4j.time.Duration | timedelta):
        text, own = iso(value), XSD.duration
    else:
        own = None
    if datatype and type(number(literal(text, datatype=datatype))) is type(value):
        return literal(text, datatype=datatype)
    return literal(text, datatype=str(own) if own is not None else "")


def iso(value: Any) -> str:
    """Return a moment or a duration as XML Schema writes it."""
    return str(value.iso_format()) if hasattr(value, "iso_format") else str(value.isoformat())
