"""The parts of the page on which rounds are reviewed, as HTML. Whatever comes from a file, a graph or a reviewer is
escaped here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from dialogue.refine import IMAGE
from dialogue.review_agreement import RoundAgreement
from dialogue.review_rounds import Record
from dialogue.truth import Truth
from dialogue.verdicts import REASONS, Verdict
from dialogue.verify import REASONS as CHECKS
from ingest.review_views import cells, kappa, percent

LARGE, SMALL = 640, 240  # pixels of an image's longer side: in the round, and in what was said before
ANSWERS = 24  # that are listed
SPEAKERS = {"human": "Human", "model": "Model"}
KINDS = {
    "fact": "a fact", "yes_no": "yes or no", "count": "a count", "comparison": "a comparison",
    "multi_hop": "over several hops", "unanswerable": "the graph holds no answer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What ids are called."""

    truth: Truth
    relations: Mapping[str, str]

    def name(self, entity: str) -> str:
        """Return an entity's main name."""
        names = self.truth.names.get(entity)
        return names[-1] if names else entity

    def relation(self, path: str) -> str:
        """Return a relation's label; its path where it has none."""
        return self.relations.get(path) or path


def round_view(record: Record, turn: int, found: Sequence[tuple[str, str]], words: Words) -> str:
    """Return a round: what was said before, question and answer, and what they rest on."""
    turns = record["conversations"]
    before = "".join(turn_view(each, SMALL) for each in turns[: turn - 1])
    asked, given = turns[turn - 1 : turn + 1]
    round_ = "".join(turn_view(each, LARGE) for each in (asked, given))
    earlier = f'<div class="before" aria-label="The conversation before">{before}</div>' if before else ""
    return (
        f'<section class="talk">{earlier}<div class="round" lang="{escape(record["lang"])}">{round_}</div></section>'
        f'<section class="basis">{basis(record, turn, words)}{warnings(found)}'
        f'<p class="id">{escape(record["id"])}#{turn} · {escape(str(record.get("strategy")))} · '
        f"{escape(record['lang'])}</p></section>"
    )


def turn_view(turn: Mapping[str, Any], side: int) -> str:
    """Return what one side says, with its pictures where they stand, and the names that an answer rests on marked."""
    kg, value = turn["kg"], turn["value"]
    pictures = iter(kg.get("images", ()))
    marks = {
        int(start): (int(end), str(entity))
        for start, end, entity in kg.get("slots", ())
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(value)
    }
    parts, at = [], 0
    while at < len(value):
        if value.startswith(IMAGE, at):
            parts.append(picture_view(next(pictures, None), side))
            at += len(IMAGE)
        elif at in marks:
            end, entity = marks[at]
            parts.append(f'<mark title="{escape(entity)}">{escape(value[at:end])}</mark>')
            at = end
        else:
            stops = [place for place in (value.find(IMAGE, at), *(mark for mark in marks if mark > at)) if place > at]
            end = min(stops, default=len(value))
            parts.append(escape(value[at:end]))
            at = end
    who = turn["from"]
    return (
        f'<div class="turn {"asks" if who == "human" else "answers"}">'
        f'<span class="speaker">{SPEAKERS.get(who, "")}</span><div class="said" dir="auto">{"".join(parts)}</div></div>'
    )


def picture_view(image: Mapping[str, Any] | None, side: int) -> str:
    """Return a picture of a turn; one that the line does not name is said to be missing."""
    if image is None:
        return '<span class="gone">a picture that the line does not name</span>'
    name = escape(str(image["file"]))
    return (
        f'<button class="shot" data-act="look" data-sha="{escape(str(image["sha256"]))}" title="{name}">'
        f'<img src="/picture/{escape(str(image["sha256"]))}/{side}" alt="{name}" draggable="false"></button>'
    )


def basis(record: Record, turn: int, words: Words) -> str:
    """Return what a round rests on: kind, triples in words and as ids, and every true answer."""
    kg = record["conversations"][turn]["kg"]
    kind = str(kg.get("kind"))
    facts = "".join(triple_view(str(head), str(relation), str(tail), words) for head, relation, tail in kg["triples"])
    named = {entity for _, _, entity in kg.get("slots", ())}
    answers = [str(each) for each in kg.get("answers", ())]
    listed = "".join(
        f'<li class="{"named" if each in named else ""}" title="{escape(each)}">'
        f"<bdi>{escape(words.name(each))}</bdi></li>"
        for each in sorted(answers, key=lambda each: each not in named)[:ANSWERS]
    )
    more = f'<li class="more">and {len(answers) - ANSWERS:,} more</li>' if len(answers) > ANSWERS else ""
    return (
        f'<p class="kind"><b>{escape(str(kg.get("format")))}</b> <span>{escape(KINDS.get(kind, kind))}</span>'
        f"{'<span>names its subject by a pronoun</span>' if kg.get('refers') else ''}</p>"
        f"{query_view(kg, words)}<h3>It rests on</h3>"
        + (f'<ul class="triples">{facts}</ul>' if facts else '<p class="empty">no triple</p>')
        + f"<h3>True answers <b>{len(answers):,}</b></h3>"
        + (f'<ul class="true">{listed}{more}</ul>' if answers else '<p class="empty">none in the graph</p>')
        + pictures_shown(record["conversations"][turn - 1 : turn + 1], words)
    )


