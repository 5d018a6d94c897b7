"""What RDF says of one subject becomes an entity: names, types, properties, facts, pictures.

The reader and the exporter share this, so that the exporter knows which statement a property came from.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from rdflib import RDF, RDFS, SKOS, XSD
from rdflib.namespace import DCTERMS, FOAF, OWL

from kg.naming import relation_label
from kg.rdf_lines import is_text
from kg.rdf_terms import BadTerm, literal_parts, node_id
from kg.types import Entity, PropertyValue

Said = tuple[str, str]  # predicate's IRI, object's term

SCHEMA = ("http://schema.org/", "https://schema.org/")
TYPE, SAME_AS, JSON = str(RDF.type), str(OWL.sameAs), str(RDF.JSON)
IMAGE = {str(FOAF.depiction), "http://www.wikidata.org/prop/direct/P18", *(s + "image" for s in SCHEMA)}
LABEL = (str(RDFS.label), str(SKOS.prefLabel), str(FOAF.name), *(s + "name" for s in SCHEMA))
ALIAS = (str(SKOS.altLabel), *(s + "alternateName" for s in SCHEMA))
DESCRIPTION = (*(s + "description" for s in SCHEMA), str(DCTERMS.description), str(RDFS.comment))
# What a graph says of its own vocabulary is not an entity of its world.
VOCABULARY = {
    str(each) for each in (
        RDF.Property, RDFS.Class, RDFS.Datatype, RDFS.ContainerMembershipProperty, OWL.Class, OWL.Restriction,
        OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.OntologyProperty, OWL.Ontology,
        OWL.DeprecatedClass, OWL.DeprecatedProperty, OWL.SymmetricProperty, OWL.AsymmetricProperty,
        OWL.ReflexiveProperty, OWL.IrreflexiveProperty, OWL.FunctionalProperty, OWL.InverseFunctionalProperty,
        OWL.TransitiveProperty,
    )
}  # fmt: skip
# What is said of nothing but properties: by it one is known that has no type.
OF_PROPERTIES = {
    str(each) for each in (
        OWL.inverseOf, OWL.equivalentProperty, OWL.propertyDisjointWith, OWL.propertyChainAxiom, RDFS.subPropertyOf,
        RDFS.domain, RDFS.range,
    )
}  # fmt: skip
NOT_A_TYPE = {str(OWL.NamedIndividual), str(OWL.Thing)}
STRUCTURAL = {TYPE, SAME_AS, *LABEL, *ALIAS, *DESCRIPTION, *IMAGE}
# Keys of our own model: a literal of that name gets an underscore.
RESERVED = {
    "graph", "id", "name", "names", "description", "types", "sources", "same_as", "said", "image_addresses",
}  # fmt: skip
# What an export says where no statement of RDF would give the same: the value of one property, as JSON.
EXACT = "urn:kwk:property:"
# How an export names the prefix that it gave to names that are no IRIs.
PREFIX = "urn:kwk:prefix"
INTEGERS = {
    str(XSD[name]) for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte",
    )
}  # fmt: skip
FLOATS = {str(XSD.double), str(XSD.float), str(XSD.decimal)}


@dataclass(frozen=True, slots=True)
class Reader:
    """How the statements of one source are read."""

    keys: Mapping[str, str] = field(default_factory=dict)  # predicate -> property key
    common: Mapping[str, int] = field(default_factory=dict)  # type -> how many have it
    prefix: str = ""  # of ids that are no IRIs, as an export of ours names it

    def name(self, iri: str) -> str:
        """Return an id, relation or type as the graph keeps it."""
        return unquote(iri[len(self.prefix) :]) if self.prefix and iri.startswith(self.prefix) else iri

    def key(self, predicate: str) -> str:
        """Return the property key of a literal's predicate."""
        if self.prefix and predicate.startswith(self.prefix):
            return unquote(predicate[len(self.prefix) :])
        return self.keys.get(predicate) or short_key(predicate)


def is_vocabulary(said: Iterable[Said]) -> bool:
    """Say whether a subject is a class, a property or an ontology."""
    return any(
        predicate in OF_PROPERTIES or (predicate == TYPE and value[1:-1] in VOCABULARY) for predicate, value in said
    )


