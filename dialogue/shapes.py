"""The shapes that a relation's name can have as an English phrase, and how each asks and states.

noun      capital, time zones            What is the capital of X?
noun of   symptom of, hub for            What is X a symptom of?
passive   influenced by, located in      Who was X influenced by?
          countries spoken in            Which countries is X spoken in?
verb      contains, belongs to           What does X contain?
done      influenced                     What was influenced by X?
made      films produced, area served    Which films were produced by X?
this      films in this genre            Which films are in the genre X?
here      people born here               Which people were born in X?
compound  rent / currency                Which currency is recorded for the rent of X?
"""

from dataclasses import replace

from dialogue.nouns import Ends, Texts, ask_by, ask_here, ask_noun, ask_noun_of, ask_this
from dialogue.stranded import ask_having, ask_named, ask_noun_with, ask_part, ask_place, ask_role
from dialogue.verb_forms import bare_of_participle, bare_of_third, is_bare, verb_forms
from dialogue.verbs import ask_done, ask_made, ask_passive, ask_perfect, ask_verb, cut_made, finite
from dialogue.words import (
    article,
    english,
    head_word,
    is_adjective,
    is_adverb,
    is_participle,
    is_plural,
    kind_of,
    like_adjective,
    rather_noun,
    singular,
)

_NOBODY = ("place", "work", "event", "thing", "time")
_HAVING = ("has", "have", "had")
_VERBS_IN_S = ("ates", "izes", "ises", "ifies", "ives")  # gravitates towards


def shape(phrase: tuple[str, ...], ends: Ends, is_path: bool) -> Texts:
    """Return the texts of a relation whose name is one phrase."""
    lists = english()
    words, auxiliary = phrase, ""
    while len(words) > 1 and words[0] in lists.auxiliaries:
        words, auxiliary = words[1:], words[0]
    if "same" in words[:-1]:  # is the same as
        words = tuple("the same" if word == "same" else word for word in words)
    last = words[-1] in lists.prepositions
    if words in (("has",), ("have",)):
        return ask_having(ends)
    if words == ("is",):
        return ask_noun_of("instance", "of", ends)
    if (
        "of" in words[1:-1]
        and "this" not in words
        and (own := head_word(ends.head))
        and own in words[words.index("of") :]
    ):
        words = words[: words.index("of")]  # original language of film or TV show
    if "or" in words and (lists.prepositions.intersection(words) or any(map(is_participle, words))):
        return ask_named(" ".join(phrase), ends)
    if auxiliary in _HAVING and finite(words) is None and is_participle(words[0]) and (last or len(words) == 1):
        return ask_perfect(words, ends) if words[-1] != "by" else ask_passive(words, ends)
    passive = auxiliary != "" and auxiliary not in _HAVING
    if words[0] in lists.prepositions or words[0] in lists.auxiliaries:
        if words[0] not in lists.beside:
            return ask_named(" ".join(words), ends)
        return ask_place(" ".join(words), "", ends) if last else ask_place(words[0], " ".join(words[1:]), ends)
    verb = words[1] if len(words) > 1 and is_adverb(words[0], words[1]) else words[0]
    if verb in lists.modals and len(words) > 1 and (is_bare(words[1]) or (last and len(words) > 2)):
        return ask_verb(words, ends)
    if len(words) == 1:
        return _one_word(words[0], ends, is_path)
    if not passive and "by" not in words and _did_itself(words):
        return ask_verb(words, ends)
    if "these" in words[1:-1]:  # appears in these universes: the tail is a universe
        words = tuple(word for word in words if word != "these")
    if "this" in words[1:-1]:
        return ask_this(words, ends)
    if words[-1] == "here":
        return ask_here(words[:-1], ends)
    if not passive and _does_itself(words, verb):
        return ask_verb(words, ends)
    after = lists.prepositions.intersection(words[1:])
    if is_participle(verb) and after and not (words[1] in ("of", "for") and rather_noun(verb)):
        return ask_passive(words, ends, auxiliary)
    link = words[words.index(verb) + 1] if words.index(verb) + 1 < len(words) else ""
    if link in lists.prepositions and like_adjective(verb, link):
        return ask_passive(words, ends, auxiliary or "is")
    if len(words) == 2 and _is_doing(words):
        return ask_passive(words, ends, auxiliary or "is")
    return _noun_phrase(words, auxiliary, ends)


