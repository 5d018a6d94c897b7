"""All Cypher of the package `retrieval`: read-only, and every value a parameter.

An image that the gates dropped (`ingest/queries.py`) is nobody's: it is not shown, and tells nobody whom it shows.
"""

GRAPH = """
MATCH (g:Graph {name: $graph})
RETURN g.fence AS fence, toString(g.ingested) AS ingested, g.image_root AS image_root,
       coalesce(g.image_roots, []) AS other_roots
"""

NAMES = """
MATCH (e:Entity {graph: $graph})
RETURN collect([e.id, e.name, e.names, e.types]) AS named
"""

# What each entity has: [type, which end is asked for, how many answers].
OWN_RELATIONS = """
UNWIND $ids AS id
MATCH (e:Entity {graph: $graph, id: id})
RETURN id,
       COLLECT { MATCH (e)-[r]->(:Entity {graph: $graph}) WITH type(r) AS t, count(*) AS n RETURN [t, 'tail', n] }
       + COLLECT { MATCH (e)<-[r]-(:Entity {graph: $graph}) WITH type(r) AS t, count(*) AS n RETURN [t, 'head', n] }
       AS own
"""

# The slots of a turn in one query; both ends of the edge come back as the graph has them. `only` are other slots of
# which an answer has to be one too, or must not; whom these are about is none.
SLOTS = """
UNWIND $slots AS slot
MATCH (s:Entity {graph: $graph, id: slot.subject})
CALL (s, slot) {
    MATCH (s)-[r]->(o:Entity {graph: $graph}) WHERE slot.tails <> [] AND type(r) IN slot.tails RETURN r, o
    UNION ALL
    MATCH (s)<-[r]-(o:Entity {graph: $graph}) WHERE slot.heads <> [] AND type(r) IN slot.heads RETURN r, o
}
WITH slot, r, o WHERE (slot.among IS NULL OR o.id IN slot.among)
     AND all(each IN slot.only WHERE o.id <> each.subject AND each.holds = (
         EXISTS { (:Entity {graph: $graph, id: each.subject})-[q]->(o) WHERE type(q) IN each.tails }
         OR EXISTS { (:Entity {graph: $graph, id: each.subject})<-[q]-(o) WHERE type(q) IN each.heads }))
WITH slot, r, o, COUNT { (o)--(:Entity) } AS degree
ORDER BY slot.n, degree DESC, o.name, o.id
WITH slot, collect({
    head: startNode(r).id, tail: endNode(r).id, relation: r.relation,
    id: o.id, name: o.name, names: o.names, types: o.types
}) AS edges
RETURN slot.n AS n, size(edges) AS total, edges[..$limit] AS edges
"""

# An array of numbers (two populations) is none.
NUMBERS = """
UNWIND $ids AS id
MATCH (e:Entity {graph: $graph, id: id})
RETURN id, [key IN keys(e) WHERE valueType(e[key]) STARTS WITH 'FLOAT' OR valueType(e[key]) STARTS WITH 'INTEGER'
            | [key, toFloat(e[key])]] AS numbers
"""

DESCRIPTION = "MATCH (e:Entity {graph: $graph, id: $id}) RETURN e.description AS description"

# What an article is made from: of each entity, its facts by relation and end, the best connected others first. `most`
# are read of each; all are counted.
ABOUT = """
UNWIND $ids AS id
MATCH (s:Entity {graph: $graph, id: id})
CALL (s) {
    MATCH (s)-[r]->(o:Entity {graph: $graph}) RETURN r, o, 'tail' AS direction
    UNION ALL
    MATCH (s)<-[r]-(o:Entity {graph: $graph}) RETURN r, o, 'head' AS direction
}
WITH id, type(r) AS type, direction, r.relation AS relation, o, COUNT { (o)--() } AS degree
ORDER BY degree DESC, o.name, o.id
WITH id, type, direction, collect({
    id: o.id, name: o.name, names: o.names, types: o.types, degree: degree, relation: relation
}) AS others
WITH id, type, direction, size(others) AS total, others[..$most] AS others
ORDER BY id, type, direction
RETURN id, collect({type: type, direction: direction, total: total, others: others}) AS runs
"""

DESCRIPTIONS = """
UNWIND $ids AS id
MATCH (e:Entity {graph: $graph, id: id})
RETURN id, e.description AS description
"""

