"""Questions about two entities of one type: which of them it is true of, which has more, whose number is larger."""

from __future__ import annotations

from collections.abc import Callable

from dialogue.derived import Derived
from dialogue.kind_words import KindWords, choosing, plain_noun, property_words, within
from dialogue.scope import TRIES, Scope, holds, places
from dialogue.wordings import fill
from dialogue.words import countable, head_word, is_plural

COMPARED = 12  # answers of each of two that are compared by how many they have, at most


def comparison(scope: Scope, subject: int) -> Derived | None:
    """Find a question about an entity and another like it."""
    ways = (by_claim, by_claim, by_count, by_property)
    return ways[scope.below(len(ways))](scope, subject)


def by_claim(scope: Scope, subject: int) -> Derived | None:
    """Ask which of two an answer of one of them belongs to; where both may be shown, by their pictures."""
    drawn = scope.run_of(subject)
    if drawn is None:
        return None
    asks_tail, run = drawn
    m, side = scope.material, scope.material.side(asks_tail)
    if not m.survey.runs(asks_tail).telling[side.run_relation[run]]:  # which of the two is male
        return None
    forms = choosing(scope.worded(asks_tail, run).asking("head" if asks_tail else "tail"))
    place = side.run_start[run] + scope.below(side.size(run))
    claimed, triple = side.neighbour[place], side.triple[place]
    other = _sibling(scope, subject, asks_tail, run, lambda theirs: not holds(side, theirs, claimed))
    if other is None or not forms or not scope.can_say(claimed, subject) or claimed == other[0]:
        return None
    asked = fill(forms[scope.below(len(forms))], m.said[claimed])
    pair = scope.in_any_order(subject, other[0])
    pictured = scope.may_show(pair) and bool(scope.below(2)) and not scope.names_any(pair, asked)
    if not scope.allowed(triple, int(pictured)):
        return None
    words, reply = scope.words.comparison, "{winner}."
    if pictured:
        place_, within_ = words["places"][pair.index(subject)]
        reply = scope.pick(words["pictured_replies"]).replace("{place}", place_).replace("{place_within}", within_)
    text = scope.pick(words["pictured" if pictured else "between"])
    text = text.replace("{question}", within(asked)).replace("{Question}", asked)
    path, _, runs = scope.asked(asks_tail, run)
    reply, slots = scope.named(reply, subject)
    return Derived(
        "comparison", pair, path, text if pictured else _with_names(scope, text, pair), reply, m.names[subject],
        answers=(subject,), slots=slots, triples=(triple,), truths=(subject,), claim=claimed, runs=runs,
        shown=tuple([scope.image(each) for each in pair]) if pictured else (),
    )  # fmt: skip


def by_count(scope: Scope, subject: int) -> Derived | None:
    """Ask which of two has more answers to one question."""
    drawn = scope.run_of(subject, most=COMPARED)
    if drawn is None or not drawn[0]:
        return None
    asks_tail, run = drawn
    side, asking = scope.material.side(asks_tail), scope.worded(asks_tail, run).tail
    size = side.size(run)
    other = _sibling(
        scope, subject, asks_tail, run, lambda theirs: 0 < side.size(theirs) <= COMPARED and side.size(theirs) != size
    )
    if other is None or not plain_noun(asking.noun) or not countable(asking.noun):
        return None
    triples = sorted(side.triple[place] for each in (run, other[1]) for place in places(side, each))
    if not all(scope.allowed(triple, 0) for triple in triples):
        return None
    sizes = {subject: size, other[0]: side.size(other[1])}
    winner = max(sizes, key=lambda each: sizes[each])
    pair = scope.in_any_order(subject, other[0])
    reply = scope.pick(scope.words.comparison["more_replies"])
    reply = reply.replace("{n}", str(max(sizes.values()))).replace("{m}", str(min(sizes.values())))
    text = scope.pick(scope.words.comparison["more"]).replace("{nouns}", asking.nouns)
    reply, slots = scope.named(reply, winner)
    path, _, runs = scope.asked(asks_tail, run)
    return Derived(
        "comparison", pair, path, _with_names(scope, text, pair), reply, scope.material.names[winner],
        answers=(winner,), slots=slots, triples=tuple(triples), truths=(winner,), runs=runs,
    )  # fmt: skip


def by_property(scope: Scope, subject: int) -> Derived | None:
    """Ask whose number is larger, or smaller. There is no triple in it, so the pair alone decides on the split."""
    survey = scope.material.survey
    names = [name for name, numbers in survey.measures.items() if subject in numbers]
    if not names:
        return None
    name = scope.pick(names)
    wording = property_wording(scope, name)
    like = survey.measured.get((name, survey.type_of[subject]), ())
    numbers = survey.measures[name]
    for _ in range(TRIES if like and wording else 0):
        other = like[scope.below(len(like))]
        pair = min(subject, other), max(subject, other)
        if numbers[other] == numbers[subject] or not scope.can_say(other, subject):
            continue
        if wording and scope.is_here(*pair, list(survey.measures).index(name)):
            text, larger = wording
            pair = scope.in_any_order(*pair)
            winner = max(pair, key=lambda each: numbers[each] if larger else -numbers[each])
            reply, slots = scope.named(scope.pick(scope.words.comparison["property_replies"]), winner)
            return Derived(
                "comparison", pair, (), _with_names(scope, text, pair), reply, scope.material.names[winner],
                answers=(winner,), slots=slots, truths=(winner,), by=name,
                values=tuple([numbers[each] for each in pair]), wins="larger" if larger else "smaller",
            )  # fmt: skip
    return None


def property_wording(scope: Scope, name: str) -> tuple[str, bool] | None:
    """Return how two are compared by a property, and whether the larger number wins; None if it can't be worded."""
    if name in (known := scope.words.comparison["properties"]):
        text, wins = known[name]
        return text, wins == "larger"
    label = property_words(name)
    return (compared(scope.words, label), True) if label else None


def compared(words: KindWords, label: str) -> str:
    """Return the question whose number is larger: "the higher voltage", "the longer duration", "more visitors"."""
    label = label.removeprefix("number of ")  # more seats
    if is_plural(label) and label.endswith(head_word(label)):
        return str(words.comparison["many"].replace("{property}", label))
    degree = words.comparison["degrees"].get(head_word(label), "higher")
    return str(words.comparison["higher"].replace("{degree}", degree).replace("{property}", label))


def _sibling(
    scope: Scope, subject: int, asks_tail: bool, run: int, fits: Callable[[int], bool]
) -> tuple[int, int] | None:
    """Return another entity of the same type that the same can be asked about, and its run."""
    survey = scope.material.survey
    runs = survey.runs(asks_tail)
    first, count = runs.draw_from(scope.material.side(asks_tail).run_relation[run])
    for _ in range(TRIES):
        theirs = runs.by_relation[first + scope.below(count)]
        other = runs.owner[theirs]
        alike = survey.type_of[other] == survey.type_of[subject] >= 0
        if alike and scope.can_say(other, subject) and fits(theirs):
            return other, theirs
    return None


def _with_names(scope: Scope, text: str, pair: tuple[int, int]) -> str:
    a, b = (scope.material.said[each] for each in pair)
    return text.replace("{a}", a).replace("{b}", b)
