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

from dialogue.inner_articles import told_words, with_articles, with_the
from dialogue.made import ask_made, cut_made
from dialogue.nouns import Ends, Texts, ask_by, ask_here, ask_noun, ask_noun_of, ask_this
from dialogue.own_ends import ask_dated, ask_tails_own, is_tail, without_head
from dialogue.stranded import ask_having, ask_named, ask_noun_with, ask_part, ask_place, ask_role
from dialogue.verb_forms import bare_of_participle, bare_of_third, is_bare, third_person, verb_forms
from dialogue.verbs import (
    ask_done,
    ask_given,
    ask_passive,
    ask_perfect,
    ask_verb,
    did_it_to,
    finite,
    is_phrasal,
)
from dialogue.words import (
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
_FIRMS = ("company", "business", "brand", "organization", "organisation", "foundation", "bank")
_HAVING = ("has", "have", "had")
_NOUN_ENDINGS = (  # of what is no verb before a preposition
    "ion", "er", "or", "ment", "ist", "ee", "ity", "ness", "ing", "ure", "age", "ship", "ance", "ence", "al", "ant",
    "ent", "ism", "dom", "th", "gy", "ey", "ue", "right", "link", "tie", "point", "part", "unit", "key", "guide",
    "route", "road", "path",
)  # fmt: skip
_LIKE_ADJECTIVES = ("ic", "ous", "ful", "less", "ive")  # is toxic in
_VERBS_IN_S = ("ates", "izes", "ises", "ifies", "ives")  # gravitates towards


def shape(phrase: tuple[str, ...], ends: Ends, is_path: bool, said: tuple[str, ...] = ()) -> Texts:
    """Return the texts of a relation whose name is one phrase; `said` are its words with the articles between them."""
    lists = english()
    words, auxiliary, negated = phrase, "", len(phrase) > 2 and phrase[1] == "not"
    while len(words) > 1 and words[0] in lists.auxiliaries:
        words, auxiliary = words[1:], words[0]
    if not is_path:
        words = without_head(words, ends)
    if (joined := "-".join(words[:2])) in lists.hyphenated or (joined := "-".join(words[-2:])) in lists.hyphenated:
        words = (joined, *words[2:]) if joined == "-".join(words[:2]) else (*words[:-2], joined)
    fused = len(words) > 2 and auxiliary in ("is", "are") and is_adjective(words[1]) and words[1] != "the same"
    if fused and not is_adverb(words[0]) and not is_adjective(words[0]):
        words = (f"{words[0]}-{words[1]}", *words[2:])  # is pin-compatible with
    if len(words) > 2 and words[0] in lists.before_participles and is_participle(words[1]):
        words = (f"{words[0]}-{words[1]}", *words[2:])  # peer-reviewed by
    if "same" in words[:-1]:  # is the same as
        words = tuple("the same" if word == "same" else word for word in words)
    pairs = zip(("", *words), words, strict=False)
    words = tuple(f"the {word}" if b in lists.prepositions and word in lists.the_within else word for b, word in pairs)
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
        and "the" not in " ".join(said).split()  # man of the match
    ):
        words = words[: words.index("of")]  # original language of film or TV show
    if "or" in words and (lists.prepositions.intersection(words) or any(map(is_participle, words))):
        whole = words[1:2] == ("of",) and not any(map(is_participle, words)) and not last
        return ask_noun(" ".join(words), ends) if whole else ask_named(" ".join(said), ends)
    if not is_path and auxiliary in ("", "was") and (dated := ask_dated(words, ends)):
        return dated
    told = with_articles(words, said) if last else words
    if auxiliary in _HAVING and finite(words) is None and is_participle(words[0]) and (last or len(words) == 1):
        return ask_perfect(told, ends) if words[-1] != "by" else ask_passive(words, ends)
    passive = auxiliary != "" and auxiliary not in _HAVING
    if words[0] in (lists.prepositions | lists.auxiliaries) - lists.doing:
        if last and len(words) > 2:
            return ask_place(" ".join(told), "", ends)  # of counsel at
        if words[0] not in lists.beside or (words[0] in ("about", "for", "via") and len(words) > 1):
            return ask_named(" ".join(words), ends)
        return ask_place(" ".join(told), "", ends) if last else ask_place(words[0], " ".join(words[1:]), ends)
    verb = words[1] if len(words) > 1 and is_adverb(words[0], words[1]) else words[0]
    if verb in lists.modals and len(words) > 1 and (is_bare(words[1]) or (last and len(words) > 2)):
        return ask_verb(told, ends)
    if negated and verb in (*lists.modals, "does", "did") and len(words) > 2:
        return ask_verb(told, ends)
    if len(words) == 1:
        return _done_to_head(words[0], auxiliary, ends) or _one_word(words[0], ends, is_path)
    if passive and len(words) == 2 and words[1] == "with" and is_plural(words[0]):
        return ask_place(" ".join(words), "", ends)  # is friends with
    if not passive and "by" not in words and (_did_itself(words, verb, ends) or _somebody_did(words, ends)):
        return ask_verb(told, ends)
    if not passive and not is_path and (is_phrasal(words) or did_it_to(words, ends)):
        return ask_verb(told, ends)
    if "these" in words[1:-1]:  # appears in these universes: the tail is a universe
        words = tuple(word for word in words if word != "these")
    if "this" in words[1:-1]:
        return ask_this(words, ends)
    if words[-1] == "here":
        return ask_here(words[:-1], ends)
    if not passive and last and words[:2] == ("used", "to") and len(words) > 3:
        return ask_verb(told, ends)  # used to work for
    if not passive and _does_itself(words, verb, ends, is_path):
        return ask_verb(told, ends)
    after = lists.prepositions.intersection(words[1:])
    if (
        is_participle(verb)
        and after
        and not (words[1] in ("of", "for") and rather_noun(verb) and not is_adjective(verb))
    ):
        return ask_passive(told, ends, auxiliary)
    link = words[words.index(verb) + 1] if words.index(verb) + 1 < len(words) else ""
    looks = auxiliary in ("is", "are") and verb.endswith(_LIKE_ADJECTIVES) and verb not in lists.no_adjectives
    if link in lists.prepositions and (like_adjective(verb, link) or (looks and kind_of(verb) == "thing")):
        return ask_passive(told, ends, auxiliary or "is")
    if len(words) == 2 and _is_doing(words):
        return ask_passive(words, ends, auxiliary or "is")
    return _noun_phrase(words, auxiliary, ends, said)


