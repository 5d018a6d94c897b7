"""The Cypher of the package `kg` that writes and reads a graph; what takes out and checks is in `upkeep_queries`.

Values are parameters, always; types and labels come from the graph's own tables.
"""

# --- one writer a graph -------------------------------------------------------------------------------------------

CLAIM = """
MERGE (g:Graph {name: $graph})
ON CREATE SET g.created = datetime(), g.fence = 0
SET g.fence = g.fence + 1
RETURN g.fence AS token
"""

# SET comes first: it takes the lock on the node, so the token that is then read is the last one given.
HOLD = """
MATCH (g:Graph {name: $graph})
SET g.held = $token
RETURN g.fence AS token
"""

DESCRIBE = "MATCH (g:Graph {name: $graph}) SET g += $properties"

STAMP = """
MATCH (g:Graph {name: $graph})
SET g.source = $source, g.ingested = datetime(), g.changed = CASE WHEN $changed THEN datetime() ELSE g.changed END
"""

# Where each source that is called after its file was read, as source, tab, path.
ORIGINS = "MATCH (g:Graph {name: $graph}) RETURN coalesce(g.origins, []) AS origins"

KEEP_ORIGIN = """
MATCH (g:Graph {name: $graph})
SET g.origins = [o IN coalesce(g.origins, []) WHERE NOT o STARTS WITH $source + '\t'] + ($source + '\t' + $origin)
"""

# In which spaces the graph's pictures are kept, and by which encoder (as `--encoder` takes it) each came to be.
USE_SPACE = """
MATCH (g:Graph {name: $graph})
SET g.encoders = [e IN coalesce(g.encoders, []) WHERE NOT e STARTS WITH $space + '\t'] + ($space + '\t' + $encoder)
"""

# `shared`: another source has pictures here too.
IMAGE_ROOTS = """
MATCH (g:Graph {name: $graph})
RETURN g.image_root AS image_root, coalesce(g.image_roots, []) AS others,
       EXISTS { (:Entity {graph: $graph})-[h:HAS_IMAGE]->() WHERE any(s IN h.sources WHERE s <> $source) } AS shared
"""

RECORD_BATCH = """
MERGE (b:Batch {graph: $graph, source: $source, n: $n})
SET b += $properties
"""

# --- names --------------------------------------------------------------------------------------------------------

RELATIONS = """
MATCH (r:Relation {graph: $graph})
RETURN r.path AS path, r.type AS type, r.label AS label, r.direction AS direction
ORDER BY path
"""

TYPES = "MATCH (t:Type {graph: $graph}) RETURN t.path AS path, t.label AS label ORDER BY path"

# Append-only: what is named keeps its name.
NAME_RELATIONS = """
UNWIND $rows AS row
MERGE (r:Relation {graph: $graph, path: row.path})
ON CREATE SET r.type = row.type, r.direction = row.direction
SET r += row.labels
"""

NAME_TYPES = """
UNWIND $rows AS row
MERGE (t:Type {graph: $graph, path: row.path})
ON CREATE SET t.label = row.label
"""

# --- entities, facts, pictures ------------------------------------------------------------------------------------

# `makeshift` holds what an entity goes by until a source names it. The names of several sources stand together, the
# last source's first, but an English name stays before those of a source that has none. `said` are lines of source,
# tab, fragment, of which a source replaces its own.
WRITE_ENTITIES = """
UNWIND $rows AS row
MERGE (e:Entity {graph: $graph, id: row.id})
SET e.name = coalesce(e.name, row.makeshift.name), e.names = coalesce(e.names, row.makeshift.names),
    e.description = coalesce(e.description, row.makeshift.description), e.types = coalesce(e.types, row.makeshift.types)
WITH e, row, size([s IN e.sources WHERE s <> $source]) > 0 AS shared,
     [s IN coalesce(e.said, []) WHERE NOT s STARTS WITH $source + '\t'] + row.said AS said
WITH e, row, shared, said,
     CASE WHEN shared AND e.name = e.name_en AND row.properties.name_en IS NULL THEN e.name END AS english
SET e += row.properties,
    e.name = coalesce(english, row.properties.name, e.name),
    e.names = CASE WHEN row.names = [] THEN e.names
                   WHEN english IS NOT NULL THEN e.names + [n IN row.names WHERE NOT n IN e.names]
                   WHEN shared THEN row.names + [n IN e.names WHERE NOT n IN row.names]
                   ELSE row.names END,
    e.said = CASE WHEN said = [] THEN null ELSE said END,
    e.sources = CASE WHEN $source IN coalesce(e.sources, []) THEN e.sources ELSE coalesce(e.sources, []) + $source END
WITH e, row, [l IN labels(e) WHERE row.label IS NOT NULL AND l IN $labels AND l <> row.label] AS stale
REMOVE e:$(stale)
SET e:$([l IN [row.label] WHERE l IS NOT NULL])
"""

