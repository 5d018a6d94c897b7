"""Relations of two hops, `a./b`: b is a detail of a. Rent / currency: which currency is recorded for the rent?"""

from dialogue.made import cut_made
from dialogue.nouns import Ends, Texts
from dialogue.shapes import shape
from dialogue.words import article, english, head_word, is_participle, is_plural, kind_of, singular


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