def _done_to_head(word: str, auxiliary: str, ends: Ends) -> Texts | None:
    """Return the texts of what the head was given, or where or by whom something was done to it: was awarded."""
    if auxiliary in ("is", "are") and word.endswith("ing") and _verb_of_doing(word):
        return ask_given(word, auxiliary, ends)  # is following
    if auxiliary in ("", *_HAVING) or not is_participle(word) or is_adjective(word):
        return None
    if bare_of_participle(word) in verb_forms().giving:
        return ask_given(word, auxiliary, ends)
    return ask_passive((word, "in" if kind_of(ends.tail) == "place" else "by"), ends, auxiliary)


def _somebody_did(words: tuple[str, ...], ends: Ends) -> bool:
    """Say whether a participle tells what a person did, though the same is done to things: operated on, trained at."""
    bare = bare_of_participle(words[0])
    return bare in verb_forms().deeds and kind_of(ends.head) == "person" and words[1] in english().prepositions


def _one_word(word: str, ends: Ends, is_path: bool) -> Texts:
    lists = english()
    stranger = word not in lists.adjectives and ends.tail and head_word(ends.tail) != head_word(ends.head)  # deductible
    if is_adjective(word) and word not in lists.nouns_rather_than_adjectives and not stranger:
        return ask_passive((word, "to"), ends, "is")
    if word in lists.doing:
        return ask_verb((third_person(_verb_of_doing(word)),), ends)
    unlike = kind_of(ends.tail) != kind_of(singular(word)) or head_word(ends.tail) not in (word, singular(word))
    if word in lists.verbs or word in lists.past or finite((word,)):
        noun = word in lists.nouns_rather_than_verbs
        if (word in lists.verbs or word in lists.past) and not (is_path and noun):
            return ask_verb((word,), ends)
        bare = bare_of_third(word) or ""
        own, other = kind_of(singular(word)), kind_of(ends.tail)
        either = own != other or own == "thing" or (own == "organization" and head_word(ends.tail) not in _FIRMS)
        other_noun = ends.tail and head_word(ends.tail) != singular(word) and either
        if bare in verb_forms().either and other_noun and (own != "person" or other in _NOBODY):
            return ask_verb((word,), ends)  # hosts, of a festival
        if bare in verb_forms().either and not is_path and own == "person" and _does_so(bare, ends):
            return ask_verb((word,), ends)  # coaches, of a person
        if bare not in verb_forms().nouns and not noun and not is_path and unlike:
            return ask_verb((word,), ends)
    done = is_participle(word) and not rather_noun(word) and word not in ("born", "gone", "known", "become")
    if done and (word.endswith("ed") or bare_of_participle(word)):
        return ask_done(word, ends)
    if is_plural(word) and _is_count((word,), ends):
        return ask_noun(f"number of {word}", replace(ends, several=False))
    return ask_noun(word, ends)


