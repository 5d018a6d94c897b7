"""The Cypher by which a graph is exported: in pages, in the order of ids, so that it never stands in memory whole."""

# What an export needs to know before it begins.
EXPORTED = """
MATCH (g:Graph {name: $graph})
RETURN properties(g) AS properties, COUNT { (e:Entity {graph: $graph}) } AS entities,
       COUNT { (i:Image {graph: $graph}) } AS images, COUNT { (v:Vocabulary {graph: $graph}) } AS vocabulary
"""

# An entity with its facts and pictures: [type, properties, tail], [properties of the edge, properties of the image].
ENTITY_PAGE = """
MATCH (e:Entity {graph: $graph}) WHERE e.id > $after
WITH e ORDER BY e.id LIMIT $limit
RETURN e.id AS id, labels(e) AS labels, properties(e) AS properties,
       COLLECT { MATCH (e)-[r]->(b:Entity {graph: $graph})
                 RETURN [type(r), properties(r), b.id] ORDER BY b.id, type(r) } AS facts,
       COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i:Image)
                 RETURN [properties(h), properties(i)] ORDER BY h.path, i.sha256 } AS images
ORDER BY id
"""

VOCABULARY_PAGE = """
MATCH (v:Vocabulary {graph: $graph}) WHERE v.id > $after
RETURN v.id AS id, v.said AS said ORDER BY id LIMIT $limit
"""

# Nodes of other kinds, for a script that makes the same graph. `key` is what they are ordered by.
NODE_PAGE = """
MATCH (n:$($label) {graph: $graph}) WHERE n[$key] > $after
RETURN n[$key] AS id, labels(n) AS labels, properties(n) AS properties ORDER BY id LIMIT $limit
"""

# Whether a name of the graph's own begins with the prefix that an export would give to names that are no IRIs.
PREFIX_TAKEN = """
RETURN EXISTS { (e:Entity {graph: $graph}) WHERE e.id STARTS WITH $prefix }
    OR EXISTS { (r:Relation {graph: $graph}) WHERE r.path STARTS WITH $prefix }
    OR EXISTS { (t:Type {graph: $graph}) WHERE t.path STARTS WITH $prefix } AS taken
"""

RELATION_PATHS = "MATCH (r:Relation {graph: $graph}) RETURN r.type AS type, r.path AS path"
