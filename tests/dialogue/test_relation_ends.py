"""What stands at a relation's ends decides on its words: on a graph of a garden, written here, without any store."""

from dialogue.material import all_wordings
from dialogue.relation_ends import is_sole, nouns_at_ends, types_at_ends
from dialogue.verbalise import question
from dialogue.wordings import Direction
from kg.adjacency import Adjacency, Relation, Vertex
from kg.adjacency import build as adjacency

PLANTS = 12
GIVERS = ("Garden", "Herbarium", "Trust")


def garden() -> Adjacency:
    """Twelve plants, of which four are hybrids; as many beds, each with its keeper; trips that many sorts pay for."""
    kinds = {"Plant": PLANTS, "Bed": PLANTS, "Gardener": PLANTS, "Trip": 6, "Town": 4, "Village": 4}
    entities = [Vertex(f"{kind}{n}", (f"{kind} {n}",), (kind,)) for kind, many in kinds.items() for n in range(many)]
    entities += [Vertex(f"{kind}{n}", (f"{kind} {n}",), (kind,)) for kind in GIVERS for n in range(2)]
    triples = [(f"Plant{n}", "isHybridOf", f"Plant{n + 4}") for n in range(4)]
    triples += [(f"Gardener{n}", "isKeeperOf", f"Bed{n}") for n in range(PLANTS)]
    triples += [(f"Trip{n}", "fundedBy", f"{GIVERS[n % 3]}{n % 2}") for n in range(6)]
    triples += [(f"Gardener{n}", "livesIn", f"{'Town' if n % 2 else 'Village'}{n % 4}") for n in range(PLANTS)]
    relations = [Relation(path, path, path) for path in ("isHybridOf", "isKeeperOf", "fundedBy", "livesIn")]
    return adjacency("garden", entities, relations, triples)


def asked(relation: str, direction: Direction = "tail") -> str:
    graph = garden()
    number = next(i for i, each in enumerate(graph.relations) if each.path == relation)
    return question(all_wordings(graph)[number], direction, 0, "X")


def test_nobody_is_asked_for_a_kind_that_the_answer_is_not_of() -> None:
    assert asked("fundedBy") == "What is X funded by?"
    assert asked("livesIn") == "Where does X live?"
    graph = garden()
    ends = dict(zip((each.path for each in graph.relations), types_at_ends(graph), strict=True))
    assert ends["fundedBy"] == (["Trip"], [])
    assert ends["livesIn"] == (["Gardener"], ["place"])


def test_the_one_hybrid_of_a_plant_is_still_a_hybrid_but_the_one_keeper_of_a_bed_is_the_keeper() -> None:
    assert asked("isHybridOf") == "Which plant is X a hybrid of?"
    assert asked("isKeeperOf") == "Which bed is X the keeper of?"
    graph = garden()
    assert dict(zip((each.path for each in graph.relations), is_sole(graph), strict=True))["isKeeperOf"]


def test_what_stands_at_an_end_now_and_then_is_a_noun_of_it_and_what_is_rare_there_is_none() -> None:
    graph = garden()
    nouns = ["" if each.types[0] == "Trust" else each.types[0].lower() for each in graph.entities]
    ends = dict(zip((each.path for each in graph.relations), nouns_at_ends(graph, nouns), strict=True))
    assert ends["fundedBy"] == ({"trip"}, {"garden", "herbarium"})
    assert ends["livesIn"] == ({"gardener"}, {"town", "village"})
    nouns[next(i for i, each in enumerate(graph.entities) if each.id == "Gardener0")] = "mayor"  # one of twelve
    assert nouns_at_ends(graph, nouns)[[each.path for each in graph.relations].index("livesIn")][0] == {"gardener"}
