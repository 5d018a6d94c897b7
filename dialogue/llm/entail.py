"""Whether a fact bears what a language model wrote of it (G9): by the text alone, and strictly.

What strings can prove: who is named, where, and that nothing else is claimed that has a name, a number or a negation.
What they can't: that the words mean this relation and not another. `unrelated`, `reversed` and `other_relation` catch
what shares no word with the known wordings, or is word for word another one; a model that judges or a person sees more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from dialogue.llm.english import english
from dialogue.llm.names import Everybody, Named, Pair, masked
from dialogue.llm.vocabulary import Known
from dialogue.wordings import Direction

REASONS = {
    "no_json": "the answer is not the JSON that was asked for",
    "malformed": "the JSON holds something else than it should",
    "refused": "the model refuses, or speaks of itself",
    "cut_off": "the answer ended at the limit of its length",
    "empty": "there is no text",
    "unanswered": "no attempt was answered",
    "bad_request": "the server does not take the request",
    "too_large": "the request is too long for the server",
    "over_budget": "the budget was spent before",
    "markup": "signs that do not belong into a sentence",
    "too_long": "more than 400 characters",
    "other_script": "letters that are not Latin, beyond the names",
    "subject_missing": "what the fact is about is not named",
    "answer_missing": "the answer is not named",
    "answer_given": "the question names its answer",
    "no_question": "no question mark at the end, or several, or no question word",
    "yes_no": "the question is answered by yes or no",
    "negated": "a negation that the relation's wordings do not have",
    "hedged": "a doubt that the relation's wordings do not have",
    "added_number": "a number that no name has",
    "other_entity": "another entity of the graph is named",
    "added_name": "a capitalised word that no name has",
    "unrelated": "no word in common with how the relation is known to be said",
    "reversed": "word for word the relation the other way round",
    "other_relation": "word for word another relation",
    "repeated": "the same text as another one",
    "judged_false": "the model itself, asked again, does not find it entailed",
    "same_name": "subject and answer share a name, so that no text tells them apart",
}  # fmt: skip

LONGEST = 400  # characters
_MARKUP = re.compile(r"[<>{}\[\]|\\`*#_~^\x00-\x1f\x7f\u2028\u2029\ufffd]|https?:")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?:]\s+[\"\u201c']?$|^[\"\u201c'\s]*$")


@dataclass(frozen=True, slots=True)
class Source:
    """A fact as the texts about it are held against it."""

    relation: str
    direction: Direction  # of what is asked for
    pair: Pair  # names of the subject and of the answer
    known: Known  # what is known of how the relation is said
    everybody: Everybody

    @property
    def impossible(self) -> bool:
        """Say whether no text could tell the two entities apart."""
        return self.pair.shared


def check_sentence(source: Source, text: str) -> str:
    """Return why a sentence does not state the fact, "" if nothing speaks against it."""
    named = source.pair.within(text)
    return (
        _shape(text, named)
        or _missing(named, (0, 1))
        or _claims(source, text, named)
        or source.known.objection(text, named, source.direction)
    )


def check_several(sources: Sequence[Source], text: str, numbers: Collection[str] = ()) -> str:
    """Return why a sentence does not state several facts about one subject, "" if nothing speaks against it.

    `numbers` are those that it may have beyond names: how many more there are.
    """
    found = [source.pair.within(text) for source in sources]
    named = [each for one in found for each in one]
    counted = [Named(m.start(), m.end(), 1) for m in re.finditer(r"\d[\d,.]*\d|\d", text) if m[0] in numbers]
    words = frozenset().union(*(source.known.words for source in sources))
    whole = replace(sources[0], known=replace(sources[0].known, words=words))
    reason = _shape(text, named) or next(
        (problem for one in found if (problem := _missing(one, (0, 1)))), _claims(whole, text, [*named, *counted])
    )
    for source, one in zip(sources, found, strict=True) if not reason else ():
        stretches = {(each.start, each.end) for each in one}
        others = [(each.start, each.end) for each in named if (each.start, each.end) not in stretches]
        reason = reason or source.known.objection(masked(text, others), one, source.direction)
    return reason


def check_pair(source: Source, question: str, answer: str, related: bool = True) -> str:
    """Return why a question and its answer do not rest on the fact, "" if nothing speaks against them.

    `related`: whether they must share a word with what is known of the relation.
    """
    asked, given = source.pair.within(question), source.pair.within(answer)
    reason = (
        _shape(question, asked)
        or _shape(answer, given)
        or _missing(given, (1,))
        or _missing(asked, (0,))
        or ("answer_given" if any(each.whom == 1 for each in asked) else "")
        or _asks(question, asked)
        or _claims(source, question, asked)
        or _claims(source, answer, given)
        or source.known.misplaced(question, asked, source.direction)
    )
    if reason or not related:
        return reason
    words = f"{_hidden(question, asked)} {_hidden(answer, given)}"
    return "" if source.known.shares_a_word(words) else "unrelated"


def check_round(source: Source, question: str, answer: str, shown: tuple[bool, bool]) -> str:
    """Return why a round of a conversation does not rest on the fact; a picture may stand for either name."""
    asked, given = source.pair.within(question), source.pair.within(answer)
    return (
        _shape(question, asked)
        or _shape(answer, given)
        or _missing(given, (1,))
        or ("" if shown[0] else _missing(asked, (0,)))
        or ("answer_given" if any(each.whom == 1 for each in asked) else "")
        or _asks_something(question, asked)
        or _claims(source, question, asked)
        or _claims(source, answer, given)
        or ("" if source.known.shares_a_word(f"{_hidden(question, asked)} {_hidden(answer, given)}") else "unrelated")
    )


def _shape(text: str, named: list[Named]) -> str:
    if not text.strip():
        return "empty"
    if len(text) > LONGEST:
        return "too_long"
    rest = _hidden(text, named)
    if english().refusal.search(rest):
        return "refused"
    if _MARKUP.search(rest):
        return "markup"
    foreign = (letter for letter in rest if letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN"))
    return "other_script" if any(foreign) else ""


def _missing(named: list[Named], wanted: tuple[int, ...]) -> str:
    there = {each.whom for each in named}
    missing = [whom for whom in wanted if whom not in there]
    return ("subject_missing", "answer_missing")[missing[0]] if missing else ""


def _asks(question: str, named: list[Named]) -> str:
    rest = _hidden(question, named).rstrip("\"\u201d' ")
    if not question.rstrip("\"\u201d' ").endswith("?") or rest.count("?") > 1:
        return "no_question"
    words = _folded_words(rest)
    if not words or _folded_words(question)[0] in english().auxiliaries:
        return "yes_no"
    return "" if english().question_words & set(words) else "no_question"


def _asks_something(question: str, named: list[Named]) -> str:
    """Find what is wrong with a question of a conversation, which may say other things and wish for a picture."""
    words = _folded_words(_hidden(question, named))
    return "" if "?" in question and english().question_words & set(words) else "no_question"


def _folded_words(text: str) -> list[str]:
    return [word.casefold().replace("\u2019", "'").removesuffix("'s") for word in _WORD.findall(text)]


def _claims(source: Source, text: str, named: list[Named]) -> str:
    """Find what a text says beyond the fact: negations, doubts, numbers, names."""
    rest = _hidden(text, named)
    for reason, pattern in (("negated", english().negation), ("hedged", english().hedge)):
        if any(match[0].casefold() not in source.known.words for match in pattern.finditer(rest)):
            return reason
    if re.search(r"\d", rest):
        return "added_number"
    for name in source.everybody.within(rest):
        words = {word.casefold() for word in _WORD.findall(name)}
        if words - source.known.words and not (len(words) == 1 and words <= english().openers):
            return "other_entity"
    for match in _WORD.finditer(rest):
        word = match[0]
        if word[0].isupper() and not _SENTENCE_END.search(rest[: match.start()]):
            folded = word.casefold().replace("\u2019", "'")
            if folded not in source.known.words and folded not in english().openers:
                return "added_name"
    return ""


def _hidden(text: str, named: list[Named]) -> str:
    return masked(text, [(each.start, each.end) for each in named])
