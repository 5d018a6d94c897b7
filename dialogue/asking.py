"""What was said in a dialogue so far, and which question may come next: in which format, in which words."""

from __future__ import annotations

from dialogue.asks import Ask, asks
from dialogue.compose import AGAIN, BARE, THIS, Round, question, reply
from dialogue.derive import derive
from dialogue.derived import Derived, Image
from dialogue.draws import Draws
from dialogue.kind_words import plain_noun
from dialogue.material import Material
from dialogue.mentions import plain
from dialogue.scope import Scope
from dialogue.splits import TEST, TRAIN
from dialogue.tongues import in_tongues

FEW = 4  # so many answers may be named at once
REFERRING = 4  # one round in so many refers to its subject by "its" or "this country", where it may
OTHERS = frozenset({"person", "group", "organization"})  # answers that "its" and "their" might mean as well
MAX_PHRASES = 1 << 16  # how a picture is asked for and given is drawn modulo the number of phrases


def cover(material: Material, triple: int) -> Ask | None:
    """Return how a triple is asked for in train at the beginning of a dialogue, or None if it can't be."""
    formats = material.format_table[TRAIN][material.splits[triple]]
    ways, beginning = asks(material, triple), Conversation(material, TRAIN, Draws(triple))
    for i in range(len(formats)):
        number = formats[(triple + i) % len(formats)]
        for asking in ways:
            wanted = asking._replace(format=number)
            if beginning.could_begin_with(wanted):
                return wanted
    return None


