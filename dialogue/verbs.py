"""Relations whose name is a verb: "influenced by", "belongs to"."""

from dialogue.nouns import Ends, Texts, also
from dialogue.verb_forms import (
    active_past,
    bare_of_participle,
    bare_of_third,
    is_bare,
    participle_of,
    past_of,
    third_person,
    verb_forms,
)
from dialogue.words import (
    countable,
    english,
    head_word,
    is_adjective,
    is_adverb,
    is_participle,
    kind_of,
    plural,
    rather_noun,
    singular,
)


def ask_passive(words: tuple[str, ...], ends: Ends, auxiliary: str = "") -> Texts:
    """Ask with a participle and a preposition; a noun after the preposition is what is asked for."""
    at = next(i for i, word in enumerate(words) if i and word in english().prepositions)
    if words[-1] in english().prepositions:  # withdrawn from service by
        at = len(words) - 1
    while at + 1 < len(words) and words[at + 1] in english().prepositions:
        at += 1
    goal = words[at] == "to" and at + 1 < len(words) and words[at - 1] in english().purposes  # used to treat
    predicate = " ".join(words if goal else words[: at + 1])
    thing = "" if goal else " ".join(words[at + 1 :])
    said = words[1] if is_adverb(words[0], words[1]) else words[0]
    be = _be(said, words[0], auxiliary, words[at]) if words[at] != "since" else "has"
    if be == "has":
        words, at, predicate = ("been", *words), at + 1, f"been {predicate}"
    what = f"Which {thing}" if thing else ends.what_tail
    whats = ends.what_tails(thing) if words[at] != "by" else what
    low = what[:1].lower() + what[1:]
    place = not thing and kind_of(ends.tail) == "place" and words[at] in ("in", "at", "on", "near")
    bare = " ".join(words[:at])
    if when := _when(words[at], thing or ends.tail, ends):
        if be == "is" and auxiliary == "" and is_participle(said) and _is_past(said, thing or ends.tail):
            be = "was"
        tail = (f"{when} {be} {{x}} {bare}?", *_low(when, f"{{x}} {be} {bare}"))
    elif place:
        tail = (
            f"Where {be} {{x}} {bare}?",
            f"{words[at].capitalize()} which {ends.tail} {be} {{x}} {bare}?",
            f"Can you tell me where {{x}} {be} {bare}?",
        )
    else:
        tail = (
            f"{whats} {be} {{x}} {predicate}?",
            f"Do you know {low} {{x}} {be} {predicate}?",
            f"Can you tell me {low} {{x}} {be} {predicate}?",
        )
    if did := _did(words[1:] if be == "has" else words, be):
        who = what if thing or ends.tail else "who or what"
        low = who[:1].lower() + who[1:]
        tail = (tail[0], f"Do you know {low} {did} {{x}}?", f"Can you tell me {low} {did} {{x}}?")
    that = ends.that
    head = (
        f"{ends.which_head} {be} {predicate} {{x}}?",
        f"Do you know {ends.a_head} {that} {be} {predicate} {{x}}?",
        f"Can you name {ends.a_head} {that} {be} {predicate} {{x}}?",
    )
    said = f"{{head}} {be} {predicate} {{tail}}."
    return Texts(tail, head, (said, f"{{tail}} {did} {{head}}." if did else also(said, ends)), thing or "answer", "")


def _when(link: str, noun: str, ends: Ends) -> str:
    """Return what asks for a time, with its preposition before it: in which year; empty if it is none."""
    if link not in ("in", "on", "at", "during", "since", "until") or kind_of(noun) != "time":
        return ""
    return f"{link.capitalize()} which {plural(noun) if ends.several and countable(noun) else noun}"


def _is_past(done: str, noun: str) -> bool:
    """Say whether what else is a state was done at a time: closed in a year, but scheduled on a date."""
    return head_word(noun) in ("year", "date", "decade", "century") and done not in english().timeless


def _low(asked: str, told: str) -> tuple[str, str]:
    low = asked[:1].lower() + asked[1:]
    return f"Do you know {low} {told}?", f"Can you tell me {low} {told}?"


