"""Facts that the graph holds and facts that were taken out of it: how often the first are answered, and the others.

At least 97 % of the first are to be right, at most 1 % of the others answered as if known. Asked for by a name that
means several entities which have the relation, nobody can say which is meant: such questions are left out, as
`kwk dialogues build` leaves them out.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import neo4j

from dialogue.verbalise import question
from dialogue.wordings import HELD_OUT
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, choose_tower
from kg import removal, vectors
from kg.errors import CheckpointError
from kg.graph import connect
from kg.rdf import read_rdf
from kg.services import ensure
from kg.settings import ServiceSettings
from kg.stores import Stores
from kg.types import Source
from model import checkpoint
from model.run import Run
from model.run import load as load_run
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer

GRAPH = "bench-removed"
FACTS = int(os.environ.get("KWK_BENCH_FACTS", "1000"))  # that stay, and as many that are taken out
SEED = 0

REMOVE = """
UNWIND $facts AS fact
MATCH (s:Entity {graph: $graph, id: fact.subject})-[r]-(o:Entity {graph: $graph})
WHERE r.relation = fact.relation AND (startNode(r) = s OR fact.symmetric)
DELETE r
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is asked for: all that one entity has by one relation."""

    subject: str
    name: str
    relation: str
    objects: frozenset[str]


def main() -> None:
    """Load the atlas without its images, take facts out, ask for them and for others; with and without a run."""
    home = Path(os.environ["KWK_HOME"])
    addresses = ensure(ServiceSettings(home), lambda text: None)
    driver, engine = connect(addresses.neo4j), vectors.connect(addresses.postgres)
    stores = Stores(driver, engine, addresses)
    try:
        source = replace(read_rdf([folder() / "atlas.ttl"], GRAPH), images=[])
        load(Target(driver, engine, GRAPH, home), source, choose_tower())
        runs: list[Run | None] = [None]
        try:
            runs.append(load_run(checkpoint.find(home, None, "atlas")))
        except CheckpointError:
            print("No run on 'atlas' is there; without one alone.")
        answerers = [open_answerer(stores, GRAPH, home, run) for run in runs]
        stay, go = chosen(source)
        take_out(driver, go)
        for run, answerer in zip(runs, answerers, strict=True):
            report(f"with the run {run.manifest.id}" if run else "without a run", answerer, stay, go)
    finally:
        removal.remove_graph(driver, engine, GRAPH)
        driver.close()


def symmetric(relation: str) -> bool:
    """Say whether a relation of the atlas holds both ways."""
    return relation.endswith(":neighbour")


def chosen(source: Source) -> tuple[list[Fact], list[Fact]]:
    """Choose FACTS that stay and FACTS that go; what goes takes nothing from what stays."""
    names = {entity.id: entity.name for entity in source.entities}
    objects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for triple in source.triples:
        objects[triple.head, triple.relation].add(triple.tail)
    named = Counter((names[subject], relation) for subject, relation in objects)
    facts = [
        Fact(subject, names[subject], relation, frozenset(found))
        for (subject, relation), found in sorted(objects.items())
        if named[names[subject], relation] == 1
    ]
    random.Random(SEED).shuffle(facts)  # noqa: S311
    go = facts[:FACTS]
    touched = {(other, fact.relation) for fact in go if symmetric(fact.relation) for other in fact.objects}
    stay = [fact for fact in facts[FACTS:] if (fact.subject, fact.relation) not in touched]
    return stay[:FACTS], go


def take_out(driver: neo4j.Driver, facts: Sequence[Fact]) -> None:
    """Delete every edge that answers a question, both ways where the relation is symmetric."""
    rows = [
        {"subject": each.subject, "relation": each.relation, "symmetric": symmetric(each.relation)} for each in facts
    ]
    with driver.session() as session:
        session.run(REMOVE, graph=GRAPH, facts=rows).consume()


def report(title: str, answerer: Answerer, stay: Sequence[Fact], go: Sequence[Fact]) -> None:
    """Ask for each fact in two wordings; print how often what stays is right, and what is gone answered."""
    relations = answerer.understanding.relations
    rng = random.Random(SEED)  # noqa: S311
    right: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for fact in [*stay, *go]:
        worded = relations.each[relations.by_path[fact.relation]].wordings
        forms = len(worded.tail.forms)
        kept = forms + HELD_OUT
        for kind, form in (("of train", rng.choice([n for n in range(forms) if n != kept])), ("kept for tests", kept)):
            text = question(worded, "tail", form, fact.name)
            answer = answerer.ask(text)
            said = {edge.object_id if edge.subject_id == fact.subject else edge.subject_id for edge in answer.evidence}
            if fact in go:
                known[kind] += bool(answer.evidence)
                if answer.evidence:
                    print(f"  gone: {text} -> {answer.text}")
            else:
                right[kind] += said == fact.objects
                if said != fact.objects:
                    print(f"  there: {text} -> {answer.text}")
    for kind in ("of train", "kept for tests"):
        print(
            f"{title}, wordings {kind}: {right[kind] / len(stay):.1%} of {len(stay):,} that are there are right, "
            f"{known[kind] / len(go):.1%} of {len(go):,} that were taken out are answered as if known"
        )


if __name__ == "__main__":
    main()
