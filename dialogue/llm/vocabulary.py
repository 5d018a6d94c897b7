"""What is known of how a relation is said: its words, and the wordings of all relations, to tell one from another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dialogue.llm.english import english
from dialogue.llm.names import Named
from dialogue.verbalise import paraphrases
from dialogue.wordings import Direction, Question, Statement, Wordings
from dialogue.words import split_words
from kg.adjacency import Relation

_WORD = re.compile(r"[^\W\d_]{2,}(?:['\u2019][^\W\d_]+)*")
_STEM = 5  # letters by which two forms of a word are known as one: born and borne, locat-ed and locat-ion

Way = tuple[str, str]  # a relation, and what is asked for, or "say" or "yas": stated, stated the other way round


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one relation."""

    relation: str
    words: frozenset[str]  # folded, of its label and wordings
    stems: frozenset[str]  # of those that carry meaning
    ways: Mapping[str, frozenset[Way]]  # a wording, plain -> what it says
    turned: re.Pattern[str]  # a sentence in which the ends have changed places: "Peru is the capital of Lima"

    def shares_a_word(self, text: str) -> bool:
        """Say whether a text, names taken out, has a word that carries meaning in common with the relation's."""
        return bool(self.stems & _stems(_WORD.findall(text)))

    def misplaced(self, question: str, named: list[Named], direction: Direction) -> str:
        """Return `reversed` or `other_relation` if a question is word for word the wording of something else."""
        return self._meant(_plain(question, named, ("{x}", "{y}")), direction)

    def objection(self, sentence: str, named: list[Named], direction: Direction) -> str:
        """Return what speaks against a sentence: `unrelated`, or word for word something else."""
        holes = ("{head}", "{tail}") if direction == "tail" else ("{tail}", "{head}")
        plain = _plain(sentence, named, holes)
        found = self._meant(plain, "say") or ("reversed" if self.turned.search(plain) else "")
        return found or ("" if self.shares_a_word(_plain(sentence, named, (" ", " "))) else "unrelated")

    def _meant(self, plain: str, wanted: str) -> str:
        ways = self.ways.get(plain, frozenset())
        if not ways or (self.relation, wanted) in ways:
            return ""
        return "reversed" if any(relation == self.relation for relation, _ in ways) else "other_relation"


def vocabulary(relations: Iterable[Relation], worded: Iterable[Wordings]) -> dict[str, Known]:
    """Return what is known of each relation of a graph, by path."""
    ways: dict[str, set[Way]] = defaultdict(set)
    texts: dict[str, tuple[list[str], re.Pattern[str]]] = {}
    for relation, each in zip(relations, worded, strict=True):
        path, said = relation.path, [relation.label, *split_words(relation.path), each.tail.noun, each.head.noun]
        directions: tuple[Direction, ...] = ("tail", "head")
        for direction in directions:
            asking = each.asking(direction)
            for form in asking.forms:
                template = _question(form)
                ways[_folded(template)].add((path, direction))
                said.append(template)
            said += paraphrases().get((path, direction), ())
        for statement in each.statements:
            straight, crossed = _statement(statement), _statement(statement, crossed=True)
            ways[_folded(straight)].add((path, "say"))
            ways[_folded(crossed)].add((path, "yas"))
            said.append(straight)
        texts[path] = said, _turned(each.tail.noun, each.head.noun)
    frozen = {template: frozenset(found) for template, found in ways.items()}
    return {path: _known(path, said, frozen, turned) for path, (said, turned) in texts.items()}


def _known(path: str, said: Iterable[str], ways: Mapping[str, frozenset[Way]], turned: re.Pattern[str]) -> Known:
    words = [word for text in said for word in _WORD.findall(re.sub(r"\{\w+\}", " ", text))]
    return Known(path, frozenset(word.casefold() for word in words), _stems(words), ways, turned)


def _turned(tail_noun: str, head_noun: str) -> re.Pattern[str]:
    """Match a sentence that gives the head the noun of the tail, or the other way round."""
    if tail_noun.casefold() == head_noun.casefold():
        return re.compile("(?!)")
    parts = []
    for noun, owner, named in ((tail_noun, "tail", "head"), (head_noun, "head", "tail")):
        what, hole, other = (re.escape(each) for each in (noun.casefold(), f"{{{named}}}", f"{{{owner}}}"))
        be = r"(?:is|was|are|were)"
        parts.append(rf"{hole} {be} (?:the|an?)\b[^{{}}]{{0,30}}?\b{what} (?:of|in|for|to)\b[^{{}}]*{other}")
        parts.append(rf"\b{what} (?:of|in|for) {other} {be}\b[^{{}}]*{hole}")
    return re.compile("|".join(parts))


def _stems(words: Iterable[str]) -> frozenset[str]:
    folded = {word.casefold().split("'")[0].split("\u2019")[0] for word in words}
    return frozenset(word[:_STEM] for word in folded - english().empty if len(word) > 2)


def _question(form: Question) -> str:
    return f"{form.prefix}{{x}}{form.suffix}"


def _statement(form: Statement, crossed: bool = False) -> str:
    first, second = ("{head}", "{tail}") if form.head_first is not crossed else ("{tail}", "{head}")
    return f"{form.before}{first}{form.between}{second}{form.after}"


def _plain(text: str, named: list[Named], holes: tuple[str, str]) -> str:
    """Return a text with holes where the names stood, folded."""
    pieces: list[str] = []
    at = 0
    for each in named:
        pieces += (text[at : each.start], holes[each.whom])
        at = each.end
    return _folded("".join((*pieces, text[at:])))


def _folded(text: str) -> str:
    return " ".join(re.sub(r"\bthe (?=\{)", "", text).split()).casefold().rstrip("?.! ")
