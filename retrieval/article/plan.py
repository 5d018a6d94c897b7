"""What an article tells of an entity, and in which order: few facts of many, chosen by how much each says.

A fact about few says more than one of three thousand, one with a single answer more than a long list, and one whose
other end everything is connected to says little. What says the same in other words is told once.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dialogue.grammar import noun_of_type
from dialogue.kind_words import plain_noun
from dialogue.topics import ELSEWHERE, area_of, topic_of
from dialogue.verbalise import paraphrases
from dialogue.wordings import listed, opening
from dialogue.words import english, plural
from retrieval.article.about import About, Run
from retrieval.relations import Relations, column

LEAD = 3  # relations that the lead tells
SECTIONS = 6  # beside the lead
A_SECTION = 8  # relations of a section, at most
OVERLAP = 0.6  # two lists of one kind of which so much is the same are told once
A_LIST = 8  # answers; a longer list says less
NEARLY = 0.8  # of the likeness of the relation that is likest
LIKE = 0.35  # as like a heading or a keyword as this, a relation is about it
_TITLES = {"person": "People", "group": "Groups", "organization": "Organizations", "work": "Works", "event": "Events"}

Likeness = Callable[[str], Sequence[float]]  # of a heading or keyword with each column of the relations


@dataclass(frozen=True, slots=True)
class Group:
    """The relations of one section."""

    title: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is told of an entity, in its order."""

    lead: tuple[Run, ...]
    groups: tuple[Group, ...]

    @property
    def runs(self) -> list[Run]:
        """Return all relations that are told."""
        return [*self.lead, *(run for group in self.groups for run in group.runs)]


def plan(
    about: About,
    relations: Relations,
    likeness: Likeness | None = None,
    outline: Sequence[str] = (),
    keywords: Sequence[str] = (),
) -> Plan:
    """Choose what is told of an entity. An outline gives the sections, keywords what they may tell of."""
    told = [run for run in distinct(ordered(about), relations) if not described(run, about)]
    if keywords and likeness:
        told = [run for run in told if any(run in fitting(told, word, relations, likeness) for word in keywords)]
    lead = [run for run in told if run.total == 1 and run.direction == "tail" or asked(run) and run.total < 4][:LEAD]
    rest = [run for run in told if run not in lead]
    if outline and likeness:
        return Plan(tuple(lead), tuple(outlined(rest, outline, relations, likeness)))
    return Plan(tuple(lead), tuple(grouped(about, rest)[:SECTIONS]))


def ordered(about: About) -> list[Run]:
    """Return an entity's relations, the most telling first; those that say nothing to a reader are left out."""
    runs = [run for run in about.runs if run.others and not run.relation.trivial]
    own = {kind.split("/")[1] for kind in about.entity.types[:3] if kind.startswith("/")}
    return sorted(runs or about.runs, key=lambda run: (-telling(run, own), run.relation.path, run.direction))


def described(run: Run, about: About) -> bool:
    """Say whether an entity's description says a fact already: a country in Africa; the capital of Chad."""
    noun, told = run.relation.asking("tail").noun, about.description
    if run.total != 1 or not re.search(rf"\b{re.escape(run.others[0].name)}\b", told):
        return False
    return noun in english().kinds or noun.casefold() in told.casefold()


def telling(run: Run, own: Iterable[str] = ()) -> float:
    """Return how much a relation of an entity says; `own` are the topics of the entity's kinds."""
    hub = min(run.degrees, default=0)
    return (
        0.8 * (topic_of(run.relation.path) in own)
        + 0.7 * asked(run)
        + 0.4 * run.relation.wordings.written
        + 0.3 * (run.direction == "tail")
        - 0.12 * math.log2(max(run.total, A_LIST) / A_LIST)
        - 0.1 * (run.total > 1)
        - 0.05 * math.log2(hub + 1)
    )


def asked(run: Run) -> bool:
    """Say whether people ask for this end of a relation: its director, not what its crew was paid in."""
    return (run.relation.path, run.direction) in paraphrases()


