"""Cypher that people run in Neo4j Browser to check a graph: coverage, gates, votes, conversations, sources.

As in kg/tour.py, values stand in the text, and each answers in under two seconds on FB15K.
"""

from kg.tour import PICTURE, Shown, literal

# Of a Freebase path its first segment, of an IRI all but its last.
_TOPIC = """\
CASE WHEN path STARTS WITH '/' THEN split(path, '/')[1]
       ELSE left(path, size(path) - size(last(split(replace(
         replace(path, '#', '/'), ':', '/'), '/')))) END"""
_RANK = "coalesce(h.semantic_rank, h.typicality_rank)"


def topics(graph: str) -> str:
    """Say how many entities have a picture, by what is said of them: Freebase's domains, or vocabularies."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})-[r]->(:Entity)
WITH e, r.relation AS path, count(*) AS facts
WITH e, facts,
     {_TOPIC} AS topic
WITH topic, e, sum(facts) AS facts
RETURN coalesce(topic, 'drawn by hand') AS topic, sum(facts) AS facts,
  count(e) AS entities, count(CASE WHEN
    EXISTS {{ (e)-[:HAS_IMAGE]->() }} THEN 1 END) AS illustrated
ORDER BY facts DESC, topic"""


# --- gates and experts --------------------------------------------------------------------------------------------


def decisions(graph: str) -> str:
    """Count what the gates decided, and why."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})-[h:HAS_IMAGE]->()
RETURN h.gate AS gate, coalesce(h.reason, '') AS reason,
       count(*) AS pictures, count(DISTINCT e) AS entities
ORDER BY pictures DESC"""


def verdicts(entity: Shown) -> str:
    """Say what became of each picture of an entity: gate, reason, scores, ranks, votes; an address to click."""
    return f"""\
MATCH {entity.pattern("a")}
      -[h:HAS_IMAGE]->(i:Image)
RETURN i.name AS picture, h.gate AS gate, h.reason AS reason,
       h.typicality AS typicality, h.typicality_rank AS rank,
       h.semantic AS semantic, h.semantic_rank AS `its rank`,
       h.voters AS voters,
       {PICTURE} AS address
ORDER BY gate = 'dropped', rank"""


def dropped(entity: Shown) -> str:
    """Draw what the gates dropped of an entity's pictures."""
    return f"""\
MATCH p = {entity.pattern("a")}
          -[h:HAS_IMAGE {{gate: 'dropped'}}]->(i:Image)
RETURN p, h.reason AS reason,
       {PICTURE} AS address"""


def most_dropped(graph: str) -> str:
    """List the entities of whose pictures most were dropped."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})-[h:HAS_IMAGE]->()
WITH e, count(*) AS pictures,
     count(CASE h.gate WHEN 'dropped' THEN 1 END) AS dropped
WHERE dropped > 0
RETURN e.name AS entity, pictures, dropped,
       pictures - dropped AS left
ORDER BY left, dropped DESC LIMIT 50"""


def overruled(graph: str) -> str:
    """List the pictures that experts chose and gates had not put first."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})
      -[h:HAS_IMAGE {{gate: 'chosen'}}]->(i:Image)
WITH e, h, i, {_RANK} AS rank
WHERE rank IS NULL OR rank > 1
RETURN e.name AS entity, i.name AS chosen, rank,
       h.among AS among, h.voters AS by,
       {PICTURE} AS address
ORDER BY rank DESC LIMIT 100"""


def split_votes(graph: str) -> str:
    """List the entities that experts voted on differently."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})-[h:HAS_IMAGE]->(i)
WHERE size(h.voters) > 0
WITH e, collect([i.name, h.gate, h.voters]) AS votes
WHERE size(votes) > 1 OR size(e.no_image_voters) > 0
RETURN e.name AS entity, votes,
       e.no_image_voters AS `for none of them`
ORDER BY size(votes) DESC LIMIT 100"""