def is_fact(predicate: str, value: str) -> bool:
    """Say whether a statement stands between two entities. A picture that is described by a node of its own does."""
    if is_text(value):
        return False
    return predicate not in STRUCTURAL or (predicate in IMAGE and value.startswith("_:"))


def fragment(predicate: str, value: str) -> str:
    """Return a statement without its subject, as `Entity.said` keeps it."""
    return f"<{predicate}> {value}"


def labels_of(said: Iterable[Said]) -> dict[str, str]:
    """Return the labels of a subject by language (`""` where none is said), the shortest where there are several."""
    texts: dict[str, list[tuple[str, str]]] = {}
    for predicate, value in said:
        if predicate in LABEL and is_text(value):
            text, language, _ = literal_parts(value)
            texts.setdefault(predicate, []).append((" ".join(text.split()), language.lower()))
    found: dict[str, str] = {}
    for predicate in LABEL:
        for text, language in sorted(texts.get(predicate, ()), key=lambda each: (len(each[0]), each)):
            if text:
                found.setdefault(language, text)
    return found


def best_label(labels: Mapping[str, str]) -> str:
    """Return the English label, else the one without a language, else the first by language; empty if there is none."""
    return labels.get("en") or labels.get("") or next((labels[language] for language in sorted(labels)), "")


def entity(subject: str, said: Sequence[Said], reader: Reader) -> Entity:
    """Make one entity of all that is said of a subject.

    Its name is the English label, else any, else an alias, else the end of its IRI: then `names` is empty. Its types
    come rarest first, by the counts in the reader: of `Country` and `Place` the first says more.
    """
    if not said:
        return Entity(reader.name(subject), makeshift(reader.name(subject)))
    labels = labels_of(said)
    aliases = sorted({" ".join(text.split()) for text, _ in texts(said, ALIAS)} - {""})
    name = best_label(labels) or (aliases[0] if aliases else "")
    descriptions = sorted(texts(said, DESCRIPTION), key=lambda each: (each[1].lower() not in ("en", ""), each))
    kinds = {node_id(value) for predicate, value in said if predicate == TYPE and not is_text(value)} - NOT_A_TYPE
    made = subject != reader.name(subject)
    found = Entity(
        id=reader.name(subject),
        name=name or makeshift(reader.name(subject)),
        names=tuple(dict.fromkeys([name, *labels.values(), *aliases])) if name else (),
        labels={language: label for language, label in labels.items() if language},
        description=descriptions[0][0] if descriptions else "",
        types=tuple(reader.name(kind) for kind in sorted(kinds, key=lambda each: (reader.common.get(each, 0), each))),
        properties=properties(said, reader),
        said=() if made else tuple(sorted(fragment(*each) for each in said if not is_fact(*each))),
    )
    exact = {key: json.loads(literal_parts(value)[0]) for key, value in exact_values(said)}
    return with_exact(found, exact) if exact else found


def texts(said: Iterable[Said], predicates: Collection[str]) -> list[tuple[str, str]]:
    """Return (text, language) of the literals under some predicates."""
    return [literal_parts(value)[:2] for predicate, value in said if predicate in predicates and is_text(value)]


def properties(said: Iterable[Said], reader: Reader) -> dict[str, PropertyValue]:
    """Return the typed properties: literals by key, links to the same thing elsewhere, addresses of pictures."""
    values: dict[str, list[str]] = {}
    for predicate, value in said:
        if is_text(value) and predicate not in STRUCTURAL and not predicate.startswith(EXACT):
            values.setdefault(reader.key(predicate), []).append(value)
    found = {key: plain(each) for key, each in sorted(values.items())}
    same = sorted(reader.name(node_id(value)) for predicate, value in said if predicate == SAME_AS)
    if same:
        found["same_as"] = [literal_parts(each)[0] if is_text(each) else each for each in same]
    addresses = {text for predicate, value in said if predicate in IMAGE if is_remote(text := object_text(value))}
    if addresses:
        found["image_addresses"] = sorted(addresses)
    return found


def object_text(value: str) -> str:
    """Return an IRI, or the text of a literal."""
    return literal_parts(value)[0] if is_text(value) else node_id(value)


def is_remote(address: str) -> bool:
    """Say whether a picture's address is one on the web."""
    return address.lower().startswith(("http://", "https://"))


