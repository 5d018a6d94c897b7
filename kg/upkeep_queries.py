"""The Cypher of the package `kg` that takes things out of a graph and checks what it holds."""

# --- removing a whole graph ---------------------------------------------------------------------------------------

NODE_COUNT = """
RETURN COUNT { (:Entity {graph: $graph}) } + COUNT { (:Image {graph: $graph}) } + COUNT { (:Batch {graph: $graph}) }
     + COUNT { (:Relation {graph: $graph}) } + COUNT { (:Type {graph: $graph}) }
     + COUNT { (:Vocabulary {graph: $graph}) }
     + COUNT { (:Dialogue {graph: $graph}) } + COUNT { (:Turn {graph: $graph}) }
     + COUNT { (:Answer {graph: $graph}) } + COUNT { (:Run {graph: $graph}) } AS nodes
"""

IMAGES_HELD_ELSEWHERE = """
UNWIND $shas AS sha
MATCH (i:Image {sha256: sha}) WHERE i.graph <> $graph
RETURN DISTINCT sha
"""

# Relationships go first: the nodes of a batch may be hubs, and a transaction must fit into memory.
REMOVE_RELATIONSHIPS = """
MATCH (:Entity|Run {graph: $graph})-[r]->()
WITH r LIMIT $limit
DELETE r
RETURN count(*) AS removed
"""

REMOVE_NODES = """
MATCH (n:$($label) {graph: $graph})
WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*) AS removed
"""

REMOVE_GRAPH = "MATCH (g:Graph {name: $graph}) DELETE g"

# --- removing a part ----------------------------------------------------------------------------------------------

SOURCES = """
MATCH (e:Entity {graph: $graph})
CALL (e) {
    UNWIND coalesce(e.sources, []) AS source RETURN source
    UNION
    MATCH (e)-[h:HAS_IMAGE]->() UNWIND h.sources AS source RETURN source
}
RETURN source, count(*) AS entities ORDER BY entities DESC, source
"""

# What only this source says goes; what another says too loses this source. An edge without sources is the user's.
FORGET_EDGES = """
MATCH (:Entity {graph: $graph})-[r]->() WHERE $source IN r.sources
WITH r LIMIT $limit
SET r.sources = [s IN r.sources WHERE s <> $source]
FOREACH (_ IN CASE WHEN r.sources = [] THEN [1] ELSE [] END | DELETE r)
RETURN count(*) AS removed
"""

# An entity that the user's own edges or another source's hold stays. Turns of conversations and answers hold nothing.
FORGET_ENTITIES = """
MATCH (e:Entity {graph: $graph})
WHERE $source IN e.sources OR any(s IN coalesce(e.said, []) WHERE s STARTS WITH $source + '\t')
WITH e LIMIT $limit
WITH e, [s IN coalesce(e.said, []) WHERE NOT s STARTS WITH $source + '\t'] AS said
SET e.sources = [s IN e.sources WHERE s <> $source], e.said = CASE WHEN said = [] THEN null ELSE said END
FOREACH (_ IN CASE WHEN e.sources = [] AND NOT EXISTS { (e)--(o) WHERE NOT o:Turn|Answer } THEN [1] ELSE [] END
         | DETACH DELETE e)
RETURN count(*) AS removed
"""

RDF_SOURCES = """
MATCH (e:Entity {graph: $graph}) WHERE e.said IS NOT NULL
UNWIND e.said AS said
RETURN DISTINCT split(said, '\t')[0] AS source
"""

# Entities that this source and others describe, and that have kept its statements.
SHARED_ENTITIES = """
MATCH (e:Entity {graph: $graph})
WHERE e.id > $after AND $source IN e.sources AND size(e.sources) > 1
  AND any(s IN coalesce(e.said, []) WHERE s STARTS WITH $source + '\t')
RETURN properties(e) AS properties ORDER BY e.id LIMIT $limit
"""

# A property that is null is removed.
AMEND_ENTITIES = """
UNWIND $rows AS row
MATCH (e:Entity {graph: $graph, id: row.id})
SET e += row.properties
WITH e, row, [l IN labels(e) WHERE row.label IS NOT NULL AND l IN $labels AND l <> row.label] AS stale
REMOVE e:$(stale)
SET e:$([l IN [row.label] WHERE l IS NOT NULL])
"""

FORGET_VOCABULARY = """
MATCH (v:Vocabulary {graph: $graph}) WHERE any(s IN v.said WHERE s STARTS WITH $source + '\t')
WITH v LIMIT $limit
SET v.said = [s IN v.said WHERE NOT s STARTS WITH $source + '\t']
FOREACH (_ IN CASE WHEN v.said = [] THEN [1] ELSE [] END | DELETE v)
RETURN count(*) AS removed
"""

FORGET_ORIGIN = """
MATCH (g:Graph {name: $graph})
SET g.origins = [o IN g.origins WHERE NOT o STARTS WITH $source + '\t']
"""

