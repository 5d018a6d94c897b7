"""What is known about asking for a relation: questions both ways, statements, nouns. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Direction = Literal["tail", "head"]  # what is asked for
_OWN_WORDS = ("the ", "this ", "a ", "an ")  # how a name or phrase begins that needs no "the film" before it
_BEFORE_NAMES = frozenset({"of", "called", "named", "by", "for"})  # with what a lead may end: "the office of "
NO_LEADS = ("", "")
HELD_OUT = -1  # the form of each direction that is met in tests only
PLAIN = 4  # forms and statements of a relation that come first and are the plainest: later ones are freer


@dataclass(frozen=True, slots=True)
class Question:
    """A question around the known entity: `prefix`, its name, `suffix`.

    `bare` is the prefix without "the film " and the like, for a name that comes with a word of its own, or that says
    `classed`, here "film", itself.
    """

    prefix: str
    suffix: str
    bare: str
    classed: str = ""

    @classmethod
    def parse(cls, template: str) -> "Question":
        """Cut a template at its one `{x}`; before it, `[the film] ` may be left out."""
        before, hole, suffix = template.partition("{x}")
        if not hole or "{x}" in suffix:
            raise ValueError(f"{template!r} needs {{x}} exactly once")
        prefix, lead = _lead(before)
        return cls(prefix, suffix, prefix.removesuffix(lead), _class(lead))


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence about a fact: three pieces of text around two names.

    `leads` are the ends of the first two pieces that a name does without which has a word of its own, or says what
    stands in `classed`.
    """

    before: str
    between: str
    after: str
    head_first: bool
    leads: tuple[str, str] = NO_LEADS
    classed: tuple[str, str] = NO_LEADS

    @classmethod
    def parse(cls, template: str) -> "Statement":
        """Cut a template at its `{head}` and `{tail}`; before them, `[the film] ` may be left out."""
        head, tail = template.find("{head}"), template.find("{tail}")
        if template.count("{head}") != 1 or template.count("{tail}") != 1:
            raise ValueError(f"{template!r} needs {{head}} and {{tail}} exactly once each")
        first, second = min(head, tail), max(head, tail)
        before, lead = _lead(template[:first])
        between, other_lead = _lead(template[first + 6 : second])
        classed = _class(lead), _class(other_lead)
        return cls(before, between, template[second + 6 :], head < tail, (lead, other_lead), classed)


@dataclass(frozen=True, slots=True)
class Asking:
    """One direction: how to ask for it, and what the answer is."""

    forms: tuple[Question, ...]  # the last one is held out
    noun: str  # of one answer: "capital"
    nouns: str  # of several: "capitals"
    kind: str  # person, group, place, organization, work, event, time or thing
    phrase: Question | None = None  # what stands for the answer: "the country whose capital is {x}"; None: by the nouns


@dataclass(frozen=True, slots=True)
class Wordings:
    """How a relation is asked for and stated in one language."""

    relation: str
    lang: str
    tail: Asking  # {x} is the head
    head: Asking  # {x} is the tail
    statements: tuple[Statement, ...]
    written: bool  # by hand, in the lexicon; or made by the grammar

    def asking(self, direction: Direction) -> Asking:
        """Return how the given end of the relation is asked for."""
        return self.tail if direction == "tail" else self.head


NO_PHRASE = Question("", "", "")  # of an answer that no phrase stands for


def fill(template: Question, name: str) -> str:
    """Return the question with the name of what is known put in."""
    prefix = template.bare if template.classed and _stands_alone(name, template.classed) else template.prefix
    if not prefix:
        return opening(name) + template.suffix
    if name.endswith("?") and template.suffix.lstrip("\u00a0") == "?":  # O Brother, Where Art Thou?
        return prefix + name
    return prefix + name + template.suffix


def fitted(template: Statement, head: str, tail: str) -> Statement:
    """Return the statement as it fits these names: without "the film " before "the film in this picture"."""
    first, second = (head, tail) if template.head_first else (tail, head)
    before, between = _pieces(template, first, second)
    return Statement(before, between, template.after, template.head_first)


def state(template: Statement, head: str, tail: str) -> str:
    """Return the sentence with both names put in."""
    first, second = (head, tail) if template.head_first else (tail, head)
    before, between, first, after = parted(template, first, second)
    return before + first + between + second + after


def parted(template: Statement, first: str, second: str) -> tuple[str, str, str, str]:
    """Return what stands before and between two names, the first name as it stands there, and what stands after."""
    before, between, after = template.before, template.between, template.after
    if template.leads != NO_LEADS:
        before, between = _pieces(template, first, second)
    if after[:1] == "." and second.endswith((".", "!", "?")):  # Apple Inc.
        after = after[1:]
    return before, between, first if before else opening(first), after


def _pieces(template: Statement, first: str, second: str) -> tuple[str, str]:
    """Return what stands before the two names, as it fits them."""
    before, between = template.before, template.between
    if template.leads[0] and _stands_alone(first, template.classed[0]):
        before = before.removesuffix(template.leads[0])
    if template.leads[1] and _stands_alone(second, template.classed[1]):
        between = between.removesuffix(template.leads[1])
    return before, between


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """Join names as one says them: "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return names[0] if names else ""
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def opening(name: str) -> str:
    """Return a name as it stands at the start of a sentence: "Drama film", but "iOS"."""
    return name if name[1:2].isupper() else name[:1].upper() + name[1:]


def _stands_alone(name: str, classed: str) -> bool:
    """Say whether a name needs no "the lake " before it: the Nile, this lake, Lake Michigan."""
    return name.startswith(_OWN_WORDS) or f" {classed}" in f" {name.lower()}"


def _class(lead: str) -> str:
    """Return what a lead says a name is: "lake" of "the lake ", "profession" of "the profession of "."""
    words = lead.lower().split()
    while len(words) > 1 and words[-1] in _BEFORE_NAMES:
        words.pop()
    return words[-1] if words else ""


def _lead(text: str) -> tuple[str, str]:
    """Take the brackets off the end of a piece of template; return it, and what stood in them with its space."""
    if not text.endswith("] "):
        return text, ""
    start = text.rindex("[")
    lead = text[start + 1 : -2] + " "
    return text[:start] + lead, lead
