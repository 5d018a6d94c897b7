"""What an answer says: the fact with all that answers it, or plainly what the graph does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialogue.articles import article_of
from dialogue.verbalise import question
from dialogue.wordings import Direction, fitted, listed, opening, state
from retrieval.names import Named
from retrieval.relations import Relation

NAMED = 12  # answers that a sentence names; the others are counted
HELD = 8  # relations that are listed where none fits
# Of "person born there", "place within": no "of Peru" may follow.
_POINTS = frozenset(("there", "it", "them", "they", "their", "its", "that", "such", "same", "within"))


def said(entity: Named, labels: Mapping[str, str]) -> str:
    """Return a name as it stands within a sentence: with "the " where it takes one."""
    kinds = [kind if kind.startswith("/") else labels.get(kind, kind) for kind in entity.types[:1]]
    return article_of(entity.name, entity.names, kinds) + entity.name


def fact(relation: Relation, direction: Direction, subject: str, answers: Sequence[str], total: int) -> str:
    """State what the graph holds: "The capital of Peru is Lima."; of several answers, the best connected first."""
    if total == 1:
        return one(relation, direction, subject, answers[0])
    if direction == "tail" and _stands_before_of(relation.asking("tail").noun):
        return f"The {relation.asking('tail').nouns} of {subject} are {_some(answers, total)}."
    return f"{one(relation, direction, subject, answers[0])} The same holds for {_some(answers[1:], total - 1)}."


def one(relation: Relation, direction: Direction, subject: str, answer: str) -> str:
    """State one fact."""
    head, tail = (subject, answer) if direction == "tail" else (answer, subject)
    return state(fitted(relation.wordings.statements[0], head, tail), head, tail)


def shared(both: Sequence[str], answers: Sequence[str], total: int) -> str:
    """Name what is an answer for both of two."""
    if not answers:
        return f"The graph holds nothing that is so of both {listed(list(both))}."
    return f"{opening(_some(answers, total))}. That holds for both {listed(list(both))}."


def of_all(answers: Sequence[str], total: int, facts: Sequence[str], lacking: Sequence[str]) -> str:
    """Name what several facts are true of: those of the first answer, and what the graph does not hold of it."""
    if not answers:
        return "The graph holds nothing that fits all of that."
    lacks = (f"The graph does not hold “{fact.rstrip('.')}”." for fact in lacking)
    rest = (f"The same goes for the other{'s' if total > 2 else ''}.",) if total > 1 else ()
    return " ".join((f"{opening(_some(answers, total))}.", *facts, *lacks, *rest))


def only_what_is() -> str:
    """Say why nothing is named that something is not true of."""
    return "The graph holds what is so, and not what is not."


def none_of_kind(kind: str) -> str:
    """Say that nothing that answers is of the kind that is asked for."""
    return f"The graph holds no answer that it calls “{kind}”."


def of_them(answers: Sequence[str], total: int) -> str:
    """Name those of the ones listed before that are answers, or say that none is."""
    return f"Of them: {_some(answers, total)}." if answers else "None of them, as far as the graph holds it."


def _some(answers: Sequence[str], total: int) -> str:
    """List answers, of which there are so many in all; those that are not named as a number."""
    named = list(answers[:NAMED])
    return listed([*named, *([f"{total - len(named):,} more"] if total > len(named) else ())])


def yes() -> str:
    """Confirm."""
    return "Yes."


def no(proposed: str | None = None) -> str:
    """Deny: what was proposed, as far as the graph holds it; a comparison outright."""
    return f"Not {proposed}, as far as the graph holds it." if proposed else "No."


def in_all(total: int) -> str:
    """Say how many answers there are."""
    return f"That is {total:,} in all." if total != 1 else "That is one."


def not_held(relation: Relation, direction: Direction, subject: str) -> str:
    """Say that the graph has no such fact: "The graph does not hold the capital of Peru." """
    if direction == "tail" and _stands_before_of(relation.asking("tail").noun):
        return f"The graph does not hold the {relation.asking('tail').noun} of {subject}."
    return f"The graph does not hold an answer to “{question(relation.wordings, direction, 0, subject)}”"


def _stands_before_of(noun: str) -> bool:
    """Say whether "of Peru" may follow a noun: not where it points at whom it is about already, "person born there"."""
    return _POINTS.isdisjoint(noun.split())


def not_understood(asked: str, subject: str, holds: Sequence[str]) -> str:
    """Say that nothing in the graph answers, and what it does hold about the subject."""
    return f"The graph does not hold an answer to “{asked}”. {known(subject, holds, 'it')}".rstrip()


def known(subject: str, holds: Sequence[str], holder: str = "the graph") -> str:
    """List what the graph knows of somebody; empty where it is nothing."""
    more = ", …" if len(holds) > HELD else ""
    return f"About {subject} {holder} holds: {', '.join(holds[:HELD])}{more}." if holds else ""


def number(says: str, subject: str, value: str) -> str:
    """State a number: "The area of Peru is 1,285,216." """
    return f"The {says} of {subject} is {value}."


def numbers(says: str, first: tuple[str, str], second: tuple[str, str]) -> str:
    """State the numbers of two, given as (name, value)."""
    return f"The {says} of {first[0]} is {first[1]}, that of {second[0]} {second[1]}."


def which(winner: str | None) -> str:
    """Say of which of two a comparison holds."""
    return f"{winner[:1].upper()}{winner[1:]}." if winner else "Neither: they are equal."


def best(winners: Sequence[str], says: str, value: str, rank: str, of: int) -> str:
    """Name the one of several whose number is the first in an order: "the highest"."""
    whose = winners[0] if len(winners) == 1 else "each"
    place = f"the {rank} of {of:,}" if of > 1 else "the only one"
    return f"{opening(listed(list(winners)))}. The {says} of {whose} is {value}, {place} that the graph holds."


def number_not_held(says: str, subject: str) -> str:
    """Say that the graph no longer has a number."""
    return f"The graph does not hold the {says} of {subject}."


def nobody_named(asked: str) -> str:
    """Say that nothing in the question is a name that the graph knows."""
    return f"The graph knows none of the names in “{asked}”, so it does not hold an answer."


def in_return(courtesy: str) -> str:
    """Answer a courtesy."""
    return {"hello": "Hello. Ask what the graph knows.", "thanks": "You are welcome.", "bye": "Goodbye."}[courtesy]


def unknown_picture() -> str:
    """Say that the picture shows nothing that the graph has pictures of."""
    return "I do not know what this picture shows: it is like none of the graph's pictures."


def shown_is(name: str) -> str:
    """Say whom a picture shows."""
    return f"This is {name}."


def described(name: str, description: str) -> str:
    """Say what a name stands for."""
    return f"{name}: {description.rstrip('.')}."


def here(names: Sequence[str]) -> str:
    """Give pictures."""
    return (
        f"Here is a picture of {listed(list(names))}."
        if len(names) < 2
        else f"Here are pictures of {listed(list(names))}."
    )


def no_picture(names: Sequence[str]) -> str:
    """Say that there is no picture to be shown."""
    return f"The graph has no picture of {listed(list(names), 'or')}."
