"""An article in a language model's words, as far as the graph bears them (G9): what it invents is rejected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import neo4j

from dialogue.grammar import noun_of_type
from dialogue.llm.budget import Spent
from dialogue.llm.endpoint import Endpoint, in_order
from dialogue.llm.entail import Source, check_several
from dialogue.llm.names import Pair
from dialogue.llm.prompts import paragraph_of
from dialogue.llm.requests import LlmSettings
from dialogue.llm.rewrite import Ground
from dialogue.llm.scenes import Scene
from kg import adjacency
from kg.progress import Progress, silent
from retrieval.article.written import Article, Fact, Paragraph, Sentence

Run = Callable[[Callable[[Endpoint], Any]], tuple[Any, Spent, bool]]

_REFERENCES = ("it", "its", "he", "him", "his", "she", "her", "they", "their")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(slots=True)
class Reworded:
    """A paragraph in the model's words where they were taken, and why others were not."""

    paragraph: Paragraph
    asked: int
    rejected: Counter[str]


def reword(
    driver: neo4j.Driver, article: Article, llm: LlmSettings, run: Run, progress: Progress = silent
) -> tuple[Article, dict[str, Any], bool]:
    """Have a language model write an article's sentences better; return it, what was spent, whether that ended it.

    Each sentence is held against its own facts; one that says something else is rejected, and the old one stays.
    """
    ground = Ground(adjacency.load(driver, article.graph))
    paragraphs = [paragraph for section in article.sections for paragraph in section.paragraphs]
    with progress("paragraphs", len(paragraphs)) as advance:

        async def work(endpoint: Endpoint) -> list[Reworded]:
            found = []
            one = partial(_reword, endpoint, article, ground)
            async for each in in_order(one, paragraphs, 4 * endpoint.settings.in_flight):
                found.append(each)
                advance(1)
            return found

        done, spent, stopped = run(work)
    rejected: Counter[str] = Counter()
    for each in done:
        rejected.update(each.rejected)
    parts = iter(each.paragraph for each in done)
    sections = tuple(
        replace(section, paragraphs=tuple(next(parts) for _ in section.paragraphs)) for section in article.sections
    )
    taken = sum(sentence.by_model for section in sections for p in section.paragraphs for sentence in p.sentences)
    model = {
        "name": llm.model,
        "asked": sum(each.asked for each in done),
        "taken": taken,
        "rejected": dict(rejected.most_common()),
    }
    counted = asdict(spent) | {"cost": round(spent.cost(llm.price), 6)}
    return replace(article, sections=sections, model=model), counted, stopped


async def _reword(endpoint: Endpoint, article: Article, ground: Ground, paragraph: Paragraph) -> Reworded:
    """Reword one paragraph's sentences that rest on edges; numbers and descriptions stay as they are."""
    sources = [sources_of(article, ground, paragraph, each) for each in paragraph.sentences]
    wanted = [n for n, found in enumerate(sources) if found]
    if not wanted:
        return Reworded(paragraph, 0, Counter())
    told = [(paragraph.sentences[n].text, _facts(article, paragraph.sentences[n])) for n in wanted]
    found, problem = await endpoint.ask(paragraph_of(article.title, told), ("sentences",))
    texts = found["sentences"] if found is not None else None
    if not isinstance(texts, list) or len(texts) != len(wanted):
        return Reworded(paragraph, len(wanted), Counter({problem or "malformed": len(wanted)}))
    sentences = list(paragraph.sentences)
    rejected: Counter[str] = Counter()
    for n, text in zip(wanted, texts, strict=True):
        new = " ".join(text.split()) if isinstance(text, str) else ""
        old = sentences[n]
        reason = check_several(sources[n], new, _NUMBER.findall(old.text)) if new else "malformed"
        if reason:
            rejected[reason] += 1
        elif new != old.text:
            sentences[n] = replace(old, text=new, by_model=True)
    return Reworded(replace(paragraph, sentences=tuple(sentences)), len(wanted), rejected)


def sources_of(article: Article, ground: Ground, paragraph: Paragraph, sentence: Sentence) -> list[Source]:
    """Return what a new wording of a sentence is held against; nothing where it rests on more than edges."""
    facts = [article.facts[n] for n in sentence.facts]
    if not facts or not all(fact.object_id for fact in facts):
        return []
    found = [source for fact in facts if (source := _source(ground, paragraph.about, fact)) is not None]
    return found if len(found) == len(facts) else []


def _source(ground: Ground, about: str, fact: Fact) -> Source | None:
    """Return what is known of one edge, seen from whom the paragraph is about."""
    backwards = fact.object_id == about
    subject, answer = (fact.object_id, fact.subject_id) if backwards else (fact.subject_id, fact.object_id)
    triple = (fact.subject_id, fact.relation, fact.object_id)
    scene = Scene({}, {}, triple, "head" if backwards else "tail", subject, answer)
    source = ground.source(scene)
    if source is None or source.impossible:
        return None
    kinds = ground.people.kinds(subject)
    names = [*ground.people.names(subject), *references(noun_of_type(kinds[0]) if kinds else "")]
    return replace(source, pair=Pair(names, ground.people.names(answer)))


def references(noun: str) -> list[str]:
    """Return the words by which a sentence may speak of its subject without a name: its pronouns, "the country"."""
    said = [form for word in _REFERENCES for form in (word, word.capitalize())]
    return [*said, f"the {noun}"] if noun else said


def _facts(article: Article, sentence: Sentence) -> str:
    return "; ".join(article.facts[n].told() for n in sentence.facts)
