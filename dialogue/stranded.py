"""Relations whose name ends or begins with a preposition, and those that no shape fits."""

from dialogue.nouns import Ends, Texts, also
from dialogue.verb_forms import bare_of_participle, past_of
from dialogue.words import article, english, is_plural, plural, singular


def ask_noun_with(noun: str, link: str, ends: Ends) -> Texts:
    """Ask for what somebody has a noun with: junction with, running rights over."""
    bare = is_plural(noun) or noun.endswith("ship") or noun.split()[-1] in english().uncountable
    a_noun = noun if bare else article(noun)
    low, after = ends.low_tail, ends.whom_tail
    asked = f"{link.capitalize()} {after} does {{x}} have {a_noun}?"
    tail = (
        f"{ends.what_tail} does {{x}} have {a_noun} {link}?",
        asked if link != "than" else f"Do you know {low} {{x}} has {a_noun} {link}?",
        f"Can you tell me {low} {{x}} has {a_noun} {link}?",
    )
    head = (
        f"{ends.which_head} has {a_noun} {link} {{x}}?",
        f"Do you know {ends.a_head} {ends.that} has {a_noun} {link} {{x}}?",
        f"Can you name {ends.a_head} with {a_noun} {link} {{x}}?",
    )
    say = (f"{{head}} has {a_noun} {link} {{tail}}.", also(f"{{head}} has {a_noun} {link} {{tail}}.", ends))
    return Texts(tail, head, say, "answer")


def ask_having(ends: Ends) -> Texts:
    """Ask for what the head has, whatever that is."""
    tail = (
        f"{ends.what_tail} does {{x}} have?",
        f"Do you know {ends.low_tail} {{x}} has?",
        f"Can you tell me {ends.low_tail} {{x}} has?",
    )
    head = (
        f"{ends.which_head} has {{x}}?",
        f"Do you know {ends.a_head} {ends.that} has {{x}}?",
        f"Can you name {ends.a_head} {ends.that} has {{x}}?",
    )
    return Texts(tail, head, ("{head} has {tail}.", also("{head} has {tail}.", ends)), "answer")


def ask_part(noun: str, predicate: str, ends: Ends) -> Texts:
    """Ask with a predicate that is said of a part: scrapping requested by, tender interchangeable with."""
    lists = english()
    done, *rest = predicate.split()
    many = is_plural(noun)
    lasts = done in lists.states or done in lists.adjectives or done.endswith(("ible", "able"))
    be = ("are" if many else "is") if lasts else "were" if many else "was"
    after = ends.whom_tail
    link, words = rest[-1], " ".join([done, *rest[:-1]])
    tail = (
        f"{link.capitalize()} {after} {be} the {noun} of {{x}} {words}?",
        f"{ends.what_tail} {be} the {noun} of {{x}} {predicate}?",
        f"Can you tell me {link} {after} the {noun} of {{x}} {be} {words}?",
    )
    say = (f"The {noun} of {{head}} {be} {predicate} {{tail}}.", f"For {{head}}, the {noun} {be} {predicate} {{tail}}.")
    bare = bare_of_participle(done)
    if rest == ["by"] and bare:
        past = past_of(bare)
        who = "Who" if not ends.tail else ends.what_tail
        tail = (
            f"{who} {past} the {noun} of {{x}}?",
            tail[0],
            f"Can you tell me {who[:1].lower() + who[1:]} {past} the {noun} of {{x}}?",
        )
        say = (say[0], f"{{tail}} {past} the {noun} of {{head}}.")
    head = (
        f"The {noun} of {ends.whom} {be} {predicate} {{x}}?",
        f"{ends.which_head} has {ends.its} {noun} {predicate} {{x}}?"
        if lasts
        else f"{ends.which_head} had {ends.its} {noun} {predicate} {{x}}?",
        f"Can you name {ends.a_head} whose {noun} {be} {predicate} {{x}}?",
    )
    return Texts(tail, head, say, "answer")


def ask_place(link: str, thing: str, ends: Ends) -> Texts:
    """Ask with a preposition that begins the name: in country, near."""
    ends = Ends(ends.head, thing or ends.tail)
    tail = (
        f"{ends.what_tail} is {{x}} {link}?",
        f"{link.capitalize()} {ends.whom_tail} is {{x}}?"
        if " " not in link
        else f"Do you know {ends.low_tail} {{x}} is {link}?",
        f"Can you tell me {ends.low_tail} {{x}} is {link}?",
    )
    head = (
        f"{ends.which_head} is {link} {{x}}?",
        f"Do you know {ends.a_head} {ends.that} is {link} {{x}}?",
        f"Can you name {ends.a_head} {link} {{x}}?",
    )
    say = (f"{{head}} is {link} {{tail}}.", also(f"{{head}} is {link} {{tail}}.", ends))
    return Texts(tail, head, say, thing or "answer")


def ask_role(noun: str, ends: Ends) -> Texts:
    """Ask for a noun with a preposition within: role in the project."""
    one = singular(noun)
    tail = (
        f"Which {plural(noun) if is_plural(noun) else one} does {{x}} have?",
        f"What does {{x}} have as {'one of ' if is_plural(noun) else ''}{ends.its} {noun}?",
        f"Can you tell me what {{x}} has as {ends.its} {noun}?",
    )
    head = (
        f"{ends.which_head} has {{x}} as {'one of ' if is_plural(noun) else ''}{ends.its} {noun}?",
        f"Do you know {ends.a_head} with {{x}} as {'one of ' if is_plural(noun) else ''}{ends.its} {noun}?",
        f"Can you name {ends.a_head} that has {{x}} as {ends.its} {noun}?".replace("someone that", "someone who"),
    )
    be = "include" if is_plural(noun) else "is"
    say = (
        f"The {noun} of {{head}} {be} {{tail}}.",
        f"{{head}} has {{tail}} as {'one of ' if is_plural(noun) else ''}{ends.its} {noun}.",
    )
    return Texts(tail, head, say, one)


def ask_named(name: str, ends: Ends) -> Texts:
    """Ask for a relation by its name, between quotation marks: right whatever the name says."""
    said = f"“{name}”"
    tail = (
        f"{ends.what_tail} stands under {said} for {{x}}?",
        f"{ends.what_tail} does the graph give {{x}} under {said}?",
        f"Can you tell me {ends.low_tail} stands under {said} for {{x}}?",
    )
    head = (
        f"{ends.which_head} has {{x}} under {said}?",
        f"For {ends.whom} does the graph give {{x}} under {said}?",
        f"Can you name {ends.a_head} {ends.that} has {{x}} under {said}?",
    )
    say = (f"{{head}} has {{tail}} under {said}.", f"Under {said}, {{head}} has {{tail}}.")
    return Texts(tail, head, say, "answer")