def lost(graph: str) -> str:
    """List the pictures that no entity has, or whose every entity had them dropped."""
    return f"""\
MATCH (i:Image {{graph: {literal(graph)}}})
WHERE NOT EXISTS {{ (:Entity)-[h:HAS_IMAGE]->(i)
                   WHERE coalesce(h.gate, '') <> 'dropped' }}
RETURN i.name AS picture, COLLECT {{
         MATCH (e:Entity)-[h:HAS_IMAGE]->(i)
         RETURN e.name + ': ' + h.reason }} AS `dropped from`,
       {PICTURE} AS address
ORDER BY size(`dropped from`) LIMIT 100"""


def picture(graph: str, sha256: str) -> str:
    """Say whose a picture is and where it lies, by the first digits of its sha256."""
    return f"""\
MATCH (i:Image {{graph: {literal(graph)}}})
WHERE i.sha256 STARTS WITH {literal(sha256)}
RETURN {PICTURE} AS address,
  COLLECT {{ MATCH (e:Entity)-[:HAS_IMAGE]->(i)
            RETURN e.name }} AS shows, i.width, i.height"""


# --- conversations ------------------------------------------------------------------------------------------------


def walk(graph: str, dialogue: str) -> str:
    """Draw a conversation: its turns in their order, what each rests on and shows, and the facts between those."""
    return f"""\
MATCH said = (d:Dialogue {{graph: {literal(graph)},
                      id: {literal(dialogue)}}})-[:HAS_TURN]->(t)
RETURN said,
  COLLECT {{ MATCH rests = (t)-[:RESTS_ON]->() RETURN rests }},
  COLLECT {{ MATCH shows = (t)-[:SHOWS]->() RETURN shows }},
  COLLECT {{ MATCH fact = (:Entity)-[r]->(b:Entity)
            WHERE (t)-[:RESTS_ON]->(b) AND r.triple IN t.triples
            RETURN fact }}"""


def read_aloud(graph: str, dialogue: str) -> str:
    """Give a conversation as a table, in its order."""
    return f"""\
MATCH (d:Dialogue {{graph: {literal(graph)}, id: {literal(dialogue)}}})
      -[n:HAS_TURN]->(t:Turn)
RETURN n.i AS i, t.from AS from, t.value AS says,
  COLLECT {{ MATCH (t)-[:RESTS_ON]->(e) RETURN DISTINCT e.name }}
    AS `rests on`,
  COLLECT {{ MATCH (t)-[:SHOWS]->(i) RETURN i.name }} AS shows
ORDER BY i"""


# --- a wrong answer -----------------------------------------------------------------------------------------------


def taught(entity: Shown, relation: str) -> str:
    """Say for each fact of an entity by one relation who says so, and in which turns it was taught."""
    return f"""\
MATCH {entity.pattern("a")}
      -[r:{relation}]-(b:Entity)
WITH a, r, b LIMIT 200
OPTIONAL MATCH (t:Turn)-[:RESTS_ON {{triple: r.triple}}]->()
OPTIONAL MATCH (d:Dialogue)-[:HAS_TURN]->(t)
RETURN startNode(r).name AS head, type(r) AS relation,
       endNode(r).name AS tail, r.sources AS sources,
       count(DISTINCT t) AS turns,
       collect(DISTINCT d.split) AS splits,
       collect(DISTINCT t.value)[..3] AS `for example`,
       r.triple AS triple
ORDER BY turns DESC"""


def teachers(graph: str, triple: str) -> str:
    """Draw a fact by its key, with the turns that teach it."""
    return f"""\
MATCH (t:Turn {{graph: {literal(graph)}}})
      -[:RESTS_ON {{triple: {literal(triple)}}}]->()
WITH DISTINCT t LIMIT 10
MATCH said = (:Dialogue)-[:HAS_TURN]->(t)-[:RESTS_ON]->(:Entity)
RETURN said"""


