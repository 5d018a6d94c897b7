"""Walks over an entity's neighbourhood: which facts a dialogue is about, in which order, shown or told.

A walk stays with an entity, pivots to an answer, or hops through a shared object to another entity of the same kind.
It draws relations before edges and enters hubs rarely, so that an entity of degree 3,000 neither stalls nor dominates.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from dialogue.asking import Conversation
from dialogue.asks import Ask, asks
from dialogue.compose import Plan, Round
from dialogue.derived import Derived
from dialogue.draws import Draws
from dialogue.material import Material
from dialogue.splits import TRAIN
from dialogue.types import SPLITS

STRATEGIES = ("star", "chain", "pivot", "shared", "image_first", "topic")
TURNING = {"chain": 5, "pivot": 3, "shared": 3}  # in fifths: how often a strategy leaves its entity before a round
DERIVED = 3  # one round in so many is of another kind than a fact, where one is found
LENGTHS = (2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6)  # rounds; 3.45 on average
MANY = 100  # a question with more true answers than this is asked only where a triple can't be asked otherwise
SHARED = 300  # an object that more entities share than this says nothing of what they have in common
HUB = 100  # an entity of this degree is always entered; one of degree d with the chance HUB / d
TRIES = (10, 30, 30)  # draws of a question in each split before an entity counts as exhausted
STARTS = 30  # beginnings that are tried before a dialogue is given up
FACTS = 4  # of a relation that are tried as a beginning


@dataclass(frozen=True, slots=True)
class Task:
    """Which dialogue to plan: its number within its split, and the rounds that it must hold."""

    split: int
    number: int
    wanted: tuple[Ask, ...] = ()
    turn: int = 0  # of the entities and relations that train begins with


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of a task: a plan, unless every start failed; and the wanted rounds that found no place in it.

    `owed` says how train has to ask for each triple of the plan, where that is another split's.
    """

    plan: Plan | None
    unmet: tuple[Ask, ...] = ()
    owed: tuple[tuple[int, Ask], ...] = ()


def walk(material: Material, seed: int, task: Task) -> Walk:
    """Plan one dialogue. The same seed and task give the same plan, whatever else is planned."""
    draws = Draws(seed, task.split, task.number)
    unmet: tuple[Ask, ...] = ()
    walker = Walker(material, task.split, draws)
    for attempt in range(STARTS):
        if len(walker.rounds) > 1:
            break
        strategy = STRATEGIES[draws.below(len(STRATEGIES))]
        if task.wanted and not attempt:
            unmet = walker.take(task.wanted)
            subject = task.wanted[0].subject
        else:
            if not task.wanted:
                walker = Walker(material, task.split, draws)
            subject = walker.start(task.turn, attempt, strategy)
        walker.go_on(subject, LENGTHS[draws.below(len(LENGTHS))], strategy)
    if not walker.rounds or (len(walker.rounds) == 1 and not task.wanted):
        return Walk(None, unmet)
    name = f"{material.graph.graph}-{seed}-{SPLITS[task.split]}-{task.number}"
    return Walk(Plan(name, walker.strategy, tuple(walker.rounds)), unmet, walker.owed)


