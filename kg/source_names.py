"""The names that a source's relations and types get in a graph."""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.naming import relation_types, type_labels
from kg.rdf_entity import best_label
from kg.types import Source


@dataclass(frozen=True, slots=True)
class Names:
    """The relationship type of each relation, and the label of each type that wins for some entity."""

    relations: Mapping[str, str]
    types: Mapping[str, str]


def source_names(source: Source, relations: Mapping[str, str], types: Mapping[str, str]) -> Names:
    """Name a source's relations and types; `relations` and `types` are the names that the graph has already."""
    return Names(
        relation_types({triple.relation for triple in source.triples}, relations, labels_of(source.relation_labels)),
        type_labels({each.types[0] for each in source.entities if each.types}, types, labels_of(source.type_labels)),
    )


def labels_of(said: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the best label of each name."""
    return {path: best_label(by_language) for path, by_language in said.items()}
