"""A wording that is kept for tests is known before: what the tests say of new wordings is worth nothing."""

from dialogue.verbalise import lexicon, paraphrases
from dialogue.wordings import HELD_OUT


def bare(text: str) -> str:
    return text.casefold().rstrip("?. ")


def test_no_paraphrase_is_a_wording_that_is_kept_for_tests() -> None:
    for (relation, direction), texts in paraphrases().items():
        if relation in lexicon():
            kept = lexicon()[relation].asking(direction).forms[HELD_OUT]
            assert bare(kept.prefix + "{x}" + kept.suffix) not in map(bare, texts), relation
            assert bare(kept.bare + "{x}" + kept.suffix) not in map(bare, texts), relation


def test_every_paraphrase_has_its_place_for_a_name_once() -> None:
    assert paraphrases()
    for texts in paraphrases().values():
        assert all(text.count("{x}") == 1 for text in texts)
        assert len(set(texts)) == len(texts)


def test_a_relation_from_the_other_end_is_asked_for_with_the_same_words() -> None:
    found = paraphrases()
    assert found["/film/director/film", "head"] == found["/film/film/directed_by", "tail"] != ()
    assert found["/film/director/film", "tail"] == found["/film/film/directed_by", "head"] != ()
