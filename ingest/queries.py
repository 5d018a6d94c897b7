"""All Cypher of the package `ingest`. Values are parameters, always.

What the gates write on `(:Entity)-[h:HAS_IMAGE]->(:Image)`:

- `gate`: `unjudged`, `kept` or `dropped`; `chosen` where the experts agreed on this image
- `reason`: why it was dropped (`duplicate`, `typicality`, `semantic`), empty otherwise; `duplicate_of`: sha256
- `encoder`: the space of the features; `among`: how many images the entity had then
- `dhash_score`, `clip_score`, `typicality`, `typicality_rank`, `semantic`, `semantic_rank` (ranks begin at 1; absent
  where the gate was out of force or the image had left before)
- `voters`, `voted`: who chose this image for this entity, and when (ISO 8601), side by side
"""

from typing import Final

# Entities whose pictures lie on the web, a page in the order of their ids.
IMAGE_ADDRESSES: Final = """
MATCH (e:Entity {graph: $graph}) WHERE e.id > $after AND e.image_addresses IS NOT NULL
RETURN e.id AS id, e.image_addresses AS addresses ORDER BY e.id LIMIT $limit
"""

# --- the review: who chose what -----------------------------------------------------------------------------------
# A vote for an image stands in `voters` and `voted` on its HAS_IMAGE, a vote for none of an entity's images in
# `no_image_voters` and `no_image_voted` on the entity. Two votes or more, and more than for anything else, decide.

# SET comes first: it takes the lock on the entity, so what is read next is what the last vote left.
LOCK_ENTITY: Final = """
MATCH (e:Entity {graph: $graph, id: $entity})
SET e.ballot = true REMOVE e.ballot
RETURN e.id AS id
"""

VOTES_ON: Final = """
MATCH (e:Entity {graph: $graph, id: $entity})
RETURN coalesce(e.no_image_voters, []) AS voters, coalesce(e.no_image_voted, []) AS voted,
       COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i:Image)
                 RETURN {sha256: i.sha256, voters: coalesce(h.voters, []), voted: coalesce(h.voted, [])} } AS images
"""

WRITE_NO_IMAGE_VOTES: Final = """
MATCH (e:Entity {graph: $graph, id: $entity})
SET e.no_image_voters = $voters, e.no_image_voted = $voted
"""

WRITE_IMAGE_VOTES: Final = """
MATCH (:Entity {graph: $graph, id: $entity})-[h:HAS_IMAGE]->(:Image {graph: $graph, sha256: $sha256})
SET h.voters = $voters, h.voted = $voted
"""

# How an entity stands. `none` counts the votes for none of its images, `tally` is [sha256, votes] of each voted image.
_STANDING: Final = """
WITH e, size(coalesce(e.no_image_voters, [])) AS none,
     COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i:Image) WHERE size(h.voters) > 0
               RETURN [i.sha256, size(h.voters)] } AS tally
WITH e, none, tally, reduce(votes = none, one IN tally | votes + one[1]) AS votes,
     reduce(top = none, one IN tally | CASE WHEN one[1] > top THEN one[1] ELSE top END) AS top
WITH e, none, tally, votes, top, [one IN tally WHERE one[1] = top | one[0]] AS leaders
WITH e, none, tally, votes, leaders,
     CASE WHEN votes < 2 THEN 'open'
          WHEN size(leaders) + CASE none WHEN top THEN 1 ELSE 0 END > 1 THEN 'tied'
          WHEN none = top THEN 'none'
          ELSE 'chosen' END AS state
"""

# The winner is chosen; what had been chosen before returns to the kept ones.
SETTLE: Final = (
    "MATCH (e:Entity {graph: $graph, id: $entity})"
    + _STANDING
    + """
WITH e, state, votes, CASE state WHEN 'chosen' THEN leaders[0] ELSE '' END AS winner
CALL (e, winner) {
    MATCH (e)-[h:HAS_IMAGE]->(i:Image)
    WHERE coalesce(h.gate = 'chosen', false) <> (i.sha256 = winner)
    SET h.gate = CASE i.sha256 WHEN winner THEN 'chosen' ELSE 'kept' END, h.reason = ''
}
RETURN state, votes
"""
)