# Which rows the graph does not hold as this source says them.
DIFFERING_ENTITIES = """
UNWIND range(0, size($rows) - 1) AS i
WITH i, $rows[i] AS row
OPTIONAL MATCH (e:Entity {graph: $graph, id: row.id})
WITH i, row, e
WHERE e IS NULL OR e.name IS NULL OR NOT $source IN coalesce(e.sources, [])
   OR any(k IN keys(row.properties) WHERE e[k] IS NULL OR e[k] <> row.properties[k]
          AND NOT (k = 'name' AND e.name = e.name_en AND row.properties.name_en IS NULL AND size(e.sources) > 1))
   OR any(n IN row.names WHERE NOT n IN coalesce(e.names, []))
   OR (row.label IS NOT NULL AND NOT row.label IN labels(e))
   OR [s IN coalesce(e.said, []) WHERE s STARTS WITH $source + '\t'] <> row.said
RETURN i
"""

WRITE_VOCABULARY = """
UNWIND $rows AS row
MERGE (v:Vocabulary {graph: $graph, id: row.id})
SET v.said = [s IN coalesce(v.said, []) WHERE NOT s STARTS WITH $source + '\t'] + row.said
"""

# The head guard: what a head already has is read once per head, not once per triple (MERGE expands between two hubs
# for each). It takes no lock before it reads; the fence does. A row is [head, sorted triple keys, relation numbers,
# tails]; a head of which this source's facts are all there is done after one comparison of lists. Facts that another
# source said first gain this source.
WRITE_TRIPLES = """
UNWIND $rows AS row
MATCH (a:Entity {graph: $graph, id: row[0]})
WITH a, row, COLLECT { MATCH (a)-[r]->() WHERE $source IN r.sources AND r.triple IS NOT NULL
                       RETURN r.triple ORDER BY r.triple } AS said
WHERE said <> row[1]
CALL (a, row) {
    MATCH (a)-[r]->() WHERE r.triple IN row[1] AND NOT $source IN r.sources
    SET r.sources = r.sources + $source
}
WITH a, row, COLLECT { MATCH (a)-[r]->() WHERE r.triple IS NOT NULL RETURN r.triple } AS have
UNWIND range(0, size(row[1]) - 1) AS i
WITH a, row, i, have WHERE NOT row[1][i] IN have
MATCH (b:Entity {graph: $graph, id: row[3][i]})
CREATE (a)-[r:$($types[row[2][i]])]->(b)
SET r.triple = row[1][i], r.relation = $relations[row[2][i]], r.sources = [$source]
"""

# The heads whose facts by this source are not just those of their row: [head, sorted triple keys].
DIFFERING_HEADS = """
UNWIND $rows AS row
OPTIONAL MATCH (a:Entity {graph: $graph, id: row[0]})
WITH row, COLLECT { MATCH (a)-[r]->() WHERE $source IN r.sources AND r.triple IS NOT NULL
                    RETURN r.triple ORDER BY r.triple } AS said
WHERE said <> row[1]
RETURN row[0] AS head
"""

# A picture that moved together with its source is found again at its new place.
WRITE_IMAGES = """
UNWIND $rows AS row
MATCH (e:Entity {graph: $graph, id: row.entity})
MERGE (i:Image {graph: $graph, sha256: row.sha256})
ON CREATE SET i += row.properties
MERGE (e)-[h:HAS_IMAGE]->(i)
ON CREATE SET h.path = row.properties.path, h.gate = 'unjudged'
SET h.path = CASE WHEN h.sources = [$source] AND NOT h.path IN row.paths THEN row.properties.path ELSE h.path END,
    i.path = CASE WHEN h.sources = [$source] AND NOT i.path IN row.paths AND NOT EXISTS {
        (o:Entity)-[:HAS_IMAGE]->(i) WHERE o <> e } THEN row.properties.path ELSE i.path END
SET h.sources = CASE WHEN $source IN coalesce(h.sources, []) THEN h.sources ELSE coalesce(h.sources, []) + $source END
"""

