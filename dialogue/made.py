"""Relations whose name is a noun and what was done to it: "films produced", "area served", "place buried"."""

from dialogue.nouns import Ends, Texts
from dialogue.verb_forms import bare_of_participle, past_of, third_person
from dialogue.words import article, english, is_adverb, is_participle, is_plural, kind_of, plural, rather_noun, singular


def cut_made(words: tuple[str, ...]) -> tuple[str, str] | None:
    """Cut "films executive produced" into a noun and what was done; None if nothing was."""
    by = words[-1] == "by"
    done = next(
        (i for i, word in enumerate(words) if i and is_participle(word) and (by or not rather_noun(word))), None
    )
    if done is None or any(word in english().prepositions for word in words) or len(words) - done > 2:
        return None
    if is_adverb(words[0]):
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
    lasts = done in english().states
    if lasts:
        be, been = "is", "are"
    be_them = been if is_plural(noun) else be
    bare = bare_of_participle(done) if by == "by" else None
    told = "" if not bare else third_person(bare) if lasts else past_of(bare)
    second = f"What {noun} {'have' if is_plural(noun) else 'has'} been {done} {by} {{x}}?"
    if lasts and not told:
        second = f"What {noun} {be_them} {done} {by} {{x}}?"
    tail = (
        f"Which {noun} {be_them} {done} {by} {{x}}?",
        f"Which {noun} {'does' if lasts else 'did'} {{x}} {bare}?" if bare else second,
        f"Can you name {article(one)} that {be} {done} {by} {{x}}?",
    )
    head = (
        f"{by.capitalize()} {ends.whom} {be} {{x}} {done}?",
        f"{ends.which_head} {told or 'has ' + done} {{x}}?"
        if by == "by"
        else f"Do you know {ends.a_head} {by} which {{x}} {be} {done}?",
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
