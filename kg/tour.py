"""Cypher that people read, run and change in Neo4j Browser: values stand in the text, and it shows how one asks.

What a program asks stands in kg/queries.py. Each of these answers in under two seconds on FB15K.
"""

from dataclasses import dataclass

ADDRESS = "@ASSETS@"  # the static server puts its own address here; none is ever stored
PICTURE = f"""'{ADDRESS}/images/' + i.graph + '/'
         + replace(replace(replace(replace(
             i.path, '%', '%25'), ' ', '%20'), '#', '%23'), '?', '%3F')"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entity that the guide shows. `name` says which it is unless several have it; `pictures` are paths."""

    graph: str
    id: str
    name: str
    label: str
    description: str = ""
    pictures: tuple[str, ...] = ()
    unique: bool = True

    def pattern(self, variable: str) -> str:
        """Return the node pattern that finds this entity."""
        key, value = ("name", self.name) if self.unique else ("id", self.id)
        return f"({variable}:{self.label} {{graph: {literal(self.graph)}, {key}: {literal(value)}}})"


def literal(text: str) -> str:
    """Write a string as Cypher does."""
    mark = '"' if "'" in text and '"' not in text else "'"
    escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark).replace("\n", "\\n")
    return f"{mark}{escaped}{mark}"


GRAPHS = """\
MATCH (g:Graph)
RETURN g.name AS graph, g.ingested AS ingested,
  COUNT { (:Entity {graph: g.name}) } AS entities,
  COUNT { (:Image {graph: g.name}) } AS pictures"""


def neighbourhood(entity: Shown) -> str:
    """Draw an entity, at most five neighbours by each of its eight commonest relations, and a picture of each."""
    return f"""\
MATCH fact = {entity.pattern("a")}
             -[r]-(b:Entity)
WITH type(r) AS relation, fact
  ORDER BY EXISTS {{ (b)-[:HAS_IMAGE]->() }} DESC, b.name
WITH relation, collect(fact) AS facts
  ORDER BY size(facts) DESC LIMIT 8
UNWIND facts[..5] AS fact
UNWIND nodes(fact) AS n
RETURN fact, COLLECT {{
  MATCH picture = (n)-[:HAS_IMAGE]->()
  RETURN picture LIMIT 1 }} AS pictures"""


def facts(entity: Shown) -> str:
    """Count what is known of an entity, by relation."""
    return f"""\
MATCH {entity.pattern("a")}
      -[r]-(b:Entity)
RETURN type(r) AS relation,
       startNode(r) = a AS outwards,
       count(*) AS facts,
       collect(DISTINCT b.name)[..5] AS `for example`
ORDER BY facts DESC"""


def coverage(graph: str) -> str:
    """Say how many entities of each type have a picture."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})
UNWIND [l IN labels(e) WHERE l <> 'Entity'] AS type
WITH type, COUNT {{ (e)-[:HAS_IMAGE]->() }} AS pictures
WITH type, count(*) AS entities, sum(pictures) AS pictures,
     count(nullIf(pictures, 0)) AS illustrated
RETURN type, entities, illustrated,
       100 * illustrated / entities AS `%`, pictures
ORDER BY illustrated DESC, entities DESC"""


def types(graph: str) -> str:
    """Count the entities of each type."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})
UNWIND [l IN labels(e) WHERE l <> 'Entity'] AS type
RETURN type, count(e) AS entities,
       collect(e.name)[..5] AS `for example`
ORDER BY entities DESC"""


def pictures_of(entity: Shown) -> str:
    """Draw an entity's pictures; the same result as a table has an address for each, to be clicked."""
    return f"""\
MATCH p = {entity.pattern("a")}
          -[:HAS_IMAGE]->(i:Image)
RETURN p, i.name AS picture, i.width AS width,
       i.height AS height,
       {PICTURE} AS address"""


def alone(entity: Shown) -> str:
    """Draw an entity that is tied to no other, with its pictures."""
    return f"""\
MATCH {entity.pattern("a")}
OPTIONAL MATCH p = (a)-[:HAS_IMAGE]->()
RETURN a, p"""


def addresses(graph: str) -> str:
    """Give the addresses of pictures of well-connected entities, one each."""
    return f"""\
MATCH (e:Entity {{graph: {literal(graph)}}})-[:HAS_IMAGE]->(i:Image)
WITH e, head(collect(i)) AS i, count(i) AS pictures
ORDER BY COUNT {{ (e)--() }} DESC LIMIT 50
RETURN e.name AS entity, pictures,
       {PICTURE} AS `one of them`"""


def edges(relation: str) -> str:
    """Count the relationships of one type."""
    return f"MATCH ()-[r:{relation}]->() RETURN count(r) AS edges"


def longest_way(graph: str, relation: str, starts: int) -> str:
    """Draw the longest of the shortest ways along one relation, from entities at its rim, and at most 40 steps far."""
    return f"""\
MATCH (a:Entity {{graph: {literal(graph)}}})-[:{relation}]->()
WITH DISTINCT a,
     EXISTS {{ ()-[:{relation}]->(a) }} AS amidst,
     COUNT {{ (a)-[:{relation}]-() }} AS links
  ORDER BY amidst, links, a.name LIMIT {starts}
MATCH p = (a)-[:{relation}*1..40]->(b)
WHERE a <> b
WITH a, b, min(length(p)) AS steps
  ORDER BY steps DESC, a.name, b.name LIMIT 1
MATCH way = shortestPath((a)-[:{relation}*]->(b))
RETURN way, steps"""


def between(one: Shown, other: Shown) -> str:
    """Draw the shortest ways between two entities."""
    return f"""\
MATCH {one.pattern("a")},
      {other.pattern("b")}
MATCH way = allShortestPaths((a)-[*..6]-(b))
WHERE all(n IN nodes(way) WHERE n:Entity)
RETURN way LIMIT 5"""


def shared(one: Shown, other: Shown) -> str:
    """Draw what two entities share, the most telling first: what fewest others are tied to."""
    return f"""\
MATCH p = {one.pattern("a")}
          --(both:Entity)--
          {other.pattern("b")}
WITH both, collect(p)[..2] AS ways
ORDER BY COUNT {{ (both)--() }} LIMIT 15
RETURN ways"""


def shared_facts(one: Shown, other: Shown) -> str:
    """List what two entities share, with the relations that tie them to it."""
    return f"""\
MATCH {one.pattern("a")}
      -[r]-(both:Entity)-[s]-
      {other.pattern("b")}
RETURN both.name AS shared, labels(both) AS type,
       collect(DISTINCT type(r)) AS `tied to a`,
       collect(DISTINCT type(s)) AS `tied to b`,
       COUNT {{ (both)--() }} AS links
ORDER BY links LIMIT 50"""


def find(name: str) -> str:
    """Find entities by a word of any of their names."""
    return f"""\
CALL db.index.fulltext.queryNodes(
  'entity_names', {literal(name)}) YIELD node, score
RETURN node.graph AS graph, node.name AS name,
       labels(node) AS labels, node.names AS names, score
LIMIT 20"""


def relations(graph: str) -> str:
    """List a graph's relations: the type to write in a query, and what it says."""
    return f"""\
MATCH (r:Relation {{graph: {literal(graph)}}})
RETURN r.type AS type, r.label AS says, r.path AS was
ORDER BY type"""


def sources(entity: Shown) -> str:
    """Say where the facts of an entity come from."""
    return f"""\
MATCH {entity.pattern("a")}
      -[r]-(b:Entity)
RETURN startNode(r).name AS head, type(r) AS relation,
       endNode(r).name AS tail, r.sources AS sources
LIMIT 25"""
