"""From what is known to paragraphs: sentences with their facts, numbered through the whole article."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dialogue.wordings import listed, opening
from dialogue.words import article, english, kind_of
from retrieval.article.about import About, Run, Shelf
from retrieval.article.plan import described
from retrieval.article.prose import By, Said, Voice, ended, enough, joined, owned_together, tell
from retrieval.article.written import Fact, Paragraph, Sentence
from retrieval.measures import known

A_PARAGRAPH = 4  # sentences
_HAPPENED = {
    "date of birth": "was born in", "date of death": "died in", "date of release": "came out in",
    "date of foundation": "was founded in",
}  # fmt: skip
_FIRST_SENTENCE = re.compile(r"(?<=\w\w)[.!?](?:\s|$)")


@dataclass
class Pen:
    """Writes about entities, and numbers the facts that it cites."""

    shelf: Shelf
    first_words: frozenset[str]  # of the graph's own nouns: a description that begins with one does not with a name
    facts: dict[Fact, int] = field(default_factory=dict)
    turn: int = 0  # chooses among wordings, so that paragraphs about like things do not all say it alike

    def cite(self, facts: Sequence[Fact]) -> tuple[int, ...]:
        """Return the places of facts in the article's list, adding those that are new."""
        return tuple(self.facts.setdefault(fact, len(self.facts)) for fact in facts)

    def voice(self, about: About) -> Voice:
        """Return how an entity is spoken of."""
        return Voice(about.said, "" if kind_of(about.noun) == "person" else about.noun, about.possessive)

    def introduction(self, about: About, runs: Sequence[Run]) -> Paragraph:
        """Say what an entity is, its numbers, and those of a few relations that its description does not say."""
        opened = [each for each in (self._what(about), *self._numbers(about)) if each]
        told = self._paragraph(about, [run for run in runs if not described(run, about)], opened)
        named = [run.others[0].id for run in about.runs if described(run, about)]
        return replace(told, mentions=tuple(dict.fromkeys((*told.mentions, *named))))

    def paragraphs(self, about: About, runs: Sequence[Run]) -> list[Paragraph]:
        """Tell relations of an entity, a few a paragraph."""
        parts = [runs[at : at + A_PARAGRAPH] for at in range(0, len(runs), A_PARAGRAPH)]
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts = [*parts[:-2], [*parts[-2], *parts[-1]]]
        return [self._paragraph(about, part, []) for part in parts]

    def sentence(self, about: About, run: Run, by: By) -> tuple[Said, tuple[Fact, ...], list[str]]:
        """Say what a run holds; return it with its facts and the ids of whom it names."""
        names = [self.shelf.said(other) for other in run.others]
        many = enough(names, run.total)
        said = tell(run, self.voice(about), by, names[:many], run.total - many, self.turn)
        others = run.others[:many]
        return said, tuple(run.facts(about.entity, others)), [other.id for other in others]

    def _paragraph(self, about: About, runs: Sequence[Run], opened: Sequence[Sentence]) -> Paragraph:
        told: list[tuple[Said, tuple[Fact, ...]]] = []
        mentions = [about.entity.id]
        turn = self.turn
        for n, run in enumerate(runs):
            by = self._reference(about, [said for said, _ in told], bool(opened))
            beside = [each for each in (*runs[n - 1 : n], *runs[n + 1 : n + 2]) if same_one(each, run)]
            self.turn = 0 if beside else turn  # the plainest wording can be joined: its capital and largest city is
            said, facts, others = self.sentence(about, run, by)
            mentions += others
            both = None
            if told and by is By.PRONOUN:
                both = owned_together(told[-1][0], said) or joined(told[-1][0], said)
            if both is not None:
                told[-1] = both, tuple(dict.fromkeys((*told[-1][1], *facts)))
            else:
                told.append((said, facts))
        self.turn = turn
        sentences = [Sentence(said.text, self.cite(facts)) for said, facts in told]
        return Paragraph(about.entity.id, (*opened, *sentences), tuple(dict.fromkeys(mentions)))

    def _reference(self, about: About, told: Sequence[Said], opened: bool) -> By:
        """Choose how the next sentence refers to its subject: a pronoun only after a sentence that led with it."""
        if not told and not opened:
            return By.NAME
        if told and not told[-1].leads:
            return By.NOUN if self.voice(about).noun else By.NAME
        return By.PRONOUN if (len(told) + opened) % 3 else By.NOUN

    def _what(self, about: About) -> Sentence | None:
        """Say what an entity is: by its description, else by its kind."""
        if about.description:
            facts = [Fact(about.entity.name, about.entity.id, "description", about.description)]
            for run in about.runs:
                facts += run.facts(about.entity, run.others) if described(run, about) else []
            return Sentence(ended(f"{opening(about.said)} is {self.what(about)}."), self.cite(facts))
        if about.noun and about.entity.types:
            fact = Fact(about.entity.name, about.entity.id, "types", about.entity.types[0])
            return Sentence(ended(f"{opening(about.said)} is {article(about.noun)}."), self.cite([fact]))
        return None

    def what(self, about: About) -> str:
        """Return a description as it follows "is": a country in Africa, the capital of Japan, an American actor."""
        text = about.description
        first = _FIRST_SENTENCE.split(text, maxsplit=1)[0].strip().rstrip(".")
        words = first.split()
        if text.endswith(".") and words[0].casefold() in self.first_words:  # written as a sentence, not as a phrase
            words[0] = words[0].casefold()
        phrase = " ".join(words)
        if words[0].casefold() in ("a", "an", "the") or words[0].isdigit() and len(words) == 1:
            return phrase
        if len(words) > 1 and words[1] == "of" and words[0] in english().one_each | {"capital"}:
            return f"the {phrase}"
        return article(phrase)

    def _numbers(self, about: About) -> list[Sentence]:
        """State an entity's numbers: those that people have words for."""
        measured = [(name, known()[name], value) for name, value in about.numbers.items() if name in known()]
        voice = self.voice(about)
        subject = opening(voice.refers(By.PRONOUN)[0])
        sentences = []
        plain = [each for each in measured if each[1].says not in _HAPPENED]
        places = [each for each in plain if each[1].says in ("latitude", "longitude")]
        for name, measure, value in measured:
            if measure.says in _HAPPENED:
                fact = Fact(about.entity.name, about.entity.id, name, measure.said(value))
                text = f"{subject} {_HAPPENED[measure.says]} {measure.said(value)}."
                sentences.append(Sentence(ended(text), self.cite([fact])))
        plain = [each for each in plain if each not in places or len(plain) == len(places)]
        plain.sort(key=lambda each: each[1].says != "population")
        if plain and voice.possessive == "its":  # what people are measured by is nobody's first question
            own = voice.possessive
            told = [
                f"{own} {each.says} {'' if n else 'is '}{each.said(value)}" for n, (_, each, value) in enumerate(plain)
            ]
            facts = [
                Fact(about.entity.name, about.entity.id, name, measure.said(value)) for name, measure, value in plain
            ]
            sentences.append(Sentence(ended(f"{opening(listed(told))}."), self.cite(facts)))
        return sentences


def same_one(run: Run, other: Run) -> bool:
    """Say whether two relations lead to one and the same."""
    return run.total == other.total == 1 and run.others[0].id == other.others[0].id
