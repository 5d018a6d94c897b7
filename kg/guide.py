"""The guide that Neo4j Browser opens beside what one draws: slides with queries to run, made from the graphs present.

Browser makes a click on `pre.runnable` put the query into its editor, and on the sign before it run it; whatever has
`data-populate` does the same with that attribute.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from kg import tour
from kg.checks import Check
from kg.grass import Colour
from kg.showcase import Showcase
from kg.thumbnails import picture_address, thumbnail
from kg.tour import Shown

_LEGEND = 12  # types


def page(slides: Iterable[str]) -> str:
    """Return the whole guide."""
    return (
        "<title>The graphs in here</title>\n"
        f'<article class="guide"><carousel class="deck">\n{"".join(slides)}</carousel></article>\n'
    )


def slide(title: str, *parts: str) -> str:
    """Return a slide; parts that are empty are left out."""
    body = "\n".join(part for part in parts if part)
    return f'<slide><div style="padding: 0 15px 15px"><h3>{escape(title)}</h3>\n{body}\n</div></slide>\n'


def query(cypher: str) -> str:
    """Return a query that a click puts into the editor or runs."""
    return f'<pre mode="cypher" class="code runnable" style="font-size: 12px">{escape(cypher, quote=False)}</pre>'


def empty() -> str:
    """Return the guide while there is no graph."""
    return page(
        [
            slide(
                "No graph yet",
                "<p><code>kwk ingest sample</code> loads a small atlas of the world with its flags, "
                "<code>kwk ingest fb15k</code> a large graph. Log in again then.</p>",
            )
        ]
    )


def welcome(graphs: Sequence[Mapping[str, Any]]) -> str:
    """Return the first slide: what there is, and how to go about."""
    counts = ("entities", "triples", "relations", "images")
    cell = "<td style='padding: 0 12px 0 0; text-align: right'>{:,}</td>".format
    rows = [
        f"<tr><td style='padding-right: 12px'><b>{escape(row['name'])}</b></td>"
        + "".join(cell(row[count]) for count in counts)
        for row in graphs
    ]
    heads = "".join(f"<th style='padding-right: 12px; text-align: right'>{count}</th>" for count in counts)
    return slide(
        "The graphs in here",
        f"<table><tr><th></th>{heads}</tr>{''.join(rows)}</table>",
        "<p style='margin-top: 1em'>Click a query to put it into the editor, or the sign before it to run it at once. "
        "This guide stays beside what you draw; the screen sign at the far left closes and opens it.</p>",
        query(tour.GRAPHS),
        "<p>In a drawing, a click on a node shows what is known of it, and a double click draws its neighbours. "
        "Where a caption is cut, the panel at the right has it in full. The sign ⤢ above a result gives it the whole "
        "window.</p>",
    )


def slides_of(show: Showcase, types: Mapping[str, Colour], assets: Path) -> str:
    """Return the slides of one graph; `types` are its labels with their colours, the commonest first."""
    title = f"{show.graph}: "
    slides = []
    if show.entities:
        slides.append(entity_slide(title, show, types, assets))
    if types:
        slides.append(types_slide(title, show))
    if show.ways:
        slides.append(ways_slide(title, show))
    if show.pair:
        slides.append(pair_slide(title, *show.pair))
    slides += [check_slide(title, check) for check in show.checks]
    if show.entities:
        slides.append(ask_slide(title, show.entities[0]))
    return "".join(slides)


def entity_slide(title: str, show: Showcase, types: Mapping[str, Colour], assets: Path) -> str:
    """Show one entity and what is around it, and others to go to."""
    first, *others = show.entities
    figures = [linked(assets, first, path, 84) for path in first.pictures]
    gallery = "".join(figure(assets, each) for each in others)
    return slide(
        title + first.name,
        f"<p>{escape(first.description)}</p>" if first.description else "",
        f"<p>{' '.join(figures)}</p>" if figures else "",
        "<p>What is around it, with pictures:</p>",
        query(tour.neighbourhood(first)),
        f"<p style='margin: 1em 0 .3em'>Others to draw; a picture opens in full:</p><div>{gallery}</div>"
        if gallery
        else "",
        "<p>All that is known of it, as a table:</p>",
        query(tour.facts(first)),
        legend(types),
    )


def types_slide(title: str, show: Showcase) -> str:
    """Show how far pictures reach, and where they lie."""
    illustrated = [each for each in show.entities if each.pictures]
    if not illustrated:
        return slide(title + "types", "<p>How many entities there are of each type:</p>", query(tour.types(show.graph)))
    return slide(
        title + "pictures",
        "<p>How many entities of each type have a picture:</p>",
        query(tour.coverage(show.graph)),
        "<p>Where pictures lie: a click on an address in the table opens the picture.</p>",
        query(tour.addresses(show.graph)),
    )


def ways_slide(title: str, show: Showcase) -> str:
    """Show the longest ways, and how much shorter it is when all relations may be taken."""
    parts = []
    for way in show.ways:
        names = [escape(each.name) for each in way.passes]
        parts += [
            f"<p>{names[0]} – {names[-1]}: {way.steps} steps by <code>{way.relation}</code>, and no way shorter.</p>",
            query(way.query),
            f"<p style='font-size: 12px; opacity: .8'>{' – '.join(names)}</p>",
        ]
    ends = show.ways[0].passes[0], show.ways[0].passes[-1]
    parts += [f"<p>{escape(ends[0].name)} – {escape(ends[1].name)} by any relations:</p>", query(tour.between(*ends))]
    return slide(title + "the longest ways", *parts)


def pair_slide(title: str, one: Shown, other: Shown) -> str:
    """Show what two entities share."""
    return slide(
        f"{title}{one.name} and {other.name}",
        "<p>What they share, the most telling first: what fewest others are tied to.</p>",
        query(tour.shared(one, other)),
        "<p>The same as a table:</p>",
        query(tour.shared_facts(one, other)),
    )


def check_slide(title: str, check: Check) -> str:
    """Show one thing to check: queries, each with the words before it."""
    parts = [part for words, cypher in check.asks for part in (f"<p>{escape(words)}</p>", query(cypher))]
    return slide(title + check.title, *parts)


def ask_slide(title: str, entity: Shown) -> str:
    """Say how to write queries of one's own."""
    word = max(re.findall(r"\w+", entity.name), key=len, default="").lower()
    return slide(
        title + "ask for yourself",
        "<p>An entity is <code>(:Entity {graph, id, name, names, description, types})</code> with its type as a second "
        "label; a fact is a relationship with <code>{triple, relation, sources}</code>; a picture hangs on its entity "
        "by <code>HAS_IMAGE</code>: <code>(:Image {graph, path, sha256, width, height})</code>. Say which graph you "
        "mean: several may stand side by side.</p>",
        "<p>Find an entity by a word of any of its names:</p>" + query(tour.find(word)) if word else "",
        "<p>Which relations there are, and what they say:</p>",
        query(tour.relations(entity.graph)),
        "<p>Who says so:</p>",
        query(tour.sources(entity)),
        f"<p>This guide again: <code>:guide {tour.ADDRESS}/guide.html</code><br>"
        f"The colours again, after you changed them: <code>:style {tour.ADDRESS}/kg.grass</code></p>",
    )