FORGET_BATCHES = """
MATCH (b:Batch {graph: $graph, source: $source})
WITH b LIMIT $limit
DELETE b
RETURN count(*) AS removed
"""

TOUCH = "MATCH (g:Graph {name: $graph}) SET g.changed = datetime()"

REMOVE_ENTITY = """
MATCH (e:Entity {graph: $graph, id: $id})
OPTIONAL MATCH (e)-[r]-(:Entity)
WITH e, count(r) AS edges
DETACH DELETE e
RETURN edges
"""

UNTIE_IMAGE = "MATCH (:Entity {graph: $graph})-[h:HAS_IMAGE]->(:Image {sha256: $sha256}) DELETE h"

# Rows are [path, sha256]: that file, where it was tied as that content.
UNTIE_FILES = """
UNWIND $rows AS row
MATCH (:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image {graph: $graph, sha256: row[1]})
WHERE coalesce(h.path, i.path) = row[0]
DELETE h
"""

REMOVE_ORPHAN = """
MATCH (e:Entity {graph: $graph, id: $id}) WHERE e.sources = [] AND NOT EXISTS { (e)--(o) WHERE NOT o:Turn|Answer }
DETACH DELETE e
"""

IMAGES_CALLED = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
WHERE i.sha256 STARTS WITH $image OR h.path = $image OR i.path = $image
RETURN DISTINCT i.sha256 AS sha256, i.path AS path ORDER BY path LIMIT 10
"""

ENTITIES_CALLED = """
MATCH (e:Entity {graph: $graph}) WHERE e.id = $entity OR e.name = $entity OR $entity IN e.names
RETURN e.id AS id, e.name AS name, e.description AS description,
       e.id = $entity AS exact, e.name = $entity AS named
ORDER BY exact DESC, named DESC, COUNT { (e)--() } DESC, id LIMIT 10
"""

# --- importing offline --------------------------------------------------------------------------------------------

# `whole`: a load of this graph has ended. `others`: what is none of this graph's.
HELD = """
OPTIONAL MATCH (g:Graph {name: $graph})
WITH g.ingested IS NOT NULL AS whole
OPTIONAL MATCH (n) WHERE NOT n:Migration
WITH whole, n, coalesce(n.graph, CASE WHEN n:Graph THEN n.name END, '') <> $graph AS other
RETURN whole, count(n) AS nodes, count(CASE WHEN other THEN n END) AS others
"""

SET_NO_TYPES = """
MATCH (e:Entity {graph: $graph}) WHERE e.types IS NULL
WITH e LIMIT $limit
SET e.types = []
"""

# Both counts come from the store's statistics, at once.
COUNT_ALL = "RETURN COUNT { (:Entity) } AS entities, COUNT { ()-->() } AS facts"

# --- checking -----------------------------------------------------------------------------------------------------

# Images that no entity has.
BARE_IMAGES = """
MATCH (i:Image {graph: $graph}) WHERE NOT EXISTS { (:Entity)-[:HAS_IMAGE]->(i) }
RETURN i.sha256 AS sha256, i.path AS path
"""

REMOVE_IMAGES = "UNWIND $shas AS sha MATCH (i:Image {graph: $graph, sha256: sha}) DETACH DELETE i"

# Every picture of the graph with each file that it was offered as.
FILES = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
RETURN coalesce(h.path, i.path) AS path, i.sha256 AS sha256, collect(e.id) AS entities, h.sources AS sources
ORDER BY path
"""

SPACES = "MATCH (g:Graph {name: $graph}) RETURN coalesce(g.encoders, []) AS encoders"

# Entities that sources have left (a removal that was killed) and that nothing else holds.
ORPHANS = """
MATCH (e:Entity {graph: $graph})
WHERE e.sources = [] AND NOT EXISTS { (e)--(o) WHERE NOT o:Turn|Answer }
RETURN e.id AS id, e.name AS name
"""

# Facts that stand twice, as two writers at once could leave them.
DOUBLES = """
MATCH (e:Entity {graph: $graph})-[r]->(b) WHERE r.triple IS NOT NULL
WITH e, r.triple AS triple, count(*) AS times WHERE times > 1
RETURN e.id AS id, triple, times
"""

MEND_DOUBLE = """
MATCH (e:Entity {graph: $graph, id: $id})-[r {triple: $triple}]->()
WITH r ORDER BY elementId(r)
WITH collect(r) AS edges
WITH edges, head(edges) AS kept, reduce(all = [], r IN edges | all + [s IN r.sources WHERE NOT s IN all]) AS sources
SET kept.sources = sources
FOREACH (r IN tail(edges) | DELETE r)
"""

# Every image node of any graph: what Postgres holds beyond these belongs to nobody.
ALL_SHAS = "MATCH (i:Image) RETURN DISTINCT i.sha256 AS sha256"
