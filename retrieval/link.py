"""Tie a question to the graph: its subject and its relation, chosen together.

Each candidate is a stretch of the question that is some entity's name, or an entity that the shown picture is like. It
is scored together with the best of the relations that this very entity has, and of those that entities of its types
usually have: where one of the latter wins, the question is understood and the graph does not hold its answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.grammar import noun_of_type
from dialogue.wordings import Direction
from retrieval.kinds import of_other_kind
from retrieval.names import NO_NAMES, Mention, Named, NameIndex, words_of
from retrieval.questions import masked_mention
from retrieval.relations import DIRECTIONS, Relations

Floats = NDArray[np.float32]
# Masked questions -> their likeness to each relation (Q, 2R), and to what this graph has no relation for (Q,).
Likeness = Callable[[Sequence[str]], tuple[Floats, Floats]]
Belief = Callable[["Candidate"], Floats]  # how probable a model holds each column to be, (2R,)


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much beside the likeness of question and relation (docs/results.md says how they were found)."""

    words: float = 0.1  # of the name, up to five
    share: float = 0.4  # of the question that the name covers
    degree: float = 0.01  # times log(1 + edges)
    main: float = 0.03  # the entity's name rather than an alias
    edit: float = 0.08  # taken off a name for each letter that is wrong
    generic: float = 0.15  # taken off a name of words that questions are made of
    answers: float = 0.01  # times log(1 + answers)
    cosine: float = 1.0  # of a shown picture with the entity's own, on average
    unheld: float = 0.1  # taken off a relation that the entity does not have
    unheld_pictured: float = 0.25  # the same where it was shown: many flags look alike, one of them has the relation
    other_kind: float = 0.3  # taken off a place where "who" asks for a person, a language where "which state" is asked
    belief: float = 0.5  # of a trained model in a relation, as a probability
    elsewhere: float = 0.05  # a question may be more like what the graph has no relation for, by less than this
    unlike: float = 0.3  # below this likeness, no relation was understood


