"""Answer a question from the graph: link its parts, fill their slots, find the images, say it with its edges."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dialogue.verbalise import question as worded
from kg.adjacency import Picture
from retrieval import say
from retrieval.ground import Filled, Reader
from retrieval.grounds import Grounds, grounds
from retrieval.link import Floats, Link
from retrieval.measures import measure_of, winner
from retrieval.names import Named
from retrieval.of_kind import of_kind
from retrieval.questions import courtesy
from retrieval.search import Pictures
from retrieval.spoken import NOTHING, Spoken, after
from retrieval.superlatives import Best, best
from retrieval.understand import Model, Understanding
from retrieval.understood import Measured, Superlative, Understood

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

MOST_IMAGES = 4  # that one answer shows
MOST_LOOKED_AT = 100  # entities that are looked at for pictures
MOST_RANKED = 32  # answers, the best connected, that a model puts in an order


@dataclass(frozen=True, slots=True)
class Shown:
    """An image of an answer: the file, its content, and the entity that it shows."""

    path: str
    sha256: str
    entity: str
    name: str  # of the entity


@dataclass(frozen=True, slots=True)
class Evidence:
    """An edge that answers, as the graph has it.

    That of an image has its file's name and sha256 for an object; a property's value is an object without id.
    """

    subject: str
    subject_id: str
    relation: str
    object: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, what is shown, and the edges that it rests on."""

    text: str
    images: tuple[Shown, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    grounded: bool = False  # something of it is answered from the graph
    grounds: tuple[Grounds, ...] = ()  # how each part of the question was understood


@dataclass(slots=True)
class Said:
    """An answer while it is made, to a question that came with a measured picture (M,) or none."""

    question: str
    seen: Floats | None
    spoken: Spoken = NOTHING  # what the conversation has spoken of before
    sentences: list[str] = field(default_factory=list)
    images: list[Shown] = field(default_factory=list)
    evidence: dict[Evidence, None] = field(default_factory=dict)  # once each, in order
    grounded: bool = False

    def add(self, sentence: str) -> None:
        """Say one more sentence."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def cite(self, evidence: Evidence) -> None:
        """Cite an edge."""
        self.evidence[evidence] = None


@dataclass(frozen=True, eq=False)
class Answerer:
    """Answers questions about one graph. Names and wordings are kept; facts are read anew for each question."""

    reader: Reader
    understanding: Understanding
    pictures: Callable[[], Pictures | None]  # opened when the first picture is shown; None: the graph has none
    image_root: Path | None = None
    state: tuple[object, ...] = ()  # of the graph, before names and relations were read

    def ask(self, question: str, picture: Image.Image | None = None) -> Answer:
        """Answer a question by itself, about a picture where one is shown."""
        return self.turn(question, picture)[0]

    def turn(
        self, question: str, picture: Image.Image | None = None, spoken: Spoken = NOTHING
    ) -> tuple[Answer, Spoken]:
        """Answer one turn of a conversation; return what it has spoken of then."""
        seen = shown = None
        if picture is not None:
            pictures = self.pictures()
            shown = pictures.measured(picture) if pictures else None
            seen = pictures.known(shown) if pictures and shown is not None else []
            shown = pictures.read(shown) if pictures and shown is not None else None
        understood = self.understanding.understand(question, seen, shown, spoken)
        slots = [each.slot for each in understood]
        filled = iter(self._fill([each for each in understood if each.slot]))
        said = Said(question, shown, spoken)
        answers: list[Sequence[Named]] = []
        reasons = tuple(grounds(each, self.understanding.relations, self.reader.graph) for each in understood)
        for each, slot, reason in zip(understood, slots, reasons, strict=True):
            log.info("understood %s", "; ".join(reason.told()))
            found = next(filled) if slot else None
            picked = self._best_among(each, found)
            self._say(each, found, picked, said)
            answers.append(picked.winners if picked else self._others(each, found))
        answer = Answer(" ".join(said.sentences), tuple(said.images), tuple(said.evidence), said.grounded, reasons)
        return answer, after(spoken, understood, answers, [image.sha256 for image in said.images])

    def answers(self, each: Understood) -> list[Named]:
        """Return every answer that the graph holds to one part, best first; nobody where none was understood."""
        if each.slot is None:
            return []
        (filled,) = self._fill([each])
        picked = self._best_among(each, filled)
        return list(picked.winners) if picked else self._others(each, filled)

    def _others(self, each: Understood, filled: Filled | None) -> list[Named]:
        """Return what answers: where that is denied of those listed before, the rest of them."""
        others = filled.others if filled else []
        if each.denied and each.part.among:
            return [entity for entity in each.part.among if entity not in others]
        return others

    def _best_among(self, each: Understood, filled: Filled | None) -> Best | None:
        """Return whose number is the largest or smallest where that is asked for; None where no number is known."""
        if each.best is None:
            return None
        entities = filled.others if filled else list(each.part.among)
        return best(each.best, entities, self.reader.numbers([entity.id for entity in entities]))

    def _fill(self, understood: Sequence[Understood]) -> list[Filled]:
        """Fill the slots of a turn by one query; with a trained model, what it holds likeliest comes first."""
        relations, model = self.understanding.relations, self.understanding.model
        filled = self.reader.fill([each.slot for each in understood if each.slot], relations)
        narrowed = [of_kind(self.understanding, each, found) for each, found in zip(understood, filled, strict=True)]
        return [
            self._ranked(model, each.link, found) if model and each.link else found
            for each, found in zip(understood, narrowed, strict=True)
        ]

    def _ranked(self, model: Model, link: Link, filled: Filled) -> Filled:
        """Rank answers by decoding constrained to their names, after the plainest question for the relation."""
        others = filled.others[:MOST_RANKED]
        if len(others) < 2 or link.relation is None:
            return filled
        relation = self.understanding.relations.each[link.relation]
        asked = worded(relation.wordings, link.direction, 0, link.subject.name)
        shares = model.shares(asked, [other.name for other in others])
        return filled.ranked({other.id: share for other, share in zip(others, shares.tolist(), strict=True)})

    def _say(self, each: Understood, filled: Filled | None, picked: Best | None, said: Said) -> None:
        """Answer one part."""
        if each.outnumbered and each.subject:
            asked = each.outnumbered
            self._say_verdict(each.subject, asked.winner(each.subject), asked.whether, said)
        if each.unknown_picture:
            said.add(say.unknown_picture())
        elif kind := courtesy(each.part.text):
            said.add(say.in_return(kind))
        elif each.subject is None:
            said.add(say.nobody_named(said.question if each.part.refers_back else each.part.text))
        elif each.best is not None:
            self._say_best(each, each.best, picked, filled, said)
        elif each.measured is not None:
            self._say_number(each.subject, each.measured, said)
        elif each.who:
            self._say_who(each, each.subject, said)
        elif each.link is None:
            self._show([each.subject], said, cite=True)
        elif each.together and each.slot:
            self._say_together(each, each.link, filled, said)
        elif each.part.among and each.slot:
            self._say_of_them(each, each.subject, filled, said)
        elif filled is not None and filled.edges and each.claim is not None:
            self._say_whether(each.link, each.claim, filled, said)
        elif filled is not None and filled.edges:
            if each.denied:
                said.add(say.only_what_is())
            self._say_fact(each, each.link, filled, said)
        elif filled is not None and filled.none_of:
            said.add(say.none_of_kind(filled.none_of))
        else:
            self._say_nothing(each, each.subject, said)

    def _say_who(self, each: Understood, subject: Named, said: Said) -> None:
        """Say whom the picture shows, or what a name stands for."""
        if each.pictured:
            said.add(say.shown_is(self._said(subject)))
        elif description := self.reader.description(subject.id):
            said.add(say.described(subject.name, description))
            if listing := say.known(self._said(subject), self._held(each, subject)):
                said.add(listing)
        else:
            self._say_nothing(each, subject, said)
            return
        said.grounded = True
        if each.wish:
            self._show([subject], said)

    def _say_best(
        self, each: Understood, asked: Superlative, picked: Best | None, filled: Filled | None, said: Said
    ) -> None:
        """Name the answer with the largest or smallest number, with its edges and its number."""
        measure = measure_of(picked.name if picked else asked.properties[0])
        assert measure is not None  # noqa: S101 - of measures.toml
        if picked is None:
            none = filled is not None and not filled.edges  # of those that were listed before
            said.add(say.of_them((), 0) if none else say.number_not_held(measure.says, "any of them"))
            return
        winners = [self._said(entity) for entity in picked.winners]
        value = measure.said(picked.value)
        ranks = ("earliest", "latest") if measure.months else ("lowest", "highest")
        said.add(say.best(winners, measure.says, value, ranks[asked.more], picked.of))
        for entity in picked.winners:
            if filled and each.subject:
                self._cite(filled.confirming(entity.id), each.subject, said)
            said.cite(Evidence(entity.name, entity.id, picked.name, value, ""))
        said.grounded = True
        if each.wish:
            self._show(picked.winners, said)

    def _say_number(self, subject: Named, measured: Measured, said: Said) -> None:
        """State a number, or compare two by it."""
        measure, pair = measure_of(measured.name), measured.pair(subject)
        held = self.reader.numbers([entity.id for entity in pair])
        values = {id: found[measured.name] for id, found in held.items() if measured.name in found}
        assert measure is not None  # noqa: S101 - it was asked for
        if lacking := [entity for entity in pair if entity.id not in values]:
            said.add(say.number_not_held(measure.says, self._said(lacking[0])))
            return
        told = [(self._said(entity), measure.said(values[entity.id])) for entity in pair]
        if measured.against is None:
            said.add(say.number(measure.says, *told[0]))
        else:
            best = winner(subject, measured, values)
            self._say_verdict(subject, best, measured.whether, said)
            said.add(say.numbers(measure.says, told[0], told[1]))
        for entity, (_, value) in zip(pair, told, strict=True):
            said.cite(Evidence(entity.name, entity.id, measured.name, value, ""))
        said.grounded = True

    def _say_verdict(self, subject: Named, best: Named | None, whether: bool, said: Said) -> None:
        """Say of which of two a comparison holds, or whether it is the subject."""
        if whether:
            said.add(say.yes() if best == subject else say.no())
        else:
            said.add(say.which(self._said(best) if best else None))

    def _say_fact(self, each: Understood, link: Link, filled: Filled, said: Said) -> None:
        """State what the edges hold, and how many they are where that is asked for."""
        self._say_edges(link, filled, said)
        if each.counts:
            said.add(say.in_all(filled.count))
        if each.wish:
            self._show(filled.others, said)

    def _say_edges(self, link: Link, filled: Filled, said: Said) -> None:
        """State edges and cite them."""
        relations = self.understanding.relations
        assert link.relation is not None  # noqa: S101 - a slot was filled
        others = filled.others
        said.add(
            say.fact(
                relations.each[link.relation],
                link.direction,
                self._said(link.subject),
                [self._said(other) for other in others[: say.NAMED]],
                filled.count,
            )
        )
        self._cite(filled, link.subject, said)

    def _cite(self, filled: Filled, subject: Named, said: Said) -> None:
        """Cite the edges that lead from a subject to answers."""
        names = {subject.id: subject.name} | {other.id: other.name for other in filled.others}
        names |= {id: self._name(id) for edge in filled.telling for id in (edge.head, edge.tail) if id not in names}
        for edge in (*filled.edges, *filled.telling):
            said.cite(Evidence(names[edge.head], edge.head, edge.relation, names[edge.tail], edge.tail))
        said.grounded = True

    def _say_together(self, each: Understood, link: Link, filled: Filled | None, said: Said) -> None:
        """Name what answers several questions at once, with the edges of each; all but the first are cited alone."""
        others, total = (filled.others, filled.count) if filled else ([], 0)
        if link == each.together[0]:
            named = [self._said(other) for other in others[: say.NAMED]]
            if each.shared:
                said.add(say.shared([self._said(one.subject) for one in each.together], named, total))
            else:
                facts = [self._fact(one, named[0]) for one in each.together if named]
                lacking = [self._fact(one, named[0]) for one in each.never if named]
                said.add(say.of_all(named, total, facts, lacking))
            if each.counts:
                said.add(say.in_all(total))
        if filled and others:
            self._cite(filled, link.subject, said)
            if each.wish:
                self._show(others, said)

    def _fact(self, link: Link, answer: str) -> str:
        """State that something answers what was read."""
        assert link.relation is not None  # noqa: S101 - it was read
        relation = self.understanding.relations.each[link.relation]
        return say.one(relation, link.direction, self._said(link.subject), answer)

    def _say_of_them(self, each: Understood, subject: Named, filled: Filled | None, said: Said) -> None:
        """Name those of the entities listed before that are answers; cite the edges that tell them from the rest."""
        others = self._others(each, filled)
        named = [self._said(other) for other in others[: say.NAMED]]
        if each.denied and named:
            said.add(say.of_all(named, len(others), [], [self._fact(link, named[0]) for link in each.never]))
        else:
            said.add(say.of_them(named, len(others)))
        if filled and filled.edges:
            self._cite(filled, subject, said)
            if each.wish:
                self._show(others, said)

    def _say_whether(self, link: Link, claim: Named, filled: Filled, said: Said) -> None:
        """Say whether what was proposed is so, with the edge that says it, or with those that answer instead."""
        confirming = filled.confirming(claim.id)
        said.add(say.yes() if confirming.edges else say.no(self._said(claim)))
        self._say_edges(link, confirming if confirming.edges else filled, said)

    def _say_nothing(self, each: Understood, subject: Named, said: Said) -> None:
        """Say what the graph does not hold."""
        relations, link, name = self.understanding.relations, each.link, self._said(subject)
        if link is not None and link.relation is not None:
            said.add(say.not_held(relations.each[link.relation], link.direction, name))
            return
        said.add(say.not_understood(each.part.text, name, self._held(each, subject)))

    def _held(self, each: Understood, subject: Named) -> list[str]:
        """Return what the graph knows of a subject, in words: trivia last, the fewest answers first; then numbers."""
        relations = self.understanding.relations
        asked = [(relations.each[column // 2], n) for column, n in each.has.items() if column % 2 == 0]
        asked.sort(key=lambda found: (found[0].trivial, found[1]))
        numbers = [measure_of(name) for name in self.reader.numbers([subject.id]).get(subject.id, ())]
        holds = [relation.asking("tail").noun for relation, _ in asked]
        return list(dict.fromkeys([*holds, *(measure.says for measure in numbers if measure)]))

    def _show(self, entities: Sequence[Named], said: Said, cite: bool = False) -> None:
        """Show a picture of each of some entities, a few at most; cite their edges where these are all that answers."""
        images = self.reader.images([entity.id for entity in entities[:MOST_LOOKED_AT]])
        shown = [entity for entity in entities if entity.id in images][:MOST_IMAGES]
        if not shown:
            said.add(say.no_picture([self._said(entity) for entity in entities[: say.NAMED]]))
            return
        said.add(say.here([self._said(entity) for entity in shown]))
        for entity in shown:
            picture = self._best(images[entity.id], said)
            file = str((self.image_root or Path()) / picture.path)
            said.images.append(Shown(file, picture.sha256, entity.id, entity.name))
            if cite:
                name = PurePosixPath(picture.path).name
                said.cite(Evidence(entity.name, entity.id, "HAS_IMAGE", name, picture.sha256))
        said.grounded = True

    def _best(self, images: Sequence[Picture], said: Said) -> Picture:
        """Return the one of an entity's images that <RET> looks for after what was said; without a run the first.

        No image is shown twice in a conversation while the entity has another.
        """
        seen = said.spoken.shown | {image.sha256 for image in said.images}
        images = [image for image in images if image.sha256 not in seen] or images
        pictures = self.pictures() if len(images) > 1 and self.understanding.model else None
        if pictures is None:
            return images[0]
        by_sha = {image.sha256: image for image in images}
        return by_sha[pictures.best(said.question, " ".join(said.sentences), said.seen, list(by_sha))[0]]

    def _name(self, id: str) -> str:
        return self.understanding.names.by_id[id].name

    def _said(self, entity: Named) -> str:
        return say.said(entity, self.understanding.relations.labels)
