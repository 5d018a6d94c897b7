"""Check rounds that are no plain facts: each is followed through the graph by its query, and decided anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dialogue.truth import Truth

Complaint = tuple[str, str]  # a reason and a detail
Kg = Mapping[str, Any]


def check_kind(kg: Kg, asked: str, given: str, truth: Truth) -> Iterator[Complaint]:
    """Check a round of another kind than `fact`: its answer, its triples, and that its texts say the same."""
    query = kg["query"]
    for triple in kg["triples"]:
        if not truth.holds(*triple):
            yield "not_in_graph", " ".join(triple)
    if kg["triple"] != (kg["triples"][0] if len(kg["triples"]) == 1 else None):
        yield "malformed", f"triple {kg['triple']!r}"
    if kg["kind"] not in CHECKS or len(query["path"]) != STEPS.get(kg["kind"], 1) - bool(query["by"]):
        yield "malformed", f"kind {kg['kind']!r} with a path of {len(query['path'])} steps"
        return
    if query["path"] and kg["direction"] != query["path"][-1][1]:
        yield "other_question", f"direction {kg['direction']!r} where the path says {query['path'][-1][1]!r}"
    if len(query["subjects"]) != 1 + (kg["kind"] == "comparison"):
        yield "malformed", f"{len(query['subjects'])} subjects"
        return
    yield from CHECKS[kg["kind"]](kg, given, truth)
    claim = query["claim"]
    if claim is not None and not any(name.casefold() in asked.casefold() for name in truth.names.get(claim, ())):
        yield "other_question", f"{asked!r} does not name {claim}"


def follow(truth: Truth, subject: str, path: Sequence[Sequence[str]]) -> set[str]:
    """Return where a path leads from a subject."""
    ends = {subject}
    for relation, direction in path:
        steps = [
            truth.tails.get((e, relation)) if direction == "tail" else truth.heads.get((relation, e)) for e in ends
        ]
        ends = set().union(*filter(None, steps))
    return ends


def compare(kg: Kg, expected: set[str]) -> Iterator[Complaint]:
    """Check the listed answers against those of the graph."""
    answers = set(kg["answers"])
    if missing := expected - answers:
        yield "missing_answer", ", ".join(sorted(missing)[:5])
    if extra := answers - expected:
        yield "extra_answer", ", ".join(sorted(extra)[:5])
    if len(answers) != len(kg["answers"]):
        yield "extra_answer", "an answer is listed twice"


def told(triples: Sequence[Sequence[str]], subject: str, step: Sequence[str]) -> set[str]:
    """Return what triples say of a subject in one step."""
    relation, direction = step
    if direction == "tail":
        return {tail for head, path, tail in triples if (head, path) == (subject, relation)}
    return {head for head, path, tail in triples if (path, tail) == (relation, subject)}


def check_yes_no(kg: Kg, given: str, truth: Truth) -> Iterator[Complaint]:
    """The claim is an answer, or it is none; the triples say what is true instead."""
    query = kg["query"]
    subject, claim = query["subjects"][0], query["claim"]
    expected = follow(truth, subject, query["path"])
    yield from compare(kg, expected)
    value = "Yes" if claim in expected else "No"
    if kg["value"] != value or not given.startswith(value):
        yield "wrong_verdict", f"{kg['value']!r}, {given!r} where the graph says {value}"
    stated = told(kg["triples"], subject, query["path"][0])
    if len(stated) != len(kg["triples"]) or not stated or (value == "Yes" and stated != {claim}):
        yield "other_question", f"the triples state {sorted(stated)} where {claim} is asked about"


def check_count(kg: Kg, given: str, truth: Truth) -> Iterator[Complaint]:
    """As many as the graph has, each by its triple."""
    query = kg["query"]
    subject = query["subjects"][0]
    expected = follow(truth, subject, query["path"])
    yield from compare(kg, expected)
    if kg["value"] != str(len(expected)) or not re.search(rf"(?<!\w){len(expected)}(?!\w)", given):
        yield "wrong_count", f"{kg['value']!r}, {given!r} where the graph has {len(expected)}"
    if told(kg["triples"], subject, query["path"][0]) != expected or len(kg["triples"]) != len(expected):
        yield "other_question", "the triples are not those that are counted"
    named = {entity for _, _, entity in kg["slots"]}
    if named and named != expected:
        yield "wrong_answer", f"{sorted(named)} are named where {sorted(expected)} are counted"


def check_comparison(kg: Kg, given: str, truth: Truth) -> Iterator[Complaint]:
    """One of the two has the claim, more answers, or the number that wins."""
    query = kg["query"]
    subjects = query["subjects"]
    if query["by"]:
        numbers = [truth.numbers.get((each, query["by"])) for each in subjects]
        if list(query.get("values", ())) != numbers or None in numbers or numbers[0] == numbers[1]:
            yield "wrong_number", f"{query.get('values')} where the graph has {numbers}"
            return
        best = {"larger": max, "smaller": min}[query["wins"]](truth.numbers[each, query["by"]] for each in subjects)
        winners = {each for each in subjects if truth.numbers[each, query["by"]] == best}
    else:
        ends = {each: follow(truth, each, query["path"]) for each in subjects}
        if query["claim"] is not None:
            winners = {each for each in subjects if query["claim"] in ends[each]}
            wanted = [(each, {query["claim"]}) for each in winners]
        else:
            most = max(len(found) for found in ends.values())
            winners = {each for each in subjects if len(ends[each]) == most}
            wanted = list(ends.items())
        if any(told(kg["triples"], each, query["path"][0]) != found for each, found in wanted):
            yield "other_question", "the triples do not decide between the two"
    if len(winners) != 1 or subjects[0] == subjects[1]:
        yield "no_choice", f"{sorted(winners)} of {subjects}"
    elif [entity for _, _, entity in kg["slots"]] != list(winners) or set(kg["answers"]) != winners:
        yield "wrong_choice", f"{kg['slots']}, {kg['answers']} where it is {sorted(winners)}"


def check_multi_hop(kg: Kg, given: str, truth: Truth) -> Iterator[Complaint]:
    """The triples lead from the subject to the answer that is named."""
    query = kg["query"]
    subject, (first, second) = query["subjects"][0], query["path"]
    yield from compare(kg, follow(truth, subject, query["path"]))
    named = [entity for _, _, entity in kg["slots"]]
    between = told(kg["triples"][:1], subject, first)
    reached = set().union(*(told(kg["triples"][1:], each, second) for each in between)) if between else set()
    if len(kg["triples"]) != 2 or len(named) != 1 or reached != set(named):
        yield "wrong_hop", f"the triples lead to {sorted(reached)} where {named} is named"


def check_unanswerable(kg: Kg, given: str, truth: Truth) -> Iterator[Complaint]:
    """The graph has no answer, and none is given."""
    query = kg["query"]
    if found := follow(truth, query["subjects"][0], query["path"]):
        yield "answerable", f"the graph has {', '.join(sorted(found)[:5])}"
    if kg["answers"] or kg["triples"] or kg["slots"] or kg["value"]:
        yield "extra_answer", f"{kg['value']!r} is given to what is said to have no answer"


STEPS = {"multi_hop": 2}
CHECKS: Mapping[str, Callable[[Kg, str, Truth], Iterator[Complaint]]] = {
    "yes_no": check_yes_no,
    "count": check_count,
    "comparison": check_comparison,
    "multi_hop": check_multi_hop,
    "unanswerable": check_unanswerable,
}