def pictures_shown(turns: Sequence[Mapping[str, Any]], words: Words) -> str:
    """Return whom the pictures of a round show."""
    rows = "".join(
        f'<li title="{escape(str(image["file"]))}"><bdi>{escape(words.name(str(image["entity"])))}</bdi> '
        f"<span>{escape(PurePosixPath(str(image['file'])).name)}</span></li>"
        for turn in turns
        for image in turn["kg"].get("images", ())
    )
    return f'<h3>Its pictures show</h3><ul class="shows">{rows}</ul>' if rows else ""


def triple_view(head: str, relation: str, tail: str, words: Words) -> str:
    """Return a triple in words and as ids."""
    return (
        f'<li><span class="words"><bdi>{escape(words.name(head))}</bdi> <i>{escape(words.relation(relation))}</i> '
        f"<bdi>{escape(words.name(tail))}</bdi></span>"
        f'<span class="ids">{escape(head)}<br>{escape(relation)}<br>{escape(tail)}</span></li>'
    )


def query_view(kg: Mapping[str, Any], words: Words) -> str:
    """Return what a round of another kind asks the graph."""
    query = kg.get("query")
    if not isinstance(query, dict):
        return ""
    subjects = " and ".join(f"<bdi>{escape(words.name(str(each)))}</bdi>" for each in query.get("subjects") or ())
    steps = "".join(
        f" <i>{escape(words.relation(str(step[0])))}</i>{'' if step[1] == 'tail' else ' (backwards)'}"
        for step in query.get("path") or ()
    )
    claim = f" → <bdi>{escape(words.name(str(query['claim'])))}</bdi>?" if query.get("claim") else ""
    by = f" by {escape(str(query['by']))}" if query.get("by") else ""
    return f'<h3>It asks</h3><p class="query">{subjects}{steps}{claim}{by}</p>'


def warnings(found: Sequence[tuple[str, str]]) -> str:
    """Return what the checks of `kwk dialogues verify` say of a round."""
    if not found:
        return '<p class="checked">The graph confirms it.</p>'
    rows = "".join(
        f"<li>{escape(CHECKS.get(reason, reason))} <span>({escape(detail)})</span></li>"
        for reason, detail in islice(found, 6)
    )
    return f'<ul class="faults">{rows}</ul>'


def verdicts_view(given: Mapping[str, Verdict], reviewer: str) -> str:
    """Return what was said of a round, to a reviewer who has judged it; to others nothing."""
    if reviewer not in given:
        return ""
    rows = []
    for who, verdict in sorted(given.items(), key=lambda each: str(each[1].at)):
        why = f": {escape(REASONS.get(verdict.reason, verdict.reason))}" if verdict.reason else ""
        note = f" “{escape(verdict.note)}”" if verdict.note else ""
        texts = "".join(
            f'<span class="new" dir="auto">{escape(words)}</span>'
            for words in (verdict.question, verdict.answer)
            if words
        )
        rows.append(
            f'<li><span class="badge {verdict.judgement}">{verdict.judgement}</span> '
            f"<bdi>{escape(who)}</bdi>{why}{note}{texts}</li>"
        )
    return f'<ul class="tally">{"".join(rows)}</ul>'


def agreement_view(found: RoundAgreement) -> str:
    """Return agreement statistics as tables."""
    if not found.rounds:
        return '<p class="empty">No round has verdicts of two reviewers yet.</p>'
    numbers = ", ".join(f"{count:,} with {verdicts}" for verdicts, count in found.raters.items())
    kinds = ", ".join(f"{count:,} {name}" for name, count in found.judgements.items())
    rows = [
        ("Rounds with two verdicts or more", f"{found.rounds:,}", numbers),
        ("Verdicts on them", f"{found.verdicts:,}", kinds),
        ("Equal verdicts", percent(found.agreement), "share of pairs of verdicts on a round, averaged over rounds"),
        ("Fleiss’ κ", kappa(found.fleiss), "accept, refine, reject; numbers of raters may differ"),
        ("Fleiss’ κ, kept or not", kappa(found.fleiss_kept), "accept and refine taken together"),
    ]
    pairs = [
        (
            f"<bdi>{escape(p.first)}</bdi> and <bdi>{escape(p.second)}</bdi>",
            f"{p.rounds:,}",
            percent(p.agreement),
            kappa(p.cohen),
            kappa(p.cohen_kept),
        )
        for p in found.pairs
    ]
    return (
        f'<table class="figures">{cells(rows)}</table><h3>Two by two</h3><table class="figures"><thead><tr>'
        "<th>Reviewers</th><th>Rounds both judged</th><th>Equal</th><th>Cohen’s κ</th><th>kept or not</th></tr></thead>"
        f"{cells(pairs)}</table>"
    )
