"""Where images stand in an article, what is written below them, and which ones (InternLM-XComposer, section 3.3).

The paper spots places and captions them, retrieves the top m images for each caption, and picks one given the text
before and the images that were chosen already. Here a place is a paragraph that speaks of somebody with images; its
caption states a fact; the candidates are that entity's own; and the choice weighs fit, variety and the gates' rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dialogue.wordings import fitted, opening, state
from ingest.zero_shot import worded
from retrieval.article.about import About, Shelf
from retrieval.article.compose import Pen
from retrieval.article.gallery import Floats, GraphGallery, Held, Repository, named_after
from retrieval.article.written import Article, Candidate, Fact, Paragraph, Place
from retrieval.names import Named

PLACES = 8  # images of an article, unless a user says otherwise
CANDIDATES = 6  # of a place: the paper's m
RANK = 0.15  # what each place further down the gates' ranking costs
SAMENESS = 0.5  # what a picture loses that is just like one before it
LIKE = 0.55  # of an own picture with those of an entity, from which on it may show that entity
FITS = 0.5  # an own picture that fits less stands nowhere


@dataclass(frozen=True, slots=True)
class Spot:
    """A paragraph that an image may stand after, and whom it may show."""

    section: int
    paragraph: int
    entity: Named
    own: bool  # the paragraph is about the entity, and does not just name it


@dataclass
class Illustrator:
    """Finds places for images in one article."""

    shelf: Shelf
    pen: Pen
    gallery: GraphGallery
    repository: Repository | None = None
    most: int = PLACES
    used: set[str] = field(default_factory=set)  # sha256 of what was chosen
    seen: dict[str, Held] = field(default_factory=dict)  # all candidates, by sha256
    chosen: list[Floats] = field(default_factory=list)

    def illustrate(self, article: Article) -> list[Place]:
        """Return places with their images, in the order of the text; what captions cite is added to the pen's facts."""
        texts = [(s, p, each) for s, part in enumerate(article.sections) for p, each in enumerate(part.paragraphs)]
        ids = list(dict.fromkeys(id for _, _, each in texts for id in each.mentions))
        about = self.shelf.about(ids)
        images = self.gallery.of(ids)
        offers = self._offered(about, images) if self.repository else images
        spots = spread(spotted(texts, about, offers), self.most)
        places = []
        for spot in sorted(spots, key=lambda each: (each.section, each.paragraph)):
            paragraph = article.sections[spot.section].paragraphs[spot.paragraph]
            caption, facts = self._caption(article, paragraph, about[spot.entity.id], about)
            texts_for = (caption, " ".join(each.text for each in paragraph.sentences))
            found = self._candidates(offers[spot.entity.id], texts_for, spot.entity, images.get(spot.entity.id, ()))
            if found:
                places.append(
                    Place(spot.section, spot.paragraph, spot.entity.id, caption, self.pen.cite(facts),
                          found[0].sha256, tuple(found))
                )  # fmt: skip
        return places or self._found_by_text(article, texts)

    def _candidates(
        self, held: Sequence[Held], texts: Sequence[str], entity: Named, images: Sequence[Held]
    ) -> list[Candidate]:
        """Return the best images for a place that stand nowhere yet; the first of them is taken.

        `texts` are its caption and the text before it, `images` those of the graph that show the entity.
        """
        fits = self._fits(held, texts, entity, images)
        found = []
        for n, (each, fit) in enumerate(zip(held, fits, strict=True)):
            rank = 1.0 if each.origin == "own" else 1 / (1 + RANK * n)
            variety = self._variety(each)
            scores = _rounded(fit, variety, rank, fit * variety * rank)
            found.append((Candidate(each.sha256, each.name, each.origin, *scores), each))
        fresh = [pair for pair in found if pair[0].sha256 not in self.used]
        fresh.sort(key=lambda pair: (-pair[0].score, pair[0].sha256))
        if fresh:
            self._take(fresh[0][1])
        self.seen |= {each.sha256: each for _, each in fresh[:CANDIDATES]}
        return [candidate for candidate, _ in fresh[:CANDIDATES]]

    def _take(self, held: Held) -> None:
        self.used.add(held.sha256)
        if held.vector is not None:
            self.chosen.append(held.vector)

    def _variety(self, held: Held) -> float:
        """Return how unlike an image is to those chosen before, 1 at most."""
        if held.vector is None or not self.chosen:
            return 1.0
        nearest = max(float(held.vector @ other) for other in self.chosen)
        return 1 - SAMENESS * max(nearest, 0.0)

    def _fits(self, held: Sequence[Held], texts: Sequence[str], entity: Named, images: Sequence[Held]) -> list[float]:
        """Return how well images fit texts, 0 to 1: by the text tower where it knows the graph's pictures.

        Else an entity's own images all fit; a user's own fits by its name, or by its likeness to them.
        """
        space = self.gallery.space
        encode = space.tower.encode_text if space.reads else None
        wanted = encode([worded(space.wording, entity.name, ""), *texts]) if encode else None
        fits = []
        for each in held:
            if named_after(each.path, entity.names) if each.origin == "own" else wanted is None:
                fits.append(1.0)
            elif wanted is not None and each.vector is not None:
                fits.append(float(np.clip((1 + (wanted @ each.vector).mean()) / 2, 0, 1)))
            else:
                fits.append(likeness(each, images))
        return fits

    def _offered(self, about: Mapping[str, About], images: Mapping[str, Sequence[Held]]) -> dict[str, list[Held]]:
        """Return which of a user's own pictures may show each entity: called after it, or most like its images."""
        assert self.repository is not None  # noqa: S101 - by the caller
        offered: dict[str, list[Held]] = {}
        for held in self.repository.held:
            named = [id for id, each in about.items() if named_after(held.path, each.entity.names)]
            if not named:
                alike = {id: likeness(held, images[id]) for id in images}
                best = max(alike, key=lambda id: alike[id], default=None)
                named = [best] if best is not None and alike[best] >= LIKE else []
            for id in named:
                offered.setdefault(id, []).append(held)
        return offered

    def _caption(
        self, article: Article, paragraph: Paragraph, shown: About, about: Mapping[str, About]
    ) -> tuple[str, list[Fact]]:
        """Return what is written below an image: a fact that the paragraph tells of whom it shows, or what that is."""
        entity = shown.entity
        if entity.id != paragraph.about:
            cited = [article.facts[n] for sentence in paragraph.sentences for n in sentence.facts]
            for fact in cited:
                if entity.id in (fact.subject_id, fact.object_id) and fact.object_id:
                    return self._stated(fact, shown, about), [fact]
        if shown.description:
            fact = Fact(entity.name, entity.id, "description", shown.description)
            return f"{opening(shown.said)}, {self.pen.what(shown)}.", [fact]
        return f"{opening(shown.said)}.", []

    def _stated(self, fact: Fact, shown: About, about: Mapping[str, About]) -> str:
        """State an edge, beginning with whom the image shows."""
        relation = self.shelf.relations.each[self.shelf.relations.by_path[fact.relation]]
        head, tail = (
            about[id].said if id in about else name
            for id, name in ((fact.subject_id, fact.subject), (fact.object_id, fact.object))
        )
        forms = [fitted(each, head, tail) for each in relation.wordings.statements]
        is_head = fact.subject_id == shown.entity.id
        leading = next((each for each in forms if not each.before and each.head_first == is_head), None)
        if leading is not None:
            return state(leading, head, tail)
        return f"{opening(shown.said)}: {state(forms[0], head, tail)}"

    def _found_by_text(self, article: Article, texts: Sequence[tuple[int, int, Paragraph]]) -> list[Place]:
        """Find an image for each section by its words, where nobody that it names has one and a text tower reads."""
        places: list[Place] = []
        for section, number, paragraph in texts:
            if number or self.repository or len(places) >= self.most or not paragraph.sentences:
                continue
            words = paragraph.sentences[0].text
            found = [each for each in self.gallery.like(words, CANDIDATES) if each[0].sha256 not in self.used]
            if not found:
                continue
            scored = sorted(found, key=lambda each: -(1 + each[2]) / 2 * self._variety(each[0]))
            candidates = [
                Candidate(held.sha256, held.name, held.origin,
                          *_rounded((1 + cosine) / 2, self._variety(held), 1.0, (1 + cosine) / 2 * self._variety(held)))
                for held, _, cosine in scored
            ]  # fmt: skip
            held, entity, _ = scored[0]
            self.seen |= {each.sha256: each for each, _, _ in scored}
            (shown,) = self.shelf.about([entity]).values()
            caption, facts = self._caption(article, paragraph, shown, {entity: shown})
            self._take(held)
            places.append(Place(section, number, entity, caption, self.pen.cite(facts), held.sha256, tuple(candidates)))
        return places