def distinct(runs: Sequence[Run], relations: Relations) -> list[Run]:
    """Leave out what says the same as a relation before it: its inverse, its like, or a list of the same names."""
    kept: list[Run] = []
    named: set[str] = set()
    for run in runs:
        ours = {other.id for other in run.others}
        if says_only_kinds(run) and ours <= named:
            continue
        told = next((n for n, other in enumerate(kept) if same(run, other, relations)), None)
        if told is None:
            kept.append(run)
        elif run.total > kept[told].total and ours > {other.id for other in kept[told].others}:
            kept[told] = run  # the cast, rather than its star
        named |= ours
    return kept


def says_only_kinds(run: Run) -> bool:
    """Say whether a relation is called by what stands at its ends: the country of a city."""
    ends = {run.relation.asking("tail").noun, run.relation.asking("head").noun}
    return run.direction == "head" and all(plain_noun(noun) and noun in english().kinds for noun in ends)


def same(run: Run, told: Run, relations: Relations) -> bool:
    """Say whether a relation says nothing beyond one that is told."""
    if _column(run, relations) in relations.same.get(_column(told, relations), ()):
        return True
    ours, theirs = ({other.id for other in each.others} for each in (run, told))
    if run.relation.path == told.relation.path:
        return ours == theirs  # symmetric
    if run.noun == told.noun or (run.kind, area_of(run.relation.path)) == (told.kind, area_of(told.relation.path)):
        shared = len(ours & theirs)
        least = 1 if run.noun == told.noun else 2
        return shared >= least and shared >= OVERLAP * min(len(ours), len(theirs))
    return False


def grouped(about: About, runs: Sequence[Run]) -> list[Group]:
    """Put relations into sections: by the area of their topic, or by what kind of thing they lead to."""
    found: dict[str, list[Run]] = defaultdict(list)
    few = len(runs) <= A_SECTION // 2
    for run in runs:
        area = "Events" if topic_of(run.relation.path) == "time" else area_of(run.relation.path)
        found[("all" if few else run.kind) if area == ELSEWHERE else area].append(run)
    own = [area_of(kind) for kind in about.entity.types[:1] if kind.startswith("/")]
    order = sorted(found, key=lambda area: area not in own)
    return [Group(_title(area, found[area]), tuple(found[area][:A_SECTION])) for area in order]


def outlined(runs: Sequence[Run], outline: Sequence[str], relations: Relations, likeness: Likeness) -> list[Group]:
    """Put each relation under the heading that it is most like; what is like none is not told."""
    alike = {heading: likeness(heading) for heading in outline}
    found: dict[str, list[Run]] = {heading: [] for heading in outline}
    for run in runs:
        heading = max(outline, key=lambda each: alike[each][_column(run, relations)])
        if run in fitting(runs, heading, relations, likeness):
            found[heading].append(run)
    return [Group(heading, tuple(found[heading][:A_SECTION])) for heading in outline if found[heading]]


def fitting(runs: Sequence[Run], word: str, relations: Relations, likeness: Likeness) -> list[Run]:
    """Return the relations that a heading or a keyword is about: those like it, nearly as like as the likest."""
    alike = likeness(word)
    found = [alike[_column(run, relations)] for run in runs]
    least = max(LIKE, NEARLY * max(found, default=0))
    return [run for run, like in zip(runs, found, strict=True) if like >= least]


def _title(area: str, runs: Sequence[Run]) -> str:
    """Return a section's title: its area, or what it tells of."""
    if area in _TITLES or area[:1].isupper():
        return _TITLES.get(area, area)
    return opening(listed(list(dict.fromkeys(map(called, runs)))[:3]))


def called(run: Run) -> str:
    """Return what the others of a relation are called in a title: capital, neighbours; else their kind."""
    noun = run.nouns if run.total > 1 else run.noun
    if plain_noun(run.noun):
        return noun
    kind = noun_of_type(run.others[0].types[0]) if run.others and run.others[0].types else ""
    return (plural(kind) if run.total > 1 else kind) if plain_noun(kind) else "further facts"


def _column(run: Run, relations: Relations) -> int:
    return column(relations.by_path[run.relation.path], run.direction)
