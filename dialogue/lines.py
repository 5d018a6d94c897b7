"""From a plan straight to its line: what `to_line(compose(…))` gives, without the objects in between.

A build writes hundreds of thousands of rounds; here a round is one formatted string, of which only the two texts need
an encoder. A test holds both ways to the same bytes.
"""

from collections.abc import Sequence
from json.encoder import encode_basestring

from dialogue.compose import Plan, Round, derived_turns, question, reply, true_answers
from dialogue.derived import Derived
from dialogue.material import Material
from dialogue.serialise import SCHEMA, quote, turn
from dialogue.types import FORMATS

_NOTHING = ("", "")


def line(material: Material, plan: Plan) -> str:
    """Return a plan as one line of JSON, without the line break."""
    turns = ",".join([_round(material, each) for each in plan.rounds])
    parallel = "null" if plan.parallel is None else encode_basestring(plan.parallel)
    return (
        f'{{"schema":{SCHEMA},"id":{encode_basestring(plan.id)},"graph":{quote(material.graph.graph)},'
        f'"lang":{quote(material.lang)},"parallel":{parallel},"strategy":{quote(plan.strategy)},'
        f'"conversations":[{turns}]}}'
    )


def _round(material: Material, each: Round | Derived) -> str:
    if isinstance(each, Derived):
        return ",".join(map(turn, derived_turns(material, each)))
    ids, number = material.quoted, each.format
    text, ends = reply(material, each)
    if len(each.triples) == 1:
        entity = each.answers[0]
        relation, here, there = material.quoted_paths[each.relation], ids[each.subject], ids[entity]
        triple = triples = f"[{here},{relation},{there}]" if each.asks_tail else f"[{there},{relation},{here}]"
        slots, value = f"[{ends[0]},{ends[1]},{there}]", material.quoted_names[entity]
    else:
        triple, triples, slots = "null", _triples(material, each), _slots(material, each, ends)
        value = encode_basestring(material.joining.listed([material.names[entity] for entity in each.answers]))
    asked = _image(material, each.subject, each.subject_image) if number & 1 else _NOTHING
    given = _images(material, each.answers, each.answer_images) if number & 2 else _NOTHING
    refers = '"refers":true,' if each.refers else ""
    answers = ",".join([ids[entity] for entity in true_answers(material, each)])
    return (
        f'{{"from":"human","value":{encode_basestring(question(material, each))},"image_list":[{asked[0]}],'
        f'"kg":{{"images":[{asked[1]}]}}}},{{"from":"model","value":{encode_basestring(text)},"image_list":[{given[0]}],'
        f'"kg":{{"kind":"fact","triple":{triple},"triples":[{triples}],'
        f'"direction":"{"tail" if each.asks_tail else "head"}","answers":[{answers}],"value":{value},'
        f'"slots":[{slots}],"format":"{FORMATS[number]}",{refers}"images":[{given[1]}]}}}}'
    )


def _triples(material: Material, each: Round) -> str:
    ids, relation = material.quoted, material.quoted_paths[each.relation]
    ends = ((ids[material.heads[number]], ids[material.out.neighbour[number]]) for number in each.triples)
    return ",".join([f"[{head},{relation},{tail}]" for head, tail in ends])


def _slots(material: Material, each: Round, ends: list[int]) -> str:
    named = zip(ends[::2], ends[1::2], each.answers, strict=True)
    return ",".join([f"[{start},{end},{material.quoted[entity]}]" for start, end, entity in named])


def _images(material: Material, entities: Sequence[int], images: Sequence[int]) -> tuple[str, str]:
    if len(entities) == 1:
        return _image(material, entities[0], images[0])
    found = [_image(material, *pair) for pair in zip(entities, images, strict=True)]
    return ",".join([file for file, _ in found]), ",".join([image for _, image in found])


def _image(material: Material, entity: int, image: int) -> tuple[str, str]:
    """Return an image as it stands in image_list and in kg.images."""
    picture = material.graph.entities[entity].images[image]
    file = quote(picture.path)
    return file, f'{{"file":{file},"sha256":{quote(picture.sha256)},"entity":{material.quoted[entity]}}}'
