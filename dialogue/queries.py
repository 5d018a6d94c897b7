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

NAMES = """
MATCH (e:Entity {graph: $graph})
RETURN e.id AS id, coalesce(e.names, []) + coalesce(e.name, e.id) +
       [key IN keys(e) WHERE key STARTS WITH 'name_' AND e[key] IS :: STRING | e[key]] AS names
"""

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
RETURN COLLECT {
  MATCH (d:Dialogue {graph: $graph})
  RETURN [d.id, d.sha256, d.folder]
} AS dialogues
"""

KNOWN_DIALOGUE = "MATCH (d:Dialogue {graph: $graph, id: $id, sha256: $sha256, folder: $folder}) RETURN d.id AS id"

MOVE_DIALOGUES = """
UNWIND $ids AS id
MATCH (d:Dialogue {graph: $graph, id: id})
SET d.folder = $folder
"""

FORGET_DIALOGUES = """
UNWIND $ids AS id
MATCH (d:Dialogue {graph: $graph, id: id})
OPTIONAL MATCH (d)-[:HAS_TURN]->(t:Turn)
DETACH DELETE d, t
"""

# Rows as `lineage.Rows` has them. All properties are given as a node is created: SET would make the server keep a whole
# batch before it goes on. An entity or image is looked for once; its turns are taken from the list of all by number.
WRITE_DIALOGUES = """
UNWIND $dialogues AS row
CREATE (d:Dialogue {graph: $graph, folder: $folder, id: row[0], sha256: row[1], split: row[2], strategy: row[3],
                    lang: row[4], parallel: row[5]})
WITH d, row
UNWIND row[6] AS turn
CREATE (d)-[:HAS_TURN {i: turn[0]}]->(t:Turn {
  graph: $graph, id: row[0] + '#' + turn[0], from: turn[1], value: turn[2], kind: turn[3][0], format: turn[3][1],
  direction: turn[3][2], triples: turn[3][3], relations: turn[3][4], slots: turn[3][5], query: turn[3][6]})
WITH collect(t) AS turns
CALL (turns) {
  UNWIND $rests AS led
  MATCH (e:Entity {graph: $graph, id: led[0]})
  UNWIND led[1] AS rest
  WITH e, rest, turns[rest[0]] AS t
  CREATE (t)-[:RESTS_ON {role: rest[1], i: rest[2], triple: rest[3]}]->(e)
}
CALL (turns) {
  UNWIND $shows AS led
  MATCH (i:Image {graph: $graph, sha256: led[0]})
  UNWIND led[1] AS show
  WITH i, show, turns[show[0]] AS t
  CREATE (t)-[:SHOWS {i: show[1], entity: show[2]}]->(i)
}
"""

PUBLISHED = """
RETURN COUNT { (:Dialogue {graph: $graph}) } AS dialogues,
       COUNT { (:Turn {graph: $graph}) } AS turns,
       COUNT { (:Turn {graph: $graph})-[:RESTS_ON]->() } AS rests,
       COUNT { (:Turn {graph: $graph})-[:SHOWS]->() } AS shows
"""
