"""Tell what the graph was found to hold, part by part: in sentences, with pictures, and with the edges that say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from kg.adjacency import Picture
from retrieval import say
from retrieval.given import Answer, Evidence, Shown
from retrieval.ground import Filled, Reader
from retrieval.grounds import Grounds
from retrieval.link import Floats, Link
from retrieval.measures import measure_of, winner
from retrieval.names import Named
from retrieval.questions import courtesy
from retrieval.search import Pictures
from retrieval.spoken import Spoken
from retrieval.superlatives import Best
from retrieval.understand import Understanding
from retrieval.understood import Measured, Superlative, Understood

MOST_IMAGES = 4  # that one answer shows
MOST_LOOKED_AT = 100  # entities that are looked at for pictures


@dataclass(frozen=True, slots=True)
class Found:
    """What the graph holds of one part of a question."""

    filled: Filled | None  # of its slot; None where it has none
    others: Sequence[Named]  # all that answers, best first
    picked: Best | None = None  # of these, those whose number is the largest or the smallest


@dataclass(eq=False)
class Telling:
    """An answer while it is made, to a question that came with a measured picture (M,) or none."""

    reader: Reader
    understanding: Understanding
    pictures: Callable[[], Pictures | None]
    image_root: Path | None
    question: str
    seen: Floats | None
    spoken: Spoken  # what the conversation has spoken of before
    sentences: list[str] = field(default_factory=list)
    images: list[Shown] = field(default_factory=list)
    evidence: dict[Evidence, None] = field(default_factory=dict)  # once each, in order
    grounded: bool = False

    def answer(self, reasons: tuple[Grounds, ...]) -> Answer:
        """Return all that was told; `reasons` say how each part was understood."""
        return Answer(" ".join(self.sentences), tuple(self.images), tuple(self.evidence), self.grounded, reasons)

    def add(self, sentence: str) -> None:
        """Say one more sentence."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def cite(self, evidence: Evidence) -> None:
        """Cite an edge."""
        self.evidence[evidence] = None

    def tell(self, each: Understood, found: Found) -> None:
        """Answer one part."""
        filled = found.filled
        if each.outnumbered and each.subject:
            asked = each.outnumbered
            self._say_verdict(each.subject, asked.winner(each.subject), asked.whether)
        if each.unknown_picture:
            self.add(say.unknown_picture())
        elif kind := courtesy(each.part.text):
            self.add(say.in_return(kind))
        elif each.subject is None:
            self.add(say.nobody_named(self.question if each.part.refers_back else each.part.text))
        elif each.best is not None:
            self._say_best(each, each.best, found)
        elif each.measured is not None:
            self._say_number(each.subject, each.measured)
        elif each.who:
            self._say_who(each, each.subject)
        elif each.link is None:
            self._show([each.subject], cite=True)
        elif each.together and each.slot:
            self._say_together(each, each.link, filled)
        elif each.part.among and each.slot:
            self._say_of_them(each, each.subject, found)
        elif filled is not None and filled.edges and each.claim is not None:
            self._say_whether(each.link, each.claim, filled)
        elif filled is not None and filled.edges:
            if each.denied:
                self.add(say.only_what_is())
            self._say_fact(each, each.link, filled)
        elif filled is not None and filled.none_of:
            self.add(say.none_of_kind(filled.none_of))
        else:
            self._say_nothing(each, each.subject)

    def _say_who(self, each: Understood, subject: Named) -> None:
        """Say whom the picture shows, or what a name stands for."""
        if each.pictured:
            self.add(say.shown_is(self._said(subject)))
        elif description := self.reader.description(subject.id):
            self.add(say.described(subject.name, description))
            if listing := say.known(self._said(subject), self._held(each, subject)):
                self.add(listing)
        else:
            self._say_nothing(each, subject)
            return
        self.grounded = True
        if each.wish:
            self._show([subject])

    def _say_best(self, each: Understood, asked: Superlative, found: Found) -> None:
        """Name the answer with the largest or smallest number, with its edges and its number."""
        filled, picked = found.filled, found.picked
        measure = measure_of(picked.name if picked else asked.properties[0])
        assert measure is not None  # noqa: S101 - of measures.toml
        if picked is None:
            none = filled is not None and not filled.edges  # of those that were listed before
            self.add(say.of_them((), 0) if none else say.number_not_held(measure.says, "any of them"))
            return
        winners = [self._said(entity) for entity in picked.winners]
        value = measure.said(picked.value)
        ranks = ("earliest", "latest") if measure.months else ("lowest", "highest")
        self.add(say.best(winners, measure.says, value, ranks[asked.more], picked.of))
        for entity in picked.winners:
            if filled and each.subject:
                self._cite(filled.confirming(entity.id), each.subject)
            self.cite(Evidence(entity.name, entity.id, picked.name, value, ""))
        self.grounded = True
        if each.wish:
            self._show(picked.winners)

    def _say_number(self, subject: Named, measured: Measured) -> None:
        """State a number, or compare two by it."""
        measure, pair = measure_of(measured.name), measured.pair(subject)
        held = self.reader.numbers([entity.id for entity in pair])
        values = {id: numbers[measured.name] for id, numbers in held.items() if measured.name in numbers}
        assert measure is not None  # noqa: S101 - it was asked for
        if lacking := [entity for entity in pair if entity.id not in values]:
            self.add(say.number_not_held(measure.says, self._said(lacking[0])))
            return
        told = [(self._said(entity), measure.said(values[entity.id])) for entity in pair]
        if measured.against is None:
            self.add(say.number(measure.says, *told[0]))
        else:
            best = winner(subject, measured, values)
            self._say_verdict(subject, best, measured.whether)
            self.add(say.numbers(measure.says, told[0], told[1]))
        for entity, (_, value) in zip(pair, told, strict=True):
            self.cite(Evidence(entity.name, entity.id, measured.name, value, ""))
        self.grounded = True

    def _say_verdict(self, subject: Named, best: Named | None, whether: bool) -> None:
        """Say of which of two a comparison holds, or whether it is the subject."""
        if whether:
            self.add(say.yes() if best == subject else say.no())
        else:
            self.add(say.which(self._said(best) if best else None))

    def _say_fact(self, each: Understood, link: Link, filled: Filled) -> None:
        """State what the edges hold, and how many they are where that is asked for."""
        self._say_edges(link, filled)
        if each.counts:
            self.add(say.in_all(filled.count))
        if each.wish:
            self._show(filled.others)

    def _say_edges(self, link: Link, filled: Filled) -> None:
        """State edges and cite them."""
        relations = self.understanding.relations
        assert link.relation is not None  # noqa: S101 - a slot was filled
        others = filled.others
        self.add(
            say.fact(
                relations.each[link.relation],
                link.direction,
                self._said(link.subject),
                [self._said(other) for other in others[: say.NAMED]],
                filled.count,
            )
        )
        self._cite(filled, link.subject)

    def _cite(self, filled: Filled, subject: Named) -> None:
        """Cite the edges that lead from a subject to answers."""
        names = {subject.id: subject.name} | {other.id: other.name for other in filled.others}
        names |= {id: self._name(id) for edge in filled.telling for id in (edge.head, edge.tail) if id not in names}
        for edge in (*filled.edges, *filled.telling):
            self.cite(Evidence(names[edge.head], edge.head, edge.relation, names[edge.tail], edge.tail))
        self.grounded = True

    def _say_together(self, each: Understood, link: Link, filled: Filled | None) -> None:
        """Name what answers several questions at once, with the edges of each; all but the first are cited alone."""
        others, total = (filled.others, filled.count) if filled else ([], 0)
        if link == each.together[0]:
            named = [self._said(other) for other in others[: say.NAMED]]
            if each.shared:
                self.add(say.shared([self._said(one.subject) for one in each.together], named, total))
            else:
                facts = [self._fact(one, named[0]) for one in each.together if named]
                lacking = [self._fact(one, named[0]) for one in each.never if named]
                self.add(say.of_all(named, total, facts, lacking))
            if each.counts:
                self.add(say.in_all(total))
        if filled and others:
            self._cite(filled, link.subject)
            if each.wish:
                self._show(others)

    def _fact(self, link: Link, answer: str) -> str:
        """State that something answers what was read."""
        assert link.relation is not None  # noqa: S101 - it was read
        relation = self.understanding.relations.each[link.relation]
        return say.one(relation, link.direction, self._said(link.subject), answer)

    def _say_of_them(self, each: Understood, subject: Named, found: Found) -> None:
        """Name those of the entities listed before that are answers; cite the edges that tell them from the rest."""
        filled, others = found.filled, found.others
        named = [self._said(other) for other in others[: say.NAMED]]
        if each.denied and named:
            self.add(say.of_all(named, len(others), [], [self._fact(link, named[0]) for link in each.never]))
        else:
            self.add(say.of_them(named, len(others)))
        if filled and filled.edges:
            self._cite(filled, subject)
            if each.wish:
                self._show(others)

    def _say_whether(self, link: Link, claim: Named, filled: Filled) -> None:
        """Say whether what was proposed is so, with the edge that says it, or with those that answer instead."""
        confirming = filled.confirming(claim.id)
        self.add(say.yes() if confirming.edges else say.no(self._said(claim)))
        self._say_edges(link, confirming if confirming.edges else filled)

    def _say_nothing(self, each: Understood, subject: Named) -> None:
        """Say what the graph does not hold."""
        relations, link, name = self.understanding.relations, each.link, self._said(subject)
        if link is not None and link.relation is not None:
            self.add(say.not_held(relations.each[link.relation], link.direction, name))
            return
        self.add(say.not_understood(each.part.text, name, self._held(each, subject)))

    def _held(self, each: Understood, subject: Named) -> list[str]:
        """Return what the graph knows of a subject, in words: trivia last, the fewest answers first; then numbers."""
        relations = self.understanding.relations
        asked = [(relations.each[column // 2], n) for column, n in each.has.items() if column % 2 == 0]
        asked.sort(key=lambda found: (found[0].trivial, found[1]))
        numbers = [measure_of(name) for name in self.reader.numbers([subject.id]).get(subject.id, ())]
        holds = [relation.asking("tail").noun for relation, _ in asked]
        return list(dict.fromkeys([*holds, *(measure.says for measure in numbers if measure)]))

    def _show(self, entities: Sequence[Named], cite: bool = False) -> None:
        """Show a picture of each of some entities, a few at most; cite their edges where these are all that answers."""
        images = self.reader.images([entity.id for entity in entities[:MOST_LOOKED_AT]])
        shown = [entity for entity in entities if entity.id in images][:MOST_IMAGES]
        if not shown:
            self.add(say.no_picture([self._said(entity) for entity in entities[: say.NAMED]]))
            return
        self.add(say.here([self._said(entity) for entity in shown]))
        for entity in shown:
            picture = self._best(images[entity.id])
            file = str((self.image_root or Path()) / picture.path)
            self.images.append(Shown(file, picture.sha256, entity.id, entity.name))
            if cite:
                name = PurePosixPath(picture.path).name
                self.cite(Evidence(entity.name, entity.id, "HAS_IMAGE", name, picture.sha256))
        self.grounded = True

    def _best(self, images: Sequence[Picture]) -> Picture:
        """Return the one of an entity's images that <RET> looks for after what was said; without a run the first.

        No image is shown twice in a conversation while the entity has another.
        """
        seen = self.spoken.shown | {image.sha256 for image in self.images}
        images = [image for image in images if image.sha256 not in seen] or images
        pictures = self.pictures() if len(images) > 1 and self.understanding.model else None
        if pictures is None:
            return images[0]
        by_sha = {image.sha256: image for image in images}
        return by_sha[pictures.best(self.question, " ".join(self.sentences), self.seen, list(by_sha))[0]]

    def _name(self, id: str) -> str:
        return self.understanding.names.by_id[id].name

    def _said(self, entity: Named) -> str:
        return say.said(entity, self.understanding.relations.labels)
