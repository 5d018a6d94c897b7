"""Relations whose name is a noun: "capital", "symptom of", "films in this genre", "people born here"."""

from dataclasses import dataclass

from dialogue.words import article, countable, english, head_word, is_participle, is_plural, kind_of, plural, singular

_ANYTHING = frozenset(
    {"thing", "entity", "agent", "node", "resource", "topic", "object", "concept", "item"}
)  # tell nothing
_TOWNS = ("city", "town", "village", "county", "state", "province")  # the city of Cardiff
_NEAR = ("nearest", "closest")  # the nearest hut to a peak
_DEEDS = (
    "graphy",
    "translation",
    "illustration",
    "production",
    "direction",
    "management",
    "design",
    "editing",
    "supervision",
)


@dataclass(frozen=True, slots=True)
class Ends:
    """The nouns for what stands at both ends of a relation, empty if unknown.

    `several` if a head has several tails, `sole` if a tail has one head.
    """

    head: str
    tail: str
    several: bool = False
    sole: bool = False

    @property
    def which_head(self) -> str:
        """Return who or what is asked for at the head, as a subject."""
        if not self.head:
            return "What"
        return "Who" if self.head == "person" else f"Which {self.head}"

    @property
    def a_head(self) -> str:
        """Return some head, as in "name ..."."""
        return "someone" if self.head == "person" else article(self.head) if self.head else "something"

    @property
    def whom(self) -> str:
        """Return who or what is asked for at the head, after a preposition."""
        return "whom" if self.head == "person" else f"which {self.head}" if self.head else "what"

    @property
    def its(self) -> str:
        """Return the possessive for the head."""
        return "their" if kind_of(self.head) == "person" else "its"

    @property
    def what_tail(self) -> str:
        """Return who or what is asked for at the tail."""
        if self.tail and self.tail != "person":
            return f"Which {self.tail}"
        return "Who" if self.tail else "What"

    def what_tails(self, noun: str = "") -> str:
        """Return the same where it is an object, and as several where a head often has several: which drugs."""
        noun = noun or (self.tail if self.tail != "person" else "")
        if not noun:
            return self.what_tail
        return f"Which {plural(noun) if self.several and countable(noun) else noun}"

    @property
    def low_tail(self) -> str:
        """Return the same within a sentence."""
        return self.what_tail[:1].lower() + self.what_tail[1:]

    @property
    def whom_tail(self) -> str:
        """Return the same after a preposition."""
        return "whom" if self.tail == "person" else self.low_tail

    @property
    def that(self) -> str:
        """Return what a clause about the head begins with."""
        return "who" if kind_of(self.head) == "person" else "that"

    @property
    def head_s(self) -> str:
        """Return the head that is asked for, as an owner; empty where it has no short noun."""
        if self.head == "person":
            return "Whose"
        short = self.head and len(self.head.split()) < 4 and head_word(self.head) == self.head.split()[-1]
        bare = is_plural(self.head) or (self.head.endswith("s") and plural(self.head) == self.head)  # which species'
        return f"Which {self.head}'{'' if bare else 's'}" if short else ""

    def owns(self, noun: str) -> str:
        """Return the same where a noun does not repeat it: not "Which station's station code"; nor is it long."""
        words = noun.split()
        repeats = self.head and words[:-1][:1] == self.head.split()[-1:]
        return "" if repeats or "the" in words or len(words) > 4 else self.head_s


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates for both directions, statements, and the noun of the answer."""

    tail: tuple[str, str, str]
    head: tuple[str, str, str]
    say: tuple[str, str]
    noun: str
    head_noun: str = ""


def also(said: str, ends: Ends) -> str:
    """Return a second way to state what `said` does: with the noun of an end before its name."""
    for end, noun in (("{head}", ends.head), ("{tail}", ends.tail)):
        if noun and noun != "person" and noun not in _ANYTHING and len(noun.split()) < 4:
            called = f"{noun} of" if noun in _TOWNS else noun
            lead = f"[{'The' if said.startswith(end) else 'the'} {called}] "
            return said.replace(end, lead + end)
    return f"{{tail}} is the one {said.removesuffix(' {tail}.')}."


def who_or_what(noun: str, ends: Ends) -> str:
    """Return "Who" or "What": by the type of what is asked for if it is known, else by the noun for it."""
    asked = kind_of(ends.tail) if ends.tail and ends.tail not in _ANYTHING else ""
    if head_word(noun) in english().no_persons or kind_of(noun) not in ("person", "thing"):
        return "What"
    if asked in ("", "organization", "group", "person"):
        return "Who" if asked == "person" or kind_of(noun) == "person" else "What"
    return "What"


def ask_noun(noun: str, ends: Ends) -> Texts:
    one, many = singular(noun), plural(noun)
    if kind_of(ends.tail) == "person" and kind_of(one) == "thing" and one.endswith(_DEEDS) and not is_plural(noun):
        return ask_by(one, ends)  # of a film: cinematography
    what, of = who_or_what(one, ends), "to" if one.split()[0] in _NEAR else "of"
    if ends.several and head_word(one) not in english().uncountable | english().mass:
        noun = many
    if is_plural(noun):
        tail = (
            f"{what} are the {many} {of} {{x}}?",
            f"Which {many} does {{x}} have?" if countable(many) else f"Do you know the {many} {of} {{x}}?",
            f"Can you name {article(one) if countable(many) else 'one of the ' + many} {of} {{x}}?",
        )
        head = (
            f"{ends.which_head} has {{x}} as one of {ends.its} {many}?",
            f"{ends.which_head} counts {{x}} among {ends.its} {many}?",
            f"Can you name {ends.a_head} whose {many} include {{x}}?",
        )
        return Texts(
            tail,
            head,
            (f"{{tail}} is one of the {many} {of} {{head}}.", f"The {many} {of} {{head}} include {{tail}}."),
            noun,
        )
    tail = (
        f"{what} is the {one} {of} {{x}}?",
        f"Do you know the {one} {of} {{x}}?",
        f"Can you tell me the {one} {of} {{x}}?",
    )
    head = (
        f"{ends.which_head} has {{x}} as {ends.its} {one}?",
        f"{ends.owns(one)} {one} is {{x}}?"
        if ends.owns(one)
        else f"Do you know {ends.a_head} with {{x}} as {ends.its} {one}?",
        f"Can you name {ends.a_head} whose {one} is {{x}}?",
    )
    return Texts(tail, head, (f"The {one} {of} {{head}} is {{tail}}.", f"{{tail}} is the {one} {of} {{head}}."), noun)


def ask_noun_of(noun: str, of: str, ends: Ends, be: str = "is") -> Texts:
    one, lists = singular(noun), english()
    a_noun = f"the {one}" if one in lists.one_each or (ends.sole and one not in lists.belonging) else article(one)
    a_noun = one if one in lists.uncountable else a_noun
    who = who_or_what(noun, Ends("", ends.head))
    tail = (
        f"{ends.what_tail} {be} {{x}} {a_noun} {of}?",
        f"{of.capitalize()} {ends.whom_tail} {be} {{x}} {a_noun}?",
        f"Can you tell me {ends.low_tail} {{x}} {be} {a_noun} {of}?",
    )
    second = (
        f"{ends.which_head} {be} {a_noun} {of} {{x}}?"
        if noun not in ends.head and ends.head != "person" and ends.head
        else ""
    )
    head = (
        f"{who} {be} {a_noun} {of} {{x}}?",
        second or f"Do you know {a_noun} {of} {{x}}?",
        f"Can you name {a_noun} {of} {{x}}?",
    )
    said = f"{{head}} {be} {a_noun} {of} {{tail}}."
    return Texts(tail, head, (said, also(said, ends)), "answer", singular(noun))


def ask_by(noun: str, ends: Ends) -> Texts:
    """Ask for who did it: set decoration by."""
    was = "were" if is_plural(noun) else "was"
    tail = (
        f"Who did the {noun} of {{x}}?",
        f"By whom {was} the {noun} of {{x}} done?",
        f"Can you tell me who did the {noun} of {{x}}?",
    )
    head = (
        f"{ends.which_head} had {ends.its} {noun} done by {{x}}?",
        f"Of {ends.whom} did {{x}} do the {noun}?",
        f"Can you name {ends.a_head} whose {noun} {was} done by {{x}}?",
    )
    say = (f"The {noun} of {{head}} {was} done by {{tail}}.", f"{{tail}} did the {noun} of {{head}}.")
    return Texts(tail, head, say, ends.tail or "person")


def ask_this(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask for what is in this genre, with this profession, of this type: the head is the genre itself."""
    at = max(i for i, word in enumerate(words) if word == "this")
    kind = " ".join(words[at + 1 :])
    link = words[at - 1]
    noun = " ".join(words[: at - 1]) or "things"
    if len(noun.split()) > 1 and is_participle(noun.split()[-1]):  # films distributed in this medium
        noun, link = noun.rsplit(" ", 1)[0], f"{noun.rsplit(' ', 1)[1]} {link}"
    are = f"are {link}" if link != "with" else "have"
    be = f"is {link}" if link != "with" else "has"
    ask = {"with": f"Which {kind} does {{x}} have?", "of": f"To which {kind} does {{x}} belong?"}
    tell = {"with": f"which {kind} {{x}} has", "of": f"to which {kind} {{x}} belongs"}
    tail = (
        f"Which {plural(noun)} {are} the {kind} {{x}}?",
        f"What {plural(noun)} do you know {link} the {kind} {{x}}?",
        f"Can you name {article(singular(noun))} {link} the {kind} {{x}}?",
    )
    head = (
        ask.get(link, f"Which {kind} is {{x}} {link}?"),
        f"Do you know {tell.get(link, f'which {kind} {{x}} is {link}')}?",
        f"Can you tell me {tell.get(link, f'which {kind} {{x}} is {link}')}?",
    )
    say = (f"{{tail}} {be} the {kind} {{head}}.", f"Among the {plural(noun)} {link} the {kind} {{head}} is {{tail}}.")
    return Texts(tail, head, say, noun, kind)


def ask_here(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask for what was done here: the head is the place."""
    if is_participle(words[0]):
        words = ("people", *words)
    done = next((i for i, word in enumerate(words) if i and is_participle(word)), len(words))
    noun, act = " ".join(words[:done]), " ".join(words[done:]) or "found"
    one, many = singular(noun), plural(noun)
    where = f"In which {ends.head}" if ends.head else "Where"
    tail = (
        f"Which {many} were {act} in {{x}}?",
        f"What {many} have been {act} in {{x}}?",
        f"Can you name {article(one)} {act} in {{x}}?",
    )
    head = (
        f"Where was {{x}} {act}?",
        f"{where} was it that {{x}} was {act}?",
        f"Can you tell me where {{x}} was {act}?",
    )
    return Texts(
        tail, head, (f"{{tail}} was {act} in {{head}}.", f"Among the {many} {act} in {{head}} is {{tail}}."), noun
    )