def _one_word(word: str, ends: Ends, is_path: bool) -> Texts:
    lists = english()
    if is_adjective(word):
        return ask_passive((word, "to"), ends, "is")
    unlike = kind_of(ends.tail) != kind_of(singular(word)) or head_word(ends.tail) not in (word, singular(word))
    if word in lists.verbs or word in lists.past or finite((word,)):
        noun = word in lists.nouns_rather_than_verbs
        if (word in lists.verbs or word in lists.past) and not (is_path and noun):
            return ask_verb((word,), ends)
        bare = bare_of_third(word) or ""
        own, other = kind_of(singular(word)), kind_of(ends.tail)
        other_noun = ends.tail and head_word(ends.tail) != singular(word) and (own != other or own == "thing")
        if bare in verb_forms().either and other_noun and (own != "person" or other in _NOBODY):
            return ask_verb((word,), ends)  # hosts, of a festival
        if bare not in verb_forms().nouns and not noun and not is_path and unlike:
            return ask_verb((word,), ends)
    done = is_participle(word) and not rather_noun(word) and word not in ("born", "gone", "known", "become")
    return ask_done(word, ends) if done and (word.endswith("ed") or bare_of_participle(word)) else ask_noun(word, ends)


def _did_itself(words: tuple[str, ...]) -> bool:
    """Say whether a name tells what the head did: acted in, wrote music for, stood in for."""
    found = finite(words)
    return found is not None and found[0] == "did"


def _does_itself(words: tuple[str, ...], verb: str) -> bool:
    """Say whether a name tells what the head does: hauls trains on, forms part of; not awards received, parts for."""
    lists = english()
    last = words[-1] in lists.prepositions
    if verb in lists.verbs:
        return verb not in lists.nouns_rather_than_verbs or last
    start = 1 if verb != words[0] else 0
    found = finite(words[start:])
    if found is None or found[0] != "does":
        return len(words) == 2 and last and words[0].endswith(_VERBS_IN_S) and words[1] not in ("of", "for", "by")
    if found[1] not in verb_forms().nouns:
        return True
    return last and (len(words) > 2 + start or words[-1] not in ("of", "for", "by"))


def _is_doing(words: tuple[str, ...]) -> bool:
    """Say whether a name is said of what the head is doing: competing in, standing on."""
    word, link = words
    stem = word.removesuffix("ing")
    known = is_bare(stem) or is_bare(stem + "e") or is_bare(stem[:-1])
    return stem != word and known and link in english().prepositions and link not in ("of", "for", "by", "with")


def _noun_phrase(words: tuple[str, ...], auxiliary: str, ends: Ends) -> Texts:
    """Return the texts of a name that is a noun, and what stands around it."""
    lists = english()
    link = words[-1] if words[-1] in lists.prepositions else ""
    if len(words) > 2 and link and is_participle(words[-2]) and not rather_noun(words[-2]):
        noun = " ".join(words[:-2])
        if _is_part(noun, link, ends):
            return ask_part(noun, " ".join(words[-2:]), ends)
        return ask_passive(words[-2:], Ends(ends.head, noun), auxiliary)
    if len(words) > 2 and link and is_adjective(words[-2]) and words[-2] not in ("junior", "senior"):
        return ask_part(" ".join(words[:-2]), " ".join(words[-2:]), ends)
    at = next((i for i, word in enumerate(words) if i and word in lists.prepositions), 0)
    if at > 1 and not link and is_participle(words[at - 1]) and not rather_noun(words[at - 1]):
        return ask_named(" ".join(words), ends)  # office held by head of government
    if at and at < len(words) - 1 and link == "":
        noun, rest = " ".join(words[:at]), " ".join(words[at + 1 :])
        if (auxiliary == "is" or words[at - 1] in lists.belonging) and words[at] in ("of", "for", "in", "to"):
            return replace(ask_noun_of(noun, words[at], Ends(ends.head, rest)), noun=rest)
        if words[at] != "of" and not is_participle(words[at - 1]) and words[at] not in ("for", "and"):
            return ask_role(" ".join(words), ends)
    if link == "by":
        return ask_by(" ".join(words[:-1]), ends)
    if link:
        noun = " ".join(words[:-1])
        return _noun_and_link(noun, link, auxiliary, ends)
    if made := cut_made(words):
        return ask_made(*made, ends)
    return ask_noun(" ".join(words), ends)


def _noun_and_link(noun: str, link: str, auxiliary: str, ends: Ends) -> Texts:
    """Ask for what is a subsidiary of something, or has a junction with it."""
    is_it = link in ("of", "for", "to", "as") or auxiliary == "is" or kind_of(noun) == "person"
    if any(word in english().prepositions for word in noun.split()) and link not in ("of", "for"):
        return ask_named(f"{noun} {link}", ends)
    has = auxiliary in _HAVING or noun.split()[-1] in (*english().uncountable, "connection", "link", "right", "rights")
    if is_it and not (has and link not in ("of",)):
        return ask_noun_of(noun, link, ends)
    return ask_noun_with(noun, link, ends)