# A file has one content: what this source had at a path before, as another picture, is no longer its own.
UNTIE_FORMER = """
UNWIND $offered AS row
MATCH (e:Entity {graph: $graph, id: row.entity})-[h:HAS_IMAGE]->(i:Image)
WHERE h.path IN row.paths AND $source IN h.sources AND NOT i.sha256 IN row.shas
SET h.sources = [s IN h.sources WHERE s <> $source]
WITH h, i, i.sha256 AS sha256 WHERE h.sources = []
DELETE h
RETURN DISTINCT sha256
"""

# --- reading ------------------------------------------------------------------------------------------------------

# A graph whose first ingest has not ended is listed after the others.
GRAPH_NAMES = "MATCH (g:Graph) RETURN g.name AS name ORDER BY coalesce(toString(g.ingested), '') DESC, name"

GRAPHS = """
MATCH (g:Graph)
RETURN g.name AS name, toString(g.ingested) AS ingested, toString(g.changed) AS changed,
       g.image_root AS image_root, coalesce(g.image_roots, []) AS other_roots,
       COUNT { (e:Entity {graph: g.name}) } AS entities,
       COUNT { (r:Relation {graph: g.name}) } AS relations,
       COUNT { (:Entity {graph: g.name})-[r]->(:Entity) WHERE r.triple IS NOT NULL } AS triples,
       COUNT { (i:Image {graph: g.name}) } AS images,
       COUNT { (e:Entity {graph: g.name}) WHERE EXISTS { (e)-[:HAS_IMAGE]->() } } AS illustrated
ORDER BY coalesce(ingested, '') DESC, name
"""

RELATION_COUNTS = """
MATCH (:Entity {graph: $graph})-[r]->(:Entity) WHERE r.triple IS NOT NULL
RETURN r.relation AS path, type(r) AS type, count(*) AS triples
ORDER BY triples DESC, path
"""

IS_FRESH = "RETURN NOT EXISTS { (:Entity {graph: $graph}) } AS fresh"

ENTITY_IDS = "MATCH (e:Entity {graph: $graph}) RETURN e.id AS id"

IMAGE_SHAS = "MATCH (i:Image {graph: $graph}) RETURN i.sha256 AS sha256"

# --- the whole graph, for kg/adjacency.py -------------------------------------------------------------------------

VERTICES = "MATCH (e:Entity {graph: $graph}) RETURN e.id, e.name, e.names, e.types"

# The label in a language, or in one of its kinds: name_zh, else name_zh_hans.
LABELS_IN = """
MATCH (e:Entity {graph: $graph})
WITH e, [key IN keys(e) WHERE (key = $key OR key STARTS WITH $key + '_') AND e[key] IS :: STRING | key] AS found
WHERE size(found) > 0
WITH e, reduce(best = head(found), key IN found | CASE WHEN key < best THEN key ELSE best END) AS best
RETURN e.id, e[best]
"""

# What the gates dropped is nobody's picture; the order is by path, so that gates change no draw among those that stay.
PICTURES = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
WHERE coalesce(h.gate, '') <> 'dropped'
RETURN e.id, coalesce(h.path, i.path) AS path, i.sha256
ORDER BY e.id, CASE h.gate WHEN 'chosen' THEN 0 ELSE coalesce(h.semantic_rank, h.typicality_rank, 1) END, path
"""

# An array of numbers (two populations) is none.
NUMBERS = """
MATCH (e:Entity {graph: $graph})
WITH e, [key IN keys(e) WHERE valueType(e[key]) STARTS WITH 'FLOAT' OR valueType(e[key]) STARTS WITH 'INTEGER'] AS keys
WHERE size(keys) > 0
RETURN e.id, [key IN keys | [key, toFloat(e[key])]]
"""

RELATION_NAMES = "MATCH (r:Relation {graph: $graph}) RETURN r.path, r.type, r.label"

TYPE_NAMES = "MATCH (t:Type {graph: $graph}) RETURN t.path, t.label"

# Relationship types, not paths: short strings that come back fast. An edge drawn by hand has nothing but its type.
FACTS_BY_HEAD = """
MATCH (a:Entity {graph: $graph})
RETURN a.id, COLLECT { MATCH (a)-[r]->(b:Entity {graph: $graph}) RETURN [type(r), b.id] } AS facts
"""
