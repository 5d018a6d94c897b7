"""Relations whose name is a verb: "influenced by", "belongs to", "films produced"."""

from dialogue.nouns import Ends, Texts, what_is
from dialogue.words import article, english, is_participle, is_plural, kind_of, plural, singular


def ask_passive(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask with a participle and a preposition; a noun after the preposition is what is asked for."""
    at = next(i for i, word in enumerate(words) if i and word in english().prepositions)
    while at + 1 < len(words) and words[at + 1] in english().prepositions:
        at += 1
    goal = words[at] == "to" and at + 1 < len(words) and not is_plural(words[-1])  # used to treat
    predicate = " ".join(words if goal else words[: at + 1])
    thing = "" if goal else " ".join(words[at + 1 :])
    be = "is" if words[0] in english().states or words[0] in english().adverbs else "was"
    what = f"Which {thing}" if thing else ends.what_tail
    low = what[:1].lower() + what[1:]
    place = not thing and kind_of(ends.tail) == "place" and words[at] in ("in", "at", "on", "near")
    if place:
        bare = " ".join(words[:at])
        tail = (
            f"Where {be} {{x}} {bare}?",
            f"{words[at].capitalize()} which {ends.tail} {be} {{x}} {bare}?",
            f"Can you tell me where {{x}} {be} {bare}?",
        )
    else:
        tail = (
            f"{what} {be} {{x}} {predicate}?",
            f"Do you know {low} {{x}} {be} {predicate}?",
            f"Can you tell me {low} {{x}} {be} {predicate}?",
        )
    that = "who" if kind_of(ends.head) == "person" else "that"
    head = (
        f"{ends.which_head} {be} {predicate} {{x}}?",
        f"Do you know {ends.a_head} {that} {be} {predicate} {{x}}?",
        f"Can you name {ends.a_head} {that} {be} {predicate} {{x}}?",
    )
    say = (f"{{head}} {be} {predicate} {{tail}}.", f"{what_is('{tail}', ends)} {{head}} {be} {predicate}.")
    return Texts(tail, head, say, thing or ends.tail or "answer", "")


def ask_verb(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask with a verb, in the third person or in the past; its adverb, preposition and object as they come."""
    lists = english()
    adverb, rest = (f"{words[0]} ", words[1:]) if words[0] in lists.adverbs else ("", words)
    finite, rest = f"{adverb}{rest[0]}", rest[1:]
    past = words[0] in lists.past
    does, bare = ("did", lists.past[words[0]]) if past else ("does", adverb + lists.verbs[finite.removeprefix(adverb)])
    after, thing = _object(rest)
    low = f"which {thing}" if thing else ends.what_tail[:1].lower() + ends.what_tail[1:]
    what = low[:1].upper() + low[1:]
    tail = (
        f"{what} {does} {{x}} {bare}{after}?",
        f"Do you know {low} {{x}} {finite}{after}?",
        f"Can you tell me {low} {{x}} {finite}{after}?",
    )
    if not thing and kind_of(ends.tail) == "place" and after in (" in", " at"):
        tail = (
            f"Where {does} {{x}} {bare}?",
            f"{after.strip().capitalize()} which {ends.tail} {does} {{x}} {bare}?",
            f"Can you tell me where {{x}} {finite}?",
        )
    that = "who" if kind_of(ends.head) == "person" else "that"
    head = (
        f"{ends.which_head} {finite}{after} {{x}}?",
        f"Do you know {ends.a_head} {that} {finite}{after} {{x}}?",
        f"Can you name {ends.a_head} {that} {finite}{after} {{x}}?",
    )
    say = (f"{{head}} {finite}{after} {{tail}}.", f"{what_is('{tail}', ends)} {{head}} {finite}{after}.")
    return Texts(tail, head, say, thing or ends.tail or "answer", "")


def _object(words: tuple[str, ...]) -> tuple[str, str]:
    """Split what follows a verb into its preposition, with a space before it, and the thing that is asked for."""
    prepositions = english().prepositions
    if words and words[-1] in prepositions:  # wrote music for: all of it goes with the verb
        return f" {' '.join(words)}", ""
    if words and words[0] in prepositions:
        return f" {words[0]}", " ".join(words[1:])
    return "", " ".join(words)


def ask_done(done: str, ends: Ends) -> Texts:
    """Ask with a participle that is all of the name: influenced."""
    low = ends.what_tail[:1].lower() + ends.what_tail[1:]
    tail = (
        f"{ends.what_tail} was {done} by {{x}}?",
        f"Do you know {low} was {done} by {{x}}?",
        f"Can you tell me {low} was {done} by {{x}}?",
    )
    head = (
        f"By {ends.whom} was {{x}} {done}?",
        f"{ends.which_head} has {done} {{x}}?",
        f"Can you tell me by {ends.whom} {{x}} was {done}?",
    )
    say = (f"{{tail}} was {done} by {{head}}.", f"{{head}} has {done} {{tail}}.")
    return Texts(tail, head, say, ends.tail or "answer")


def cut_made(words: tuple[str, ...]) -> tuple[str, str] | None:
    """Cut "films executive produced" into a noun and what was done; None if nothing was."""
    done = next((i for i, word in enumerate(words) if i and is_participle(word)), None)
    if done is None or any(word in english().prepositions for word in words) or len(words) - done > 2:
        return None
    if words[done] in english().nouns_rather_than_participles and done == len(words) - 1:
        return None
    if words[done - 1] in english().adverbs and done > 1:
        done -= 1
    last_noun = next((i for i in range(done) if is_plural(words[i])), done - 1)
    return " ".join(words[: last_noun + 1]), " ".join(words[last_noun + 1 :])


def ask_made(noun: str, done: str, ends: Ends) -> Texts:
    one, many = singular(noun), plural(noun)
    if one == "place":
        return _ask_where_made(done, ends)
    by, be, been = {"place": ("in", "is", "are"), "event": ("at", "was", "were")}.get(
        kind_of(ends.head), ("by", "was", "were")
    )
    be_them = been if is_plural(noun) else be
    tail = (
        f"Which {noun} {be_them} {done} {by} {{x}}?",
        f"What {noun} {'have' if is_plural(noun) else 'has'} been {done} {by} {{x}}?",
        f"Can you name {article(one)} that {be} {done} {by} {{x}}?",
    )
    head = (
        f"{by.capitalize()} {ends.whom} {be} {{x}} {done}?",
        f"{ends.which_head} has {done} {{x}}?"
        if by == "by"
        else f"{ends.which_head} is one {by} which {{x}} {be} {done}?",
        f"Can you tell me {by} {ends.whom} {{x}} {be} {done}?",
    )
    say = (f"{{tail}} {be} {done} {by} {{head}}.", f"Among the {many} {done} {by} {{head}} is {{tail}}.")
    return Texts(tail, head, say, noun)


def _ask_where_made(done: str, ends: Ends) -> Texts:
    that = "who" if kind_of(ends.head) == "person" else "that"
    tail = (
        f"Where was {{x}} {done}?",
        f"In which place was {{x}} {done}?",
        f"Can you tell me where {{x}} was {done}?",
    )
    head = (
        f"{ends.which_head} was {done} in {{x}}?",
        f"Do you know {ends.a_head} {that} was {done} in {{x}}?",
        f"Can you name {ends.a_head} {that} was {done} in {{x}}?",
    )
    return Texts(tail, head, (f"{{head}} was {done} in {{tail}}.", f"{{tail}} is where {{head}} was {done}."), "place")
