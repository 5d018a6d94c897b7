"""From a plan to a conversation: pure functions. A plan holds numbers; only here they become words."""

from dataclasses import dataclass
from typing import NamedTuple

from dialogue.derived import Derived
from dialogue.kind_words import KindWords, possessive
from dialogue.material import Material
from dialogue.pictures import NEUTRAL, PERSONS
from dialogue.splits import TEST
from dialogue.types import FORMATS, IMAGE, Dialogue, Direction, Fact, Query, Shown, Span, Turn
from dialogue.wordings import Statement, fill, opening, parted

BARE = -1  # the answer is a name and nothing else
NAMED, THIS, AGAIN = range(
    3
)  # how a question refers to its subject: by name; as this country; as in "And its capital?"


class Round(NamedTuple):  # which is made in a third of the time of a frozen dataclass
    """A question and its answer. Entities, relations and triples by their numbers in the graph.

    `run` is the stretch of triples, on the side where the subject stands, that holds every true answer.
    """

    subject: int
    relation: int
    asks_tail: bool
    run: int
    answers: tuple[int, ...]  # that are named
    triples: tuple[int, ...]  # one for each of `answers`
    form: int  # of the question
    format: int  # bit 0: the question shows the subject; bit 1: the answer shows what it names
    showing: int  # which of PictureWords.shown, where the question shows the subject
    subject_image: int
    answer_images: tuple[int, ...]  # one for each of `answers`, where the answer shows what it names
    statement: int  # which sentence answers, or BARE
    names_subject: bool  # whether that sentence names the subject
    request: int  # which words ask for a picture, modulo how many there are
    reply: int  # which words give it, in the same way
    refers: int = NAMED
    split: int = TEST  # which of the answers it may list


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dialogue is about: its rounds, and the strategy by which they were found."""

    id: str
    strategy: str
    rounds: tuple[Round | Derived, ...]
    parallel: str | None = None  # of a dialogue in several languages: the id of its first version


def compose(material: Material, plan: Plan) -> Dialogue:
    """Write out a plan."""
    turns: list[Turn] = []
    for each in plan.rounds:
        turns += derived_turns(material, each) if isinstance(each, Derived) else _turns(material, each)
    return Dialogue(plan.id, material.graph.graph, material.lang, plan.strategy, tuple(turns), plan.parallel)


def question(material: Material, each: Round | Derived) -> str:
    """Return what the human says."""
    if isinstance(each, Derived):
        return each.question
    worded = material.wordings[each.relation]
    asking = worded.tail if each.asks_tail else worded.head
    form = asking.forms[each.form]
    if each.format & 1:
        showing = material.pictures.shown[each.showing]
        name = showing.name.replace("{noun}", material.nouns[each.subject]) if each.showing else showing.name
        text = f"{showing.before}{fill(form, name)}{showing.after}"
        for left, right in material.pictures.quotes:
            text = text.replace(f"{left}{IMAGE}{right}", IMAGE)
    elif each.refers == THIS:
        text = fill(form, _words(material).refers["this"].replace("{noun}", material.nouns[each.subject]))
    elif each.refers == AGAIN:
        text = _again(material, each)
    else:
        text = fill(form, material.said[each.subject])
    if each.format & 2:
        several = material.side(each.asks_tail).size(each.run) > 1
        requests = material.pictures.requests[NEUTRAL if several else asking.kind in PERSONS]
        return f"{text}{material.joining.gap}{requests[each.request % len(requests)]}"
    return text


def _words(material: Material) -> KindWords:
    assert material.kind_words is not None  # noqa: S101 - or nothing would refer to what was said before
    return material.kind_words


def _again(material: Material, each: Round) -> str:
    """Return the question that is understood from the one before: "And its currency?"."""
    worded, words = material.wordings[each.relation], _words(material)
    noun = worded.tail.nouns if material.out.size(each.run) > 1 else worded.tail.noun
    forms = words.refers["again"]
    text = forms[each.form % len(forms)].replace("{its}", possessive(words, worded.head))
    return str(text.replace("{noun}", noun))


def reply(material: Material, each: Round | Derived) -> tuple[str, list[int]]:
    """Return what the model says, and where the name of each answer begins and ends: two numbers an answer."""
    if isinstance(each, Derived):
        return each.reply, list(each.slots)
    if each.statement == BARE:
        text, slots = _bare(material, each)
    else:
        text, slots = _sentence(material, each, material.wordings[each.relation].statements[each.statement])
    if each.format & 2:
        worded = material.wordings[each.relation]
        several = len(each.answers) > 1
        whom = NEUTRAL if several else (worded.tail if each.asks_tail else worded.head).kind in PERSONS
        replies = material.pictures.replies[whom]
        more = "\n<image>" * (len(each.answers) - 1)
        return f"{text}{material.joining.gap}{replies[each.reply % len(replies)]}{more}", slots
    return text, slots


def _bare(material: Material, each: Round) -> tuple[str, list[int]]:
    """Name the answers and say no more."""
    said = [material.said[entity] for entity in each.answers]
    said[0] = opening(said[0])
    slots: list[int] = []
    end = 0
    for i, (name, entity) in enumerate(zip(said, each.answers, strict=True)):
        start = end + (len(material.joining.between(said, i)) if i else 0)
        end = start + len(name)
        slots += (max(start, end - len(material.names[entity])), end)  # a capital may be longer: ß, SS
    return material.joining.answer(said), slots


def _sentence(material: Material, each: Round, form: Statement) -> tuple[str, list[int]]:
    """State the fact; the slot leaves the answer's article out."""
    if each.names_subject:
        subject = material.said[each.subject]
    else:
        subject = material.pictures.meant.replace("{noun}", material.nouns[each.subject])
    text, start, end = stated(material, form, subject, each.answers[0], each.asks_tail)
    return text, [start, end]