# Of Freebase's thousand relations a likeness of sentences tells little: what is named and what is held tell more.
FREEBASE = Weights(words=0.14, share=0.56, main=0.04, generic=0.21, unheld=0.15, elsewhere=0.07, unlike=0.2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that a question may be about; `masked` is the question with HOLE in its place."""

    entity: Named
    masked: str
    prior: float
    certain: bool  # a name that is more than the words of any question, or a picture, or what was spoken of
    pictured: bool = False

    @property
    def noun(self) -> str:
        """Return what the entity is, in words: "country"; empty where it has no type."""
        return noun_of_type(self.entity.types[0]) if self.entity.types else ""


@dataclass(frozen=True, slots=True)
class Own:
    """What the graph holds about an entity at this moment: answers by column, and its number of edges."""

    answers: Mapping[int, int]
    degree: int


@dataclass(frozen=True, slots=True)
class Link:
    """How a question was understood. `relation` is None where no relation fits; `held` says whether it has edges."""

    subject: Named
    relation: int | None
    direction: Direction
    held: bool
    score: float
    likeness: float
    probability: float | None = None  # that a trained model gives the relation


def mentioned(text: str, index: NameIndex, vocabulary: frozenset[str], weights: Weights) -> list[Candidate]:
    """Return the entities that a text names, each by its best stretch of it."""
    best: dict[str, Candidate] = {}
    for mention in _all_mentions(text, index, vocabulary):
        generic = is_generic(text, mention, vocabulary)
        prior = (
            weights.words * min(mention.words, 5)
            + weights.share * (mention.end - mention.start) / max(len(text), 1)
            + weights.main * mention.main
            - weights.generic * generic
            - weights.edit * mention.edits
        )
        masked = masked_mention(text, mention.start, mention.end)
        found = best.get(mention.entity.id)
        if found is None or found.prior < prior:
            best[mention.entity.id] = Candidate(mention.entity, masked, prior, not generic)
    return sorted(best.values(), key=lambda each: -each.prior)


def _all_mentions(text: str, index: NameIndex, vocabulary: frozenset[str]) -> list[Mention]:
    """Return the stretches that are names, and, for words that are neither in one nor in any question, nearly so."""
    exact = index.mentions(text)
    named = [(each.start, each.end) for each in exact if not is_generic(text, each, vocabulary)]
    unknown = frozenset(
        place
        for place, word in enumerate(words_of(text))
        if word.folded not in vocabulary | NO_NAMES and not any(start <= word.start < end for start, end in named)
    )
    return exact + index.misspelt(text, unknown) if unknown else exact


def is_generic(text: str, mention: Mention, vocabulary: frozenset[str]) -> bool:
    """Say whether a name is made of words that questions are made of anyway: "country", "nice", "who".

    Not so where it is of several words and written as a name: "Did Tom Hanks act in Cast Away?".
    """
    words = words_of(text[mention.start : mention.end])
    return all(word.folded in vocabulary for word in words) and not _written_as_a_name(text, mention)


def _written_as_a_name(text: str, mention: Mention) -> bool:
    """Say whether all of several words have capitals, and not all those around them."""
    if mention.words < 2 or not text[mention.start].isupper():
        return False
    within: list[bool] = []
    around: list[bool] = []
    for word in words_of(text)[1:]:
        (within if mention.start <= word.start < mention.end else around).append(text[word.start].isupper())
    return all(within) and not all(around)


def link(
    candidates: Sequence[Candidate],
    own: Mapping[str, Own],
    relations: Relations,
    likeness: Likeness,
    weights: Weights,
    asked: str,
    belief: Belief | None = None,
) -> Link | None:
    """Choose subject and relation together. None where there is no candidate.

    `likeness` compares masked questions with all relations; `asked` is the question as it was put; `belief` is what a
    model that reads it makes of it.
    """
    if not candidates:
        return None
    masks = list(dict.fromkeys(each.masked for each in candidates))
    found, elsewhere = likeness(masks)
    unfit = of_other_kind(asked, relations)
    found = found - weights.other_kind * unfit
    alike = dict(zip(masks, zip(found, elsewhere, strict=True), strict=True))
    believed: dict[tuple[str, str], Floats] = {}  # what is asked does not depend on who of the same kind it is about
    none = np.zeros(2 * len(relations.each), np.float32)
    best: Link | None = None
    for candidate in candidates:
        key = candidate.masked, candidate.noun
        if key not in believed:
            believed[key] = weights.belief * belief(candidate) * (1 - unfit) if belief else none
        each = _best_relation(
            candidate,
            own.get(candidate.entity.id),
            relations,
            *alike[candidate.masked],
            believed[key],
            weights,
            belief is not None,
        )
        if best is None or each.score > best.score:
            best = each
    return best


def _best_relation(
    candidate: Candidate,
    own: Own | None,
    relations: Relations,
    alike: Floats,
    elsewhere: float,
    believed: Floats,
    weights: Weights,
    believing: bool,
) -> Link:
    """Choose among the relations that an entity has and those that its like usually have. Arrays are (2R,)."""
    answers = own.answers if own else {}
    unheld = weights.unheld_pictured if candidate.pictured else weights.unheld
    score = np.where(relations.usual(candidate.entity.types), alike + believed - unheld, -np.inf)
    score[[each for column in answers for each in relations.same.get(column, ())]] = -np.inf  # it has it otherwise
    for column, count in answers.items():
        score[column] = alike[column] + believed[column] + weights.answers * math.log1p(count)
    prior = candidate.prior + weights.degree * math.log1p(own.degree if own else 0)
    column = int(score.argmax()) if len(score) else -1
    if column < 0 or score[column] == -np.inf:
        return Link(candidate.entity, None, "tail", False, prior, 0.0)
    understood = bool(alike[column] >= max(weights.unlike, elsewhere - weights.elsewhere))
    return Link(
        subject=candidate.entity,
        relation=column // 2 if understood else None,
        direction=DIRECTIONS[column % 2],
        held=understood and column in answers,
        score=float(score[column]) + prior,
        likeness=float(alike[column]),
        probability=float(believed[column]) / weights.belief if believing and weights.belief else None,
    )


def ids_of(candidates: Iterable[Candidate]) -> list[str]:
    """Return the ids of candidates, once each."""
    return list(dict.fromkeys(each.entity.id for each in candidates))