def _does_so(bare: str, ends: Ends) -> bool:
    """Say whether a head is who does it, where a plural would be persons: a man coaches a team, a guide guides."""
    head, tail = head_word(ends.head), head_word(ends.tail)
    if not head or not tail or tail == bare:
        return False
    return head in (bare, tail) or kind_of(ends.head) == "person" != kind_of(ends.tail)


def _did_itself(words: tuple[str, ...], verb: str, ends: Ends) -> bool:
    """Say whether a name tells what the head did: acted in, wrote music for, stood in for; not a course: taught in."""
    start = words.index(verb)
    found = finite(words[start:])
    if found is None or found[0] != "did":
        return False
    link = words[start + 1] if start + 1 < len(words) else ""
    if verb in english().passive_before_links and link in english().prepositions:
        return False  # made of, committed to
    alone = found[1] in verb_forms().intransitive and verb != "served"
    done_to = is_participle(verb) and not alone and verb not in ("won", "lost")
    over = ("at", "with", "to") if verb == "served" else ("in", "at", "on", "with", "to", "from")
    return not (done_to and ends.head and kind_of(ends.head) in ("thing", "work", "event") and link in over)


def _does_itself(words: tuple[str, ...], verb: str, ends: Ends, is_path: bool) -> bool:
    """Say whether a name tells what the head does: hauls trains on, forms part of; not awards received, parts for."""
    lists = english()
    last = words[-1] in lists.prepositions
    start = 1 if verb != words[0] else 0
    if not is_path and _has_object(words[start:]):
        return True
    after = words[start + 1] if start + 1 < len(words) else ""
    without = {"of", "by"} if kind_of(ends.head) == "person" else {"of", "by", "for"}
    leads = not is_path and after in lists.prepositions - without
    if verb in lists.verbs:
        return verb not in lists.nouns_rather_than_verbs or last or leads
    found = finite(words[start:])
    if found is None or found[0] != "does":
        return len(words) == 2 and last and _like_third(words[0]) and words[1] not in ("of", "for", "by")
    somebody = kind_of(ends.head) == "person" != kind_of(singular(words[start])) and words[-1] == "for"  # reviews for
    somewhere = leads and not last and head_word(words[-1]) == head_word(ends.tail)  # boards at gate
    if found[1] not in verb_forms().nouns or somewhere or (somebody and not is_path):
        return True
    return last and (len(words) > 2 + start or words[-1] not in ("of", "for", "by"))


def _like_third(word: str) -> bool:
    """Say whether an unknown word before a preposition is a verb by its looks: inheres in; not exceptions to."""
    if word.endswith(_VERBS_IN_S):
        return True
    noun = singular(word)
    return word.endswith("s") and noun != word and kind_of(noun) == "thing" and not noun.endswith(_NOUN_ENDINGS)


def _has_object(words: tuple[str, ...]) -> bool:
    """Say whether a verb that may be a plural too has an object: uses device, hosts event; not awards ceremony."""
    lists = english()
    if len(words) < 2 or words[0] in lists.attributive or words[1] in (*lists.prepositions, *lists.auxiliaries, "and"):
        return False
    return bare_of_third(words[0]) is not None and not any(map(is_participle, words[1:]))


def _verb_of_doing(word: str) -> str:
    """Return the verb of a form in -ing: star of starring; empty if it is none."""
    stem = word.removesuffix("ing")
    candidates = (stem, stem + "e", stem[:-1]) if stem != word else ()
    return next((bare for bare in candidates if is_bare(bare)), "")


def _is_doing(words: tuple[str, ...]) -> bool:
    """Say whether a name is said of what the head is doing: competing in, standing on."""
    word, link = words
    return bool(_verb_of_doing(word)) and link in english().prepositions and link not in ("of", "for", "by", "with")