# Entities are gone through in the order of their ids, from wherever one is. ORDER BY comes right after MATCH: then the
# order is the index's, and reading ends with the first that fits.
_HAS_CANDIDATE: Final = "EXISTS { (e)-[h:HAS_IMAGE]->(:Image) WHERE coalesce(h.gate, '') <> 'dropped' }"
_VOTED_BY: Final = """($reviewer IN coalesce(e.no_image_voters, [])
     OR EXISTS { (e)-[h:HAS_IMAGE]->(:Image) WHERE $reviewer IN h.voters })"""

# What this reviewer has not voted on. Unless all is asked for, what enough experts have settled is passed over.
NEXT_TO_REVIEW: Final = f"""
MATCH (e:Entity {{graph: $graph}}) WHERE e.id > $after
WITH e ORDER BY e.id
WHERE {_HAS_CANDIDATE} AND NOT {_VOTED_BY}
{_STANDING}
WHERE $all OR state <> 'chosen' OR votes < $experts
RETURN e.id AS id ORDER BY e.id LIMIT 1
"""

PROGRESS: Final = f"""
MATCH (e:Entity {{graph: $graph}})
WHERE EXISTS {{ (e)-[:HAS_IMAGE]->(:Image) }}
WITH {_HAS_CANDIDATE} AS candidate, {_VOTED_BY} AS voted
WHERE candidate OR voted
RETURN count(*) AS entities, count(CASE WHEN voted THEN 1 END) AS voted
"""

REVIEWED: Final = f"""
MATCH (e:Entity {{graph: $graph}}) WHERE e.id > $after
WITH e ORDER BY e.id
WHERE EXISTS {{ (e)-[:HAS_IMAGE]->(:Image) }}
{_STANDING}
WHERE $state IS NULL OR state = $state
WITH e, state, votes ORDER BY e.id LIMIT $limit
RETURN e.id AS id, e.name AS name, state, votes, {_VOTED_BY} AS voted,
       COUNT {{ (e)-[h:HAS_IMAGE]->(:Image) WHERE coalesce(h.gate, '') <> 'dropped' }} AS candidates
"""

STATES: Final = f"""
MATCH (e:Entity {{graph: $graph}})
WHERE EXISTS {{ (e)-[:HAS_IMAGE]->(:Image) }}
{_STANDING}
RETURN state, count(*) AS entities
"""

# What experts could not settle is searched for by hand: those with most votes first.
QUEUE: Final = f"""
MATCH (e:Entity {{graph: $graph}})
WHERE EXISTS {{ (e)-[:HAS_IMAGE]->(:Image) }}
{_STANDING}
WHERE state IN ['tied', 'none']
WITH e, none, tally, votes, state ORDER BY votes DESC, e.id SKIP $skip LIMIT $limit
RETURN e.id AS id, e.name AS name, state, votes, none, {_VOTED_BY} AS voted,
       COLLECT {{ UNWIND tally AS one
                 MATCH (e)-[h:HAS_IMAGE]->(i:Image {{sha256: one[0]}})
                 RETURN {{sha256: one[0], path: coalesce(h.path, i.path), votes: one[1]}}
                 ORDER BY one[1] DESC, one[0] }} AS images
"""

# The votes of entities that two reviewers or more have judged; candidates are the images that were not dropped, and
# those that somebody chose all the same.
BALLOTS: Final = """
MATCH (e:Entity {graph: $graph})
WHERE EXISTS { (e)-[:HAS_IMAGE]->(:Image) }
WITH e, COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i:Image) WHERE size(h.voters) > 0
                  RETURN {voters: h.voters, voted: h.voted} } AS images
WHERE size(coalesce(e.no_image_voters, [])) + reduce(n = 0, i IN images | n + size(i.voters)) >= 2
RETURN coalesce(e.no_image_voters, []) AS voters, coalesce(e.no_image_voted, []) AS voted, images,
       COUNT { (e)-[h:HAS_IMAGE]->(:Image) WHERE coalesce(h.gate, '') <> 'dropped' OR size(h.voters) > 0 } AS candidates
"""