def image_path(address: str, root: Path) -> str | None:
    """Return the path below `root` that a file's IRI means, as written; None for what is no file."""
    try:
        parsed = urlparse(address)
    except ValueError:
        return None
    if parsed.scheme not in ("", "file") or not parsed.path:
        return None
    place = Path(unquote(parsed.path))
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)


def makeshift(each: str) -> str:
    """Return the readable end of an IRI, for what has no name."""
    if each.startswith("_:"):
        return relation_label(each)
    return unquote(each).rstrip("/#:").replace("#", "/").replace(":", "/").rpartition("/")[2].strip() or each


def short_key(predicate: str) -> str:
    """Return the last segment of a predicate; with an underscore where it is a key of our own."""
    short = predicate.rstrip("/#").replace("#", "/").replace(":", "/").rpartition("/")[2] or predicate
    return short + "_" if short in RESERVED or short.startswith("name_") else short


def property_keys(predicates: Iterable[str]) -> dict[str, str]:
    """Give every literal's predicate a property key: the IRI's last segment, the whole IRI where two would share it."""
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for predicate in sorted(predicates):
        short = short_key(predicate)
        keys[predicate] = predicate if short in taken else short
        taken.add(keys[predicate])
    return keys


def plain(values: Iterable[str]) -> PropertyValue:
    """Return literals as Neo4j keeps them: numbers as numbers, the rest as text; several as a list of one type."""
    python = [number(value) for value in values]
    if len(python) == 1:
        return python[0]
    whole = [value for value in python if isinstance(value, int)]
    if len(whole) == len(python):
        return sorted(whole)
    numbers = [float(value) for value in python if isinstance(value, int | float)]
    if len(numbers) == len(python):
        return sorted(numbers)
    return sorted(object_text(value) for value in values)


def number(value: str) -> int | float | str:
    """Return a literal as int (64 bit), float or text."""
    text, _, datatype = literal_parts(value)
    if "_" in text:  # Python's int and float would pass over it
        return text
    try:
        if datatype in INTEGERS and abs(whole := int(text)) < 2**63:
            return whole
        if datatype in FLOATS and (real := float(text)) == real:  # NaN, unlike itself, would look changed each time
            return real
    except ValueError:  # what claims to be a number, and is none
        return text
    return text


def exact_values(said: Iterable[Said]) -> list[tuple[str, str]]:
    """Return (property key, literal) of the values that an export of ours gave as they are."""
    return [
        (unquote(predicate[len(EXACT) :]), value)
        for predicate, value in said
        if predicate.startswith(EXACT) and is_text(value) and is_exact(value)
    ]


def is_exact(value: str) -> bool:
    """Say whether a literal is JSON that a property may hold."""
    try:
        text, _, datatype = literal_parts(value)
        found = json.loads(text)
    except (BadTerm, ValueError, RecursionError):
        return False
    if datatype != JSON:
        return False
    items = found if isinstance(found, list) else [found]
    kinds = {type(each) for each in items}
    whole = all(abs(each) < 2**63 for each in items if isinstance(each, int))
    return whole and kinds <= {str, int, float, bool} and (len(kinds) <= 1 or kinds == {int, float})


def with_exact(found: Entity, exact: Mapping[str, Any]) -> Entity:
    """Return an entity with some properties replaced by what an export gave as they are."""
    rest = dict(found.properties)
    labels = dict(found.labels)
    fields: dict[str, Any] = {}
    for key, value in exact.items():
        if key in ("name", "description") and isinstance(value, str):
            fields[key] = value
        elif key in ("names", "types") and isinstance(value, list) and all(isinstance(each, str) for each in value):
            fields[key] = tuple(value)
        elif key.startswith("name_") and isinstance(value, str):
            labels = {lang: label for lang, label in labels.items() if label_key("name", lang) != key}
            labels[key.removeprefix("name_").replace("_", "-")] = value
        elif key not in RESERVED or key in ("same_as", "image_addresses"):
            rest[key] = value
    return replace(found, labels=labels, properties=rest, **fields)


def label_key(stem: str, language: str) -> str:
    """Return the property key of a label in a language: name_de, name_zh_hans."""
    return f"{stem}_{language.lower().replace('-', '_')}"
