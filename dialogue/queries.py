"""All Cypher of the package `dialogue`. Values are parameters, always."""

# --- checking -----------------------------------------------------------------------------------------------------

# Grouped by head and relation: a third of the rows, and each path comes once for each head.
FACTS = """
MATCH (a:Entity {graph: $graph})
RETURN a.id AS head, COLLECT {
  MATCH (a)-[r]->(b:Entity {graph: $graph}) WHERE r.relation IS NOT NULL
  WITH r.relation AS relation, collect(b.id) AS tails
  RETURN [relation, tails]
} AS facts
"""

# What somebody drew by hand has a type and nothing else.
FACTS_BY_HAND = """
MATCH (a:Entity {graph: $graph})-[r]->(b:Entity {graph: $graph})
WHERE r.relation IS NULL
MATCH (p:Relation {graph: $graph, type: type(r)})
RETURN a.id AS head, p.path AS relation, b.id AS tail
"""

NAMES = "MATCH (e:Entity {graph: $graph}) RETURN e.id AS id, coalesce(e.names, []) + coalesce(e.name, e.id) AS names"

NUMBERS = """
MATCH (e:Entity {graph: $graph})
WITH e, [key IN keys(e) WHERE valueType(e[key]) STARTS WITH 'FLOAT' OR valueType(e[key]) STARTS WITH 'INTEGER'] AS keys
WHERE size(keys) > 0
RETURN e.id AS id, [key IN keys | [key, toFloat(e[key])]] AS numbers
"""

IMAGES = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
RETURN e.id AS entity, coalesce(h.path, i.path) AS path, i.sha256 AS sha256
"""

IMAGE_ROOT = "MATCH (g:Graph {name: $graph}) RETURN g.image_root AS image_root"

# --- lineage ------------------------------------------------------------------------------------------------------

# A dialogue that is published again and says the same is left alone; one that says something else is written anew.
KNOWN_DIALOGUES = """
UNWIND $ids AS id
MATCH (d:Dialogue {graph: $graph, id: id})
RETURN d.id AS id, d.sha256 AS sha256
"""

FORGET_TURNS = """
UNWIND $ids AS id
MATCH (d:Dialogue {graph: $graph, id: id})-[:HAS_TURN]->(t:Turn)
DETACH DELETE t
"""

WRITE_DIALOGUES = """
UNWIND $rows AS row
MERGE (d:Dialogue {graph: $graph, id: row.id})
SET d += row.properties
WITH d, row
UNWIND row.turns AS turn
CREATE (d)-[:HAS_TURN {i: turn.i}]->(t:Turn {graph: $graph, id: row.id + '#' + toString(turn.i)})
SET t += turn.properties
"""

WRITE_RESTS = """
UNWIND $rows AS row
MATCH (t:Turn {graph: $graph, id: row.turn})
MATCH (e:Entity {graph: $graph, id: row.entity})
CREATE (t)-[:RESTS_ON {role: row.role, i: row.i}]->(e)
"""

WRITE_SHOWS = """
UNWIND $rows AS row
MATCH (t:Turn {graph: $graph, id: row.turn})
MATCH (i:Image {graph: $graph, sha256: row.sha256})
CREATE (t)-[:SHOWS {i: row.i, entity: row.entity}]->(i)
"""

PUBLISHED = """
RETURN COUNT { (:Dialogue {graph: $graph}) } AS dialogues,
       COUNT { (:Turn {graph: $graph}) } AS turns,
       COUNT { (:Turn {graph: $graph})-[:RESTS_ON]->() } AS rests,
       COUNT { (:Turn {graph: $graph})-[:SHOWS]->() } AS shows
"""
