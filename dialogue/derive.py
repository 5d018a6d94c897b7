"""Find rounds that are no plain facts: yes or no, how many, which of two, facts of facts, and what the graph lacks.

Each is decided by the graph alone: followed from its subjects, its path gives the set of true answers. A claim that is
said to be false is about a question that has one answer nearly always, so that a graph with gaps makes it no lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialogue.compare import comparison
from dialogue.compose import stated
from dialogue.derived import Derived
from dialogue.kind_words import claim, counting, described, plain_noun
from dialogue.pictures import PERSONS
from dialogue.scope import TRIES, Scope, ended, holds, places
from dialogue.types import Kind
from dialogue.wordings import HELD_OUT, PLAIN, Question, Wordings, fill, listed
from dialogue.words import countable

COUNTED = 30  # answers that are counted at most
LISTED = 6  # answers of a count that are named at most


def derive(scope: Scope, kind: Kind, subject: int) -> Derived | None:
    """Return a round of a kind about an entity, if a few draws find one."""
    m = scope.material
    return FINDERS[kind](scope, subject) if m.speakable[subject] and subject not in m.homonyms else None


def yes_no(scope: Scope, subject: int) -> Derived | None:
    """Ask whether something is so; half of it is not."""
    drawn = scope.run_of(subject)
    if drawn is None:
        return None
    asks_tail, run = drawn
    m, side, worded = scope.material, scope.material.side(asks_tail), scope.worded(asks_tail, run)
    place = side.run_start[run] + scope.below(side.size(run))
    answer, triple = side.neighbour[place], side.triple[place]
    if not scope.can_say(answer, subject) or not scope.allowed(triple, 0):
        return None
    claimed = answer if scope.below(2) else _falsehood(scope, asks_tail, run, subject)
    if claimed is None:
        return None
    head, tail = (subject, claimed) if asks_tail else (claimed, subject)
    form = worded.statements[scope.below(len(worded.statements))]
    opens, continues = claim(form, m.said[head], m.said[tail])
    text = scope.pick(scope.words.yes_no["questions"]).replace("{Claim}", opens).replace("{claim}", continues)
    form = worded.statements[scope.below(len(worded.statements))]
    truth, start, end = stated(m, form, m.said[subject], answer, asks_tail)
    reply = scope.pick(scope.words.yes_no["yes" if claimed == answer else "no"])
    at = reply.find("{truth}")
    path, truths, runs = scope.asked(asks_tail, run)
    return Derived(
        "yes_no", (subject,), path, text, reply.replace("{truth}", truth), "Yes" if claimed == answer else "No",
        answers=(answer,) if at >= 0 else (), slots=(at + start, at + end) if at >= 0 else (),
        triples=(triple,), truths=truths, claim=claimed, runs=runs,
    )  # fmt: skip


def _falsehood(scope: Scope, asks_tail: bool, run: int, subject: int) -> int | None:
    """Return what is an answer to the same question about others, but not about this subject."""
    side = scope.material.side(asks_tail)
    relation, runs = side.run_relation[run], scope.material.survey.runs(asks_tail)
    if not runs.single[relation]:
        return None
    first, count = runs.draw_from(relation)
    for _ in range(TRIES):
        other = runs.by_relation[first + scope.below(count)]
        claimed = side.neighbour[side.run_start[other] + scope.below(side.size(other))]
        if scope.can_say(claimed, subject) and not holds(side, run, claimed):
            return int(claimed)
    return None


def count(scope: Scope, subject: int) -> Derived | None:
    """Ask how many answers there are."""
    drawn = scope.run_of(subject, least=2, most=COUNTED)
    if drawn is None:
        return None
    (asks_tail, run), m = drawn, scope.material
    form = _how_many(scope, scope.worded(asks_tail, run), asks_tail)
    side = m.side(asks_tail)
    triples = tuple([side.triple[place] for place in places(side, run)])
    if form is None or not all(scope.allowed(triple, 0) for triple in triples):
        return None
    path, truths, runs = scope.asked(asks_tail, run)
    listable = len(truths) <= LISTED and all(scope.can_say(answer, subject) for answer in truths)
    reply = scope.pick(scope.words.count["replies" if listable else "replies_of_many"])
    reply = reply.replace("{n}", str(len(truths)))
    slots: list[int] = []
    if (at := reply.find("{list}")) >= 0:
        said = [m.said[answer] for answer in truths]
        for i, (name, answer) in enumerate(zip(said, truths, strict=True)):
            slots += (at + len(name) - len(m.names[answer]), at + len(name))
            at += len(name) + (len(" and ") if i == len(said) - 2 else len(", "))
        reply = ended(reply.replace("{list}.", listed(said)))
    return Derived(
        "count", (subject,), path, fill(form, m.said[subject]), reply, str(len(truths)),
        answers=truths if slots else (), slots=tuple(slots), triples=triples, truths=truths, runs=runs,
    )  # fmt: skip


def _how_many(scope: Scope, worded: Wordings, asks_tail: bool) -> Question | None:
    asking = worded.asking("tail" if asks_tail else "head")
    if forms := counting(asking):
        return forms[scope.below(len(forms))]
    if not asks_tail or not plain_noun(asking.noun) or not countable(asking.noun) or worded.head.kind in PERSONS:
        return None
    return Question.parse(scope.words.count["question"].replace("{nouns}", asking.nouns))


def multi_hop(scope: Scope, subject: int) -> Derived | None:
    """Ask for a fact of what another fact leads to: "What is the currency of the country whose capital is Lima?".

    Both steps are by relations that have one answer nearly always: "the town whose country is Bulgaria" would be one of
    thousands, and "the diseases of the gender of …" a crowd.
    """
    drawn = scope.single_run_of(subject, (True, False))
    if drawn is None or scope.material.side(drawn[0]).size(drawn[1]) > 1:
        return None
    (asks_tail, run), m = drawn, scope.material
    side, worded = m.side(asks_tail), scope.worded(asks_tail, run)
    between, first = side.neighbour[side.run_start[run]], side.triple[side.run_start[run]]
    phrase = described(scope.words, worded, asks_tail, m.said[subject])
    then = scope.single_run_of(between, (True,)) if scope.can_say(between, subject) else None
    if phrase is None or then is None or not scope.allowed(first, 0):
        return None
    (tails, second), last = then, m.side(then[0])
    at = last.run_start[second] + scope.below(last.size(second))
    answer, triple = last.neighbour[at], last.triple[at]
    known = side.run_relation[run], last.run_relation[second]
    if not scope.can_say(answer, subject) or answer == between or not scope.allowed(triple, 0):
        return None
    if known[0] == known[1] or holds(last, second, subject):  # back where it came from
        return None
    following = m.wordings[known[1]]
    if following.tail.noun in phrase:  # the organization of the role whose organization is
        return None
    reply, slots = _both_steps(scope, (worded, following), (subject, between, answer), (asks_tail, tails))
    forms = following.tail.forms[:HELD_OUT][:PLAIN]
    text = fill(forms[scope.below(len(forms))], phrase)
    return Derived(
        "multi_hop", (subject,), ((known[0], asks_tail), (known[1], tails)), text, reply, m.names[answer],
        answers=(answer,), slots=slots, triples=(first, triple), truths=scope.asked(tails, second).truths,
        runs=((asks_tail, run), (tails, second)),
    )  # fmt: skip


def _both_steps(
    scope: Scope, worded: tuple[Wordings, Wordings], way: tuple[int, int, int], tails: tuple[bool, bool]
) -> tuple[str, tuple[int, int]]:
    form = scope.pick(scope.words.multi_hop["replies"])
    subject, between, answer = way
    if "{winner}" in form:
        return scope.named(form, answer)
    said = scope.material.said
    first, *_ = stated(scope.material, worded[0].statements[0], said[subject], between, tails[0])
    second, start, end = stated(scope.material, worded[1].statements[0], said[between], answer, tails[1])
    before = form.index("{second}") + len(first) - len("{first}")
    return form.replace("{first}", first).replace("{second}", second), (before + start, before + end)


def unanswerable(scope: Scope, subject: int) -> Derived | None:
    """Ask what entities of this type usually have, and this one does not."""
    m = scope.material
    usual = m.survey.usual.get(m.survey.type_of[subject], ())
    if not usual:
        return None
    relation = usual[scope.below(len(usual))]
    asking = m.wordings[relation].tail
    if m.out.run(subject, relation) >= 0 or not plain_noun(asking.noun) or not scope.is_here(subject, relation):
        return None
    out, into = (side.run_relation[side.runs[subject] : side.runs[subject + 1]] for side in (m.out, m.into))
    said = {m.wordings[other].tail.noun for other in out} | {m.wordings[other].head.noun for other in into}
    if asking.noun in said:
        return None  # another relation, or one the other way round, may say it
    text = fill(asking.forms[scope.below(len(asking.forms) - 1)], m.said[subject])
    reply = scope.pick(scope.words.unanswerable["replies"])
    return Derived("unanswerable", (subject,), ((relation, True),), text, reply, "")


FINDERS: Mapping[Kind, Callable[[Scope, int], Derived | None]] = {
    "yes_no": yes_no,
    "count": count,
    "comparison": comparison,
    "multi_hop": multi_hop,
    "unanswerable": unanswerable,
}
