"""The parts of the review page as HTML. Whatever comes from a graph or a reviewer is escaped here."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath
from typing import Any

from ingest.agreement import Agreement
from ingest.sheet import Choice, Fact, Sheet

CARD = 512  # pixels of an image's longer side on its card
LARGE = 1600  # and alone
STATES = {"open": "open", "tied": "tied", "none": "none is right", "chosen": "decided"}
REASONS = {
    "duplicate": "a near-duplicate of another image",
    "typicality": "not typical of this entity's images",
    "semantic": "too unlike the entity's text",
}


def sheet_view(sheet: Sheet) -> str:
    """Return an entity with its images."""
    candidates = [choice for choice in sheet.choices if not choice.dropped]
    dropped = [choice for choice in sheet.choices if choice.dropped]
    parts = [
        f'<section class="about">{about(sheet)}</section><section class="pictures">{verdict(sheet)}<div class="grid">'
    ]
    parts += [card(choice, sheet) for choice in candidates]
    parts.append("</div>")
    if dropped:
        parts.append(f'<div class="dropped" hidden><h3>{len(dropped)} dropped by the gates</h3><div class="grid">')
        parts += [card(choice, sheet) for choice in dropped]
        parts.append("</div></div>")
    return "".join([*parts, actions(sheet, len(dropped)), "</section>"])


def about(sheet: Sheet) -> str:
    """Return what is known of an entity."""
    parts = [f'<h2 dir="auto">{escape(sheet.name)}</h2>']
    if sheet.type:
        parts.append(f'<p class="type">{escape(sheet.type)}</p>')
    if sheet.description:
        parts.append(f'<p class="description" dir="auto">{escape(sheet.description)}</p>')
    if sheet.names:
        parts.append(f'<p class="names">also {" · ".join(f"<bdi>{escape(name)}</bdi>" for name in sheet.names)}</p>')
    parts.append(fact_list("", sheet.facts))
    parts.append(fact_list("What points here", sheet.mentions))
    if sheet.properties:
        rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in sheet.properties)
        parts.append(f"<h3>Values</h3><dl>{rows}</dl>")
    links = "".join(
        f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(title)}</a>'
        for title, address in sheet.links
    )
    return "".join([*parts, f'<nav class="links">{links}</nav><p class="id">{escape(sheet.entity)}</p>'])


def fact_list(title: str, facts: Sequence[Fact]) -> str:
    """Return facts in words, a line a relation."""
    if not facts:
        return ""
    rows = []
    for fact in facts:
        names = ", ".join(f"<bdi>{escape(name)}</bdi>" for name in fact.names)
        more = f' <span class="more">+{fact.count - len(fact.names):,}</span>' if fact.count > len(fact.names) else ""
        rows.append(f"<dt>{escape(fact.relation)}</dt><dd>{names}{more}</dd>")
    return (f"<h3>{title}</h3>" if title else "") + f"<dl>{''.join(rows)}</dl>"


def verdict(sheet: Sheet) -> str:
    """Return how the entity stands, for a reviewer who has voted; for others, what is asked."""
    if sheet.vote is None:
        return '<p class="verdict">Which picture shows it best?</p>'
    votes = sum(len(choice.voters or ()) for choice in sheet.choices) + len(sheet.none_voters or ())
    said = {
        "open": "one more vote is needed",
        "tied": "tied, so it waits in the queue",
        "none": "the experts agree that no picture is right; it waits in the queue",
        "chosen": "the picture with most of them is chosen",
    }[sheet.state or "open"]
    return (
        f'<p class="verdict voted"><span class="badge {sheet.state}">{STATES[sheet.state or "open"]}</span> '
        f"{votes} {'vote' if votes == 1 else 'votes'}: {said}.</p>"
    )


def card(choice: Choice, sheet: Sheet) -> str:
    """Return an image with what is measured of it; who voted for it stands there once the reviewer has voted."""
    mine = sheet.vote is not None and sheet.vote.sha256 == choice.sha256
    classes = " ".join(["card", *(["mine"] if mine else []), *(["chosen"] if choice.chosen else [])])
    name = escape(PurePosixPath(choice.path).name)
    scores = "".join(
        f'<span class="score">{title}{f" #{rank}" if rank else ""} {value:.2f}</span>'
        for title, rank, value in choice.scores
    )
    reason = f'<p class="reason">{escape(REASONS.get(choice.dropped, choice.dropped))}</p>' if choice.dropped else ""
    return (
        f'<figure class="{classes}" data-sha="{choice.sha256}"><button class="shot" data-act="vote" '
        f'aria-label="Vote for {name}" aria-pressed="{str(mine).lower()}"><kbd></kbd>'
        f'<img src="/picture/{choice.sha256}/{CARD}" alt="{name}" loading="lazy" draggable="false"></button>'
        f'<figcaption><span class="file" title="{escape(choice.path)}">{name}</span>'
        f'<span class="size">{choice.size}</span>{scores}</figcaption>{reason}{tally(choice.voters)}</figure>'
    )


def tally(voters: Sequence[str] | None) -> str:
    """Return who voted, or nothing as long as it may not be seen."""
    if not voters:
        return ""
    names = ", ".join(f"<bdi>{escape(voter)}</bdi>" for voter in voters)
    return f'<p class="tally"><b>{len(voters)}</b> {names}</p>'


def actions(sheet: Sheet, dropped: int) -> str:
    """Return what one can do beside voting for an image."""
    mine = sheet.vote is not None and sheet.vote.sha256 is None
    toggle = f'<button data-act="dropped"><kbd>d</kbd> {dropped} dropped</button>' if dropped else ""
    return (
        f'<div class="actions"><button data-act="none" class="none{" mine" if mine else ""}" '
        f'aria-pressed="{str(mine).lower()}"><kbd>0</kbd> None of these</button>{tally(sheet.none_voters)}{toggle}'
        '<span class="space"></span>'
        '<button data-act="back"><kbd>←</kbd> Back</button><button data-act="next"><kbd>s</kbd> Skip</button>'
        '<button data-act="help"><kbd>?</kbd> Keys</button></div>'
    )


def entities_view(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return entities as rows of a table. How one stands is told, but for whom anybody voted is not."""
    return "".join(
        f'<tr data-open="{escape(row["id"])}"><td><button class="name">'
        f"<bdi>{escape(str(row['name'] or row['id']))}</bdi></button></td><td>"
        f'<span class="badge {row["state"]}">{STATES[row["state"]]}</span></td>'
        f'<td class="number">{row["votes"]}</td><td class="number">{row["candidates"]}</td>'
        f"<td>{'voted' if row['voted'] else ''}</td></tr>"
        for row in rows
    )


