"""The text of an article: what is told of an entity and of those beside it, or of the members of a theme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dialogue.grammar import noun_of_type
from dialogue.kind_words import plain_noun
from dialogue.wordings import Direction, listed, opening
from kg.errors import GroundingError
from retrieval.article.about import About, Run, Shelf
from retrieval.article.compose import Pen
from retrieval.article.plan import Likeness, called, described, distinct, ordered, plan
from retrieval.article.prose import By, counted, ended, enough
from retrieval.article.theme import Subject, all_types
from retrieval.article.written import Article, Fact, Paragraph, Section, Sentence
from retrieval.measures import known
from retrieval.names import Named

SHORT = 12  # sentences; a shorter article tells of those beside its subject too
BESIDE = 3  # of one relation that it tells of
MOST_BESIDE = 8  # of all
PARTICULAR = 8  # members of a theme that have a paragraph of their own
SHARED = 3  # relations that a theme's members are compared by
A_GROUP = 4  # sentences of such a comparison


@dataclass(frozen=True, slots=True)
class Wish:
    """How an article is to be divided, and what it may tell of."""

    outline: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


EVERYTHING = Wish()


def new_pen(shelf: Shelf) -> Pen:
    """Return what writes about the entities of a graph."""
    labels = shelf.relations.labels
    kinds = {kind if kind.startswith("/") else labels.get(kind, kind) for kind in all_types(shelf.names.values())}
    nouns = {noun_of_type(kind) for kind in kinds} | {each.asking("tail").noun for each in shelf.relations.each}
    return Pen(shelf, frozenset(noun.casefold().split()[0] for noun in nouns if noun))


def draft(pen: Pen, subject: Subject, likeness: Likeness | None = None, wish: Wish = EVERYTHING) -> Article:
    """Write an article without images."""
    about = pen.shelf.about(subject.ids)
    if subject.is_entity:
        sections = _of_entity(pen, about[subject.ids[0]], likeness, wish)
    else:
        sections = _of_theme(pen, subject, about)
    if not any(paragraph.sentences for section in sections for paragraph in section.paragraphs):
        raise GroundingError(
            f"The graph '{pen.shelf.reader.graph}' holds nothing that an article on {subject.title!r} could tell."
        )
    numbers = known()
    told = [fact for fact in pen.facts if fact.object_id or fact.relation in numbers]
    own = [fact for fact in told if fact.subject_id in about or fact.object_id in about]
    return Article(
        graph=pen.shelf.reader.graph,
        title=opening(subject.title),
        about=subject.ids,
        sections=tuple(sections),
        facts=tuple(pen.facts),
        left_out=max(sum(each.facts for each in about.values()) - len(own), 0),
    )


def _of_entity(pen: Pen, about: About, likeness: Likeness | None, wish: Wish) -> list[Section]:
    chosen = plan(about, pen.shelf.relations, likeness, wish.outline, wish.keywords)
    sections = [Section("", (pen.introduction(about, chosen.lead),))]
    sections += [Section(group.title, tuple(pen.paragraphs(about, group.runs))) for group in chosen.groups]
    if wish.outline or wish.keywords or _length(sections) >= SHORT:
        return sections
    return _merged([*sections, *_beside(pen, about, chosen.runs)])


def _merged(sections: Sequence[Section]) -> list[Section]:
    """Put sections of one title together: who the neighbours are, then each of them."""
    found: dict[str, Section] = {}
    for section in sections:
        before = found[section.title].paragraphs if section.title in found else ()
        found[section.title] = Section(section.title, (*before, *section.paragraphs))
    return list(found.values())


def _length(sections: Sequence[Section]) -> int:
    return sum(len(each.sentences) for section in sections for each in section.paragraphs)


def _beside(pen: Pen, about: About, runs: Sequence[Run]) -> list[Section]:
    """Tell of those that an entity's facts lead to, and of which something else is known: of each relation a few."""
    seen = {about.entity.id}
    sections = []
    for run in sorted(runs, key=lambda run: run.total):
        if len(seen) > MOST_BESIDE:
            break
        fresh = [other.id for other in run.others if other.id not in seen][:BESIDE]
        paragraphs = []
        for other in pen.shelf.about(fresh).values():
            own = [each for each in distinct(ordered(other), pen.shelf.relations) if not _leads_to(each, about.entity)]
            if other.numbers or any(each.direction == "tail" and not described(each, other) for each in own):
                seen.add(other.entity.id)
                paragraphs.append(pen.introduction(other, own[:2]))
                pen.turn += 1
        if paragraphs:
            title = opening(called(run)) if run.total > 1 else run.others[0].name
            sections.append(Section(title, tuple(paragraphs)))
    return sections


def _leads_to(run: Run, entity: Named) -> bool:
    return any(other.id == entity.id for other in run.others) and run.total == 1


def _of_theme(pen: Pen, subject: Subject, about: Mapping[str, About]) -> list[Section]:
    members = by_number(list(about.values()))
    lead = _lead(pen, subject, members)
    sections = [Section("", (lead,))] if lead else []
    sections += _shared(pen, subject, members)
    some = sorted(members, key=lambda each: not each.images)[:PARTICULAR] if subject.noun else members[:PARTICULAR]
    paragraphs = []
    for each in some:
        runs = distinct(ordered(each), pen.shelf.relations)
        paragraphs.append(pen.introduction(each, runs[: 2 if subject.noun else 5]))
        pen.turn += 1
    paragraphs = [each for each in paragraphs if each.sentences]
    title = "One by one" if len(paragraphs) >= subject.total else f"{opening(counted(len(paragraphs)))} of them"
    return [*sections, Section(title if sections else "", tuple(paragraphs))]