def met(graph: str, triple: str) -> str:
    """Say which negatives runs met in the turns that teach a fact, by tier, as `kwk runs publish` wrote them."""
    return f"""\
MATCH (t:Turn {{graph: {literal(graph)}}})
      -[:RESTS_ON {{triple: {literal(triple)}}}]->()
WITH DISTINCT t
MATCH (r:Run {{graph: {literal(graph)}}})
      -[m:MET_NEGATIVE {{turn: t.id}}]->(i:Image)
MATCH (e:Entity)-[:HAS_IMAGE]->(i)
RETURN r.id AS run, m.tier AS tier, count(DISTINCT i) AS images,
       collect(DISTINCT e.name)[..5] AS `for example`
ORDER BY run, images DESC"""


def met_in(graph: str, turn: str) -> str:
    """List the negatives that runs met in a turn, with whom they show."""
    return f"""\
MATCH (r:Run {{graph: {literal(graph)}}})
      -[m:MET_NEGATIVE {{turn: {literal(turn)}}}]->(i:Image)
MATCH (e:Entity)-[:HAS_IMAGE]->(i)
RETURN r.id AS run, m.tier AS tier, e.name AS shows, i.name AS picture
ORDER BY run, tier, shows"""


def origins(graph: str, turn: str) -> str:
    """Say what a turn goes back to: its facts with who says them, its pictures with gate and reviewers."""
    return f"""\
MATCH (d:Dialogue)-[:HAS_TURN]->
      (t:Turn {{graph: {literal(graph)}, id: {literal(turn)}}})
RETURN d.id AS dialogue, d.split AS split, t.value AS says,
  COLLECT {{ MATCH (t)-[o:RESTS_ON]->(b)
            MATCH (t)-[:RESTS_ON]->(a)
            MATCH (a)-[r]-(b) WHERE r.triple = o.triple
            RETURN DISTINCT [startNode(r).name, type(r),
                             endNode(r).name, r.sources] }} AS facts,
  COLLECT {{ MATCH (t)-[s:SHOWS]->(i)<-[h:HAS_IMAGE]-(e)
            WHERE e.id = s.entity
            RETURN [e.name, i.name, h.gate, h.voters] }} AS pictures"""


def unsaid(graph: str) -> str:
    """List what turns teach and no edge says: a fact that was taken out since."""
    return f"""\
MATCH (t:Turn {{graph: {literal(graph)}}})
      -[:RESTS_ON {{role: 'answer'}}]->(b:Entity)
WHERE NOT EXISTS {{ (t)-[:RESTS_ON]->(:Entity)-[r]-(b)
                   WHERE r.triple IN t.triples }}
MATCH (d:Dialogue)-[:HAS_TURN]->(t)
RETURN b.name AS answer, t.relations AS relations,
       t.value AS says, d.split AS split, t.id AS turn
LIMIT 50"""


def picture_history(entity: Shown) -> str:
    """Say what gates and experts did to each picture of an entity, and how often conversations show it."""
    return f"""\
MATCH {entity.pattern("a")}
      -[h:HAS_IMAGE]->(i:Image)
RETURN i.name AS picture, h.gate AS gate, h.reason AS reason,
       {_RANK} AS rank, h.among AS among,
       h.voters AS voters, h.voted AS voted, h.sources AS sources,
       COUNT {{ (:Turn)-[:SHOWS]->(i) }} AS `shown in turns`,
       {PICTURE} AS address
ORDER BY `shown in turns` DESC"""


# --- sources ------------------------------------------------------------------------------------------------------


def said_by(graph: str) -> str:
    """Count the facts by who says them; several who say the same stand together."""
    return f"""\
MATCH (:Entity {{graph: {literal(graph)}}})-[r]->(:Entity)
WITH r.sources AS sources, type(r) AS relation, count(*) AS facts
RETURN coalesce(sources, ['drawn by hand']) AS `said by`,
       sum(facts) AS facts, count(*) AS relations,
       collect(relation)[..5] AS `for example`
ORDER BY facts DESC, `said by`"""


def by_hand(graph: str) -> str:
    """Draw the facts that nobody but a person at this screen says."""
    return f"""\
MATCH p = (:Entity {{graph: {literal(graph)}}})-[r]->(:Entity)
WHERE r.sources IS NULL
RETURN p LIMIT 100"""
