"""Read RDF through rdflib: entities with labels and types, facts between them, literals as properties, pictures."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlparse

from rdflib import RDF, RDFS, SKOS, BNode, Dataset, Graph, Literal, URIRef
from rdflib.compare import to_canonical_graph
from rdflib.namespace import DCTERMS, FOAF, OWL
from rdflib.term import Node
from rdflib.util import guess_format

from kg.errors import DataError
from kg.naming import relation_label
from kg.types import Entity, ImageFile, PropertyValue, Reject, Source, Triple

SCHEMA = ("http://schema.org/", "https://schema.org/")
IMAGE = {FOAF.depiction, URIRef("http://www.wikidata.org/prop/direct/P18"), *(URIRef(s + "image") for s in SCHEMA)}
LABEL = (RDFS.label, SKOS.prefLabel, FOAF.name, *(URIRef(s + "name") for s in SCHEMA))
ALIAS = (SKOS.altLabel, *(URIRef(s + "alternateName") for s in SCHEMA))
DESCRIPTION = (*(URIRef(s + "description") for s in SCHEMA), DCTERMS.description, RDFS.comment)
# What a graph says of its own vocabulary is not an entity of its world.
VOCABULARY = {
    RDF.Property, RDFS.Class, RDFS.Datatype, OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.Ontology,
    OWL.AnnotationProperty, OWL.SymmetricProperty, OWL.FunctionalProperty, OWL.InverseFunctionalProperty,
    OWL.TransitiveProperty,
}  # fmt: skip
STRUCTURAL = {RDF.type, OWL.sameAs, *LABEL, *ALIAS, *DESCRIPTION, *IMAGE}
# Keys of our own model: a literal of that name gets an underscore.
RESERVED = {"graph", "id", "name", "names", "description", "types", "sources", "same_as"}


def parse(paths: Iterable[Path]) -> Graph:
    """Parse Turtle, N-Triples, RDF/XML, TriG or JSON-LD by suffix. Raises DataError naming the file and the line."""
    graph = Graph()
    for path in paths:
        kind = guess_format(str(path))
        if kind is None:
            raise DataError(
                f"{path} has no suffix that tells its RDF format; name it .ttl, .nt, .rdf, .trig or .jsonld."
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own, of its own parsers
                parsed = Dataset(default_union=True) if kind in ("trig", "nquads") else graph
                parsed.parse(path, format=kind, publicID=path.resolve().as_uri())
        except FileNotFoundError as exc:
            raise DataError(f"There is no file {path}.") from exc
        except Exception as exc:  # rdflib's parsers share no class of errors
            raise DataError(f"{path} is not valid {kind}: {' '.join(str(exc).split())}") from exc
        if isinstance(parsed, Dataset):
            for subject, predicate, value, _ in parsed.quads():
                graph.add((subject, predicate, value))
    return graph


def read_rdf(paths: Sequence[Path], name: str, image_root: Path | None = None) -> Source:
    """Read RDF files as one source called `name`.

    Images (`schema:image`, `foaf:depiction`, `wdt:P18`) must be files below `image_root`, by default the first file's
    folder; an address on the web is rejected as `remote_image`. Blank nodes get canonical names, so that reading the
    same file twice gives the same graph.
    """
    graph = parse(paths)
    if any(isinstance(term, BNode) for triple in graph for term in (triple[0], triple[2])):
        graph = to_canonical_graph(graph)
    root = (image_root or paths[0].parent).resolve()
    vocabulary = {s for kind in VOCABULARY for s in graph.subjects(RDF.type, kind)}
    facts, images, rejects = [], [], []
    literals: dict[Node, dict[Node, list[Literal]]] = defaultdict(lambda: defaultdict(list))
    nodes: set[Node] = set()
    for subject, predicate, value in graph:
        if subject in vocabulary:
            continue
        nodes.add(subject)
        if predicate in IMAGE:
            path = image_path(str(value), root)
            if path is None:
                rejects.append(Reject(str(paths[0]), 0, "remote_image", f"{term_id(subject)} has the image {value}"))
            else:
                images.append(ImageFile(term_id(subject), path))
        elif isinstance(value, Literal):
            literals[subject][predicate].append(value)
        elif predicate not in STRUCTURAL:
            nodes.add(value)
            facts.append(Triple(term_id(subject), str(predicate), term_id(value)))
    keys = property_keys({str(p) for values in literals.values() for p in values if p not in STRUCTURAL})
    common = Counter(graph.objects(None, RDF.type))
    entities = [entity(graph, node, literals[node], keys, common) for node in sorted(nodes, key=term_id)]
    relations = {triple.relation for triple in facts}
    return Source(
        name=name,
        entities=entities,
        triples=sorted(facts, key=lambda t: (t.head, t.relation, t.tail)),
        images=sorted(images, key=lambda i: (i.entity, i.path)),
        image_root=root,
        relation_labels={r: found for r in sorted(relations) if (found := labels_of(graph, URIRef(r)))},
        type_labels={
            str(t): found for t in sorted(set(graph.objects(None, RDF.type)), key=str) if (found := labels_of(graph, t))
        },
        rejects=rejects,
    )


def term_id(term: Node) -> str:
    """Return the id of a node: its IRI, or `_:` and the canonical name of a blank node."""
    return f"_:{term}" if isinstance(term, BNode) else str(term)


def labels_of(graph: Graph, node: Node) -> dict[str, str]:
    """Return the labels of a node by language (`""` where none is said), the shortest where there are several."""
    found: dict[str, str] = {}
    for predicate in LABEL:
        for value in sorted(graph.objects(node, predicate), key=lambda v: (len(str(v)), str(v))):
            if isinstance(value, Literal) and str(value).strip():
                found.setdefault((value.language or "").lower(), " ".join(str(value).split()))
    return found


def entity(
    graph: Graph, node: Node, literals: dict[Node, list[Literal]], keys: dict[str, str], common: Counter[Node]
) -> Entity:
    """Make one entity of what the graph says about a node.

    Its name is the English label, else any, else the end of its IRI. Its types come rarest first, by the counts in
    `common`: of `Country` and `Place` the first says more.
    """
    kinds = {kind for kind in graph.objects(node, RDF.type) if kind not in (OWL.NamedIndividual, OWL.Thing)}
    labels = labels_of(graph, node)
    name = labels.get("en") or labels.get("") or next((labels[k] for k in sorted(labels)), "") or local_name(node)
    aliases = sorted({" ".join(str(v).split()) for predicate in ALIAS for v in literals.get(predicate, ())} - {""})
    descriptions = sorted(
        (v for predicate in DESCRIPTION for v in literals.get(predicate, ())),
        key=lambda v: (v.language not in ("en", None), str(v)),
    )
    properties: dict[str, PropertyValue] = {
        keys[str(predicate)]: plain(values) for predicate, values in sorted(literals.items()) if str(predicate) in keys
    }
    same = sorted(str(value) for value in graph.objects(node, OWL.sameAs))
    if same:
        properties["same_as"] = same
    return Entity(
        id=term_id(node),
        name=name,
        names=tuple(dict.fromkeys([name, *labels.values(), *aliases])),
        labels={language: label for language, label in labels.items() if language},
        description=str(descriptions[0]) if descriptions else "",
        types=tuple(str(kind) for kind in sorted(kinds, key=lambda kind: (common[kind], str(kind)))),
        properties=properties,
    )


def local_name(node: Node) -> str:
    """Return the readable end of an IRI."""
    return relation_label(str(node)) if isinstance(node, BNode) else unquote(str(node).rstrip("/#")).rpartition("/")[2]


def property_keys(predicates: Iterable[str]) -> dict[str, str]:
    """Give every literal's predicate a property key: the IRI's last segment, the whole IRI where two would share it."""
    keys: dict[str, str] = {}
    for predicate in sorted(predicates):
        short = predicate.rstrip("/#").replace("#", "/").replace(":", "/").rpartition("/")[2] or predicate
        if short in RESERVED or short.startswith("name_"):
            short += "_"
        keys[predicate] = predicate if short in keys.values() else short
    return keys


def plain(values: Sequence[Literal]) -> PropertyValue:
    """Return literals as Neo4j keeps them: numbers as numbers, the rest as text; several as a list of one type."""
    python = [number(value) for value in values]
    if len(python) == 1:
        return python[0]
    if all(isinstance(value, int | float) for value in python):
        return sorted(float(value) for value in python)
    return sorted(str(value) for value in python)


def number(value: Literal) -> int | float | str:
    """Return a literal as int (64 bit), float or text."""
    content = value.toPython()
    if isinstance(content, bool | date | datetime):
        return str(value)
    if isinstance(content, int) and abs(content) < 2**63:
        return content
    if isinstance(content, float | Decimal):
        return float(content)
    return str(value)


def image_path(address: str, root: Path) -> str | None:
    """Return the path below `root` that a file IRI means, as written; None for an address on the web."""
    parsed = urlparse(address)
    if parsed.scheme not in ("", "file"):
        return None
    place = Path(unquote(parsed.path))
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)
