"""Composing and serialising dialogues against jinja2 and json doing the same texts from the same plans."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from benchmarks.turns import in_turn
from dialogue.compose import BARE, Plan, Round, compose
from dialogue.lines import line
from dialogue.material import Material, Origin, prepare
from dialogue.pictures import NEUTRAL, PERSONS
from dialogue.types import FORMATS
from dialogue.walk import Task, walk
from dialogue.wordings import Question, Statement
from ingest.mmkb import read_mmkb
from ingest.sample import folder
from kg.adjacency import Picture, Relation, Vertex, build
from kg.naming import relation_label, relation_types, type_labels
from kg.rdf import read_rdf
from kg.types import Source

DIALOGUES = 3_000
UPPER = "{{% if {0}[1:2].isupper() %}}{{{{ {0} }}}}{{% else %}}{{{{ {0}[:1]|upper }}}}{{{{ {0}[1:] }}}}{{% endif %}}"


def main() -> None:
    """Measure on the bundled atlas, and on FB15K where KWK_FB15K_DIR names it. No store is needed."""
    sources = [read_rdf([folder() / "atlas.ttl"], "atlas")]
    if os.environ.get("KWK_FB15K_DIR"):
        sources.append(read_mmkb(Path(os.environ["KWK_FB15K_DIR"]), "fb15k"))
    for source in sources:
        bench(material_of(source))


def material_of(source: Source) -> Material:
    """Prepare a source without a store; images stand with a sha256 of zeros."""
    images: dict[str, list[Picture]] = {}
    for file in source.images:
        images.setdefault(file.entity, []).append(Picture(file.path, "0" * 64))
    paths = sorted({triple.relation for triple in source.triples})
    types = relation_types(paths, {})
    entities = [Vertex(e.id, e.names, e.types, tuple(images.get(e.id, ()))) for e in source.entities]
    relations = [Relation(path, types[path], relation_label(path)) for path in paths]
    kinds = type_labels(sorted({e.types[0] for e in source.entities if e.types}), {})
    facts = ((triple.head, triple.relation, triple.tail) for triple in source.triples)
    return prepare(Origin(build(source.name, entities, relations, facts, kinds), kinds=()))


def bench(material: Material) -> None:
    """Write the same plans as lines, both ways, after proving that the lines say the same."""
    found = [walk(material, 0, Task(0, n, turn=n)).plan for n in range(DIALOGUES)]
    plans = [plan for plan in map(plainly, found) if plan.rounds]
    spans = {plan.id: [turn.fact.slots for turn in compose(material, plan).turns if turn.fact] for plan in plans}
    peer = Peer(material, spans)
    for plan in plans:
        assert json.loads(line(material, plan)) == json.loads(peer.line(plan))
    rounds = sum(len(plan.rounds) for plan in plans)

    def ours() -> None:
        for plan in plans:
            line(material, plan)

    def theirs() -> None:
        for plan in plans:
            peer.line(plan)

    in_turn(f"{rounds:,} rounds of {material.graph.graph}, composed and serialised", ours, theirs)


def plainly(plan: Plan | None) -> Plan:
    """Return a plan without the rounds that the peer's templates do not know: "its", and several pictures at once."""
    rounds = plan.rounds if plan else ()
    facts = [each for each in rounds if isinstance(each, Round) and not each.refers and len(each.answer_images) < 2]
    return Plan(plan.id if plan else "", plan.strategy if plan else "", tuple(facts))