def _is_part(noun: str, link: str, ends: Ends) -> bool:
    """Say whether the noun before a participle belongs to the head: scrapping requested by, not languages spoken in."""
    if link == "by":
        return True
    if ends.tail:
        same = head_word(singular(noun)) in ends.tail.split() or kind_of(noun) == kind_of(ends.tail) != "thing"
        return not same
    return not is_plural(noun) and kind_of(noun) == "thing"


def compound(first: tuple[str, ...], last: tuple[str, ...], ends: Ends, is_path: bool) -> Texts:
    """Return the texts of `a./b`: b is a detail of a."""
    cut = cut_made(last) if len(last) > 1 else None
    detail = f"{singular(cut[0])} {cut[1]}" if cut else singular(" ".join(last))
    whole = " ".join(first)
    if _is_predicate(first):  # belongs to / group: which group does it belong to?
        return shape(first, Ends(ends.head, detail), is_path)
    at = first.index("this") if "this" in first[2:] else 0
    made = cut_made(first) if len(first) > 1 and not at else None
    things = cut_made(first[: at - 1]) if at > 2 else made  # films distributed in this medium
    subject = things[0] if things else " ".join(first[: at - 1]) if at else whole
    themselves = detail in english().same_people and kind_of(subject) == "person"
    if themselves or head_word(singular(subject)) == head_word(cut[0] if cut else detail):
        return shape(first, ends, is_path)
    if not at and not made and head_word(whole) in english().collectives:
        return _collective(whole, detail, ends)
    if at:
        kind = " ".join(first[at + 1 :])
        part, a_part = f"{' '.join(first[:at])} the {kind} {{}}", _one(subject)
    elif made:
        by = "at" if kind_of(ends.head) == "event" else "by"
        part, a_part = f"{whole} {by} {{}}", f"{_one(subject)} {made[1]}"
    else:
        part, a_part = f"{whole} of {{}}", _one(whole)
    one_of = "one of " if is_plural(subject) else ""
    return _detail(detail, f"the {part}", one_of, a_part, subject, ends)


def _one(noun: str) -> str:
    """Return one of what a noun says, without an article where it has none."""
    one = singular(noun)
    return one if head_word(one) in english().uncountable or is_plural(one) else article(one)


def _is_predicate(words: tuple[str, ...]) -> bool:
    """Say whether words are said of the head itself: a verb, or something that ends in a preposition."""
    if words[0] in english().verbs and words[0] not in english().nouns_rather_than_verbs:
        return True
    told = is_participle(words[0]) and words[-1] in english().prepositions
    return told or (len(words) > 1 and words[-1] in ("of", "for"))


def _detail(detail: str, part: str, one_of: str, a_part: str, subject: str, ends: Ends) -> Texts:
    """Ask for the detail of a part: `part` is that of the head in braces, `a_part` one of them without a head."""
    what = "Who" if kind_of(detail) == "person" else "What"
    of_x, of_head = f"{one_of}{part.format('{x}')}", f"{one_of}{part.format('{head}')}"
    tail = (
        f"Which {detail} is recorded for {of_x}?",
        f"{what} is the {detail} of {of_x}?",
        f"Looking at {part.format('{x}')}, which {detail} do you find?",
    )
    head = (
        f"{ends.which_head} has {a_part} with {{x}} as the {detail}?",
        f"Do you know {ends.a_head} {ends.that} has {a_part} with {{x}} as the {detail}?",
        f"Can you name {ends.a_head} with {{x}} as the {detail} of {a_part}?",
    )
    say = (
        f"{{tail}} is recorded as the {detail} of {of_head}.",
        f"For {of_head}, one {detail} on record is {{tail}}.",
    )
    return Texts(tail, head, say, f"{detail} of the {subject}")


def _collective(whole: str, detail: str, ends: Ends) -> Texts:
    """Ask for somebody or something on a roster, in a squad."""
    on = english().collectives[head_word(whole)]
    a_detail = article(detail)
    what = "Who" if kind_of(detail) == "person" else "What"
    tail = (
        f"Which {detail} is {on} the {whole} of {{x}}?",
        f"{what} is {a_detail} {on} the {whole} of {{x}}?",
        f"Looking at the {whole} of {{x}}, which {detail} do you find?",
    )
    head = (
        f"{on.capitalize()} the {whole} of {ends.whom} is {{x}} {a_detail}?",
        f"{ends.which_head} has {{x}} as {a_detail} {on} {ends.its} {whole}?",
        f"Can you name {ends.a_head} with {{x}} as {a_detail} {on} {ends.its} {whole}?",
    )
    say = (
        f"{{tail}} is {a_detail} {on} the {whole} of {{head}}.",
        f"The {whole} of {{head}} has {{tail}} as {a_detail}.",
    )
    return Texts(tail, head, say, f"{detail} {on} the {whole}")