def linked(assets: Path, entity: Shown, path: str, size: int) -> str:
    """Return a thumbnail that opens its picture; nothing if the picture is gone."""
    data = thumbnail(assets, entity.graph, path, 2 * size)
    if data is None:
        return ""
    look = f"display: inline-block; max-width: {size}px; max-height: {size}px"
    return (
        f'<a href="{picture_address(entity.graph, path)}" target="_blank" title="{escape(path)}">'
        f'<img src="{data}" alt="{escape(entity.name)}" style="{look}"></a>'
    )


def figure(assets: Path, entity: Shown) -> str:
    """Return an entity with a thumbnail over its name; the name draws what is around it."""
    picture = linked(assets, entity, entity.pictures[0], 56) if entity.pictures else ""
    return (
        '<div style="display: inline-block; width: 104px; margin: 0 6px 10px 0; vertical-align: top; '
        f'font-size: 12px; line-height: 1.25">{picture}<div style="cursor: pointer" '
        f'data-populate="{escape(tour.neighbourhood(entity))}">{escape(entity.name)}</div></div>'
    )


def legend(types: Mapping[str, Colour]) -> str:
    """Return the colours of the commonest types."""
    chips = [
        f'<span style="background: {each.fill}; color: {each.text}; border-radius: 9px; padding: 1px 9px; '
        f'font-size: 12px; white-space: nowrap">{label}</span>'
        for label, each in list(types.items())[:_LEGEND]
    ]
    return f"<p style='margin-top: 1em; line-height: 2'>{' '.join(chips)}</p>" if chips else ""