class Peer:
    """The way it is commonly done: a compiled template a sentence, a dictionary a turn, json.dumps a line.

    It is given for nothing what it would have to look for: where each answer stands in its sentence.
    """

    def __init__(self, material: Material, spans: dict[str, Any]) -> None:
        self.m = material
        self.spans = spans
        self.compiled = cache(Environment(autoescape=False).from_string)  # noqa: S701 - plain text, not HTML

    def line(self, plan: Plan) -> str:
        """Write a plan as a line of JSON."""
        turns: list[dict[str, Any]] = []
        for each, slots in zip(plan.rounds, self.spans[plan.id], strict=True):
            turns += self.round(each, slots)
        record = {
            "schema": 1,
            "id": plan.id,
            "graph": self.m.graph.graph,
            "lang": self.m.lang,
            "parallel": None,
            "strategy": plan.strategy,
            "conversations": turns,
        }
        return json.dumps(record, ensure_ascii=False, separators=(",", ":"))

    def round(self, each: Round, slots: Any) -> list[dict[str, Any]]:
        """Return both turns of a round."""
        m = self.m
        side = m.side(each.asks_tail)
        answers = side.neighbour[side.run_start[each.run] : side.run_start[each.run + 1]]
        relation = m.graph.relations[each.relation].path
        triples = [[m.ids[m.heads[n]], relation, m.ids[m.out.neighbour[n]]] for n in each.triples]
        asked = [self.image(each.subject, each.subject_image)] if each.format & 1 else []
        given = [self.image(*pair) for pair in zip(each.answers, each.answer_images, strict=False)]
        names = [m.names[entity] for entity in each.answers]
        knowledge = {
            "kind": "fact",
            "triple": triples[0] if len(triples) == 1 else None,
            "triples": triples,
            "direction": "tail" if each.asks_tail else "head",
            "answers": [m.ids[entity] for entity in answers],
            "value": ", ".join(names[:-2] + [" and ".join(names[-2:])]),
            "slots": [[slot.start, slot.end, slot.entity] for slot in slots],
            "format": FORMATS[each.format],
            "images": given,
        }
        files = [[image["file"] for image in images] for images in (asked, given)]
        return [
            {"from": "human", "value": self.question(each), "image_list": files[0], "kg": {"images": asked}},
            {"from": "model", "value": self.reply(each), "image_list": files[1], "kg": knowledge},
        ]

    def image(self, entity: int, n: int) -> dict[str, str]:
        """Return an image as the format has it."""
        picture = self.m.graph.entities[entity].images[n]
        return {"file": picture.path, "sha256": picture.sha256, "entity": self.m.ids[entity]}

    def question(self, each: Round) -> str:
        """Render what the human says."""
        m = self.m
        asking = m.wordings[each.relation].asking("tail" if each.asks_tail else "head")
        several = m.side(each.asks_tail).size(each.run) > 1
        requests = m.pictures.requests[NEUTRAL if several else asking.kind in PERSONS]
        showing = m.pictures.shown[each.showing]
        name = m.said[each.subject]
        if each.format & 1:
            name = showing.name.replace("{noun}", m.nouns[each.subject])
        return self.compiled(question_template(asking.forms[each.form])).render(
            x=name,
            before=showing.before if each.format & 1 else "",
            after=showing.after if each.format & 1 else "",
            request=requests[each.request % len(requests)] if each.format & 2 else "",
        )

    def reply(self, each: Round) -> str:
        """Render what the model says."""
        m = self.m
        names = [m.said[entity] for entity in each.answers]
        worded = m.wordings[each.relation]
        replies = m.pictures.replies[worded.asking("tail" if each.asks_tail else "head").kind in PERSONS]
        subject = m.said[each.subject]
        if not each.names_subject:
            subject = m.pictures.meant.replace("{noun}", m.nouns[each.subject])
        found = m.said[each.answers[0]]
        ends = (subject, found)
        head, tail = ends if each.asks_tail else ends[::-1]
        text = BARE_ANSWER if each.statement == BARE else statement_template(worded.statements[each.statement])
        return self.compiled(text).render(
            names=names,
            first=found,
            head=head,
            tail=tail,
            reply=replies[each.reply % len(replies)] if each.format & 2 else "",
        )


BARE_ANSWER = (
    UPPER.format("first") +
    "{% for name in names[1:-1] %}, {{ name }}{% endfor %}{% if names|length > 1 %} and {{ names[-1] }}{% endif %}"
    "{% if names[-1][-1] not in '.!?' %}.{% endif %}{% if reply %} {{ reply }}{% endif %}"
)  # fmt: skip


def alone(name: str, classed: str) -> str:
    """Return the condition under which a name needs no "the lake " before it."""
    return f"{name}.startswith(('the ', 'this ', 'a ', 'an ')) or ' {classed}' in ' ' ~ {name}|lower"


@cache
def question_template(form: Question) -> str:
    """Return a question as a template."""
    lead = form.prefix[len(form.bare) :]
    stop = "{% if x[-1] != '?' %}?{% endif %}" if form.suffix == "?" and form.prefix else form.suffix
    name = form.bare + "{{ x }}" if form.bare else UPPER.format("x")
    if lead:
        name = f"{{% if {alone('x', form.classed)} %}}{name}{{% else %}}{form.prefix}{{{{ x }}}}{{% endif %}}"
    return "{{ before }}" + name + stop + "{{ after }}{% if request %} {{ request }}{% endif %}"


@cache
def statement_template(form: Statement) -> str:
    """Return a statement as a template."""
    first, second = ("head", "tail") if form.head_first else ("tail", "head")
    pieces = []
    texts = (form.before, form.between)
    for text, lead, classed, name in zip(texts, form.leads, form.classed, (first, second), strict=True):
        short = text.removesuffix(lead) if lead else text
        piece = short + f"{{{{ {name} }}}}" if short else UPPER.format(name)
        if lead:
            piece = f"{{% if {alone(name, classed)} %}}{piece}{{% else %}}{text}{{{{ {name} }}}}{{% endif %}}"
        pieces.append(piece)
    after = form.after
    if after[:1] == ".":
        after = f"{{% if {second}[-1] not in '.!?' %}}.{{% endif %}}{after[1:]}"
    return "".join(pieces) + after + "{% if reply %} {{ reply }}{% endif %}"
