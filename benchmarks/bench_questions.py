"""Questions that people wrote, answered from FB15K: subject, relation, right, and said so where it lacks the fact.

`make questions QUESTIONS=FILE [HALF=even|odd] [RUN=FOLDER]`; the file has SimpleQuestions' columns subject, relation,
object, in_graph and question, by tabs. Right: an object of (subject, relation), and no other edge in the evidence.
"""

import csv
import os
import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.stores import opened
from model.run import load
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer
from retrieval.ground import Reader

GRAPH = "fb15k"
ANSWERS = """
UNWIND $rows AS row
MATCH (s:Entity {graph: $graph, id: row.subject})
RETURN row.n AS n,
       COLLECT { MATCH (s)-[r]->(o:Entity {graph: $graph})
                 WHERE r.relation = row.relation OR r.relation STARTS WITH row.relation + '.' RETURN DISTINCT o.id }
       AS right,
       COLLECT { MATCH (s)-[r]->(o:Entity {graph: $graph})
                 WITH r.relation AS relation, collect(DISTINCT o.id) AS others
                 ORDER BY size(others) DESC, relation LIMIT 1 UNWIND others AS other RETURN other } AS usual
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what its annotation says, and what the graph holds."""

    text: str
    subject: str
    relation: str
    in_graph: str  # yes, related or no
    right: frozenset[str]
    usual: frozenset[str]  # what the subject's commonest relation gives: the prior that reads no question


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a question."""

    asked: Asked
    subject: bool
    relation: bool
    answers: frozenset[str]  # that the graph was found to hold

    @property
    def right(self) -> bool:
        """Say whether there are answers, and none that the question did not ask for."""
        return all_right(self.answers, self.asked.right)


def main() -> None:
    """Judge each question of a file; print every share with the number that it is of."""
    file = os.environ.get("QUESTIONS")
    if not file:
        print("questions: set QUESTIONS to a file of questions that people wrote; nothing is measured without one.")
        return
    torch.set_num_threads(1)
    run = load(Path(os.environ["RUN"])) if os.environ.get("RUN") else None
    with opened() as (both, home):
        asked = read_asked(Path(file), Reader(both.driver, GRAPH), os.environ.get("HALF", ""))
        answerer = open_answerer(both, GRAPH, home, run)
        found = []
        for number, each in enumerate(asked):
            found.append(judged(answerer, each))
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(asked)}", end="", file=sys.stderr)
    for name, share, n in shares(found):
        print(f"{name}: {share:.1%} of {n:,}")
    if missed := os.environ.get("MISSED"):
        write_missed(found, Path(missed))


def read_asked(file: Path, reader: Reader, half: str = "") -> list[Asked]:
    """Read questions, those in even or odd places alone where a half is named, with what the graph holds."""
    with file.open(encoding="utf-8", newline="") as lines:
        every = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = {"even": every[::2], "odd": every[1::2]}.get(half, every)
    wanted = [{"n": n, "subject": row["subject"], "relation": row["relation"]} for n, row in enumerate(rows)]
    held = {row["n"]: row for row in reader.rows(ANSWERS, rows=wanted)}
    return [
        Asked(
            row["question"],
            row["subject"],
            row["relation"],
            row["in_graph"],
            frozenset(held[n]["right"] if n in held else ()),
            frozenset(held[n]["usual"] if n in held else ()),
        )
        for n, row in enumerate(rows)
    ]


def judged(answerer: Answerer, asked: Asked) -> Found:
    """Understand and answer one question. A compound that begins with the annotated relation is that relation."""
    understood = answerer.understanding.understand(asked.text)
    link = understood[0].link if understood else None
    relations = answerer.understanding.relations
    path = relations.each[link.relation].path if link and link.relation is not None else ""
    same = path == asked.relation or path.startswith(f"{asked.relation}.")
    answers = frozenset(other.id for each in understood for other in answerer.answers(each))
    subject = understood[0].subject if understood else None
    return Found(
        asked,
        subject=subject is not None and subject.id == asked.subject,
        relation=same and link is not None and link.direction == "tail",
        answers=answers,
    )


def all_right(answers: Collection[str], right: Collection[str]) -> bool:
    """Say whether there are answers, all of them right."""
    return bool(answers) and set(right).issuperset(answers)


def shares(found: Sequence[Found]) -> list[tuple[str, float, int]]:
    """Return each figure with its name and the number of questions that it is of."""
    held = [each for each in found if each.asked.in_graph == "yes"]
    lacking = [each for each in found if each.asked.in_graph == "no"]
    by_relation: dict[str, list[bool]] = defaultdict(list)
    for each in held:
        by_relation[each.asked.relation].append(each.right)
    named = {
        "subject": [each.subject for each in held],
        "relation": [each.relation for each in held],
        "subject and relation": [each.subject and each.relation for each in held],
        "right": [each.right for each in held],
        "right by the prior that reads no question (the subject given)": [
            all_right(each.asked.usual, each.asked.right) for each in held
        ],
        "said so where the graph lacks it": [not each.answers for each in lacking],
    }
    table = [(name, sum(values) / max(len(values), 1), len(values)) for name, values in named.items()]
    macro = sum(sum(values) / len(values) for values in by_relation.values()) / max(len(by_relation), 1)
    return [*table, ("right, macro over relations", macro, len(by_relation))]


def write_missed(found: Sequence[Found], file: Path) -> None:
    """Write the questions that went wrong, to be read; of the half that one tunes on alone."""
    missed = [each for each in found if each.asked.in_graph == "yes" and not each.right]
    lines = [f"{each.asked.relation}\t{each.subject}\t{each.relation}\t{each.asked.text}" for each in missed]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