# The entities of a kind, all or those with an edge to another one, the best connected first.
OF_KIND = """
MATCH (e:Entity {graph: $graph})
WHERE any(kind IN e.types WHERE kind IN $kinds)
  AND ($anchor IS NULL OR EXISTS { (e)--(:Entity {graph: $graph, id: $anchor}) })
WITH e, COUNT { (e)--() } AS degree
ORDER BY degree DESC, e.name, e.id
WITH collect(e.id) AS ids
RETURN size(ids) AS total, ids[..$most] AS ids
"""

# Pairs of a relation, (the capital of) whom and who it is, all or those whose head has an edge to another one.
OF_RELATION = """
MATCH (h:Entity {graph: $graph})-[r]->(t:Entity {graph: $graph})
WHERE type(r) = $type AND ($anchor IS NULL OR EXISTS { (h)--(:Entity {graph: $graph, id: $anchor}) })
WITH h, t, COUNT { (t)--() } AS degree
ORDER BY degree DESC, t.name, t.id, h.id
WITH collect(DISTINCT t.id) AS ids
RETURN size(ids) AS total, ids[..$most] AS ids
"""

PICTURES = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
WHERE coalesce(h.gate, '') <> 'dropped'
RETURN e.id AS entity, coalesce(h.path, i.path) AS path, i.sha256 AS sha256
ORDER BY entity, path
"""

# The same as one row of three lists: each question about a picture needs it, and rows are slow to come.
PICTURE_LISTS = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
WHERE coalesce(h.gate, '') <> 'dropped'
WITH e.id AS entity, coalesce(h.path, i.path) AS path, i.sha256 AS sha256
ORDER BY entity, path
RETURN collect(entity) AS entities, collect(path) AS paths, collect(sha256) AS shas
"""

# What experts chose comes first, then what fits best.
IMAGES = """
UNWIND $ids AS id
MATCH (e:Entity {graph: $graph, id: id})-[h:HAS_IMAGE]->(i:Image)
WHERE coalesce(h.gate, '') <> 'dropped'
WITH id, h, i, coalesce(h.path, i.path) AS path
ORDER BY id, CASE h.gate WHEN 'chosen' THEN 0 ELSE 1 END, coalesce(h.semantic_rank, h.typicality_rank), path
RETURN id, path, i.sha256 AS sha256
"""

# Which space the graph's pictures are in, by which encoder, and whether its text tower knows what they show.
TOWER = """
MATCH (g:Graph {name: $graph})
RETURN g.gates_encoder AS space, coalesce(g.encoders, []) AS encoders,
       coalesce(g.gates_in_force, false) AS in_force, g.gates_wording AS wording
"""

# Whom pictures show, by their sha256.
OWNERS = """
UNWIND $shas AS sha256
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image {graph: $graph, sha256: sha256})
WHERE coalesce(h.gate, '') <> 'dropped'
RETURN sha256, coalesce(h.path, i.path) AS path, e.id AS entity
"""

# Whether a published dialogue has a turn, and how many turns of which splits taught a triple, with two of them.
TURN = "MATCH (t:Turn {graph: $graph, id: $turn}) RETURN t.id AS id"

TEACHERS = """
MATCH (t:Turn {graph: $graph})-[:RESTS_ON {triple: $key}]->()
MATCH (d:Dialogue)-[:HAS_TURN]->(t)
RETURN d.split AS split, count(DISTINCT t) AS turns, collect(DISTINCT t.value)[..2] AS says
ORDER BY split
"""

# An answer of the journal as a node; what the graph has lost since is left out. Given again, nothing stands twice.
PUBLISH_ANSWER = """
MERGE (a:Answer {graph: $graph, id: $id})
SET a += $properties
WITH a
CALL (a) {
    UNWIND $rests AS rest
    MATCH (e:Entity {graph: $graph, id: rest.entity})
    MERGE (a)-[r:RESTS_ON {role: rest.role, i: rest.i}]->(e)
    SET r.triple = rest.triple
    RETURN count(r) AS rests
}
CALL (a) {
    UNWIND $shows AS show
    MATCH (i:Image {graph: $graph, sha256: show.sha256})
    MERGE (a)-[s:SHOWS {i: show.i, entity: show.entity}]->(i)
    RETURN count(s) AS shows
}
RETURN rests, shows
"""