# All present votes of a page of entities, for the history to be completed from.
PRESENT_VOTES: Final = """
MATCH (e:Entity {graph: $graph})
WHERE e.id > $after
  AND (e.no_image_voters IS NOT NULL OR EXISTS { (e)-[h:HAS_IMAGE]->() WHERE size(h.voters) > 0 })
WITH e ORDER BY e.id LIMIT $limit
RETURN e.id AS id, coalesce(e.no_image_voters, []) AS voters, coalesce(e.no_image_voted, []) AS voted,
       COLLECT { MATCH (e)-[h:HAS_IMAGE]->(i:Image) WHERE size(h.voters) > 0
                 RETURN {sha256: i.sha256, voters: h.voters, voted: coalesce(h.voted, [])} } AS images
ORDER BY id
"""

# --- the review: what experts see of an entity --------------------------------------------------------------------

SHEET: Final = f"""
MATCH (e:Entity {{graph: $graph, id: $entity}})
{_STANDING}
RETURN properties(e) AS properties, [l IN labels(e) WHERE l <> 'Entity'] AS labels, state, votes, none,
       COLLECT {{ MATCH (e)-[h:HAS_IMAGE]->(i:Image)
                 RETURN h {{.*, sha256: i.sha256, path: coalesce(h.path, i.path), width: i.width, height: i.height}} }}
       AS images
"""

# Of a hub with many facts some thousand tell enough; relations that say one thing come before those that say many.
_RELATIONS: Final = """
WITH r, b LIMIT $scanned
WITH type(r) AS type, count(DISTINCT b) AS facts, collect(DISTINCT coalesce(b.name, b.id))[..$few] AS names
OPTIONAL MATCH (n:Relation {graph: $graph, type: type})
RETURN coalesce(n.label, toLower(replace(type, '_', ' '))) AS relation, facts, names
ORDER BY facts, relation LIMIT $relations
"""
FACTS_FROM: Final = "MATCH (e:Entity {graph: $graph, id: $entity})-[r]->(b:Entity)" + _RELATIONS
FACTS_TO: Final = "MATCH (e:Entity {graph: $graph, id: $entity})<-[r]-(b:Entity)" + _RELATIONS

IMAGE_FILES: Final = """
MATCH (g:Graph {name: $graph})
MATCH (i:Image {graph: $graph, sha256: $sha256})
RETURN [g.image_root] + coalesce(g.image_roots, []) AS roots,
       [i.path] + COLLECT { MATCH (:Entity)-[h:HAS_IMAGE]->(i) WHERE h.path <> i.path RETURN DISTINCT h.path LIMIT 20 }
       AS paths
"""

# --- gates --------------------------------------------------------------------------------------------------------

# Entities of which an image came, went, was judged in another space, or is no longer what experts chose, since they
# were judged: of the images that gates keep none has a rank beyond $most, and none is a duplicate.
UNJUDGED: Final = """
MATCH (e:Entity {graph: $graph})
WITH e, COUNT { (e)-[:HAS_IMAGE]->() } AS images
WHERE images > 0 AND ($again OR EXISTS {
    MATCH (e)-[h:HAS_IMAGE]->()
    WHERE coalesce(h.gate, 'unjudged') = 'unjudged' OR coalesce(h.encoder, '') <> $space OR h.among <> images
       OR h.gate = 'kept' AND (h.duplicate_of IS NOT NULL OR coalesce(h.semantic_rank, h.typicality_rank) > $most)
})
RETURN e.id AS id, images AS count
ORDER BY id
"""

