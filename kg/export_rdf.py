"""A graph as RDF: its facts, what was said of its entities and vocabulary, and what was changed since."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from kg import export_queries
from kg.export import Exported, Node, text_file
from kg.export_said import NEW_IMAGE, Names, said_by_source, statements
from kg.rdf_entity import EXACT, IMAGE, PREFIX, Said, image_path, is_fact, object_text
from kg.rdf_terms import is_iri, literal, node
from kg.rdf_writers import WRITERS


def export_rdf(graph: Exported, out: Path | None, kind: str = "turtle") -> None:
    """Write a graph as `turtle`, `nt`, `xml` or `trig` to a file, or to the standard output.

    What came from RDF goes out as it came in. Names that are no IRIs stand behind `urn:kwk:<graph>:`, which a last
    statement says, so that reading takes it off again.
    """
    names = Names(free_prefix(graph))
    relations = {row["type"]: row["path"] for row in graph.rows(export_queries.RELATION_PATHS)}
    with text_file(out) as write:
        writer = WRITERS[kind](write)
        writer.begin()
        for row in graph.pages(export_queries.VOCABULARY_PAGE):
            said = {each for lines in said_by_source(row["said"]).values() for each in lines}
            writer.subject(node(row["id"]), sorted(said))
        for entity in graph.nodes():
            said = statements(entity.properties, names) | facts(entity, names, relations)
            said |= pictures(entity, said, graph.image_roots)
            writer.subject(names.node(entity.id), sorted(said))
        if names.used:
            writer.subject(f"<{names.prefix}>", [(PREFIX, literal(names.prefix))])
        writer.end()


def free_prefix(graph: Exported) -> str:
    """Return a prefix that no name of the graph begins with."""
    prefix, n = f"urn:kwk:{graph.graph}:", 1
    while graph.rows(export_queries.PREFIX_TAKEN, prefix=prefix)[0]["taken"]:
        n += 1
        prefix = f"urn:kwk:{graph.graph}-{n}:"
    return prefix


def facts(entity: Node, names: Names, relations: dict[str, str]) -> set[Said]:
    """Return an entity's facts; an edge that a user drew goes by the relation that has its type, else by the type."""
    found = set()
    for kind, properties, tail in entity.facts:
        relation = str(properties.get("relation") or relations.get(kind) or kind)
        value = names.node(tail)
        predicate = names.iri(relation)
        if not is_fact(predicate, value) or predicate == PREFIX or predicate.startswith(EXACT):
            predicate = names.made(relation)  # by its own IRI it would be read as a name, a type or a picture
        found.add((predicate, value))
    return found


def pictures(entity: Node, said: set[Said], roots: Sequence[Path]) -> set[Said]:
    """Return the entity's pictures that no statement names yet."""
    known = {
        str(root / path)
        for predicate, value in said
        if predicate in IMAGE and not value.startswith("_:")
        for root in roots
        if (path := image_path(object_text(value), root))
    }
    paths = [edge.get("path") or image.get("path") for edge, image in entity.images]
    return {(NEW_IMAGE, file_term(place)) for path in paths if path and (place := str(roots[0] / path)) not in known}


def file_term(place: str) -> str:
    """Return a file as an IRI."""
    iri = "file://" + quote(place, errors="surrogatepass")
    return f"<{iri}>" if is_iri(iri) else literal(iri)