def _noun_phrase(words: tuple[str, ...], auxiliary: str, ends: Ends, said: tuple[str, ...]) -> Texts:
    """Return the texts of a name that is a noun, and what stands around it."""
    lists = english()
    link = words[-1] if words[-1] in lists.prepositions else ""
    if not link and is_plural(words[-1]) and _is_count(words, ends):
        return ask_noun(f"number of {' '.join(words)}", replace(ends, several=False))
    counted = words[-1] in lists.units_of_time and head_word(ends.tail) in lists.numbers
    if (words[-1] in lists.units or counted) and len(words) > 1:  # runtime in minutes
        noun = " ".join(words[: -2 if words[-2] == "in" else -1])
        return replace(ask_noun(f"{noun} in {words[-1]}", replace(ends, several=False)), noun="answer")
    if len(words) > 2 and link and is_participle(words[-2]) and (link == "by" or not rather_noun(words[-2])):
        noun = " ".join(words[:-2])
        if _is_part(noun, link, ends):
            return ask_part(noun, " ".join(words[-2:]), ends)
        return ask_passive(words[-2:], Ends(ends.head, noun), auxiliary)
    if len(words) > 2 and link and is_adjective(words[-2]) and words[-2] not in ("junior", "senior"):
        return ask_part(" ".join(words[:-2]), " ".join(words[-2:]), ends)
    at = next((i for i, word in enumerate(words) if i and word in lists.prepositions), 0)
    if at > 1 and not link and is_participle(words[at - 1]) and not rather_noun(words[at - 1]):
        told = with_the(told_words(words, said))
        return replace(ask_noun(told, replace(ends, several=False)), noun="answer")  # catalyst used in the synthesis
    if at and at < len(words) - 1 and link == "":
        noun, rest = " ".join(words[:at]), " ".join(words[at + 1 :])
        if auxiliary not in _HAVING and (asked := ask_tails_own(noun, words[at], rest, ends)):
            return asked
        if (auxiliary == "is" or words[at - 1] in lists.belonging) and words[at] in ("of", "for", "in", "to"):
            return replace(ask_noun_of(noun, words[at], replace(ends, tail=rest)), noun=rest)
        if words[at] != "of" and not is_participle(words[at - 1]) and words[at] not in ("for", "and"):
            told = " ".join(told_words(words, said))
            return ask_noun(told, ends) if kind_of(noun) == "person" else ask_role(told, ends)  # editor in chief
    if link == "by":
        return ask_by(" ".join(words[:-1]), ends)
    if link:
        noun = " ".join(words[:-1])
        if auxiliary == "" and is_tail(noun, link, ends):
            return ask_noun(noun, ends)
        own = noun.split()[0] + " " + " ".join(told_words(words, said)[1:-1])
        return _noun_and_link(own.strip(), link, auxiliary, ends)
    if made := cut_made(words):
        return ask_made(*made, ends)
    return ask_noun(with_the(told_words(words, said)) if at else " ".join(words), ends)  # player of the year


def _is_count(words: tuple[str, ...], ends: Ends) -> bool:
    """Say whether a plural leads to how many there are: annual visitors, to a number."""
    lists = english()
    units = lists.units | lists.units_of_time | lists.numbers | {"number"}
    return head_word(ends.tail) in lists.numbers and not units.intersection((*words, singular(words[-1])))


def _noun_and_link(noun: str, link: str, auxiliary: str, ends: Ends) -> Texts:
    """Ask for what is a subsidiary of something, or has a junction with it."""
    is_it = link in ("of", "for", "to", "as") or auxiliary == "is" or kind_of(noun) == "person"
    if any(word in english().prepositions for word in noun.split()) and not is_it and link not in ("of", "for"):
        return ask_named(f"{noun} {link}", ends)
    if link == "of" and auxiliary in _HAVING:
        return ask_noun_with(noun, link, ends)  # has a history of
    has = auxiliary in _HAVING or noun.split()[-1] in (*english().uncountable, "connection", "link", "right", "rights")
    if is_it and not (has and link not in ("of",)):
        return ask_noun_of(noun, link, ends, auxiliary if auxiliary == "was" else "is")
    return ask_noun_with(noun, link, ends)


def _is_part(noun: str, link: str, ends: Ends) -> bool:
    """Say whether the noun before a participle belongs to the head: scrapping requested by, not languages spoken in."""
    if link == "by":
        return True
    if ends.tail:
        same = head_word(singular(noun)) in ends.tail.split() or kind_of(noun) == kind_of(ends.tail) != "thing"
        return not same
    return not is_plural(noun) and kind_of(noun) == "thing"
