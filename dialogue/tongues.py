"""The same dialogue in several languages: one plan, composed once in each (G8).

A plan is found in the first language; what it draws by number (a wording, a sentence, how a picture is asked for) is
drawn again, by the same number, among what another language has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from json.encoder import encode_basestring

import numpy as np

from dialogue.compose import BARE, Plan, Round
from dialogue.derived import Derived
from dialogue.joining import joining
from dialogue.material import UNSPEAKABLE, Material, Origin, homonyms, pools, prepare
from dialogue.mentions import Names
from dialogue.pictures import picture_words
from dialogue.splits import NOWHERE
from dialogue.verbalise import lexicon, own_wordings
from dialogue.wordings import Wordings
from kg.errors import DataError


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a graph has in a language: relations that are worded, and entities that lack a label, of all there are."""

    relations: int
    of_relations: int
    unlabelled: int
    of_entities: int


def prepare_in(origin: Origin) -> Material:
    """Prepare a graph for dialogues in its languages: the material of the first, with the others beside it.

    Only relations that are worded in all of them are asked for, and there are no other rounds than facts. Raises
    DataError if there is no such relation.
    """
    material, languages = prepare(origin), origin.languages
    if languages == ("en",):
        return material
    first, *others = [_in_language(material, lang) for lang in languages]
    worded = asked_in(material, languages)
    if not worded.any():
        raise DataError(
            f"No relation of the graph '{material.graph.graph}' has wordings in {', '.join(languages)}; write some "
            "into dialogue/lexicon, or leave a language out."
        )
    table = np.asarray(material.splits).copy()
    table[~worded[material.graph.outgoing.relation]] = NOWHERE
    return replace(
        first,
        kinds=(),
        kind_words=None,
        splits=table.data,
        pools=pools(material.graph, table, material.format_table, origin.seed),
        speakable=bytes(map(min, zip(*(each.speakable for each in (first, *others)), strict=True))),
        homonyms=reduce(_merged, (each.homonyms for each in (first, *others))),
        aliases=_aliases(material, languages),
        others=tuple(others),
    )


def asked_in(material: Material, languages: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which relations are worded in all of some languages, (R,)."""
    known = [written_in(material.origin, lang) for lang in languages]
    return np.array(
        [
            all(lang == "en" or relation.path in worded for lang, worded in zip(languages, known, strict=True))
            for relation in material.graph.relations
        ],
        bool,
    )


def written_in(origin: Origin, lang: str) -> Mapping[str, Wordings]:
    """Return the wordings of a language by relation, the user's before ours."""
    return {**lexicon(lang), **own_wordings(origin.lexicon, lang)}


def coverage(material: Material, lang: str) -> Coverage:
    """Count what a graph has in a language."""
    entities = len(material.graph.entities)
    labels = entities if lang == "en" else len(material.graph.labels.get(lang, {}))
    return Coverage(int(asked_in(material, (lang,)).sum()), len(material.graph.relations), entities - labels, entities)


def in_all(material: Material, plan: Plan) -> Iterator[tuple[Material, Plan]]:
    """Yield a plan for each language, with the material to compose it from."""
    if not material.others:
        yield material, plan
        return
    yield material, replace(plan, parallel=plan.id)
    for other in material.others:
        yield other, translated(plan, material, other)


def translated(plan: Plan, first: Material, other: Material) -> Plan:
    """Return a plan as it is composed in another language."""
    rounds = tuple([in_tongue(each, first, other) for each in plan.rounds if isinstance(each, Round)])
    return replace(plan, id=f"{plan.id}-{other.lang}", rounds=rounds, parallel=plan.id)


def in_tongues(material: Material, each: Round | Derived) -> Sequence[tuple[Material, Round | Derived]]:
    """Return a round as it is worded in each language, with the material to word it from."""
    if not material.others or isinstance(each, Derived):
        return ((material, each),)
    return [(material, each), *((other, in_tongue(each, material, other)) for other in material.others)]


def in_tongue(each: Round, first: Material, other: Material) -> Round:
    """Return a round with the numbers that its words have in another language; the wording held out stays so."""
    mine, theirs = first.wordings[each.relation], other.wordings[each.relation]
    forms = len((mine.tail if each.asks_tail else mine.head).forms)
    count = len((theirs.tail if each.asks_tail else theirs.head).forms)
    has_noun = bool(other.nouns[each.subject])
    showing = each.showing % len(other.pictures.shown)
    if "{noun}" in other.pictures.shown[showing].name and not has_noun:
        showing = 0
    unnamed = not each.names_subject and not (has_noun and other.pictures.meant)
    return each._replace(
        form=count - 1 if each.form == forms - 1 else each.form % (count - 1),
        showing=showing,
        statement=BARE if unnamed or each.statement == BARE else each.statement % len(theirs.statements),
    )


def _in_language(material: Material, lang: str) -> Material:
    """Return English material with the words and names of another language; its own name where there is no label."""
    if lang == "en":
        return material
    written, labels = written_in(material.origin, lang), material.graph.labels.get(lang, {})
    names = tuple(labels.get(i) or name for i, name in enumerate(material.names))
    speakable = (not UNSPEAKABLE.search(name) for name in names)
    return replace(
        material,
        lang=lang,
        wordings=tuple(
            written.get(relation.path, worded)
            for relation, worded in zip(material.graph.relations, material.wordings, strict=True)
        ),
        pictures=picture_words(lang),
        joining=joining(lang),
        names=names,
        said=names,
        quoted_names=tuple(map(encode_basestring, names)),
        speakable=bytes(map(min, zip(material.speakable, speakable, strict=True))),
        nouns=("",) * len(names),
        homonyms=homonyms(names),
    )


def _aliases(material: Material, languages: Sequence[str]) -> dict[int, Names]:
    """Return the names of entities with images, labels of these languages among them."""
    labels = [material.graph.labels.get(lang, {}) for lang in languages]
    found = {}
    for i, names in material.aliases.items():
        known = material.graph.entities[i].names
        more = [each[i] for each in labels if i in each and each[i] not in known]
        found[i] = Names((*known, *more)) if more else names
    return found


def _merged(a: dict[int, tuple[int, ...]], b: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    return {i: tuple(sorted({*a.get(i, ()), *b.get(i, ())})) for i in {*a, *b}}