class Conversation:
    """The rounds of a dialogue so far, and what they gave away."""

    __slots__ = (
        "_asked", "_draws", "_m", "_named", "_pairs", "_pictures", "_split", "_texts", "_words", "owed",
        "rounds", "to_show",
    )  # fmt: skip

    def __init__(self, material: Material, split: int, draws: Draws) -> None:
        self._m = material
        self._split = split
        self._draws = draws
        self._asked: set[tuple[bool, int]] = set()  # questions, as (asks for the tail, run)
        self._pairs: set[frozenset[int]] = set()  # of entities that a question and its answer were about
        self._named: set[int] = set()  # entities
        self._texts: set[str] = set()  # questions about a name
        self._words: list[str] = []  # of the rounds so far, as mentions.plain gives them: filled where they are needed
        self._pictures: set[Image] = set()  # that were shown
        self.rounds: list[Round | Derived] = []
        self.owed: dict[int, Ask] = {}  # how train begins with each triple that another split asks for, or meant to
        self.to_show: Image | None = None  # that the next round which shows its entity shows

    def derive(self, subject: int) -> bool:
        """Add a round of another kind about an entity, if one is found that gives away nothing asked before."""
        kinds = self._m.kinds
        # It is not kept: it points back here, and such rings stay in memory until the collector comes round.
        scope = Scope(self._m, self._split, self._draws, self._allowed, self._seen)
        first = self._draws.below(len(kinds))
        found = next(
            filter(None, (derive(scope, kinds[(first + n) % len(kinds)], subject) for n in range(len(kinds)))), None
        )
        if found is None or found.question in self._texts or not self._asked.isdisjoint(found.runs):
            return False
        if not scope.knows(found):
            return False
        if any(frozenset((one, other)) in self._pairs for one in found.subjects for other in found.truths):
            return False
        self.rounds.append(found)
        self._texts.add(found.question)
        self._asked.update(found.runs)
        said = {*found.answers, *found.truths, *(() if found.claim is None else (found.claim,))}
        self._pairs.update(frozenset((one, other)) for one in found.subjects for other in said)
        self._named.update(said, () if found.shown else found.subjects)
        self._pictures.update(found.shown)
        return True

    def _allowed(self, triple: int, number: int) -> bool:
        """Say whether a triple may have a format in this split, and is trained on."""
        m = self._m
        return number in m.format_table[self._split][m.splits[triple]] and self._trained(triple)

    def _seen(self, entity: int) -> bool:
        return entity in self._named or any(each == entity for each, _ in self._pictures) or self._was_named(entity)

    def was_asked(self, asks_tail: bool, run: int) -> bool:
        """Say whether a question was asked before."""
        return (asks_tail, run) in self._asked

    def ask(self, asking: Ask, quiet: bool = False) -> bool:
        """Add a round, if it can be asked in this split after what was said; `quiet`: without naming what is shown."""
        side = self._m.side(asking.asks_tail)
        if (asking.asks_tail, asking.run) in self._asked:
            return False
        if self._pairs and frozenset((asking.subject, side.neighbour[asking.place])) in self._pairs:
            return False
        formats = self._formats(asking)
        if not formats or not self._trained(side.triple[asking.place]):
            return False
        pictured = self._draws.below(2)  # a mention becomes its image with probability 0.5 (KnowBLIP)
        drawn = [number for number in formats if number & 1 == pictured] or formats
        each = self._round(asking, drawn[self._draws.below(len(drawn))], quiet)
        if each.format & 1 and self._betrays(each):
            told = [number for number in formats if not number & 1]
            other = self._veiled(each) or (self._round(asking, told[0], quiet) if told else None)
            if other is None:
                return False
            each = other
        if not each.format & 1 and not asking.format:
            each = self._referring(each)
        if not each.format & 1 and not each.refers and not self._is_new(each):
            return False
        self.rounds.append(each)
        self._asked.add((asking.asks_tail, asking.run))
        if self._m.symmetric[each.relation]:
            self._asked.add(
                (not asking.asks_tail, self._m.side(not asking.asks_tail).run(asking.subject, each.relation))
            )
        self._pairs.update([frozenset((asking.subject, answer)) for answer in each.answers])
        self._named.update(each.answers)
        if each.names_subject:
            self._named.add(asking.subject)
        if each.format & 1:
            self._pictures.add((each.subject, each.subject_image))
        self._pictures.update(zip(each.answers, each.answer_images, strict=False))
        return True

    def _referring(self, each: Round) -> Round:
        """Let a round refer to the entity that the one before was about, now and then, where nothing else is meant."""
        m, last = self._m, self.rounds[-1] if self.rounds else None
        if not isinstance(last, Round) or m.kind_words is None or self._draws.below(REFERRING):
            return each
        noun, worded = self._called(each.subject, each.relation, each.asks_tail), m.wordings[each.relation]
        if not noun:
            return each
        if last.subject == each.subject:
            whose = m.wordings[last.relation].tail.kind not in OTHERS and each.asks_tail and last.asks_tail
            if whose and plain_noun(worded.tail.noun) and self._draws.below(2):
                return each._replace(refers=AGAIN)
            others: tuple[int, ...] = last.answers
        elif last.answers == (each.subject,):
            others = (last.subject,)
        else:
            return each
        forms = (worded.tail if each.asks_tail else worded.head).forms[each.form]
        twice = noun in f"{forms.prefix}{forms.suffix}".lower()  # "in which country is this country"
        alone = plain_noun(noun) and not twice and all(m.nouns[other] != noun for other in others)
        return each._replace(refers=THIS) if alone else each

    def _trained(self, triple: int) -> bool:
        """Say whether train asks for a triple too, as it must where the formats of a triple are split."""
        if self._split == TRAIN or self._m.parts is not None:
            return True
        found = cover(self._m, triple)
        if found is not None:
            self.owed[triple] = found
        return found is not None

    def _is_new(self, each: Round) -> bool:
        """Say whether a question about a name was not asked before: two relations may be worded alike."""
        texts = {question(m, one) for m, one in in_tongues(self._m, each)}
        if not texts.isdisjoint(self._texts):
            return False
        self._texts |= texts
        return True

    def could_begin_with(self, asking: Ask) -> bool:
        """Say whether a round can be asked at all: in its format, by some wording that does not name what it shows."""
        if not self._formats(asking):
            return False
        number = asking.format or 0
        return not number & 1 or self._veiled(self._round(asking, number, quiet=True)) is not None

    def _formats(self, asking: Ask) -> list[int]:
        """Return the formats that this split holds for a triple and that fit to what was said."""
        m, side, subject = self._m, self._m.side(asking.asks_tail), asking.subject
        answer = side.neighbour[asking.place]
        found = m.format_table[self._split][m.splits[side.triple[asking.place]]]
        if answer == subject or not m.speakable[answer] or not found:
            return []
        by_name = m.speakable[subject] and not m.ambiguous(subject, side.run_relation[asking.run], asking.asks_tail)
        by_image = m.shown[subject] and subject not in self._named and not self._was_named(subject)
        return [
            number
            for number in found
            if (by_image if number & 1 else by_name)
            and (m.shown[answer] or not number & 2)
            and asking.format in (None, number)
        ]

    def _was_named(self, subject: int) -> bool:
        """Say whether any text so far names an entity by any of its names."""
        for each in self.rounds[len(self._words) :]:
            texts = (f"{question(m, one)} {reply(m, one)[0]}" for m, one in in_tongues(self._m, each))
            self._words.append(plain("\n".join(texts)))
        return any(map(self._m.aliases[subject].within, self._words))

    def _betrays(self, each: Round) -> bool:
        """Say whether the question itself names what it shows: "Which football team plays <image>?"."""
        names = self._m.aliases[each.subject]
        return any(names.within(plain(question(m, one))) for m, one in in_tongues(self._m, each))

    def _veiled(self, each: Round) -> Round | None:
        """Return the round in words that do not name what it shows, if there are any."""
        forms = range(self._forms(each.relation, each.asks_tail))
        requests = range(max(map(len, self._m.pictures.requests)) if each.format & 2 else 1)
        others = (each._replace(form=form, request=n, showing=0) for form in forms for n in requests)
        return next((other for other in others if not self._betrays(other)), None)

    def _forms(self, relation: int, asks_tail: bool) -> int:
        """Return how many wordings of a question may be used: the last one is held out for the test split."""
        worded = self._m.wordings[relation]
        return len((worded.tail if asks_tail else worded.head).forms) - (self._split != TEST)

    def _round(self, asking: Ask, number: int, quiet: bool) -> Round:
        """Draw the words of a round in the format `number`."""
        m, draws, side, subject = self._m, self._draws, self._m.side(asking.asks_tail), asking.subject
        relation = side.run_relation[asking.run]
        forms, noun = self._forms(relation, asking.asks_tail), self._called(subject, relation, asking.asks_tail)
        places = self._named_together(asking, number) or (asking.place,)
        answers = tuple([side.neighbour[place] for place in places])
        statement, names_subject = BARE, not number & 1
        if len(answers) == 1 and draws.below(3):
            statement = draws.below(len(m.wordings[relation].statements))
            names_subject = names_subject or not noun or bool(draws.below(2))
            if names_subject and number & 1 and (quiet or not m.speakable[subject]):
                statement, names_subject = (statement, False) if noun else (BARE, False)
        words = m.pictures
        return Round(
            subject=subject,
            relation=relation,
            asks_tail=asking.asks_tail,
            run=asking.run,
            answers=answers,
            triples=tuple([side.triple[place] for place in places]),
            form=forms - 1 if self._split == TEST and draws.below(2) else draws.below(forms),
            format=number,
            showing=draws.below(len(words.shown)) if number & 1 and noun else 0,
            subject_image=self._image(subject) if number & 1 else 0,
            answer_images=tuple([self._image(answer) for answer in answers]) if number & 2 else (),
            statement=statement,
            names_subject=names_subject,
            request=draws.below(MAX_PHRASES) if number & 2 else 0,
            reply=draws.below(MAX_PHRASES) if number & 2 else 0,
            split=self._split,
        )

    def _called(self, entity: int, relation: int, asks_tail: bool) -> str:
        """Return what an entity may be called at its end of a relation: "this country"; "" where few there are such.

        A detective is a film genre too, but "Who has worked as this film genre?" nobody asks.
        """
        noun = self._m.nouns[entity]
        return noun if noun in self._m.nouns_at_ends[relation][not asks_tail] else ""

    def _image(self, entity: int) -> int:
        """Draw one of an entity's images: the best more often, and none twice while there are others."""
        if self.to_show is not None and self.to_show[0] == entity:
            return self.to_show[1]
        count = len(self._m.graph.entities[entity].images)
        first = min(self._draws.below(count), self._draws.below(count))
        return next((n for n in (*range(first, count), *range(first)) if (entity, n) not in self._pictures), first)

    def _named_together(self, asking: Ask, number: int) -> tuple[int, ...]:
        """Return the places of all true answers, where they are few and it is drawn to name them all; else nothing."""
        m, side = self._m, self._m.side(asking.asks_tail)
        size = side.size(asking.run)
        if asking.format is not None or not 2 <= size <= FEW or self._draws.below(2):
            return ()
        first = side.run_start[asking.run]
        for place in range(first, first + size):
            answer, triple = side.neighbour[place], side.triple[place]
            if (
                answer == asking.subject
                or not m.speakable[answer]
                or (number & 2 and not m.shown[answer])
                or frozenset((asking.subject, answer)) in self._pairs
                or number not in m.format_table[self._split][m.splits[triple]]
                or not self._trained(triple)
            ):
                return ()
        return tuple(range(first, first + size))
