"""All Cypher of the package `model`. Values are parameters, always."""

WRITE_RUN = """
MERGE (r:Run {graph: $graph, id: $id})
SET r += $properties
"""

# A run that is published again has its negatives written anew, a transaction's worth at a time.
FORGET_NEGATIVES = """
MATCH (:Run {graph: $graph, id: $id})-[m:MET_NEGATIVE]->()
WITH m LIMIT $limit
DELETE m
RETURN count(*) AS removed
"""

# An image is looked for once; `row[1]` are [turn, tier] of those that met it. Given again, nothing stands twice.
WRITE_NEGATIVES = """
MATCH (r:Run {graph: $graph, id: $id})
UNWIND $rows AS row
MATCH (i:Image {graph: $graph, sha256: row[0]})
UNWIND row[1] AS met
MERGE (r)-[m:MET_NEGATIVE {turn: met[0], tier: met[1]}]->(i)
RETURN count(m) AS written
"""
