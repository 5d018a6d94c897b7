"""Sentences out of facts: one relation, one entity, one or several others, in the lexicon's own statements.

A statement is made for two names. With several in the place of one its verb and its noun have to agree: "Lima is the
capital of", but "Lima and Cusco are cities of". What can't be made to agree is not said that way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dialogue.kind_words import plain_noun
from dialogue.verb_forms import bare_of_third
from dialogue.wordings import NO_LEADS, Statement, listed, opening
from dialogue.words import english, is_adjective, is_participle, plural
from retrieval.article.about import Run

LONG = 150  # characters of names that a sentence lists, two names at least
NAMED = 6  # others that it lists at most
_COUNTED = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_BE = {"is": "are", "was": "were", "has": "have", "does": "do"}
_ONE_NOUN = re.compile(r"\b(?:as|being) (?:an?|its|his|her|their|the) |\bas \w+[^s\W]\b|\bas [^\W_]+$")
_OWNED = re.compile(r"(?P<own>The|Its|His|Her) (?P<what>[\w -]+?)(?P<of> of .+?)? is (?P<who>.+)")
_POSSESSED = re.compile(r"The ([\w -]+) of ")
_VERBS = frozenset(
    ["won", "had", "led", "wrote", "made", "held", "got", "took", "bore", "saw", "gave", "sent", "played"]
)


class By(Enum):
    """How a sentence refers to its subject."""

    NAME = 0
    PRONOUN = 1
    NOUN = 2  # "the country"


@dataclass(frozen=True, slots=True)
class Voice:
    """The ways to refer to one subject; what is empty can't be said."""

    name: str
    noun: str  # "country"
    possessive: str  # its, his, her

    @property
    def pronouns(self) -> tuple[str, str] | None:
        """Return the pronoun as a subject, and as an object."""
        return {"its": ("it", "it"), "his": ("he", "him"), "her": ("she", "her")}.get(self.possessive)

    def refers(self, by: By) -> tuple[str, str]:
        """Return a reference as a subject, and as an object; the name where the other can't be said."""
        if by is By.PRONOUN and self.pronouns:
            return self.pronouns
        if by is not By.NAME and self.noun:
            return f"the {self.noun}", f"the {self.noun}"
        return self.name, self.name

    def object(self, by: By) -> str:
        """Return a reference as an object: of a thing rather "the country" than "it"."""
        return self.refers(By.NOUN if by is By.PRONOUN and self.noun else by)[1]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence before its footnotes. `predicate` is what follows its subject where it begins with it, else empty."""

    text: str
    predicate: str = ""
    several: bool = False  # names more than one other
    leads: bool = False  # begins with its subject, or with what is its subject's


def tell(run: Run, voice: Voice, by: By, others: Sequence[str], more: int, turn: int) -> Said:
    """Say of a subject what a run holds: some of the others, and how many more there are.

    `turn` chooses among the ways to say it; those that begin with the subject come first.
    """
    names = [*others, f"{counted(more)} other{'s' if more > 1 else ''}"] if more else list(others)
    statements = run.relation.wordings.statements
    found = (_say(statement, run, voice, by, names) for statement in statements)
    ways = [said for said in found if said is not None]
    leading = [said for said in ways if said.leads] or ways
    return leading[turn % len(leading)] if leading else _by_noun(run, voice, by, names)


def enough(names: Sequence[str], total: int) -> int:
    """Return how many of some names a sentence lists: as many as are not too long, and never all of `total` but one."""
    length, fit = 0, 0
    for name in names[:NAMED]:
        length += len(name) + 2
        if length > LONG and fit > 1:
            break
        fit += 1
    return fit - 1 if total - fit == 1 and fit > 1 else fit


def counted(number: int) -> str:
    """Return a number as a text has it: up to twelve as a word."""
    return _COUNTED[number] if number < len(_COUNTED) else f"{number:,}"


def series(names: Sequence[str]) -> str:
    """Join names as one says them, by semicolons where some have a comma of their own."""
    if len(names) > 2 and any("," in name for name in names):
        return f"{'; '.join(names[:-1])}; and {names[-1]}"
    return listed(names)


def _say(statement: Statement, run: Run, voice: Voice, by: By, names: Sequence[str]) -> Said | None:
    """Put names into a statement; None where it does not agree with several."""
    subject_first = statement.head_first == (run.direction == "tail")
    if by is not By.NAME and voice.noun and _repeats(voice.noun, statement, run):
        by = By.PRONOUN if subject_first and not statement.before and voice.pronouns else By.NAME
    several, listing = len(names) > 1, series(names)
    subject = (voice.refers(by)[0] if not statement.before else "") if subject_first else voice.object(by)
    first, second = (subject, listing) if subject_first else (listing, subject)
    form = _leading(statement, (first, second), voice.name, several)
    if several and subject_first and not _takes_several(form):
        return None
    if subject_first:
        return _subject_first(form, voice, by, listing, several)
    between = form.between
    if several:
        if form.before.lower() == f"the {run.noun.lower()} of ":  # the city of Rome is in Italy
            return None
        agreed = between if _governed(form.before) or between.startswith(",") else _plural_predicate(between)
        if agreed is None or _ONE_NOUN.search(agreed + form.after):
            return None
        between = agreed
    if form.before and not (_governed(form.before) or form.before.endswith(" the ")) and several:
        return None
    lead = form.before + (first if form.before else opening(first))
    return Said(ended(f"{lead}{between}{second}{form.after}"), several=several)


def _repeats(noun: str, statement: Statement, run: Run) -> bool:
    """Say whether a statement has a noun in it already: the film is a film about, in the time zone the time zone."""
    text = "".join(
        piece.removesuffix(lead)
        for piece, lead in zip((statement.before, statement.between), statement.leads, strict=True)
    )
    text += statement.after + (run.noun if statement.before else "")
    return noun.split()[-1].casefold() in re.findall(r"\w+", text.casefold())


def _leading(statement: Statement, names: tuple[str, str], name: str, several: bool) -> Statement:
    """Fit "[the film] " before each name: it stands before a bare name, and in the plural before several."""
    if statement.leads == NO_LEADS:
        return statement
    pieces = [statement.before, statement.between]
    for i, (lead, said) in enumerate(zip(statement.leads, names, strict=True)):
        if not lead:
            continue
        own = said.startswith(("the ", "this ", "a ", "an ")) or (said != name and not said)
        is_list = several and said != name and not own
        pronoun = said in ("it", "him", "her", "he", "she")
        if own or pronoun:
            pieces[i] = pieces[i].removesuffix(lead)
        elif is_list:
            words = lead.split()
            pieces[i] = f"{pieces[i].removesuffix(lead)}{words[0]} {plural(' '.join(words[1:]))} "
    return Statement(pieces[0], pieces[1], statement.after, statement.head_first)


def _subject_first(form: Statement, voice: Voice, by: By, listing: str, several: bool) -> Said | None:
    """Begin with the subject, or with what belongs to it: "Its capital is"."""
    rest = f"{form.between}{listing}{form.after}"
    before = form.before if form.before.lower() not in (f"the {voice.noun} ", "the ") else ""
    if not before:
        name = voice.refers(by)[0]
        return Said(
            ended(
                (form.before if name == voice.name else "")
                + (name if form.before and name == voice.name else opening(name))
                + rest
            ),
            rest.lstrip(),
            several,
            True,
        )
    if by is By.PRONOUN and voice.possessive and (owned := _POSSESSED.fullmatch(before)):
        return Said(ended(f"{opening(voice.possessive)} {owned[1]}{rest}"), "", several, True)
    if not _governed(before):
        return None
    return Said(ended(f"{before}{voice.object(by)}{rest}"), "", several, _POSSESSED.fullmatch(before) is not None)


def _takes_several(form: Statement) -> bool:
    """Say whether several names may stand where a statement has its second one."""
    rest = form.after.split()
    if rest and rest[0] != "." and rest[0] not in english().prepositions and not rest[0].startswith((".", ",")):
        return False  # brought them an award
    if _ONE_NOUN.search(form.after):
        return False
    word = form.between.split()[-1] if form.between.split() else ""
    if word in _BE or word in ("and", "as", "called", "or"):
        return False
    return word in english().prepositions or word in _VERBS or _is_verb(word)


def _is_verb(word: str) -> bool:
    return bare_of_third(word) is not None or is_participle(word)


def _governed(before: str) -> bool:
    """Say whether what stands first is no subject: it follows a preposition, as in "The currency of"."""
    words = before.split()
    return bool(words) and words[-1].lower() in english().prepositions


def _plural_predicate(between: str) -> str | None:
    """Return a predicate as it follows several names: " is a city of " as " are cities of "; None where it can't."""
    words = between.split()
    if not words or words[0] == "and":
        return None
    if words[0] in _BE:
        rest = _plural_complement(words[1:])
        return None if rest is None else f" {' '.join((_BE[words[0]], *rest))} "
    bare = bare_of_third(words[0])
    if bare is not None:
        return f" {' '.join((bare, *words[1:]))} "
    past = words[0] in english().past or words[0] in _VERBS or words[0].endswith("ed")
    return between if past else None