ILLUSTRATED: Final = "MATCH (e:Entity {graph: $graph}) WHERE EXISTS { (e)-[:HAS_IMAGE]->() } RETURN e.id AS id"

# What an entity is called, and its images; with the votes on each and on none of them.
IMAGES_OF: Final = """
UNWIND $ids AS id
MATCH (e:Entity {graph: $graph, id: id})
RETURN id, e.name AS name, e.description AS description,
       head([l IN labels(e) WHERE l <> 'Entity']) AS label,
       coalesce(e.no_image_voters, []) AS none_voters, coalesce(e.no_image_voted, []) AS none_voted,
       COLLECT {
           MATCH (e)-[h:HAS_IMAGE]->(i:Image)
           RETURN {sha256: i.sha256, voters: coalesce(h.voters, []), voted: coalesce(h.voted, [])}
           ORDER BY i.sha256
       } AS images
"""

# Votes are not among what is set: no gate erases them.
WRITE_VERDICTS: Final = """
UNWIND $rows AS row
MATCH (e:Entity {graph: $graph, id: row.id})-[h:HAS_IMAGE]->(i:Image)
WITH h, row.images[i.sha256] AS verdict WHERE verdict IS NOT NULL
SET h += verdict
"""

# Entities that were voted on, or of which an image stands as chosen.
VOTED: Final = """
MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i:Image)
WHERE size(h.voters) > 0 OR h.gate = 'chosen'
WITH e, collect({sha256: i.sha256, gate: h.gate, voters: coalesce(h.voters, []), voted: coalesce(h.voted, [])}) AS voted
RETURN e.id AS id, COUNT { (e)-[:HAS_IMAGE]->() } AS count, voted AS images,
       coalesce(e.no_image_voters, []) AS none_voters, coalesce(e.no_image_voted, []) AS none_voted
ORDER BY id
"""

# What the graph was judged by, in the properties `gates_…`.
GATES: Final = "MATCH (g:Graph {name: $graph}) RETURN properties(g) AS gates"

GATE_COUNTS: Final = """
MATCH (:Entity {graph: $graph})-[h:HAS_IMAGE]->()
RETURN coalesce(h.gate, 'unjudged') AS gate, coalesce(h.reason, '') AS reason,
       coalesce(h.encoder, '') = $space AS here, count(*) AS images
ORDER BY gate, reason
"""

# How an entity is meant: by its id, its name, one of its names, either without regard to capitals, or only nearly.
ONLY_LIKE: Final = 4

FIND_ENTITY: Final = """
MATCH (e:Entity {graph: $graph})
WITH e, coalesce(e.names, []) + coalesce(e.name, []) AS names
WHERE e.id = $wanted OR any(n IN names WHERE toLower(n) CONTAINS toLower($wanted))
WITH e, CASE WHEN e.id = $wanted THEN 0
             WHEN e.name = $wanted THEN 1
             WHEN $wanted IN names THEN 2
             WHEN any(n IN names WHERE toLower(n) = toLower($wanted)) THEN 3
             ELSE 4 END AS how
RETURN e.id AS id, coalesce(e.name, e.id) AS name, how, COUNT { (e)-[:HAS_IMAGE]->() } AS images
ORDER BY how, images DESC, id LIMIT 13
"""

EXPLAIN: Final = """
MATCH (e:Entity {graph: $graph, id: $id})
RETURN e.name AS name, coalesce(e.no_image_voters, []) AS none_voters, coalesce(e.no_image_voted, []) AS none_voted,
       COLLECT {
           MATCH (e)-[h:HAS_IMAGE]->(i:Image)
           RETURN h {.reason, .duplicate_of, .dhash_score, .clip_score, .typicality, .typicality_rank, .semantic,
                     .semantic_rank, gate: coalesce(h.gate, 'unjudged'), reason: coalesce(h.reason, ''),
                     file: coalesce(h.path, i.path), sha256: i.sha256, width: i.width, height: i.height,
                     voters: coalesce(h.voters, []), voted: coalesce(h.voted, [])}
       } AS images
"""