class Walker:
    """Finds the way of one dialogue over the graph."""

    __slots__ = ("_draws", "_m", "_said", "_split", "strategy")

    def __init__(self, material: Material, split: int, draws: Draws) -> None:
        self._m = material
        self._split = split
        self._draws = draws
        self._said = Conversation(material, split, draws)
        self.strategy = "star"

    @property
    def rounds(self) -> list[Round | Derived]:
        """Return the rounds that were found."""
        return self._said.rounds

    @property
    def owed(self) -> tuple[tuple[int, Ask], ...]:
        """Return how train has to ask for the triples of the rounds, where it has to."""
        owed = self._said.owed
        return tuple([(triple, owed[triple]) for each in self.rounds for triple in each.triples]) if owed else ()

    def take(self, wanted: tuple[Ask, ...]) -> tuple[Ask, ...]:
        """Ask all of `wanted`; return those that had no place."""
        unmet = []
        for i, each in enumerate(wanted):
            quiet = any((later.format or 0) & 1 and later.subject == each.subject for later in wanted[i + 1 :])
            if not self._said.ask(each, quiet):
                unmet.append(each)
        return tuple(unmet)

    def start(self, turn: int, attempt: int, strategy: str) -> int:
        """Begin with an entity or with a fact; return the entity to go on with.

        Train begins with each entity in turn, at every second turn, and else with each relation once. All else begins
        with a relation by chance, half of these with a format first, so that rare relations and formats are asked for.
        """
        pool, draws = self._m.pools[self._split], self._draws
        index = draws.below(1 << 30) if attempt else turn // 2
        if self._split == TRAIN and turn % 2 == 0:
            return int(pool.entities[index % len(pool.entities)])
        starts, wanted = pool.any_format, None
        each_once = self._split == TRAIN and index < len(pool.relations)
        if strategy == "image_first" and not each_once and pool.pictured:
            return int(pool.pictured[draws.below(len(pool.pictured))])
        if strategy == "topic" and not each_once and self._m.topics:
            return self._look_at_some()
        if each_once:
            relation = pool.relations[index]
        else:
            if self._split != TRAIN or draws.below(2):
                wanted, starts = pool.by_format[draws.below(len(pool.by_format))]
            relation = bisect_right(starts.weights, draws.below(1 << 30) / (1 << 30) * starts.weights[-1])
        first = starts.relation_start[relation]
        for _ in range(FACTS):
            triple = starts.triples[first + draws.below(starts.relation_start[relation + 1] - first)]
            ways = asks(self._m, triple)
            if not ways[0].asks_tail and draws.below(3) and self._m.out.size(ways[1].run) <= MANY:
                ways = ways[::-1]  # mostly for the tail, as K10 wants it
            for asking in (*[way._replace(format=wanted) for way in ways], *ways):
                if self._said.ask(asking):
                    return asking.subject
        return ways[0].subject

    def go_on(self, subject: int, length: int, strategy: str) -> None:
        """Add rounds until there are `length`, from `subject` on."""
        if (
            strategy == "image_first"
            and not self._said.rounds
            and self._m.shown[subject]
            and self._ask_about(subject, 1)
        ):
            self.strategy = strategy
        while len(self._said.rounds) < length:
            if self._said.rounds and self._draws.below(5) < TURNING.get(strategy, 0):
                subject = self._hop(subject, length) if strategy == "shared" else self._pivot(subject, strategy)
            if len(self._said.rounds) >= length:
                return
            if self._m.kinds and not self._draws.below(DERIVED) and self._said.derive(subject):
                continue
            if self._ask_about(subject):
                continue
            answer = self._last_answer(subject)
            if answer == subject or not self._enters(answer) or not self._ask_about(answer):
                return
            subject = answer
            self.strategy = "pivot" if self.strategy == "star" else self.strategy

    def _last_answer(self, subject: int) -> int:
        return self._said.rounds[-1].answers[0] if self._said.rounds and self._said.rounds[-1].answers else subject

    def _look_at_some(self) -> int:
        """Ask about two, three or four images of one topic (TextBind); return the last entity that one shows."""
        m, draws = self._m, self._draws
        topic = m.topics[draws.below(len(m.topics))]
        wanted, seen = 2 + draws.below(3), 0
        entity = topic[0][0]
        for _ in range(STARTS):
            entity, image = topic[draws.below(len(topic))]
            self._said.to_show = entity, image
            if self._ask_about(entity, by_image=1):
                seen += 1
                self.strategy = "topic" if seen > 1 else self.strategy
            if seen == wanted:
                break
        self._said.to_show = None
        return entity

    def _pivot(self, subject: int, strategy: str) -> int:
        """Turn to the last answer, if it is no hub; return whom to ask about."""
        answer = self._last_answer(subject)
        if answer != subject and self._enters(answer) and self._ask_about(answer):
            self.strategy = strategy
            return answer
        return subject

    def _hop(self, subject: int, length: int) -> int:
        """Turn to an entity that shares the last answer, asking for it or not; return whom to ask about."""
        last, draws = self._said.rounds[-1], self._draws
        if isinstance(last, Derived):
            return subject
        side = self._m.side(not last.asks_tail)
        run = side.run(last.answers[0], last.relation)
        size = side.size(run)
        place = side.run_start[run] + draws.below(size)
        sibling = int(side.neighbour[place])
        if (
            sibling == subject
            or size > SHARED
            or not self._m.knows(self._split, side.triple[place])
            or not self._enters(sibling)
        ):
            return subject
        if size <= MANY and len(self._said.rounds) < length - 1 and draws.below(2):
            if not self._said.ask(Ask(last.answers[0], not last.asks_tail, run, place)):
                return subject
        elif not self._ask_about(sibling):
            return subject
        self.strategy = "shared"
        return sibling

    def _enters(self, entity: int) -> bool:
        degree = self._m.degree[entity]
        return bool(degree <= HUB or self._draws.below(degree) < HUB)

    def _ask_about(self, subject: int, by_image: int = 0) -> bool:
        """Ask something about an entity: a relation first, then one of its edges; `by_image`: by showing it."""
        m, draws, formats = self._m, self._draws, self._m.format_table[self._split]
        outward = m.out.runs[subject + 1] - m.out.runs[subject]
        runs = outward + m.into.runs[subject + 1] - m.into.runs[subject]
        for _ in range(TRIES[self._split] if runs else 0):
            run = draws.below(runs)
            asks_tail = run < outward
            side = m.side(asks_tail)
            run += side.runs[subject] - (0 if asks_tail else outward)
            size = side.size(run)
            if size > MANY or self._said.was_asked(asks_tail, run):
                continue
            place = side.run_start[run] + draws.below(size)
            numbers = formats[m.splits[side.triple[place]]]
            wanted = next((number for number in numbers if number & by_image), None) if by_image else None
            if by_image and wanted is None:
                continue
            if numbers and self._said.ask(Ask(subject, asks_tail, run, place, wanted)):
                return True
        return False
