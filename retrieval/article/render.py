"""An article to read: Markdown with footnotes, and one page of HTML that needs no other file."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from jinja2 import Environment

from ingest.images import Unusable
from ingest.sheet import small
from kg.templates import templates
from retrieval.article.written import Article, Place, Sentence

SIDE = 960  # pixels of the longer side of an image in the page
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~^$&:])")
_AT_START = re.compile(r"\d+$")


def plain(text: str) -> str:
    """Return a text as Markdown shows it to the letter, on one line: no mark in it marks anything, no tag is one."""
    line = " ".join(text.split())
    return _MARKS.sub(lambda found: {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(found[0], f"\\{found[0]}"), line)


def prose(text: str) -> str:
    """Return the same for a sentence of a paragraph, where stops, brackets and dashes mark nothing."""
    return re.sub(r"\\([-.,:!()+])(?!\s*\()", r"\1", plain(text)) if not re.match(r"\s*[-+\d]", text) else plain(text)


def code(text: str) -> str:
    """Return a text as code within a line, however many backticks it has."""
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest else f"{fence}{line}{fence}"


def markdown(article: Article, files: Mapping[str, str]) -> str:
    """Return an article as Markdown. `files` are the images' files, relative to it, by sha256."""
    lines = [f"# {plain(article.title)}", ""]
    for s, section in enumerate(article.sections):
        if section.title:
            lines += [f"## {plain(section.title)}", ""]
        for p, paragraph in enumerate(section.paragraphs):
            lines += [" ".join(_sentence(each) for each in paragraph.sentences), ""]
            for place in article.at(s, p):
                notes = "".join(f"[^{n + 1}]" for n in place.facts)
                lines += [f"![{plain(place.caption)}]({files.get(place.image, '')})", ""]
                lines += [f"*{prose(place.caption)}*{notes}", ""]
    lines += [prose(colophon(article)), ""]
    for n, fact in enumerate(article.facts, 1):
        lines.append(f"[^{n}]: {prose(fact.told())} · {code(fact.query(article.graph))}")
    return "\n".join(lines) + "\n"


def _sentence(sentence: Sentence) -> str:
    return prose(sentence.text) + "".join(f"[^{n + 1}]" for n in sentence.facts)


def colophon(article: Article) -> str:
    """Return how an article came to be, and what it does not tell."""
    cited = f"{len(article.facts):,} fact{'s' if len(article.facts) != 1 else ''}"
    text = f"Made by kwk from the graph '{article.graph}': {cited} cited, {article.left_out:,} left out."
    if article.model:
        rejected = sum(article.model["rejected"].values())
        text += (
            f" {article.model['name']} reworded {article.model['taken']:,} of {article.model['asked']:,} sentences, "
            f"each held against its facts; {rejected:,} were rejected and stay as they were."
        )
    return text


def environment() -> Environment:
    """Return the templates of an article and of the page that changes it."""
    return templates("retrieval.article", runs=runs)


def html(article: Article, read: Callable[[str], bytes]) -> str:
    """Return an article as a page; `read` gives the bytes of an image by sha256. One that is gone is said to be."""

    def shown(place: Place) -> str | None:
        try:
            return "data:image/webp;base64," + base64.b64encode(small(read(place.image), SIDE)).decode()
        except (Unusable, OSError, KeyError):
            return None

    images = {place.image: shown(place) for place in article.places}
    return environment().get_template("article.html").render(article=article, images=images, colophon=colophon(article))


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return places in a list as runs of footnotes, first and last: (0, 1, 2, 7) as (1, 3), (8, 8)."""
    found: list[list[int]] = []
    ordered = sorted(set(numbers))
    for before, number in pairwise([-2, *ordered]):
        if number == before + 1:
            found[-1][1] = number + 1
        else:
            found.append([number + 1, number + 1])
    return [(first, last) for first, last in found]
