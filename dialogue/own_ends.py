"""Names of relations that repeat the type at one of their ends: accidentAt of an accident, foremanOfJury of a jury."""

from dialogue.nouns import Ends, Texts, ask_noun_of
from dialogue.stranded import ask_noun_with
from dialogue.verb_forms import active_past, bare_of_third
from dialogue.verbs import ask_passive, ask_verb
from dialogue.words import english, head_word, is_participle, kind_of, rather_noun, singular

_WHERE = frozenset({"at", "in", "on", "from", "near", "along", "under", "over", "inside", "within", "across", "beside"})
_CALENDAR = {"date": "on", "day": "on", "year": "in", "month": "in", "century": "in", "decade": "in", "time": "at"}
_LIFELESS = ("work", "place", "event")


def without_head(words: tuple[str, ...], ends: Ends) -> tuple[str, ...]:
    """Leave out the head's own noun before what is said of it: a bug is found in, an accident is at."""
    own = head_word(ends.head)
    at = next((i for i, word in enumerate(words[:-1], start=1) if word == own), 0)
    rest = words[at:]
    tells = at > 1 and (is_participle(words[0]) or bare_of_third(words[0]) is not None)  # won best airport in
    if not at or tells or kind_of(own) == "person" or english().prepositions.intersection(words[:at]):
        return words
    done = len(rest) > 1 and is_participle(rest[0]) and rest[1] in english().prepositions
    return rest if done or rest[0] in _WHERE else words


def ask_dated(words: tuple[str, ...], ends: Ends) -> Texts | None:
    """Ask when something was done: datePublished, yearBuilt; issued, where it leads to a year."""
    noun, done = (words[0], words[1]) if len(words) == 2 else ("", words[0])
    own = head_word(ends.tail)
    noun = own if noun and own in _CALENDAR else noun
    link = _CALENDAR.get(noun or own, "")
    if len(words) > 2 or not link or not is_participle(done) or rather_noun(done):
        return None
    ask = ask_verb if active_past(done) is not None else ask_passive
    return ask((done, link, noun) if noun else (done, link), ends)


def ask_tails_own(noun: str, link: str, rest: str, ends: Ends) -> Texts | None:
    """Ask with a name that ends in the tail's own noun: foreman of jury, candidacy in election."""
    whose = kind_of(noun) == "person" and kind_of(ends.head) == "person" and kind_of(rest) == kind_of(ends.tail)
    same = head_word(rest) == head_word(ends.tail) or (
        rest in english().general and kind_of(rest) == kind_of(ends.tail) != "thing"
    )
    if not ends.tail or not (same or (whose and kind_of(rest) in ("organization", "group"))):
        return None
    leads = Ends(ends.head, ends.tail if rest in english().general else rest, ends.several, ends.sole)
    if link in ("of", "for", "to") or kind_of(noun) == "person":
        return ask_noun_of(noun, link, leads)
    return ask_noun_with(noun, link, leads)


def is_tail(noun: str, link: str, ends: Ends) -> bool:
    """Say whether a noun before a last preposition is what the tail is: yieldRateOf to a rate, authorOf to a person."""
    if not ends.tail or not ends.head or head_word(ends.head) == head_word(noun):
        return False
    somebody = kind_of(noun) == kind_of(ends.tail) == "person" and kind_of(ends.head) in _LIFELESS
    return head_word(ends.tail) == singular(head_word(noun)) or (somebody and link == "of")