def likeness(held: Held, images: Sequence[Held]) -> float:
    """Return how like an image is to the likest of some others, 0 to 1."""
    if held.vector is None:
        return 0.0
    cosines = [float(held.vector @ each.vector) for each in images if each.vector is not None]
    return float(np.clip(max(cosines, default=0.0), 0, 1))


def spotted(
    texts: Sequence[tuple[int, int, Paragraph]], about: Mapping[str, About], offers: Mapping[str, Sequence[Held]]
) -> list[Spot]:
    """Return the paragraphs that may have an image, each with whom it shows: nobody is shown twice."""
    spots: list[Spot] = []
    seen: set[str] = set()
    # The lead comes first; then whom a paragraph is about, before whom it only names.
    for some, own in ((texts[:1], False), (texts, True), (texts, False)):
        for section, number, paragraph in some:
            if any((each.section, each.paragraph) == (section, number) for each in spots):
                continue
            ids = [paragraph.about] if own else [paragraph.about, *paragraph.mentions]
            fit = next((id for id in ids if id in about and offers.get(id) and id not in seen), None)
            if fit is not None:
                seen.add(fit)
                spots.append(Spot(section, number, about[fit].entity, fit == paragraph.about))
    return spots


def spread(spots: Sequence[Spot], most: int) -> list[Spot]:
    """Choose so many spots at most: the lead's first, then those of their own, evenly through the text."""
    ordered = sorted(spots, key=lambda each: (each.section, each.paragraph))
    if len(ordered) <= most:
        return ordered
    lead = [each for each in ordered if each.section == 0][:1]
    rest = [each for each in ordered if each not in lead]
    own = [each for each in rest if each.own]
    pool = own if len(own) >= most - len(lead) else rest
    places = np.linspace(0, len(pool) - 1, max(most - len(lead), 0)).round().astype(int)
    return lead + [pool[i] for i in dict.fromkeys(places.tolist())]


def _rounded(*values: float) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values)