def stated(material: Material, form: Statement, subject: str, entity: int, asks_tail: bool) -> tuple[str, int, int]:
    """State a fact, and return where the answer's name begins and ends, without its article."""
    name, found = material.names[entity], material.said[entity]
    subject_first = form.head_first == asks_tail
    first, second = (subject, found) if subject_first else (found, subject)
    before, between, first, after = parted(form, first, second)
    if subject_first:
        end = len(before) + len(first) + len(between) + len(found)
        return f"{before}{first}{between}{second}{after}", end - len(name), end
    end = len(before) + len(first)
    start = 0 if not before and len(name) == len(found) else end - len(name)  # a capital may be longer: ß, SS
    return f"{before}{first}{between}{second}{after}", start, end


def _turns(material: Material, each: Round) -> tuple[Turn, Turn]:
    ids = material.ids
    text, ends = reply(material, each)
    asked = (_shown(material, each.subject, each.subject_image),) if each.format & 1 else ()
    given = tuple([_shown(material, *pair) for pair in zip(each.answers, each.answer_images, strict=False)])
    starts = zip(ends[::2], ends[1::2], each.answers, strict=True)
    fact = Fact(
        kind="fact",
        triples=tuple([_named(material, each.relation, number) for number in each.triples]),
        direction="tail" if each.asks_tail else "head",
        answers=tuple([ids[entity] for entity in true_answers(material, each)]),
        value=material.joining.listed([material.names[entity] for entity in each.answers]),
        slots=tuple([Span(start, end, ids[entity]) for start, end, entity in starts]),
        format=FORMATS[each.format],
        refers=each.refers != NAMED,
    )
    return Turn("human", question(material, each), asked), Turn("model", text, given, fact)


def derived_turns(material: Material, each: Derived) -> tuple[Turn, Turn]:
    """Write out a round of another kind than a fact."""
    ids, relations, numbers = material.ids, material.graph.relations, each.triples
    path: list[tuple[str, Direction]] = [
        (relations[relation].path, "tail" if asks_tail else "head") for relation, asks_tail in each.path
    ]
    fact = Fact(
        kind=each.kind,
        triples=tuple([_named(material, material.relation_of[number], number) for number in numbers]),
        direction=path[-1][1] if path else "tail",
        answers=tuple([ids[entity] for entity in each.truths]),
        value=each.value,
        slots=tuple(each.spans(ids)),
        format=FORMATS[each.format],
        query=Query(
            subjects=tuple([ids[entity] for entity in each.subjects]),
            path=tuple(path),
            claim=None if each.claim is None else ids[each.claim],
            by=each.by,
            values=each.values,
            wins=each.wins,
        ),
    )
    shown = tuple([_shown(material, *image) for image in each.shown])
    return Turn("human", each.question, shown), Turn("model", each.reply, (), fact)


def true_answers(material: Material, each: Round) -> list[int]:
    """Return every entity that answers a question truly, as far as the split knows, ascending."""
    side = material.side(each.asks_tail)
    first, last = side.run_start[each.run], side.run_start[each.run + 1]
    found: list[int] = side.neighbour[first:last].tolist()
    if material.parts is None:
        return found
    triples = side.triple[first:last].tolist()
    return [entity for entity, triple in zip(found, triples, strict=True) if material.knows(each.split, triple)]


def _named(material: Material, relation: int, number: int) -> tuple[str, str, str]:
    ids = material.ids
    return ids[material.heads[number]], material.graph.relations[relation].path, ids[material.out.neighbour[number]]


def _shown(material: Material, entity: int, image: int) -> Shown:
    picture = material.graph.entities[entity].images[image]
    return Shown(picture.path, picture.sha256, material.ids[entity])