def queue_view(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return entities that wait for a search by hand; images and counts only where the reviewer has voted."""
    parts = []
    for row in rows:
        if row["voted"]:
            shown = "".join(
                f'<span class="option"><img src="/picture/{image["sha256"]}/{CARD}" alt="" loading="lazy">'
                f"<b>{image['votes']}</b></span>"
                for image in row["images"]
            )
            shown += f'<span class="option">none <b>{row["none"]}</b></span>' if row["none"] else ""
        else:
            shown = '<span class="blind">vote first, then you see how others did</span>'
        parts.append(
            f'<tr data-open="{escape(row["id"])}"><td><button class="name"><bdi>'
            f"{escape(str(row['name'] or row['id']))}</bdi></button></td>"
            f'<td><span class="badge {row["state"]}">{STATES[row["state"]]}</span></td>'
            f'<td class="number">{row["votes"]}</td><td>{shown}</td></tr>'
        )
    return "".join(parts)


def agreement_view(found: Agreement) -> str:
    """Return agreement statistics as tables."""
    if not found.entities:
        return '<p class="empty">No entity has votes of two reviewers yet.</p>'
    numbers = ", ".join(f"{count:,} with {votes}" for votes, count in found.raters.items())
    rows = [
        ("Entities with two votes or more", f"{found.entities:,}", numbers),
        ("Votes on them", f"{found.votes:,}", f"{found.pictures:,} candidate pictures"),
        ("Equal votes", percent(found.agreement), "share of pairs of votes on an entity, averaged over entities"),
        ("Fleiss’ κ", kappa(found.fleiss), "each picture chosen or not, numbers of raters may differ"),
        ("Randolph’s κ", kappa(found.free_marginal), "each entity one choice, by chance one of its candidates or none"),
    ]
    pairs = [
        (
            f"<bdi>{escape(p.first)}</bdi> and <bdi>{escape(p.second)}</bdi>",
            f"{p.entities:,}",
            percent(p.agreement),
            kappa(p.cohen),
        )
        for p in found.pairs
    ]
    return (
        f'<table class="figures">{cells(rows)}</table><h3>Two by two</h3><table class="figures"><thead><tr>'
        "<th>Reviewers</th><th>Entities both judged</th><th>Equal votes</th><th>Cohen’s κ</th></tr></thead>"
        f"{cells(pairs)}</table>"
    )


def cells(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of a table; their cells are HTML."""
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "–" if share is None else f"{100 * share:.1f} %"


def kappa(value: float | None) -> str:
    """Return a κ with three digits; a dash where it is undefined."""
    return "–" if value is None else f"{value:.3f}"
