"""A small graph in which there is something of everything that the guide lets people check."""

import neo4j
import pytest

from kg import graph

# Of Mary's pictures one is chosen though it ranks third, one is dropped; votes are split; a picture is nobody's; an
# edge was drawn by hand; a conversation of two turns teaches a fact, and one that no edge says.
_CHECKED = """
MERGE (g:Graph {name: $graph})
CREATE (:Type {graph: $graph, path: '/people/person', label: 'Person'}),
       (:Relation {graph: $graph, path: '/people/person/place_of_birth', type: 'BORN_IN', label: 'place of birth'}),
       (mary:Entity:Person {graph: $graph, id: 'mary', name: 'Mary Shelley', names: ['Mary Shelley']}),
       (london:Entity {graph: $graph, id: 'london', name: 'London', names: ['London']}),
       (mary)-[:BORN_IN {triple: 'k1', relation: '/people/person/place_of_birth', sources: ['books', 'web']}]->(london),
       (mary)-[:LIKES]->(london),
       (best:Image {graph: $graph, sha256: 'aa11', path: 'mary/first one.png', name: 'first one'}),
       (liked:Image {graph: $graph, sha256: 'bb22', path: 'mary/liked.png', name: 'liked'}),
       (twin:Image {graph: $graph, sha256: 'cc33', path: 'mary/twin.png', name: 'twin'}),
       (:Image {graph: $graph, sha256: 'dd44', path: 'nobody.png', name: 'nobody'}),
       (mary)-[:HAS_IMAGE {gate: 'kept', reason: '', typicality: 0.9, typicality_rank: 1, among: 3, sources: ['web'],
                           voters: ['Ada'], voted: ['2026-01-01T00:00:00Z']}]->(best),
       (mary)-[:HAS_IMAGE {gate: 'chosen', reason: '', typicality: 0.5, typicality_rank: 3, among: 3, sources: ['web'],
                           voters: ['Bo', 'Cy'],
                           voted: ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']}]->(liked),
       (mary)-[:HAS_IMAGE {gate: 'dropped', reason: 'duplicate', duplicate_of: 'aa11', among: 3,
                           sources: ['web']}]->(twin),
       (d:Dialogue {graph: $graph, id: $graph + '-0-train-0', split: 'train', lang: 'en', strategy: 'star'}),
       (d)-[:HAS_TURN {i: 0}]->(ask:Turn {graph: $graph, id: $graph + '-0-train-0#0', from: 'human',
                                          value: 'Where was she born? <image>'}),
       (d)-[:HAS_TURN {i: 1}]->(say:Turn {graph: $graph, id: $graph + '-0-train-0#1', from: 'model',
                                          value: 'In London.', triples: ['k1'],
                                          relations: ['/people/person/place_of_birth']}),
       (d)-[:HAS_TURN {i: 2}]->(old:Turn {graph: $graph, id: 'b', from: 'model', value: 'In Bath.', triples: ['gone'],
                                          relations: ['/people/person/place_of_birth']}),
       (ask)-[:SHOWS {i: 0, entity: 'mary'}]->(liked),
       (say)-[:RESTS_ON {role: 'subject', i: 0}]->(mary),
       (say)-[:RESTS_ON {role: 'answer', i: 0, triple: 'k1'}]->(london),
       (old)-[:RESTS_ON {role: 'subject', i: 0}]->(mary),
       (old)-[:RESTS_ON {role: 'answer', i: 0, triple: 'gone'}]->(london)
"""


@pytest.fixture
def checked(driver: neo4j.Driver, graph_name: str) -> str:
    """A graph with verdicts, votes, a conversation, several sources and an edge drawn by hand."""
    graph.claim(driver, graph_name).run(_CHECKED)
    return graph_name