def _be(done: str, first: str, auxiliary: str, link: str = "") -> str:
    """Return the form of "be" that a participle or an adjective stands with: the name's own, else by what lasts."""
    own = {"is": "is", "are": "is", "was": "was", "were": "was", "been": "has"}
    lists = english()
    lasts = done in lists.states or is_adjective(done) or not is_participle(done) or first in lists.present_adverbs
    lasts = (
        lasts
        or (done in lists.states_but_by and link not in ("by", "at"))
        or (done == "made" and link in ("of", "from"))
    )
    return own.get(auxiliary) or ("is" if lasts else "was")


def ask_given(done: str, auxiliary: str, ends: Ends) -> Texts:
    """Ask for what the head was given: was awarded, has been prescribed."""
    be = _be(done, "", auxiliary)
    predicate = f"been {done}" if be == "has" else done
    tail = (
        f"{ends.what_tails()} {be} {{x}} {predicate}?",
        f"Do you know {ends.low_tail} {{x}} {be} {predicate}?",
        f"Can you tell me {ends.low_tail} {{x}} {be} {predicate}?",
    )
    head = (
        f"{ends.which_head} {be} {predicate} {{x}}?",
        f"Do you know {ends.a_head} {ends.that} {be} {predicate} {{x}}?",
        f"Can you name {ends.a_head} {ends.that} {be} {predicate} {{x}}?",
    )
    stated = f"{{head}} {be} {predicate} {{tail}}."
    return Texts(tail, head, (stated, also(stated, ends)), "answer")


def _did(words: tuple[str, ...], be: str) -> str:
    """Return the active of "built by", "laid out by"; empty if it is not known."""
    *rest, last = words
    bare = bare_of_participle(words[0])
    if (
        last != "by"
        or not bare
        or not rest
        or len(words) > 3
        or (len(words) == 3 and words[1] not in english().prepositions)
    ):
        return ""
    did = {"is": third_person(bare), "has": f"has {words[0]}"}.get(be) or past_of(bare)
    return " ".join([did, *rest[1:]])


def finite(words: tuple[str, ...]) -> tuple[str, str] | None:
    """Return what a verb that begins a name asks with, and its bare form: "did", "write"; None if it is none."""
    lists = english()
    word = words[0]
    if word in lists.past:
        return "did", lists.past[word]
    if (bare := active_past(word)) is not None:
        return "did", bare
    if word in lists.verbs:
        return "does", lists.verbs[word]
    if (bare := bare_of_third(word)) is not None:
        return "does", bare
    alone = len(words) > 1 and words[-1] in lists.prepositions and words[1] not in ("of", "for", "by")
    other = bare_of_participle(word) not in (None, word)  # found in
    if alone and is_bare(word) and word not in verb_forms().nouns and not other and not is_adjective(word):
        return "does", word  # LIVE_IN
    return None


def is_phrasal(words: tuple[str, ...]) -> bool:
    """Say whether a verb and its adverb are all of a name, or stand before an object: brought back, carries out."""
    lists = english()
    if len(words) < 2 or words[1] not in lists.particles or lists.prepositions.intersection((*words[2:3], words[0])):
        return False
    return is_participle(words[0]) or finite(words) is not None


def did_it_to(words: tuple[str, ...], ends: Ends) -> bool:
    """Say whether a past stands before what it was done to: led expedition, refereed final of; not assigned room."""
    bare = bare_of_participle(words[0])
    if bare is None or past_of(bare) != words[0] or rather_noun(words[0]) or words[0] in english().attributes:
        return False
    if words[1] in english().prepositions:
        return False  # appointed in year
    thing = " ".join(words[1:])
    whole = head_word(thing) == words[-1] and head_word(ends.tail) == singular(words[-1])
    lists, forms = english(), verb_forms()
    goes_on = words[-1] in lists.prepositions and not is_adverb(words[1], words[0]) and bare not in forms.naming
    if goes_on and words[-2] not in lists.particles | lists.bare_before_of:
        plain = kind_of(words[1]) == "thing" and not is_adjective(words[1]) and not is_participle(words[1])
        other = words[-1] not in ("by", "for", "as") and bare not in forms.giving
        if words[-1] == "of" or (plain and other and len(words) == 3 and words[0].endswith("ed")):
            return True  # discovered moon of, ceased publication in
    return (whole or goes_on) and kind_of(ends.head) in ("person", "organization", "group")


