"""From a title to an article: what it is about, its text, its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest.images import Unusable
from kg.errors import DataError
from kg.progress import Progress, silent
from kg.stores import Stores
from retrieval.article.about import Shelf
from retrieval.article.draft import Wish, draft, new_pen
from retrieval.article.gallery import GraphGallery, Held, Repository, graph_space
from retrieval.article.illustrate import PLACES, Illustrator
from retrieval.article.theme import Titles
from retrieval.article.written import Article
from retrieval.assemble import image_roots, with_progress
from retrieval.ground import Reader
from retrieval.names import NameIndex
from retrieval.relations import IT, read_relations

LONGEST_TITLE = 300  # characters
MOST_HEADINGS = 40


@dataclass(frozen=True, slots=True)
class ArticleSettings:
    """What an article is to be about, and how it is to be divided and illustrated."""

    title: str = ""
    keywords: tuple[str, ...] = ()
    outline: tuple[str, ...] = ()  # headings
    images: Path | None = None  # a repository of the user's own
    places: int = PLACES

    def __post_init__(self) -> None:
        if not (self.title or self.keywords):
            raise DataError("An article needs a title or keywords: give --title or --keywords.")
        for text in (self.title, *self.keywords, *self.outline):
            if len(text) > LONGEST_TITLE:
                raise DataError(
                    f"{text[:40]!r}… has {len(text):,} characters; a title, a keyword or a heading has {LONGEST_TITLE} "
                    "at most."
                )
        if len(self.outline) > MOST_HEADINGS:
            raise DataError(f"An outline of {len(self.outline):,} headings is too long: use up to {MOST_HEADINGS}.")
        if self.places < 0:
            raise DataError(f"{self.places} images are fewer than none.")


@dataclass(frozen=True, slots=True)
class Made:
    """An article, its candidates' images by sha256, and what a user should know of how its title was read."""

    article: Article
    images: dict[str, Held]
    remark: str

    def image(self, sha256: str) -> bytes:
        """Return the bytes of an image. Raises Unusable."""
        if sha256 not in self.images:
            raise Unusable("unreadable", "is none of the article's")
        return self.images[sha256].read()


def read_outline(file: Path) -> tuple[str, ...]:
    """Return the headings of an outline, one a line; marks of Markdown before them are left out. Raises DataError."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{file} can't be read as an outline: {exc}.") from exc
    headings = tuple(dict.fromkeys(text for line in lines if (text := line.strip().lstrip("#*- ").strip())))
    if not headings:
        raise DataError(f"{file} holds no heading: write one a line.")
    return headings


def make(stores: Stores, graph: str, home: Path, settings: ArticleSettings, progress: Progress = silent) -> Made:
    """Make an article out of a graph's facts. Raises KwkError."""
    from ingest.sentences import minilm

    reader = Reader(stores.driver, graph)
    sentences = minilm()
    relations = read_relations(
        stores.driver, graph, with_progress(sentences.encode, progress), sentences.space, home / "cache"
    )
    index = NameIndex(reader.entities())
    shelf = Shelf(reader, relations, index.by_id)

    def likeness(text: str) -> Sequence[float]:
        found = relations.likeness(sentences.encode([f"{text} of {IT}", text]))
        best: list[float] = np.max(found, axis=0).tolist()
        return best

    subject = Titles(shelf, index).read(settings.title, settings.keywords)
    pen = new_pen(shelf)
    article = draft(pen, subject, likeness, Wish(settings.outline, settings.keywords if settings.title else ()))
    gallery = GraphGallery(reader, stores.engine, image_roots(reader), graph_space(reader))
    own = Repository(settings.images, gallery.space, home / "cache", progress) if settings.images else None
    illustrator = Illustrator(shelf, pen, gallery, own, settings.places)
    places = illustrator.illustrate(article) if settings.places else []
    article = replace(article.with_places(places), facts=tuple(pen.facts))
    return Made(article, illustrator.seen, subject.remark)
