"""The page on which a reader changes an article's images: another one, one's own, its caption, one place more or less.

All that it shows lies in the article's folder, so it needs no store. Every change is written at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from ingest.images import Unusable
from ingest.sheet import small
from kg.errors import DataError, ServiceError
from retrieval.article.folder import ArticleFolder
from retrieval.article.render import environment
from retrieval.article.written import Article, Candidate, Place
from retrieval.chat_completions import picture_bytes

CARD, LARGE = 240, 960  # pixels of the longer side of an image
LONGEST_CAPTION = 500  # characters
MOST_CANDIDATES = 24  # of a place, with a reader's own

Told = dict[str, object]


@dataclass
class Desk:
    """What the page asks for. Each takes what the browser sent and returns the article as it is then."""

    folder: ArticleFolder
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def show(self, sent: Told) -> Told:
        """Return the article."""
        del sent
        return self._told(self.folder.article())

    def replace(self, sent: Told) -> Told:
        """Put another candidate into a place."""
        sha256 = _text(sent, "sha256")

        def change(article: Article, place: Place) -> Article:
            if sha256 not in {each.sha256 for each in place.candidates}:
                raise DataError("This image is no candidate for the place: reload the page.")
            _check_new(article, sha256, place)
            return _with(article, place, replace(place, image=sha256))

        return self._change(sent, change)

    def upload(self, sent: Told) -> Told:
        """Put a reader's own picture into a place."""
        sha256 = self._keep(_text(sent, "picture"))
        own = Candidate(sha256, _text(sent, "name")[:200] or "own picture", "own")

        def change(article: Article, place: Place) -> Article:
            _check_new(article, sha256, place)
            others = tuple(each for each in place.candidates if each.sha256 != sha256)[: MOST_CANDIDATES - 1]
            kept = others if place.image in {each.sha256 for each in others} else (place.chosen, *others[:-1])
            return _with(article, place, replace(place, image=sha256, candidates=(own, *kept)))

        return self._change(sent, change)

    def caption(self, sent: Told) -> Told:
        """Change what is written below an image. A caption of the reader's own rests on no fact of the graph."""
        text = " ".join(_text(sent, "caption").split())
        if not text or len(text) > LONGEST_CAPTION:
            raise DataError(f"A caption has 1 to {LONGEST_CAPTION} characters; this one has {len(text):,}.")

        def change(article: Article, place: Place) -> Article:
            facts = place.facts if text == place.caption else ()
            return _with(article, place, replace(place, caption=text, facts=facts))

        return self._change(sent, change)

    def drop(self, sent: Told) -> Told:
        """Drop a place; its images stay in the folder."""
        return self._change(sent, lambda article, place: _with(article, place, None))

    def add(self, sent: Told) -> Told:
        """Add a place after a paragraph, with a picture of the reader's own or one that a dropped place left."""
        section, paragraph = _number(sent, "section"), _number(sent, "paragraph")
        picture, spare = _text(sent, "picture"), _text(sent, "sha256")
        sha256 = self._keep(picture) if picture else spare

        def change(article: Article) -> Article:
            if not (section < len(article.sections) and paragraph < len(article.sections[section].paragraphs)):
                raise DataError("There is no such paragraph: reload the page.")
            if article.at(section, paragraph):
                raise DataError("There is an image after this paragraph already: replace that one.")
            if not picture and spare not in self.folder.held():
                raise DataError("This image is not in the article's folder: reload the page.")
            _check_new(article, sha256, None)
            caption = " ".join(_text(sent, "caption").split())[:LONGEST_CAPTION] or article.title
            own = Candidate(sha256, _text(sent, "name")[:200] or "picture", "own")
            return article.with_places([*article.places, Place(section, paragraph, "", caption, (), sha256, (own,))])

        return self._written(sent, change)

    def picture(self, sha256: str, side: int) -> bytes:
        """Return an image of the article as WebP. Raises Gone."""
        from kg.local_page import Gone

        try:
            return small(self.folder.image(sha256), side)
        except Unusable as exc:
            raise Gone(f"This image {exc}.") from exc

    def _keep(self, address: str) -> str:
        try:
            return self.folder.keep(picture_bytes(address))
        except Unusable as exc:
            raise DataError(f"The picture can't be used, it {exc}; choose another one.") from exc

    def _change(self, sent: Told, change: Callable[[Article, Place], Article]) -> Told:
        """Change one place."""
        section, paragraph = _number(sent, "section"), _number(sent, "paragraph")

        def changed(article: Article) -> Article:
            found = article.at(section, paragraph)
            if not found:
                raise DataError("There is no image after this paragraph any more: reload the page.")
            return change(article, found[0])

        return self._written(sent, changed)

    def _written(self, sent: Told, change: Callable[[Article], Article]) -> Told:
        """Change the article that the browser saw, and write it; another one by now is not overwritten."""
        with self._lock:
            if _text(sent, "revision") != self.folder.revision():
                raise DataError("The article was changed elsewhere meanwhile: reload the page, then change it again.")
            article = change(self.folder.article())
            self.folder.save(article)
        return self._told(article)

    def _told(self, article: Article) -> Told:
        shown = {place.image for place in article.places}
        offered = {each.sha256 for place in article.places for each in place.candidates}
        page = (
            environment()
            .get_template("edit.html")
            .render(article=article, spare=sorted(self.folder.held() - shown - offered), shown=shown)
        )
        return {"title": article.title, "html": page, "revision": self.folder.revision()}


def _with(article: Article, place: Place, new: Place | None) -> Article:
    places = [new if each is place else each for each in article.places]
    return article.with_places([each for each in places if each is not None])


def _check_new(article: Article, sha256: str, place: Place | None) -> None:
    """Raise DataError where an image stands elsewhere in the article already."""
    if any(each.image == sha256 and each is not place for each in article.places):
        raise DataError("This image stands in the article already: no image stands in it twice.")


def _text(sent: Told, key: str) -> str:
    value = sent.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f"The page sent {value!r} as {key}, which is no text: reload it.")
    return value or ""


def _number(sent: Told, key: str) -> int:
    value = sent.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DataError(f"The page sent {value!r} as {key}, which is no number of a place: reload it.")
    return value


def serve_article(place: Path, port: int | None, say: Callable[[str], object], opens: bool) -> None:
    """Serve the page on which an article is changed until Ctrl-C. Raises KwkError."""
    import click

    folder = ArticleFolder(place)
    folder.save(folder.article())  # one that was cut between its files is made whole again
    try:
        from kg.local_page import LocalPage, listen, serve
    except ImportError as exc:
        raise ServiceError(f"The page needs Gradio ({exc}): pip install 'kwk[review]'.") from exc
    desk, parts = Desk(folder), files("retrieval.article")
    page = LocalPage(
        title=f"kwk article · {folder.article().title}",
        root="kwk-article",
        script=parts.joinpath("edit.js").read_text("utf-8"),
        style=parts.joinpath("edit.css").read_text("utf-8"),
        asks={
            "kwk_show": desk.show, "kwk_replace": desk.replace, "kwk_upload": desk.upload,
            "kwk_caption": desk.caption, "kwk_drop": desk.drop, "kwk_add": desk.add,
        },
        picture=desk.picture,
        sides=(CARD, LARGE),
    )  # fmt: skip
    with listen(port) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/"

        def ready() -> None:
            click.echo(f"“{folder.article().title}” at {address} until Ctrl-C; each change is written to {place}")
            if opens and click.launch(address) != 0:
                say("no web browser was found here: open the address above in one")

        serve(page, bound, ready)
