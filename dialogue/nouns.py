"""Relations whose name is a noun: "capital", "symptom of", "films in this genre", "people born here"."""

from dataclasses import dataclass

from dialogue.words import article, is_participle, is_plural, kind_of, plural, singular


@dataclass(frozen=True, slots=True)
class Ends:
    """The nouns for what stands at both ends of a relation; empty if unknown."""

    head: str
    tail: str

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


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates for both directions, statements, and the noun of the answer."""

    tail: tuple[str, str, str]
    head: tuple[str, str, str]
    say: tuple[str, str]
    noun: str
    head_noun: str = ""


def what_is(tail: str, ends: Ends) -> str:
    """Return the beginning of "T is what H contains"."""
    return f"{tail} is {'someone' if ends.tail == 'person' else 'what'}"


def ask_noun(noun: str, ends: Ends) -> Texts:
    one, many = singular(noun), plural(noun)
    what = "Who" if kind_of(one) == "person" else "What"
    if is_plural(noun):
        tail = (
            f"{what} are the {many} of {{x}}?",
            f"Which {many} does {{x}} have?",
            f"Can you name {article(one)} of {{x}}?",
        )
        head = (
            f"{ends.which_head} has {{x}} as one of {ends.its} {many}?",
            f"Among the {many} of {ends.whom} is {{x}}?",
            f"Can you name {ends.a_head} whose {many} include {{x}}?",
        )
        return Texts(
            tail,
            head,
            (f"{{tail}} is one of the {many} of {{head}}.", f"The {many} of {{head}} include {{tail}}."),
            noun,
        )
    tail = (
        f"{what} is the {one} of {{x}}?",
        f"{what} is named as the {one} of {{x}}?",
        f"Can you tell me the {one} of {{x}}?",
    )
    head = (
        f"{ends.which_head} has {{x}} as {ends.its} {one}?",
        f"Of {ends.whom} is {{x}} the {one}?",
        f"Can you name {ends.a_head} whose {one} is {{x}}?",
    )
    return Texts(tail, head, (f"The {one} of {{head}} is {{tail}}.", f"{{tail}} is the {one} of {{head}}."), noun)


def ask_noun_of(noun: str, of: str, ends: Ends) -> Texts:
    a_noun = article(singular(noun))
    what = ends.what_tail
    after = "whom" if what == "Who" else what[:1].lower() + what[1:]
    who = "Who" if kind_of(noun) == "person" else "What"
    tail = (
        f"{what} is {{x}} {a_noun} {of}?",
        f"{of.capitalize()} {after} is {{x}} {a_noun}?",
        f"Can you tell me {what[:1].lower() + what[1:]} {{x}} is {a_noun} {of}?",
    )
    second = f"{ends.which_head} is {a_noun} {of} {{x}}?" if noun not in ends.head and ends.head else ""
    head = (
        f"{who} is {a_noun} {of} {{x}}?",
        second or f"{who} is known as {a_noun} {of} {{x}}?",
        f"Can you name {a_noun} {of} {{x}}?",
    )
    say = (f"{{head}} is {a_noun} {of} {{tail}}.", f"{what_is('{tail}', ends)} {{head}} is {a_noun} {of}.")
    return Texts(tail, head, say, ends.tail or noun, singular(noun))


def ask_by(noun: str, ends: Ends) -> Texts:
    """Ask for who did it: set decoration by."""
    tail = (
        f"Who did the {noun} of {{x}}?",
        f"By whom was the {noun} of {{x}} done?",
        f"Can you tell me who did the {noun} of {{x}}?",
    )
    head = (
        f"{ends.which_head} had {ends.its} {noun} done by {{x}}?",
        f"Of {ends.whom} did {{x}} do the {noun}?",
        f"Can you name {ends.a_head} whose {noun} was done by {{x}}?",
    )
    say = (f"The {noun} of {{head}} was done by {{tail}}.", f"{{tail}} did the {noun} of {{head}}.")
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