def _plural_complement(words: Sequence[str]) -> list[str] | None:
    """Return what follows "are": nouns in the plural; None where that is not sure."""
    lists = english()
    if not words:
        return []
    if words[0] == "been":
        rest = _plural_complement(words[1:])
        return None if rest is None else ["been", *rest]
    if words[:3] == ["one", "of", "the"]:
        return ["among", "the", *words[3:]]
    if words[0] in ("a", "an", "the"):
        link = next((i for i, word in enumerate(words) if i and word in lists.prepositions), None)
        if link is None or link < 2 or any(is_participle(word) for word in words[2:link]):
            return None
        noun = plural(" ".join(words[1:link]))
        return [*(["the"] if words[0] == "the" else []), noun, *words[link:]]
    known = words[0] in lists.prepositions or is_participle(words[0]) or is_adjective(words[0])
    return list(words) if known or words[0] in ("among", "inside", "part", "home", "also") else None


def _by_noun(run: Run, voice: Voice, by: By, names: Sequence[str]) -> Said:
    """Say it with the relation's nouns, where no statement holds for several."""
    noun = run.nouns if len(names) > 1 else run.noun
    be = "are" if len(names) > 1 else "is"
    if run.direction == "tail" or plain_noun(noun):
        if by is By.PRONOUN and voice.possessive:
            text = f"{opening(voice.possessive)} {noun} {be} {series(names)}."
        else:
            text = f"The {noun} of {voice.object(by)} {be} {series(names)}."
        return Said(ended(text), "", len(names) > 1, True)
    for statement in run.relation.wordings.statements:
        if (said := _say(statement, run, voice, By.NAME, names[:1])) is not None:
            more = f" The same holds for {ended(series(names[1:]) + '.')}" if names[1:] else ""
            return Said(f"{said.text}{more}", "", True)
    return Said(ended(f"{opening(run.noun)} of {voice.name}: {series(names)}."), "", True)