def _lead(pen: Pen, subject: Subject, members: Sequence[About]) -> Paragraph | None:
    """Name some of the members, and those with the largest and smallest number."""
    if not subject.noun or len(members) < 2:
        return None
    facts: list[Fact] = []
    shown: list[About] = []
    names = [each.said for each in members]
    for each in members[: enough(names, subject.total)]:
        found = _membership(pen.shelf, subject, each)
        if found:
            facts += found
            shown.append(each)
    of = f" {subject.by} {pen.shelf.said(subject.anchor)}" if subject.anchor else ""
    said = listed([each.said for each in shown])
    many = subject.total > len(shown)
    text = (
        f"Among the {counted(subject.total)} {subject.nouns}{of} are {said}."
        if many
        else f"The {subject.nouns}{of} are {said}."
    )
    sentences = [Sentence(ended(text), pen.cite(facts)), *_extremes(pen, subject, members)]
    return Paragraph(
        subject.anchor.id if subject.anchor else shown[0].entity.id,
        tuple(sentences),
        tuple(dict.fromkeys(id for fact in facts for id in (fact.object_id, fact.subject_id) if id)),
    )


def _membership(shelf: Shelf, subject: Subject, member: About) -> list[Fact]:
    """Return the edges by which an entity belongs to a theme."""
    if subject.relation is None and subject.anchor is None:
        return [Fact(member.entity.name, member.entity.id, "types", member.entity.types[0])]
    if subject.relation is None:
        return _edges(member, subject.anchor, subject.via)[:1]
    heads = [run for run in member.runs if run.relation.path == subject.relation.path and run.direction == "head"]
    found: list[Fact] = []
    for run in heads:
        for head in shelf.about([other.id for other in run.others[:3]]).values():
            edge = _edges(head, subject.anchor)[:1] if subject.anchor else []
            if edge or subject.anchor is None:
                found += [*run.facts(member.entity, [head.entity]), *edge]
                return found
    return found


def _edges(about: About, anchor: Named | None, via: str = "") -> list[Fact]:
    """Return an entity's edges to another, of one relation where it is named."""
    return [
        fact
        for run in about.runs
        for other in run.others
        if anchor is not None and other.id == anchor.id and via in ("", run.relation.path)
        for fact in run.facts(about.entity, [other])
    ]


def by_number(members: Sequence[About]) -> list[About]:
    """Order entities by the first number that they all have, the largest first; else leave them as they are."""
    name = _common_number(members)
    return sorted(members, key=lambda each: -each.numbers[name]) if name else list(members)


def _common_number(members: Sequence[About]) -> str | None:
    """Return the property by which entities can be compared: population before all others."""
    names = [
        name
        for name, measure in known().items()
        if not measure.months
        and measure.says not in ("latitude", "longitude")
        and all(name in each.numbers for each in members)
    ]
    return min(names, key=lambda name: known()[name].says != "population", default=None)


def _extremes(pen: Pen, subject: Subject, members: Sequence[About]) -> list[Sentence]:
    """Say who has the largest and the smallest number, where every member is read and has it."""
    name = _common_number(members)
    if name is None or subject.total > len(members) or len(members) < 3:
        return []
    having = sorted(members, key=lambda each: each.numbers[name])
    least, most, measure = having[0], having[-1], known()[name]
    told = [measure.said(each.numbers[name]) for each in (most, least)]
    facts = [
        Fact(each.entity.name, each.entity.id, name, value) for each, value in zip((most, least), told, strict=True)
    ]
    text = f"{opening(most.said)} has the largest {measure.says}, {told[0]}, and {least.said} the smallest, {told[1]}."
    return [Sentence(text, pen.cite(facts))]


def _shared(pen: Pen, subject: Subject, members: Sequence[About]) -> list[Section]:
    """Tell what several members have in common, by relations of which each member has one answer."""
    by_relation: dict[tuple[str, Direction], dict[str, list[About]]] = defaultdict(lambda: defaultdict(list))
    runs: dict[tuple[str, Direction], Run] = {}
    for member in members:
        for run in ordered(member):
            if run.total <= 3 and run.direction == "tail":
                runs.setdefault((run.relation.path, run.direction), run)
                for other in run.others:
                    by_relation[run.relation.path, run.direction][other.id].append(member)
    scored = []
    for key, groups in by_relation.items():
        large = {id: found for id, found in groups.items() if 1 < len(found) < max(len(members), 3)}
        if subject.anchor:
            large.pop(subject.anchor.id, None)
        covered = {each.entity.id for found in large.values() for each in found}
        if large and len(groups) > 1 and len(covered) >= len(members) / 4:
            scored.append((len(covered), key, large))
    sections = []
    for _, key, large in sorted(scored, key=lambda each: (-each[0], each[1]))[:SHARED]:
        sections.append(_comparison(pen, runs[key], large))
    return sections


def _comparison(pen: Pen, run: Run, groups: Mapping[str, Sequence[About]]) -> Section:
    """Tell of each thing that several share who shares it, the widest spread first."""
    order = sorted(groups, key=lambda id: (-len(groups[id]), id))[:A_GROUP]
    others = pen.shelf.about(order)
    sentences, mentions = [], []
    for id, other in others.items():
        sharing = [each.entity for each in groups[id]]
        turned: Direction = "head" if run.direction == "tail" else "tail"
        back = replace(run, direction=turned, total=len(sharing), others=tuple(sharing), degrees=())
        said, facts, named = pen.sentence(other, back, By.NAME)
        pen.turn += 1
        sentences.append(Sentence(said.text, pen.cite(facts)))
        mentions += [*named, id]
    title = opening(run.nouns) if plain_noun(run.noun) else "What they share"
    return Section(title, (Paragraph(next(iter(others)), tuple(sentences), tuple(dict.fromkeys(mentions))),))
