"""The Cypher by which the guide in Neo4j Browser is made. Values are parameters, always."""

# The node labels in use, those of the graph that was made first before the others': colours are given in this order.
LABELS = """
MATCH (g:Graph)
MATCH (t:Type {graph: g.name})
RETURN g.name AS graph, t.label AS label, COUNT { (e:$(t.label) {graph: g.name}) } AS entities
ORDER BY g.created, graph, entities DESC, label
"""

_AS_SHOWN = """
RETURN e.id AS id, e.name AS name, e.description AS description,
       coalesce(head([l IN labels(e) WHERE EXISTS { (:Type {graph: $graph, label: l}) }]), 'Entity') AS label,
       COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i) WHERE coalesce(h.gate, '') <> 'dropped'
                 RETURN i.path ORDER BY i.path LIMIT 4 } AS pictures
"""

# Entities with pictures first, then those with many kinds of relations to others with pictures. The greatest hubs are
# left out: they are tied to everything.
SHOWN = (
    """
MATCH (e:Entity {graph: $graph})
WITH e, EXISTS { (e)-[:HAS_IMAGE]->() } AS illustrated, COUNT { (e)--() } AS degree
WHERE degree <= 2000
ORDER BY illustrated DESC, degree DESC LIMIT 300
CALL (e) {
    MATCH (e)-[r]-(b:Entity) WHERE b <> e
    RETURN count(DISTINCT type(r)) AS kinds,
           count(DISTINCT CASE WHEN EXISTS { (b)-[:HAS_IMAGE]->() } THEN b END) AS near
}
WITH e, illustrated, kinds * (1 + near) AS score
WHERE score > 0
ORDER BY illustrated DESC, score DESC, e.id
"""
    + _AS_SHOWN
)

SHOWN_ENTITY = "MATCH (e:Entity {graph: $graph, id: $id})" + _AS_SHOWN

AN_IMAGE = """
MATCH (:Entity {graph: $graph, id: $id})-[:HAS_IMAGE]->(i:Image) RETURN i.sha256 AS sha256 ORDER BY i.path LIMIT 1
"""

# Of whose pictures most was decided: votes weigh more than what gates dropped.
SHOWN_GATED = (
    """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->()
WITH e, sum(size(coalesce(h.voters, []))) AS votes, count(CASE h.gate WHEN 'dropped' THEN 1 END) AS dropped
WHERE votes + dropped > 0
ORDER BY votes DESC, dropped DESC, e.id LIMIT 1
"""
    + _AS_SHOWN
)

# Of the first conversations, the one that shows most pictures in few turns, and a fact that it teaches.
SHOWN_DIALOGUE = """
MATCH (d:Dialogue {graph: $graph})
WITH d ORDER BY d.id LIMIT 300
WITH d, COUNT { (d)-[:HAS_TURN]->() } AS turns, COUNT { (d)-[:HAS_TURN]->()-[:SHOWS]->() } AS shows
ORDER BY turns <= 8 DESC, shows DESC, turns DESC, d.id LIMIT 1
RETURN d.id AS id, head(COLLECT {
    MATCH (d)-[n:HAS_TURN]->(t:Turn)-[:RESTS_ON {role: 'subject'}]->(e:Entity)
    MATCH (r:Relation {graph: $graph, path: t.relations[0]})
    RETURN {entity: e.id, relation: r.type, triple: t.triples[0]} ORDER BY n.i LIMIT 1
}) AS fact
"""

# What the slides rest on beside the counts of the graph itself: when it changes, they are made anew.
STATE_OF_CHECKS = """
RETURN COLLECT { MATCH (:Entity {graph: $graph})-[h:HAS_IMAGE]->()
                 WITH h.gate AS gate, h.reason AS reason, count(*) AS images,
                      sum(size(coalesce(h.voters, []))) AS votes
                 RETURN [gate, reason, images, votes] ORDER BY gate, reason } AS gates,
       COUNT { (:Dialogue {graph: $graph}) } AS dialogues,
       COUNT { (:Turn {graph: $graph}) } AS turns,
       COUNT { MATCH (:Entity {graph: $graph})-[r]->(:Entity) WHERE r.sources IS NULL } AS by_hand
"""

UNIQUE_NAMES = """
MATCH (e:Entity {graph: $graph}) WHERE e.name IN $names
WITH e.name AS name, count(*) AS entities
WHERE entities = 1
RETURN name
"""

SHARING = """
MATCH (a:Entity {graph: $graph, id: $id})
UNWIND $others AS id
MATCH (b:Entity {graph: $graph, id: id})
WITH id, $label IN labels(b) AS alike, COUNT { MATCH (a)--(c:Entity)--(b) RETURN DISTINCT c } AS shared
WHERE shared > 0
RETURN id
ORDER BY alike DESC, shared DESC, id
LIMIT 1
"""

# Relations that go on: many entities have one that leads in and one that leads out, to different ones, and few of each.
# A few thousand entities tell.
CHAINED = """
MATCH (e:Entity {graph: $graph})
WITH e LIMIT 4000
CALL (e) {
    MATCH (x:Entity)-[r]->(e) WHERE x <> e
    WITH type(r) AS type, collect(DISTINCT x) AS before
    RETURN collect([type, before[0], size(before)]) AS into
}
UNWIND into AS one
MATCH (e)-[r]->(y:Entity) WHERE type(r) = one[0] AND y <> e AND (one[2] > 1 OR y <> one[1])
WITH one[0] AS type, count(DISTINCT e) AS through, count(*) AS steps
RETURN type
ORDER BY through * sqrt(through) / steps DESC, type
LIMIT $limit
"""