def joined(first: Said, second: Said) -> Said | None:
    """Join two sentences about one subject, "It lies in Asia and borders on Iran."; None where they don't fit."""
    if not (first.predicate and second.predicate) or first.several or len(first.text) + len(second.predicate) > 170:
        return None
    if first.predicate.startswith(("and ", ",")) or second.predicate.startswith(("and ", ",")):
        return None  # he and Rita Wilson were married
    if first.predicate.split()[0] == second.predicate.split()[0]:
        return None  # it has Paris as its capital and has Paris as its largest city
    return Said(f"{first.text.removesuffix('.')} and {ended(second.predicate)}", first.predicate, True, True)


def owned_together(first: Said, second: Said) -> Said | None:
    """Join two that say the same of one: "Its capital and largest city is Lima."; None where they do not."""
    one, other = _OWNED.fullmatch(first.text), _OWNED.fullmatch(second.text)
    if one is None or other is None or one["who"] != other["who"]:
        return None
    return Said(f"{one['own']} {one['what']} and {other['what']}{one['of'] or ''} is {one['who']}", "", True, True)


def ended(text: str) -> str:
    """Return a sentence with one full stop: after "Washington, D.C." no other."""
    text = text.rstrip()
    if re.search(r"[.!?]\.$", text):
        text = text[:-1]
    return text if text.endswith((".", "!", "?")) else f"{text}."
