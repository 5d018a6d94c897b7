"""What a question asks: its parts, each with whom it is about and what it wants to know or see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dialogue.grammar import noun_of_type
from model.questions import HOLE
from retrieval.choices import asked_of_listed
from retrieval.claims import asks_how_many, asks_whether, whether
from retrieval.enumerated import each_asked
from retrieval.ground import Reader
from retrieval.hops import through
from retrieval.link import Belief, Candidate, Floats, Link, Own, Weights, ids_of, is_generic, link, mentioned
from retrieval.measures import asked_of_one, asked_of_two
from retrieval.names import Mention, Named, NameIndex, words_of
from retrieval.of_kind import asked_of_kind
from retrieval.outnumbered import asked_of_more
from retrieval.predicates import asked_of_all
from retrieval.pronouns import SPOKEN_OF, meant, of_each
from retrieval.questions import Part, Pointing, courtesy, one_by_one, parts_of, points, speaks_of_a_picture
from retrieval.relations import IT, Encode, Relations
from retrieval.search import Seen
from retrieval.shared import asked_of_both, says_both
from retrieval.spoken import NOTHING, Spoken, asks_for_another, leaves_out, of_them, one_of
from retrieval.superlatives import asked_for_best, best_of_those, superlative
from retrieval.understood import Understood

MOST_NAMED = 48  # candidates by name
MOST_SEEN = 12  # candidates by picture
_ASKS_WHO = (
    "What is {it}?", "What does {it} show?", "Who is {it}?", "What is {it} called?", "What is the name of {it}?",
    "What is the {noun} of {it}?", "Which {noun} is {it}?", "What {noun} is {it}?", "Which {noun} has {it}?",
    "Which {noun} does {it} belong to?", "Which {noun} is shown in {it}?", "Name {it}", "Do you know {it}?",
)  # fmt: skip
_WISHES = (
    "Show me it", "Show me a picture of it", "Do you have a picture of it?", "it picture", "flag of it", "it flag",
    "I would like to see the flag of it", "Let me look at the flag of it", "What does the flag of it look like?",
    "Which flag does it have?", "Can you draw the flag of it for me?", "Could I have a look at the flag of it?",
    "Bring up an image of the flag of it", "Do you know what the flag of it looks like?", "I need an image of it",
    "I have never seen the flag of it, show me", "Is there a picture of the flag of it?",
)  # fmt: skip
LIKE_A_WISH = 0.6  # as like one of these as this, a question is one
_DESCRIBE = (
    IT, "what is it", "who is it", "what was it", "who was it", "tell me about it", "what are it", "describe it",
)  # fmt: skip


class Model(Protocol):
    """A trained model: which relation a question asks for, and which of some names answers it."""

    def belief(self, question: str, noun: str, subject: str, shown: Floats | None) -> Floats:
        """Return the probability of each column of the relations, (2R,)."""
        ...

    def shares(self, question: str, names: Sequence[str]) -> Floats:
        """Return how probable each of some names is as the answer to a question, among all of them, (N,)."""
        ...


@dataclass(frozen=True, eq=False)
class Understanding:
    """Reads questions about one graph."""

    reader: Reader
    names: NameIndex
    relations: Relations
    encode: Encode
    model: Model | None = None
    weights: Weights = Weights()

    @cached_property
    def types(self) -> frozenset[str]:
        """Return all types of the graph's entities."""
        return frozenset(kind for entity in self.names.by_id.values() for kind in entity.types)

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """Return what the graph's entities are: country, city, …"""
        return tuple(sorted({noun_of_type(kind) for kind in self.types} - {""}))

    @cached_property
    def pointing(self) -> Pointing:
        """Return how questions point at pictures."""
        return Pointing(self.nouns)

    def likeness(self, masked: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compare masked questions with the relations, (Q, 2R), and with what none of them answers, (Q,)."""
        # With its mark, which the parts of a question have lost: without it the same words are a tenth less alike.
        vectors = self.encode([each.replace(HOLE, IT).rstrip(" .!?") + "?" for each in masked])
        return self.relations.likeness(vectors), self.relations.likeness_elsewhere(vectors)

    def understand(
        self,
        question: str,
        seen: Sequence[Seen] | None = None,
        shown: Floats | None = None,
        spoken: Spoken = NOTHING,
    ) -> list[Understood]:
        """Understand each part of a question. `seen`: whom the shown picture, measured as `shown` (M,), may show.

        `spoken` is what the conversation has spoken of before.
        """
        parts = [each for part in parts_of(question, self._protected(question)) for each in self._apart(part)]
        parts = [self._of_what_was_given(part, spoken) for part in parts]
        named_in = [self._in_conversation(part, self._candidates(part, seen), spoken) for part in parts]
        named_in[:1] = of_each(self, *named_in[0], spoken.several) or named_in[:1]
        parts, candidates = [part for part, _ in named_in], [named for _, named in named_in]
        ids = {i for each in candidates for i in ids_of(each)} | {topic.id for topic in spoken.topics}
        own = self.reader.own(list(ids), self.relations)
        found: list[Understood] = []
        for part, named in zip(parts, candidates, strict=True):
            if part.refers_back and found and found[-1].part is not part:
                found[-1] = replace(found[-1], wish=True)
                continue
            subject = found[-1].subject if found else None
            before = (subject, *spoken.topics) if subject else spoken.topics
            own |= self.reader.own([each.id for each in before if each.id not in own], self.relations)
            understood = self._one(part, named, own, before, seen, shown)
            found += [asked_of_kind(self, each, own) for each in understood]
        return found

    def _of_what_was_given(self, part: Part, spoken: Spoken) -> Part:
        """Read "which of them speak Portuguese" as asked of what was listed, "another one" as of what was shown."""
        if asks_for_another(part.text, spoken):
            return Part("", True)
        rest = of_them(part.text, spoken.listed)
        if rest is None or not (self.named(rest) or superlative(rest)):
            return part
        return replace(part, text=rest, among=spoken.listed)

    def _in_conversation(
        self, part: Part, named: Sequence[Candidate], spoken: Spoken
    ) -> tuple[Part, Sequence[Candidate]]:
        """Read "the second one" as the entity that was listed there, and "and of Chile?" as what was asked before."""
        if one := one_of(part.text, spoken.listed):
            entity, masked = one
            return part, [Candidate(entity, masked, SPOKEN_OF, True)]
        if spoken.asked is None or part.wish or not any(leaves_out(each.masked) for each in named):
            return part, named
        again = [replace(each, masked=spoken.asked.text) for each in named if leaves_out(each.masked)]
        return replace(part, wish=part.wish or spoken.asked.wish), again

    def named(self, text: str) -> list[Mention]:
        """Return the names in a text that are more than words of which questions are made."""
        vocabulary = self.relations.vocabulary
        return [each for each in self.names.mentions(text) if not is_generic(text, each, vocabulary)]

    def _protected(self, question: str) -> list[tuple[int, int]]:
        """Return the stretches that are long names: they are not cut."""
        return [(each.start, each.end) for each in self.named(question) if each.words > 2]

    def _apart(self, part: Part) -> list[Part]:
        """Return a part for each of several things or names that are asked about, unless it is which of them."""
        if says_both(part):
            return [part]
        if asked := asked_of_listed(self, part):
            return [asked]
        names = [(each.start, each.end) for each in self.named(part.text)]
        if len(texts := each_asked(part.text, names)) > 1:
            return [each for text in texts for each in self._apart(replace(part, text=text))]
        return [Part(text, part.wish) for text in one_by_one(part.text, names)]

    def _candidates(self, part: Part, seen: Sequence[Seen] | None) -> list[Candidate]:
        """Return whom a part may be about: what the picture shows where it points at it, else whom it names."""
        named = mentioned(part.text, self.names, self.relations.vocabulary, self.weights)[:MOST_NAMED]
        certain = any(each.certain for each in named)
        if seen is None or (certain and not points(part.text)):
            return named
        masked = self.pointing.masked(part.text)
        return [
            Candidate(self.names.by_id[each.entity], masked, self.weights.cosine * each.cosine, True, pictured=True)
            for each in seen[:MOST_SEEN]
            if each.entity in self.names.by_id
        ]

    def _one(
        self,
        part: Part,
        candidates: Sequence[Candidate],
        own: Mapping[str, Own],
        before: Sequence[Named],
        seen: Sequence[Seen] | None,
        shown: Floats | None,
    ) -> list[Understood]:
        """Understand one part: of two relations as two."""
        if courtesy(part.text):
            return [Understood(part, None)]
        if not any(each.certain for each in candidates) and (best := best_of_those(part)):
            return [best]
        if seen is None and (several := self._compared(part) or asked_of_both(self, part) or asked_of_all(self, part)):
            return several
        if seen is None and asks_whether(part.text) and (claim := whether(self, part)):
            return [claim]
        if seen is not None and not candidates:
            return [Understood(part, None, unknown_picture=True)]
        if not any(each.certain for each in candidates):
            if before and (points(part.text) or part.refers_back):
                candidates = meant(self, part, list(dict.fromkeys(before)))
            elif unknown_name(part.text, candidates, self.relations.vocabulary):
                return [Understood(part, None)]
        if not candidates:
            return [Understood(part, None)]
        first, pictured = candidates[0], candidates[0].pictured
        if part.wish and bare(first.masked) == IT:  # nothing is asked beside the wish
            return [Understood(part, first.entity, wish=True, pictured=pictured, masked=first.masked)]
        belief = self._belief(shown) if self.model else None
        chosen = link(candidates, own, self.relations, self.likeness, self.weights, part.text, belief)
        assert chosen is not None  # noqa: S101 - there are candidates
        if not part.wish and self._wishes(first, chosen):
            return [Understood(part, first.entity, wish=True, pictured=pictured, masked=first.masked)]
        who = self._asks_who(first, chosen)
        if not who and (best := asked_for_best(self, part, candidates, own, chosen)):
            return [best]
        if not who:
            number = None if part.wish else asked_of_one(self, part, candidates, chosen)
            whole = replace(chosen, likeness=max(chosen.likeness, number.likeness)) if number else chosen
            if not part.among and (hops := through(self, part, candidates, own, whole)):
                return hops
            if number:
                return [number]
        subject = first.entity if who else chosen.subject
        has = own[subject.id].answers if subject.id in own else {}
        masked = next(each.masked for each in candidates if each.entity.id == subject.id)
        counts = asks_how_many(part.text) and not who
        link_ = None if who else chosen
        return [Understood(part, subject, link_, who, part.wish, pictured, has=has, masked=masked, counts=counts)]

    def _compared(self, part: Part) -> list[Understood]:
        """Read a part as a comparison of two, by a number or by how many answers each has; empty where it is none."""
        number, counted = asked_of_two(self, part), asked_of_more(self, part)
        if number and not (counted and counted[0].likeness > number.likeness):
            return [number]
        return counted

    def _belief(self, shown: Floats | None) -> Belief:
        def belief(candidate: Candidate) -> Floats:
            assert self.model is not None  # noqa: S101 - by the caller
            name = candidate.entity.name
            return self.model.belief(candidate.masked, candidate.noun, name, shown if candidate.pictured else None)

        return belief

    def _wishes(self, first: Candidate, chosen: Link) -> bool:
        """Say whether it is a picture that is asked for, in words that a pattern does not know."""
        if not speaks_of_a_picture(first.masked):
            return False
        asked = first.masked.replace(HOLE, IT)
        vectors = self.encode([asked, *_WISHES])
        likeness = float((vectors[1:] @ vectors[0]).max())
        _, (elsewhere,) = self.likeness([first.masked])
        return likeness > max(LIKE_A_WISH, chosen.likeness, float(elsewhere))

    def _asks_who(self, first: Candidate, chosen: Link) -> bool:
        """Say whether the subject itself is asked for: whom a picture shows, or what a name stands for."""
        if not first.pictured:
            return bare(first.masked) in _DESCRIBE
        nouns = {noun_of_type(kind) for kind in first.entity.types[:3]} | {"flag", "picture"}
        texts = list(dict.fromkeys(text.format(it=IT, noun=noun) for text in _ASKS_WHO for noun in sorted(nouns)))
        vectors = self.encode([first.masked.replace(HOLE, IT), *texts])
        return float((vectors[1:] @ vectors[0]).max()) > chosen.likeness


def bare(masked: str) -> str:
    """Return a masked question without articles, "of" and marks: "the flag of it" stays, "of it" is "it"."""
    words = [word.folded for word in words_of(masked.replace(HOLE, IT))]
    while len(words) > 1 and words[0] in ("the", "a", "an", "of", "for", "and", "both"):
        words = words[1:]
    return " ".join(words)


def unknown_name(text: str, candidates: Sequence[Candidate], vocabulary: frozenset[str]) -> bool:
    """Say whether a text names something unknown: a capital word that no question is made of, beyond the first."""
    words = words_of(text)
    return not candidates or any(text[word.start].isupper() and word.folded not in vocabulary for word in words[1:])
