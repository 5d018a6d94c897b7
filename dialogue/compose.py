"""From a plan to a conversation: pure functions. A plan holds numbers; only here they become words."""

from dataclasses import dataclass

from dialogue.material import Material
from dialogue.pictures import NEUTRAL, PERSONS
from dialogue.types import FORMATS, Dialogue, Fact, Shown, Span, Turn
from dialogue.verbalise import answer
from dialogue.wordings import Statement, fill, fitted, listed, state

BARE = -1  # the answer is a name and nothing else


@dataclass(frozen=True, slots=True)
class Round:
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
    answer_image: int
    statement: int  # which sentence answers, or BARE
    names_subject: bool  # whether that sentence names the subject
    request: int  # which words ask for a picture, modulo how many there are
    reply: int  # which words give it, in the same way


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dialogue is about: its rounds, and the strategy by which they were found."""

    id: str
    strategy: str
    rounds: tuple[Round, ...]


def compose(material: Material, plan: Plan) -> Dialogue:
    """Write out a plan."""
    turns: list[Turn] = []
    for each in plan.rounds:
        turns += _turns(material, each)
    return Dialogue(plan.id, material.graph.graph, material.lang, plan.strategy, tuple(turns))


def question(material: Material, each: Round) -> str:
    """Return what the human says."""
    worded = material.wordings[each.relation]
    asking = worded.tail if each.asks_tail else worded.head
    form = asking.forms[each.form]
    if each.format & 1:
        showing = material.pictures.shown[each.showing]
        name = showing.name.replace("{noun}", material.nouns[each.subject]) if each.showing else showing.name
        text = f"{showing.before}{fill(form, name)}{showing.after}"
    else:
        text = fill(form, material.articles[each.subject] + material.names[each.subject])
    if each.format & 2:
        several = material.side(each.asks_tail).size(each.run) > 1
        requests = material.pictures.requests[NEUTRAL if several else asking.kind in PERSONS]
        return f"{text} {requests[each.request % len(requests)]}"
    return text


def reply(material: Material, each: Round) -> tuple[str, tuple[Span, ...]]:
    """Return what the model says, and where it names the answers."""
    worded = material.wordings[each.relation]
    if each.statement == BARE:
        names = [material.names[entity] for entity in each.answers]
        names[0] = names[0] if material.articles[each.answers[0]] else _capital(names[0])
        article = _capital(material.articles[each.answers[0]]) if len(names) == 1 else ""
        text, slots = article + answer(names), []
        start = len(article)
        for i, name in enumerate(names):
            slots.append(Span(start, start + len(name), material.ids[each.answers[i]]))
            start += len(name) + (len(" and ") if i == len(names) - 2 else len(", "))
    else:
        text, slot = _sentence(material, each, worded.statements[each.statement])
        slots = [slot]
    if each.format & 2:
        replies = material.pictures.replies[(worded.tail if each.asks_tail else worded.head).kind in PERSONS]
        text = f"{text} {replies[each.reply % len(replies)]}"
    return text, tuple(slots)


def _sentence(material: Material, each: Round, form: Statement) -> tuple[str, Span]:
    """State the fact; return also where the answer's name stands, its article left out."""
    if each.names_subject:
        subject = material.articles[each.subject] + material.names[each.subject]
    else:
        subject = material.pictures.meant.replace("{noun}", material.nouns[each.subject])
    article, name = material.articles[each.answers[0]], material.names[each.answers[0]]
    found = article + name
    head, tail = (subject, found) if each.asks_tail else (found, subject)
    form = fitted(form, head, tail)
    start = len(form.before) + len(article)
    if form.head_first == each.asks_tail:
        start += len(form.between) + len(subject if form.before else _capital(subject))
    elif not form.before and not article:
        name = _capital(name)
    return state(form, head, tail), Span(start, start + len(name), material.ids[each.answers[0]])


def _capital(name: str) -> str:
    """Return a name as it begins a sentence; the capital of one letter may be two."""
    return name[:1].upper() + name[1:]


def _turns(material: Material, each: Round) -> tuple[Turn, Turn]:
    text, slots = reply(material, each)
    asked: tuple[Shown, ...] = ()
    given: tuple[Shown, ...] = ()
    if each.format & 1:
        asked = (_shown(material, each.subject, each.subject_image),)
    if each.format & 2:
        given = (_shown(material, each.answers[0], each.answer_image),)
    fact = Fact(
        kind="fact",
        triples=tuple([_triple(material, each, number) for number in each.triples]),
        direction="tail" if each.asks_tail else "head",
        answers=_answers(material, each),
        value=listed([material.names[entity] for entity in each.answers]),
        slots=slots,
        format=FORMATS[each.format],
    )
    return Turn("human", question(material, each), asked), Turn("model", text, given, fact)


def _answers(material: Material, each: Round) -> tuple[str, ...]:
    side = material.side(each.asks_tail)
    ids = material.ids
    found = side.neighbour[side.run_start[each.run] : side.run_start[each.run + 1]]
    return tuple([ids[entity] for entity in found])


def _triple(material: Material, each: Round, number: int) -> tuple[str, str, str]:
    ids = material.ids
    return (
        ids[material.heads[number]],
        material.graph.relations[each.relation].path,
        ids[material.out.neighbour[number]],
    )


def _shown(material: Material, entity: int, image: int) -> Shown:
    picture = material.graph.entities[entity].images[image]
    return Shown(picture.path, picture.sha256, material.ids[entity])
