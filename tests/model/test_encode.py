"""A conversation that the model reads otherwise than it was said, or learns from what it must not say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dialogue.serialise import read_dialogues
from dialogue.types import IMAGE, Dialogue, Fact, Shown, Span, Turn
from kg.errors import DataError
from model.encode import Encoded, asked_in, encode, encode_prompt, encode_turns, join
from model.prepare import Material
from model.tokens import END_ID, FIRST_WORD, HUMAN_ID, IMAGE_ID, KNO_ID, MODEL_ID, RET_ID, train_tokenizer

QUERIES = 3
TOKENIZER = train_tokenizer(["Which island is north of Amber Island?", "It is Basalt Island, of the isles."], 320)
PERU = Shown("flag-PE-noto.webp", "a" * 64, "peru")

words = st.one_of(
    st.text(max_size=12).filter(lambda text: IMAGE not in text),
    st.sampled_from(["<RET>", "<KNO>", " <human>", "<end> ", "It is ", " Here is a picture:", " ", "\n"]),
)
names = st.text(min_size=1, max_size=8).filter(lambda name: IMAGE not in name and name[0] != " ")


@st.composite
def turns_of_one_round(draw: st.DrawFn) -> list[Turn]:
    """Make a question and its answer, either with images, the answer with slots."""
    human, images = "", []
    for text, image in draw(st.lists(st.tuples(words, st.booleans()), max_size=3)):
        human += text + (IMAGE if image else "")
        images += [PERU] * image
    value, shown, slots = "", [], []
    for kind, text, name in draw(
        st.lists(st.tuples(st.sampled_from(["text", "slot", "image"]), words, names), max_size=4)
    ):
        value += text
        if kind == "slot":
            slots.append(Span(len(value), len(value) + len(name), f"e:{name}"))
            value += name
        if kind == "image":
            value += IMAGE
            shown.append(PERU)
    triples = tuple(("peru", "r", slot.entity) for slot in slots) or (("peru", "r", "x"),)
    fact = Fact("fact", triples, "tail", tuple(t[2] for t in triples), value, tuple(slots), "T2T")
    # a text that ends with "<ima" before one that begins with "ge>" would make an image that nobody drew
    if human.count(IMAGE) != len(images) or value.count(IMAGE) != len(shown):
        return [Turn("human", "Who?"), Turn("model", "Nobody.", (), replace(fact, slots=()))]
    return [Turn("human", human, tuple(images)), Turn("model", value, tuple(shown), fact)]


conversations = st.lists(turns_of_one_round(), min_size=1, max_size=3).map(
    lambda rounds: Dialogue("d", "g", "en", "star", tuple(turn for each in rounds for turn in each))
)


def said(ids: NDArray[np.int32], tokenizer: Tokenizer = TOKENIZER, queries: int = QUERIES) -> list[str]:
    """Read tokens back: what each turn says, as its value has it."""
    turns: list[str] = []
    place = 0
    while place < len(ids):
        token = int(ids[place])
        if token in (HUMAN_ID, MODEL_ID):
            turns.append("")
        elif token == IMAGE_ID:
            assert (ids[place : place + queries] == IMAGE_ID).all()
            turns[-1] += IMAGE
            place += queries - 1
        elif token >= FIRST_WORD:
            stretch = place
            while ids[stretch] >= FIRST_WORD:
                stretch += 1
            turns[-1] += tokenizer.decode(ids[place:stretch].tolist())
            place = stretch - 1
        place += 1
    return turns


def spoken(turn: Turn) -> str:
    """Return what a turn says as it is encoded: a space before what does not begin with an image."""
    return turn.value if turn.value.startswith(IMAGE) or not turn.value else f" {turn.value}"


def whole(dialogue: Dialogue) -> Encoded:
    return encode(dialogue, TOKENIZER, QUERIES, 10_000)


@given(conversations)
def test_every_word_comes_back_and_none_is_added(dialogue: Dialogue) -> None:
    encoded = whole(dialogue)
    assert said(encoded.ids) == [spoken(turn) for turn in dialogue.turns]
    np.testing.assert_array_equal(encoded.ids, whole(dialogue).ids)
    assert encoded.ids.dtype == np.int32


@given(conversations)
def test_model_learns_what_it_says_and_nothing_else(dialogue: Dialogue) -> None:
    encoded = whole(dialogue)
    model_speaks = False
    for token, learned in zip(encoded.ids.tolist(), encoded.mask.tolist(), strict=True):
        if token in (HUMAN_ID, MODEL_ID):
            model_speaks = token == MODEL_ID
            assert not learned
        else:
            assert learned == (model_speaks and token != IMAGE_ID)
    assert len(encoded.ids) == len(encoded.mask)


@given(conversations)
def test_special_tokens_stand_for_slots_and_images_alone(dialogue: Dialogue) -> None:
    encoded = whole(dialogue)
    model = [turn for turn in dialogue.turns if turn.speaker == "model"]
    images = sum(len(turn.images) for turn in dialogue.turns)
    counts = {token: int((encoded.ids == token).sum()) for token in range(FIRST_WORD)}
    assert counts[KNO_ID] == len(encoded.slots) == sum(len(turn.fact.slots) for turn in model if turn.fact)
    assert counts[RET_ID] == len(encoded.targets) == sum(len(turn.images) for turn in model)
    assert counts[IMAGE_ID] == QUERIES * images == QUERIES * len(encoded.images)
    assert counts[HUMAN_ID] == counts[MODEL_ID] == len(model) == counts[END_ID] / 2


@given(conversations)
def test_slot_names_the_entity_right_after_its_mark(dialogue: Dialogue) -> None:
    encoded = whole(dialogue)
    spans = [(turn, span) for turn in dialogue.turns if turn.fact for span in turn.fact.slots]
    for slot, (turn, span) in zip(encoded.slots, spans, strict=True):
        assert encoded.ids[slot.position] == KNO_ID
        assert slot.start == slot.position + 1
        assert encoded.mask[slot.position : slot.end].all()
        name = TOKENIZER.decode(encoded.ids[slot.start : slot.end].tolist())
        assert name.lstrip(" ") == turn.value[span.start : span.end]
        assert slot.entity == span.entity == slot.asked.answers[turn.fact.slots.index(span)]  # type: ignore[union-attr]


@given(conversations)
def test_image_stands_right_after_the_mark_that_asks_for_it(dialogue: Dialogue) -> None:
    encoded = whole(dialogue)
    places = {image.position for image in encoded.images}
    for target in encoded.targets:
        assert encoded.ids[target.position] == RET_ID
        assert target.position + 1 in places
        assert encoded.mask[target.position]
        assert not encoded.mask[target.position + 1]


@given(conversations, st.integers(1, 120))
def test_conversation_that_is_too_long_loses_its_last_rounds_alone(dialogue: Dialogue, most: int) -> None:
    full, cut = whole(dialogue), encode(dialogue, TOKENIZER, QUERIES, most)
    np.testing.assert_array_equal(cut.ids, full.ids[: len(cut.ids)])
    np.testing.assert_array_equal(cut.mask, full.mask[: len(cut.ids)])
    ends = np.flatnonzero(full.ids == END_ID)[1::2] + 1  # of each round
    fitting = [end for end in ends if end <= most]
    assert len(cut.ids) == (max(fitting) if fitting else ends[0])
    assert cut.slots == tuple(slot for slot in full.slots if slot.end <= len(cut.ids))
    assert cut.targets == tuple(target for target in full.targets if target.position < len(cut.ids))


def test_conversation_that_just_fits_is_kept_whole() -> None:
    turns = (Turn("human", "Which island?"), Turn("model", "Basalt Island.")) * 3
    dialogue = Dialogue("d", "g", "en", "star", turns)
    length = len(whole(dialogue).ids)
    assert len(encode(dialogue, TOKENIZER, QUERIES, length).ids) == length
    assert len(encode(dialogue, TOKENIZER, QUERIES, length - 1).ids) == length * 2 // 3
    prompt = encode_prompt(turns[:-1], TOKENIZER, QUERIES, 10_000)
    np.testing.assert_array_equal(encode_prompt(turns[:-1], TOKENIZER, QUERIES, len(prompt.ids)).ids, prompt.ids)


@given(conversations, st.integers(1, 120))
def test_prompt_that_is_too_long_keeps_the_last_question(dialogue: Dialogue, most: int) -> None:
    turns = dialogue.turns[:-1]
    prompt = encode_prompt(turns, TOKENIZER, QUERIES, most)
    full = encode_prompt(turns, TOKENIZER, QUERIES, 10_000)
    assert prompt.ids[-1] == MODEL_ID
    assert said(full.ids) == [*(spoken(turn) for turn in turns), ""]
    np.testing.assert_array_equal(prompt.ids, full.ids[-len(prompt.ids) :])
    kept = said(prompt.ids)[:-1]
    assert kept == [spoken(turn) for turn in turns[len(turns) - len(kept) :]]
    assert len(kept) >= 1
    assert len(prompt.ids) <= most or len(kept) == 1
    if len(kept) < len(turns):
        longer = encode_prompt(turns[len(turns) - len(kept) - 1 :], TOKENIZER, QUERIES, 10_000)
        assert len(longer.ids) > most


def test_prompt_of_nothing_is_the_models_turn() -> None:
    assert encode_prompt((), TOKENIZER).ids.tolist() == [MODEL_ID]


def test_mark_stands_before_the_name_and_its_space() -> None:
    fact = Fact("fact", (("flag", "r", "peru"),), "head", ("peru",), "Peru", (Span(6, 10, "peru"),), "I2T")
    question = Turn("human", f"Which country has {IMAGE} as its flag?", (PERU,))
    answer = Turn("model", f"It is Peru.{IMAGE}", (PERU,), fact)
    encoded = encode(Dialogue("d", "g", "en", "star", (question, answer)), TOKENIZER, QUERIES)
    (slot,) = encoded.slots
    before = np.flatnonzero(encoded.ids == MODEL_ID)[0] + 1
    assert TOKENIZER.decode(encoded.ids[before : slot.position].tolist()) == " It is"
    assert TOKENIZER.decode(encoded.ids[slot.start : slot.end].tolist()) == " Peru"
    assert TOKENIZER.decode(encoded.ids[slot.end : encoded.targets[0].position].tolist()) == "."
    asked = slot.asked
    assert (asked.subject, asked.relation, asked.direction, asked.shown) == ("peru", "r", "head", True)
    assert asked.text == question.value
    assert encoded.targets[0].asked == asked


def test_name_has_the_same_tokens_wherever_it_stands() -> None:
    first = Turn(
        "model",
        "Peru.",
        (),
        Fact("fact", (("a", "r", "peru"),), "tail", ("peru",), "Peru", (Span(0, 4, "peru"),), "T2T"),
    )
    later = Turn(
        "model",
        "It is Peru.",
        (),
        Fact("fact", (("a", "r", "peru"),), "tail", ("peru",), "Peru", (Span(6, 10, "peru"),), "T2T"),
    )
    found = []
    for turn in (first, later):
        encoded = encode(Dialogue("d", "g", "en", "star", (Turn("human", "Where?"), turn)), TOKENIZER)
        found.append(encoded.ids[encoded.slots[0].start : encoded.slots[0].end].tolist())
    assert found[0] == found[1]


def test_picture_that_nobody_asked_for_is_a_target_without_a_question() -> None:
    turns = (Turn("human", "Hello."), Turn("model", f"Look: {IMAGE}", (PERU,)))
    dialogue = Dialogue("d", "g", "en", "star", turns)
    assert [target.asked for target in encode(dialogue, TOKENIZER).targets] == [None]
    assert list(asked_in(dialogue)) == []


def test_answer_before_any_question_was_asked_by_nobody() -> None:
    fact = Fact("fact", (("a", "r", "b"),), "tail", ("b",), "B", (), "T2T")
    assert [asked.text for asked in asked_in(Dialogue("d", "g", "en", "star", (Turn("model", "B.", (), fact),)))] == [
        ""
    ]


@pytest.mark.parametrize(("value", "images"), [(f"What is {IMAGE}?", ()), ("What is it?", (PERU,))])
def test_text_that_does_not_match_its_images_is_named(value: str, images: tuple[Shown, ...]) -> None:
    dialogue = Dialogue("isles-7", "g", "en", "star", (Turn("human", value, images), Turn("model", "No.")))
    with pytest.raises(DataError, match="isles-7.*build the dialogues again"):
        encode(dialogue, TOKENIZER)


def test_conversations_as_they_are_built_come_back_whole(material: Material, tokenizer: Tokenizer) -> None:
    for dialogue in read_dialogues(material.dialogues / "train.jsonl"):
        encoded = encode(dialogue, tokenizer, QUERIES, 10_000)
        assert said(encoded.ids, tokenizer) == [spoken(turn) for turn in dialogue.turns]
        for slot in encoded.slots:
            assert slot.entity in slot.asked.answers


def test_several_images_of_either_side_stand_in_their_places(tokenizer: Tokenizer) -> None:
    shown = [Shown(f"{n}.png", f"{n:064x}", "i:Amber") for n in range(4)]
    turns = [
        Turn("human", f"{IMAGE} Is this {IMAGE}?", tuple(shown[:2])),
        Turn("model", f"No: {IMAGE} and {IMAGE} are.", tuple(shown[2:])),
    ]
    (human, model) = encode_turns(turns, tokenizer, 2, "a test")
    whole = join([human, model])
    assert [placed.image for placed in whole.images] == shown
    for placed in whole.images:
        assert whole.ids[placed.position : placed.position + 2].tolist() == [IMAGE_ID] * 2
        assert not whole.mask[placed.position : placed.position + 2].any()
    assert [target.image for target in whole.targets] == shown[2:]
    assert all(whole.ids[target.position] == RET_ID for target in whole.targets)
    assert int((whole.ids == IMAGE_ID).sum()) == 8
