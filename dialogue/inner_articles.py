"""Articles within a relation's name: its own, and those that it leaves out."""

from dialogue.words import article, english, is_adjective, is_adverb, is_participle, is_plural, kind_of

_UNCOUNTED = ("ing", "ness", "ity", "ism", "ance", "ence", "age", "ure", "hood", "dom", "cy")


def with_articles(words: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """Return a name with its own articles, or with one that it leaves out: in the collection of, won a medal at."""
    told = told_words(words, said)
    lists = english()
    between = lists.prepositions.intersection(words[1:-1])
    one = (
        words[-2:-1]
        and words[0] not in lists.prepositions
        and (words[-2] in lists.one_of_many or (len(words) == 3 and _has_one(words[0], words[1])))
    )
    if told == words and len(words) in (3, 4) and one and words[-1] != "of" and not between:
        return words[0], article(" ".join(words[1:-1])), words[-1]
    told = tuple(article(word) if _is_role(told, i) else word for i, word in enumerate(told))
    if told != words or words[-1] != "of" or len(words) < 2:
        return told
    first = next((i for i in range(len(words) - 2, 0, -1) if words[i] in lists.prepositions), 0) + 1
    noun = words[-2]
    if first > len(words) - 2 or is_plural(noun) or {noun, "of"} & lists.bare_before_of or noun in lists.uncountable:
        return words
    return (*words[:first], f"the {words[first]}", *words[first + 1 :])


def _is_role(words: tuple[str, ...], i: int) -> bool:
    """Say whether a word is what somebody is "as", with more behind it: works as broker for."""
    whole = 0 < i < len(words) - 1 and words[i - 1] == "as"
    return whole and kind_of(words[i]) == "person" and not is_plural(words[i]) and words[0].endswith("s")


def told_words(words: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """Return the last words of a name with the articles between them: flies the flag of."""
    own = said[len(said) - len(words) :]
    if len(own) != len(words) or any(
        with_article.split()[-1] != word for with_article, word in zip(own, words, strict=True)
    ):
        return words
    return (words[0], *own[1:])


def _has_one(verb: str, noun: str) -> bool:
    """Say whether a verb has one of something as its object: writes a column for; not holds office in."""
    lists = english()
    bare = lists.uncountable | lists.mass | lists.bare_before_of | lists.no_one | lists.prepositions
    if verb not in lists.have_one or noun in bare or noun.isupper() or noun.endswith(_UNCOUNTED) or is_plural(noun):
        return False
    return not (is_adjective(noun) or is_adverb(noun) or is_participle(noun))


def with_the(words: tuple[str, ...]) -> str:
    """Return a noun with an article that it leaves out before one of its own: chair of the board."""
    lists = english()
    before = zip(("", *words), words, strict=False)
    return " ".join(
        f"the {word}" if link in ("of", "by") and word in lists.the_after_of else word for link, word in before
    )
