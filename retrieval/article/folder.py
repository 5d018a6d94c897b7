"""The folder of an article: its JSON, Markdown and HTML, its images, and beside them the candidates.

`article.json` is the article; the other two are made of it. Each file is written whole to a temporary name first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from dialogue.folder import new_folder
from ingest.images import Unusable, decode, read_within
from kg.errors import DataError
from kg.whole_file import whole_file
from retrieval.article.render import html, markdown
from retrieval.article.written import Article, read

ARTICLE = "article.json"
PAGES = ("article.md", "article.html")
IMAGES, CANDIDATES = "images", "candidates"
_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}


@dataclass(frozen=True, slots=True)
class ArticleFolder:
    """A folder with an article in it."""

    place: Path

    def article(self) -> Article:
        """Return the article. Raises DataError where there is none."""
        file = self.place / ARTICLE
        try:
            return read(file.read_bytes(), str(file))
        except OSError as exc:
            raise DataError(
                f"{self.place} holds no article ({exc.strerror}); `kwk article --title … --out {self.place}` makes one."
            ) from exc

    def revision(self) -> str:
        """Return what changes with the article."""
        return hashlib.sha256((self.place / ARTICLE).read_bytes()).hexdigest()

    def image(self, sha256: str) -> bytes:
        """Return the bytes of an image or a candidate. Raises Unusable where it is gone, or is another one by now."""
        name = self._files().get(sha256[:16])
        if name is None:
            raise Unusable("unreadable", "is not in the article's folder")
        data = read_within(self.place, name)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Unusable("changed", "is no longer what it was")
        return data

    def held(self) -> set[str]:
        """Return the images that lie in the folder, shown or not, by the sha256 of what they are."""
        return {hashlib.sha256(read_within(self.place, name)).hexdigest() for name in self._files().values()}

    def keep(self, data: bytes, folder: str = CANDIDATES) -> str:
        """Keep a picture beside the article; return its sha256. Raises Unusable for what is none."""
        *_, kind = decode(data)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256[:16] not in self._files():
            target = self.place / folder / f"{sha256[:16]}.{_ENDINGS.get(kind, 'img')}"
            target.parent.mkdir(exist_ok=True)
            with whole_file(target) as part:
                part.write_bytes(data)
        return sha256

    def save(self, article: Article) -> None:
        """Write an article in the place of the one that is there; images that it shows lie in `images`."""
        shown = {place.image[:16] for place in article.places}
        self._move(shown, IMAGES)
        files = {place.image: self._files().get(place.image[:16], "") for place in article.places}
        texts = article.to_json(), markdown(article, files), html(article, self.image)
        for name, text in zip((ARTICLE, *PAGES), texts, strict=True):
            with whole_file(self.place / name) as part:
                part.write_text(text, "utf-8")
        self._move(self._files().keys() - shown, CANDIDATES)  # only now: until then the old pages showed them

    def _move(self, keys: Collection[str], folder: str) -> None:
        """Put images into one of the two folders."""
        for key, name in self._files().items():
            if key in keys and Path(name).parts[0] != folder:
                (self.place / folder).mkdir(exist_ok=True)
                (self.place / name).replace(self.place / folder / Path(name).name)

    def _files(self) -> dict[str, str]:
        """Return the files of the images, relative to the folder, by the first sixteen digits of their sha256."""
        found = {}
        for folder in (CANDIDATES, IMAGES):
            below = self.place / folder
            for path in sorted(below.iterdir()) if below.is_dir() else ():
                if not path.name.startswith("."):
                    found[path.stem] = f"{folder}/{path.name}"
        return found


def write(article: Article, images: Callable[[str], bytes], out: Path, force: bool = False) -> ArticleFolder:
    """Write a new folder; it is there whole or not at all. An image that is gone meanwhile is left out with its place.

    `images` gives the bytes of a candidate by sha256, and raises Unusable.
    """
    with new_folder(out, force, ARTICLE) as partial:
        folder = ArticleFolder(partial)
        places = []
        for place in article.places:
            kept = tuple(each for each in place.candidates if _kept(folder, images, each.sha256))
            if kept:
                still = place.image in {each.sha256 for each in kept}
                places.append(replace(place, image=place.image if still else kept[0].sha256, candidates=kept))
        folder.save(article.with_places(places))
    return ArticleFolder(out)


def _kept(folder: ArticleFolder, images: Callable[[str], bytes], sha256: str) -> bool:
    try:
        folder.keep(images(sha256))
    except Unusable:
        return False
    return True
