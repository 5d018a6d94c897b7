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

from dialogue.nouns import Ends, Texts, ask_by, ask_here, ask_noun, ask_noun_of, ask_this
from dialogue.verbs import ask_done, ask_made, ask_passive, ask_verb, cut_made
from dialogue.words import article, english, head_word, is_participle, is_plural, kind_of, singular


def shape(phrase: tuple[str, ...], ends: Ends, is_path: bool) -> Texts:
    """Return the texts of a relation whose name is one phrase."""
    lists = english()
    words = phrase
    while len(words) > 1 and words[0] in lists.auxiliaries:
        words = words[1:]
    passive = words != phrase and phrase[0] not in ("has", "have", "had")
    if words[0] in lists.past and not passive and "by" not in words:
        return ask_verb(words, ends)
    if len(words) == 1:
        if words[0] in lists.verbs and not (is_path and words[0] in lists.nouns_rather_than_verbs):
            return ask_verb(words, ends)
        done = words[0].endswith("ed") and is_participle(words[0])
        return ask_done(words[0], ends) if done else ask_noun(words[0], ends)
    if "these" in words[1:-1]:  # appears in these universes: the tail is a universe
        words = tuple(word for word in words if word != "these")
    if "this" in words[1:-1]:
        return ask_this(words, ends)
    if words[-1] == "here":
        return ask_here(words[:-1], ends)
    verb = words[1] if words[0] in lists.adverbs else words[0]
    if verb in lists.verbs and (verb not in lists.nouns_rather_than_verbs or words[-1] in lists.prepositions):
        return ask_verb(words, ends)
    if (is_participle(verb) or verb in lists.adjectives) and lists.prepositions.intersection(words[1:]):
        return ask_passive(words, ends)
    if len(words) > 2 and words[-1] in lists.prepositions and is_participle(words[-2]):
        return ask_passive(words[-2:], Ends(ends.head, " ".join(words[:-2])))
    if words[-1] in ("of", "for"):
        return ask_noun_of(" ".join(words[:-1]), words[-1], ends)
    if words[-1] == "by":
        return ask_by(" ".join(words[:-1]), ends)
    if made := cut_made(words):
        return ask_made(*made, ends)
    return ask_noun(" ".join(words), ends)


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
        part, own = f"{' '.join(first[:at])} the {kind} {{}}", f"the {' '.join(first[:at])} it"
    elif made:
        by = "at" if kind_of(ends.head) == "event" else "by"
        part = f"{whole} {by} {{}}"
        own = f"the {whole} {by} {'them' if ends.its == 'their' else 'it'}"
    else:
        part, own = f"{whole} of {{}}", f"{ends.its} {whole}"
    one_of = "one of " if is_plural(subject) else ""
    return _detail(detail, f"the {part}", one_of, one_of + own, subject, ends)


def _is_predicate(words: tuple[str, ...]) -> bool:
    """Say whether words are said of the head itself: a verb, or something that ends in a preposition."""
    if words[0] in english().verbs and words[0] not in english().nouns_rather_than_verbs:
        return True
    told = is_participle(words[0]) and words[-1] in english().prepositions
    return told or (len(words) > 1 and words[-1] in ("of", "for"))


def _detail(detail: str, part: str, one_of: str, own: str, subject: str, ends: Ends) -> Texts:
    """Ask for the detail of a part: `part` is that of the head in braces, `own` that of "its"."""
    what = "Who" if kind_of(detail) == "person" else "What"
    tail = (
        f"Which {detail} is recorded for {part.format('{x}')}?",
        f"{what} is the {detail} of {one_of}{part.format('{x}')}?",
        f"Looking at {part.format('{x}')}, which {detail} do you find?",
    )
    head = (
        f"For {ends.whom} is {{x}} recorded as the {detail} of {own}?",
        f"{ends.which_head} has {{x}} as the {detail} of {own}?",
        f"Can you name {ends.a_head} with {{x}} as the {detail} of {own}?",
    )
    say = (
        f"{{tail}} is recorded as the {detail} of {one_of}{part.format('{head}')}.",
        f"For {part.format('{head}')}, one {detail} on record is {{tail}}.",
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
