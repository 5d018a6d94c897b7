"""A fact as a language model is told it, and what was written of it: sentences (K9), questions and answers (K10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dialogue.llm.endpoint import Endpoint
from dialogue.llm.entail import Source, check_pair, check_sentence
from dialogue.llm.prompts import pair_of, sentences_of, synonyms_of, verdict_on

ENOUGH = 5  # sentences; a triple that gave fewer is asked for synonymous ones

Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One fact: its ids, its names and the relation in words, and what texts about it are held against."""

    triple: Triple
    head: str
    relation: str
    tail: str
    source: Source


@dataclass(frozen=True, slots=True)
class Rejected:
    """A text that was not taken, and why."""

    triple: Triple
    stage: str  # sentence, synonym, pair or conversation
    text: str
    reason: str


@dataclass(slots=True)
class Written:
    """What came of one fact."""

    triple: Triple
    sentences: int = 0
    pairs: list[tuple[str, str]] = field(default_factory=list)  # questions and answers, accepted
    rejected: list[Rejected] = field(default_factory=list)
    judged: int = 0

    def reject(self, stage: str, text: str, reason: str) -> None:
        """Keep a text that was not taken."""
        self.rejected.append(Rejected(self.triple, stage, text, reason))


@dataclass(slots=True)
class Tally:
    """How much was written and taken, and why the rest was not, over all facts."""

    facts: int = 0
    with_pairs: int = 0
    sentences: int = 0
    pairs: int = 0
    reasons: dict[str, Counter[str]] = field(default_factory=dict)  # by stage

    def add(self, written: Written) -> None:
        """Take in what came of one fact."""
        self.facts += 1
        self.with_pairs += bool(written.pairs)
        self.sentences += written.sentences
        self.pairs += len(written.pairs)
        self.count(written.rejected)

    def count(self, rejected: Iterable[Rejected]) -> None:
        """Take in what was rejected."""
        for each in rejected:
            self.reasons.setdefault(each.stage, Counter())[each.reason] += 1


async def write_fact(endpoint: Endpoint, told: Told, pairs: int, judge: bool) -> Written:
    """Write up to `pairs` questions with their answers about one fact; only what it bears is kept."""
    written = Written(told.triple)
    if told.source.impossible:
        written.reject("sentence", "", "same_name")
        return written
    sentences = await _sentences(endpoint, told, written)
    written.sentences = len(sentences)
    seen: set[str] = set()
    for sentence in sentences:
        if len(written.pairs) >= pairs:
            break
        found, problem = await endpoint.ask(pair_of(sentence, told.head, told.tail), ("Q", "A"))
        if found is None:
            written.reject("pair", sentence, problem)
            if problem == "over_budget":
                break
            continue
        question, answer = clean(found["Q"]), clean(found["A"])
        reason = "malformed" if not question or not answer else check_pair(told.source, question, answer, not judge)
        if not reason and question.casefold() in seen:
            reason = "repeated"
        if not reason and judge:
            written.judged += 1
            reason = await _judged(endpoint, told, question, answer)
        if reason:
            written.reject("pair", f"{question} | {answer}", reason)
        else:
            seen.add(question.casefold())
            written.pairs.append((question, answer))
    return written


async def _sentences(endpoint: Endpoint, told: Told, written: Written) -> list[str]:
    """Return sentences that state the fact; fewer than ENOUGH are added to by synonymous ones."""
    kept: list[str] = []
    found, problem = await endpoint.ask(sentences_of(told.head, told.relation, told.tail), ("sentences",))
    if found is None:
        written.reject("sentence", "", problem)
        return kept
    _take(found["sentences"], "sentence", told, kept, written)
    if kept and len(kept) < ENOUGH:
        more, problem = await endpoint.ask(synonyms_of(kept[0]), ("sentences",))
        if more is None:
            written.reject("synonym", kept[0], problem)
        else:
            _take(more["sentences"], "synonym", told, kept, written)
    return kept


def _take(found: object, stage: str, told: Told, kept: list[str], written: Written) -> None:
    if not isinstance(found, list):
        written.reject(stage, str(found)[:200], "malformed")
        return
    for text in map(clean, found[:20]):
        reason = check_sentence(told.source, text) if text else "malformed"
        if not reason and text.casefold() in {each.casefold() for each in kept}:
            reason = "repeated"
        if reason:
            written.reject(stage, text, reason)
        else:
            kept.append(text)


async def _judged(endpoint: Endpoint, told: Told, question: str, answer: str) -> str:
    triple = (told.head, told.relation, told.tail)
    found, problem = await endpoint.ask(verdict_on(triple, question, answer), ("entailed",))
    if found is None:
        return problem
    return "" if found["entailed"] is True else "judged_false"


def clean(text: object) -> str:
    """Return a text with single spaces, "" for what is none."""
    return " ".join(text.encode("utf-8", "replace").decode().split()) if isinstance(text, str) else ""