def ask_verb(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask with a verb, in the third person or in the past; its adverb, preposition and object as they come."""
    adverb, rest = (f"{words[0]} ", words[1:]) if is_adverb(words[0]) and len(words) > 1 else ("", words)
    modal = rest[0] if rest[0] in english().modals or rest[1:2] == ("not",) else ""
    rest = rest[1:] if modal else rest
    does, bare = (modal, rest[0]) if modal else finite(rest) or _by_its_looks(rest[0])
    said = f"{modal} {bare}" if modal else past_of(bare) if does == "did" else third_person(bare)
    said = rest[0] if does == "did" and rest[0] in english().past else said
    done = participle_of(bare) if does == "does" and len(rest) == 1 and not adverb else ""
    return _ask_verb(adverb, said, does, adverb + bare, rest[1:], done, ends)


def _by_its_looks(word: str) -> tuple[str, str]:
    """Return what a verb that no list has asks with, and its bare form: meanders through, overshone."""
    if (done := bare_of_participle(word)) is None and word.endswith("s"):
        return "does", singular(word)
    return "did", done or word


def ask_perfect(words: tuple[str, ...], ends: Ends) -> Texts:
    """Ask for what the head has done: has quarrelled with."""
    return _ask_verb("", f"has {words[0]}", "has", words[0], words[1:], "", ends)


def _ask_verb(adverb: str, said: str, does: str, bare: str, rest: tuple[str, ...], done: str, ends: Ends) -> Texts:
    finite = adverb + said
    after, thing = _object(rest)
    low = f"which {thing}" if thing else ends.what_tail[:1].lower() + ends.what_tail[1:]
    tail = (
        f"{ends.what_tails(thing)} {does} {{x}} {bare}{after}?",
        f"Do you know {low} {{x}} {finite}{after}?",
        f"Can you tell me {low} {{x}} {finite}{after}?",
    )
    if not thing and kind_of(ends.tail) == "place" and after in (" in", " at"):
        tail = (
            f"Where {does} {{x}} {bare}?",
            f"{after.strip().capitalize()} which {ends.tail} {does} {{x}} {bare}?",
            f"Can you tell me where {{x}} {finite}?",
        )
    *object_, link = after.split() or [""]
    if when := _when(link, thing or ends.tail, ends):
        did, said = (" ".join([verb, *object_]) for verb in (bare, finite))
        tail = (f"{when} {does} {{x}} {did}?", *_low(when, f"{{x}} {said}"))
    that = ends.that
    head = (
        f"{ends.which_head} {finite}{after} {{x}}?",
        f"Do you know {ends.a_head} {that} {finite}{after} {{x}}?",
        f"Can you name {ends.a_head} {that} {finite}{after} {{x}}?",
    )
    stated = f"{{head}} {finite}{after} {{tail}}."
    second = (
        f"{{tail}} is {done} by {{head}}." if done and bare not in verb_forms().intransitive else also(stated, ends)
    )
    return Texts(tail, head, (stated, second), "answer", "")


def _object(words: tuple[str, ...]) -> tuple[str, str]:
    """Split what follows a verb into its preposition, with a space before it, and the thing that is asked for."""
    prepositions = english().prepositions
    if words and words[0] in english().particles:
        after, thing = _object(words[1:])
        return f" {words[0]}{after}", thing
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
    past = past_of(bare_of_participle(done) or "") if bare_of_participle(done) else done
    head = (
        f"By {ends.whom} was {{x}} {done}?",
        f"{ends.which_head} {past} {{x}}?",
        f"Can you tell me by {ends.whom} {{x}} was {done}?",
    )
    say = (f"{{tail}} was {done} by {{head}}.", f"{{head}} {past} {{tail}}.")
    return Texts(tail, head, say, "answer")
