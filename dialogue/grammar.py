"""A general grammar: questions and statements for any relation, from its path, IRI or label.

A relation's name is read as an English phrase; its shape (dialogue/shapes.py) says how to ask.
"""

import re
from collections.abc import Sequence
from functools import cache

from dialogue.compounds import compound
from dialogue.nouns import Ends, Texts
from dialogue.shapes import shape
from dialogue.stranded import ask_named
from dialogue.verb_forms import bare_of_participle, bare_of_third
from dialogue.wordings import Asking, Question, Statement, Wordings
from dialogue.words import english, kind_of, plural, singular, split_words

_HOP = re.compile(r"\.(?=/)")
_SOMETHING = "thing"
_CODE = re.compile(r"[a-z]{1,4}\d+|\d.*", re.IGNORECASE)  # P31, rel17
_PLAIN = re.compile(r"[^\W_]+")
_LONGEST = 18
_EMPTY = (("relation",), ("property",), ("predicate",), ("edge",), ("link",))


def generated(
    relation: str,
    label: str | None = None,
    head_types: Sequence[str] = (),
    tail_types: Sequence[str] = (),
    several: bool = False,
    sole: bool = False,
) -> Wordings:
    """Make the English wordings of a relation that has none by hand.

    `label` is what the graph itself calls the relation; types are Freebase types, class IRIs or node labels, the most
    telling first. A Freebase path names its own head's type. `several` says that a head often has more than one tail:
    then nobody asks for "the side effect" of a drug. `sole` says that a tail has one head: then it is "the capital of".
    """
    hops = _hops(relation)
    if label and split_words(label):
        hops = [(*hops[-1][:-1], label)]
    phrases = [_phrase(hop) for hop in hops]
    head = noun_of_type("/" + "/".join(hops[0][:-1])) if relation.startswith("/") and len(hops[0]) > 2 else ""
    ends = Ends(head or _first_noun(head_types), _first_noun(tail_types), several, sole)
    is_path = relation.startswith("/") and not label
    if len(phrases) == 1:
        texts = shape(phrases[0], ends, is_path, split_words(hops[0][-1], articles=True))
    else:
        texts = compound(phrases[0], phrases[-1], ends, is_path)
    if not _telling(phrases) or _stumbles(texts, phrases):
        told = " / ".join(" ".join(phrase) for phrase in dict.fromkeys(phrases))
        name = hops[-1][-1]
        texts = ask_named(name if len(hops) == 1 and _PLAIN.fullmatch(name) else told, ends)
    return _wordings(relation, texts, ends)


def _telling(phrases: Sequence[tuple[str, ...]]) -> bool:
    """Say whether names say anything: not "relation", not P31."""
    small = english().auxiliaries | english().prepositions
    known = frozenset(english().spelling.values())
    return all(
        any(
            (sum(map(str.isalpha, word)) > 2 and not _CODE.fullmatch(word)) or word in small or word in known
            for word in phrase
        )
        and phrase not in _EMPTY
        and not any(len(word) > _LONGEST for word in phrase)  # athleteplaysforteam
        for phrase in phrases
    )


def _stumbles(texts: Texts, phrases: Sequence[tuple[str, ...]]) -> bool:
    """Say whether a text has two prepositions in a row that the name itself has not, or an article before one."""
    lists = english()
    links = lists.prepositions - {"as", "here", "near", "like"}
    own = {pair for phrase in phrases for pair in zip(phrase, phrase[1:], strict=False)}
    for text in (*texts.tail, *texts.head, *texts.say):
        words = re.sub(r"\{\w+\}", "{}", text).lower().rstrip("?.").split()
        for pair in zip(words, words[1:], strict=False):
            if pair[1] in links and pair not in own and (pair[0] in links or pair[0] in ("a", "an", "the")):
                return True
    return False


def noun_of_type(kind: str) -> str:
    """Return the noun for an entity type: "/tv/tv_program" and "TvProgram" are a "TV program"."""
    lists = english()
    if kind in lists.types:
        return lists.types[kind]
    segments = [segment for segment in re.split(r"[/#:]+", kind) if segment]
    return singular(" ".join(split_words(segments[-1]))) if segments else ""


def _first_noun(types: Sequence[str]) -> str:
    """Return the noun of the first type that tells something: not of a list that some user of Freebase kept."""
    telling = (kind for kind in types if not kind.startswith(("/common/", "/user/", "/dataworld/")))
    return next((noun for kind in telling if (noun := noun_of_type(kind))), "")


def _wordings(relation: str, texts: Texts, ends: Ends) -> Wordings:
    tail_kind = kind_of(texts.noun) if kind_of(texts.noun) != "thing" or not ends.tail else kind_of(ends.tail)
    head_noun = texts.head_noun or ends.head or _SOMETHING
    return Wordings(
        relation,
        "en",
        Asking(tuple(map(Question.parse, texts.tail)), singular(texts.noun), plural(texts.noun), tail_kind),
        Asking(
            tuple(map(Question.parse, texts.head)),
            singular(head_noun),
            plural(head_noun),
            kind_of(ends.head or head_noun),
        ),
        tuple(map(Statement.parse, texts.say)),
        written=False,
    )


def _hops(relation: str) -> list[tuple[str, ...]]:
    """Split a path into hops of segments; an IRI is one hop."""
    relation = relation.strip().removeprefix("<").removesuffix(">")
    if relation.startswith("/"):
        hops = [tuple(filter(None, hop.split("/"))) for hop in _HOP.split(relation)]
    else:
        hops = [tuple(filter(None, re.split(r"[/#:?&=]+", relation)))]
    return [hop or ("",) for hop in hops]


@cache
def _phrase(hop: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a hop's property; some of Freebase's are put better by hand."""
    table = english().phrases
    for name in ("/".join(hop[-3:]), "/".join(hop[-2:]), hop[-1]):
        if name in table:
            return tuple(table[name].split())
    name = re.sub(r"_s$", "", hop[-1])
    name = re.sub(r"\(e?s\)", "", name)
    name = re.sub(r"(?i)\b(father|mother|brother|sister|son|daughter)[ _-]?in[ _-]?law\b", r"\1-in-law", name)
    lower = name.lower()
    verb = bare_of_third(lower) or bare_of_participle(lower) or lower in english().auxiliaries
    shouts = name.isupper() and ("_" in name or len(name) > 5 or verb)  # ACTED_IN, OWNS, but NFL
    words = split_words(name.lower() if shouts else name)
    return tuple(word for i, word in enumerate(words) if i == 0 or word != words[i - 1]) or _EMPTY[0]
