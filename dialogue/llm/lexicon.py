"""Wordings of relations by a language model: checked, and written as a lexicon file that every later build can use."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dialogue.llm.endpoint import Endpoint, in_order
from dialogue.llm.english import english
from dialogue.llm.entail import LONGEST
from dialogue.llm.facts import clean
from dialogue.llm.names import Everybody
from dialogue.llm.prompts import wordings_of
from dialogue.llm.vocabulary import vocabulary
from dialogue.material import all_wordings
from dialogue.verbalise import KINDS, lexicon
from dialogue.wordings import Question, Statement
from kg.adjacency import Adjacency
from kg.whole_file import whole_file

SHOWN = 5  # facts of a relation that the model sees
FORMS, STATEMENTS = 3, 2  # that an entry needs at least
_MARKUP = re.compile(r"[<>\[\]|\\`*#_~^\x00-\x1f\x7f\u2028\u2029\ufffd]|https?:")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
REASONS = {
    "hole": "{x}, or {head} and {tail}, do not stand in it exactly once",
    "kind": f"kind is none of {', '.join(KINDS)}",
    "noun": "a noun that is none: empty, too long, or with signs",
    "too_few": "fewer than three good questions a direction, or two statements",
    "other_direction": "the question is known to ask for the other end",
}


@dataclass(slots=True)
class Worded:
    """What came of the relations: entries that are good, and why texts and relations were not taken."""

    entries: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # relation -> reason
    rejected: list[tuple[str, str, str]] = field(default_factory=list)  # relation, text, reason

    @property
    def reasons(self) -> dict[str, int]:
        """Return how often each reason was met, the most frequent first."""
        return dict(Counter(reason for _, _, reason in self.rejected).most_common())


def wanting(graph: Adjacency) -> list[int]:
    """Return the relations that no lexicon words, those with most triples first."""
    counts = Counter(graph.outgoing.relation.tolist())
    known = lexicon("en")
    return [number for number, _ in counts.most_common() if graph.relations[number].path not in known]


async def word_relations(
    endpoint: Endpoint, graph: Adjacency, relations: Sequence[int], done: Callable[[int], None] = lambda number: None
) -> Worded:
    """Word relations by their numbers, several at a time; the result is in their order."""
    made = Worded()
    check = Check(graph)
    async for relation, entry, reason, rejected in in_order(
        partial(_word, endpoint, graph, check), relations, 4 * endpoint.settings.in_flight
    ):
        made.rejected += [(relation, text, why) for text, why in rejected]
        if entry:
            made.entries[relation] = entry
        else:
            made.failed[relation] = reason
            made.rejected.append((relation, "", reason))
        done(1)
    return made


async def _word(
    endpoint: Endpoint, graph: Adjacency, check: Check, number: int
) -> tuple[str, dict[str, list[str]] | None, str, list[tuple[str, str]]]:
    relation = graph.relations[number]
    request = wordings_of(relation.path, relation.label, _examples(graph, number))
    found, problem = await endpoint.ask(request, ("kind", "noun", "tail", "head", "say"))
    if found is None:
        return relation.path, None, problem, []
    rejected: list[tuple[str, str]] = []
    entry, reason = check.entry(relation.path, found, rejected)
    return relation.path, entry, reason, rejected


def _examples(graph: Adjacency, number: int) -> list[tuple[str, str]]:
    """Return names of some facts of a relation, spread over its triples."""
    places = [n for n, each in enumerate(graph.outgoing.relation.tolist()) if each == number]
    chosen = places[:: max(1, len(places) // SHOWN)][:SHOWN]
    heads, tails = graph.triple_heads(), graph.outgoing.neighbour
    return [(graph.entities[heads[n]].name, graph.entities[tails[n]].name) for n in chosen]


class Check:
    """Holds what a model wrote of a relation against what a wording must be."""

    def __init__(self, graph: Adjacency) -> None:
        self._everybody = Everybody(graph)
        self._known = vocabulary(graph.relations, all_wordings(graph))

    def entry(
        self, relation: str, found: Mapping[str, Any], rejected: list[tuple[str, str]]
    ) -> tuple[dict[str, list[str]] | None, str]:
        """Return the good part of an answer as a lexicon entry, or None and why there is none."""
        if not all(isinstance(found[key], list) for key in ("kind", "noun", "tail", "head", "say")):
            return None, "malformed"
        kind, noun = [clean(each) for each in found["kind"]], [clean(each) for each in found["noun"]]
        if len(kind) != 2 or not set(kind) <= set(KINDS):
            return None, "kind"
        if len(noun) != 2 or not all(0 < len(each) <= 60 and re.fullmatch(r"[^\W\d_][\w' -]*", each) for each in noun):
            return None, "noun"
        good: dict[str, list[str]] = {}
        for key in ("tail", "head", "say"):
            good[key] = []
            for text in map(clean, found[key][:20]):
                reason = self._template(relation, key, text)
                if not reason and text in (*good["tail"], *good.get("head", ()), *good.get("say", ())):
                    reason = "repeated"
                if reason:
                    rejected.append((text, reason))
                else:
                    good[key].append(text)
        if min(len(good["tail"]), len(good["head"])) < FORMS or len(good["say"]) < STATEMENTS:
            return None, "too_few"
        return {"kind": kind, "noun": noun, **good}, ""

    def _template(self, relation: str, key: str, text: str) -> str:
        """Return why a template is not taken, "" if nothing speaks against it."""
        try:
            (Statement if key == "say" else Question).parse(text)
        except ValueError:
            return "hole"
        rest = re.sub(r"\{(?:x|head|tail)\}", "\u25a1", text)
        if "{" in rest or "}" in rest or _MARKUP.search(rest):
            return "markup"
        if len(text) > LONGEST:
            return "too_long"
        known = self._known[relation]
        for reason, pattern in (("negated", english().negation), ("hedged", english().hedge)):
            if any(match[0].casefold() not in known.words for match in pattern.finditer(rest)):
                return reason
        if re.search(r"\d", rest):
            return "added_number"
        words = {word.casefold() for name in self._everybody.within(rest) for word in _WORD.findall(name)}
        if words - known.words - english().openers:
            return "other_entity"
        return "" if key == "say" else self._question(relation, key, text, rest)

    def _question(self, relation: str, key: str, text: str, rest: str) -> str:
        if not text.endswith("?") or text.count("?") > 1:
            return "no_question"
        words = [word.casefold() for word in _WORD.findall(rest)]
        if not words or words[0] in english().auxiliaries:
            return "yes_no"
        if not english().question_words & set(words):
            return "no_question"
        ways = self._known[relation].ways.get(" ".join(text.split()).casefold().rstrip("?.! "), frozenset())
        return "other_direction" if ways and (relation, key) not in ways else ""


def to_toml(entries: Mapping[str, Mapping[str, Sequence[str]]], heading: str) -> str:
    """Return entries as a lexicon file. TOML's basic strings are JSON's, for texts without control characters."""
    return "\n".join(_lines(entries, heading)) + "\n"


def _lines(entries: Mapping[str, Mapping[str, Sequence[str]]], heading: str) -> Iterator[str]:
    yield from (f"# {line}" for line in heading.splitlines())
    for relation, entry in entries.items():
        yield ""
        yield f"[{json.dumps(relation, ensure_ascii=False)}]"
        for key, texts in entry.items():
            yield f"{key} = {json.dumps(list(texts), ensure_ascii=False)}"


def save(path: Path, text: str) -> None:
    """Write a lexicon file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
