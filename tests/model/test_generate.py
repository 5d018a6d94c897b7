"""A model that says a name nobody has, shows a picture nobody asked for, or never stops."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from dialogue.types import IMAGE, Shown, Turn
from model.generate import Names, Reading, name_shares, speak
from model.prepare import Material
from model.run import Run
from model.tokens import END_ID, FIRST_WORD, IMAGE_ID, KNO_ID, RET_ID

ASKED = [Turn("human", "What is the main port of Amber Island?")]
SHOWN = [Turn("human", f"Which island is {IMAGE}?", (Shown("x.png", "0" * 64, "i:Amber"),))]
NAMES = ("Port Amber", "Port Amber Harbour", "Basalt Island", "Selkie")


@pytest.fixture(scope="module")
def names(run: Run) -> Names:
    return Names.of(NAMES, run.tokenizer)


@pytest.fixture(scope="module")
def seen(material: Material) -> np.ndarray:
    return np.stack(list(material.measured.values())[:1])


def nothing(state: Tensor) -> None:
    return None


def script(monkeypatch: pytest.MonkeyPatch, run: Run, *parts: str | int) -> None:
    """Make a model say these texts and tokens, and then end."""
    tokens: list[int] = []
    for part in parts:
        tokens += [part] if isinstance(part, int) else run.tokenizer.encode(part).ids
    coming = iter([*tokens, END_ID])
    monkeypatch.setattr(Reading, "next_token", lambda self, state: next(coming))


def test_what_was_read_is_not_read_again_and_changes_nothing(run: Run, seen: np.ndarray) -> None:
    prompt = run.prompt(SHOWN)
    tail = [KNO_ID, FIRST_WORD + 3, FIRST_WORD + 4]
    reading = Reading(run)
    reading.read(prompt.ids.tolist(), run.image_tokens(seen))
    for token in tail:
        state = reading.read([token])
    with torch.inference_mode():
        whole = run.network.states(torch.tensor([[*prompt.ids.tolist(), *tail]]), run.image_tokens(seen))
    torch.testing.assert_close(state, whole[0, -1], atol=1e-4, rtol=1e-4)


def test_trained_model_says_words_and_names_that_there_are(run: Run, names: Names, seen: np.ndarray) -> None:
    for turns, images in ((ASKED, seen[:0]), (SHOWN, seen)):
        spoken = speak(run, turns, images, names, nothing, limit=40)
        assert not any(mark in spoken.text for mark in ("<pad>", "<human>", "<model>"))
        for place, name in spoken.names:
            assert name in NAMES
            assert spoken.text[place:].startswith(f" {name}")
        assert speak(run, turns, images, names, nothing, limit=40) == spoken


def test_names_share_what_decoding_constrained_to_them_gives_each(run: Run, names: Names) -> None:
    shares = name_shares(run, ASKED[0].value, NAMES)
    assert shares.sum() == pytest.approx(1, abs=1e-4)
    reading = Reading(run)
    reading.read(run.prompt(ASKED).ids.tolist())
    _, _, name, sure = reading.name(reading.read([KNO_ID]), names)
    assert shares[NAMES.index(name)] == pytest.approx(sure, abs=1e-4)
    assert name_shares(run, ASKED[0].value, NAMES[::-1]).tolist() == pytest.approx(shares[::-1].tolist(), abs=1e-4)
    assert name_shares(run, ASKED[0].value, NAMES[2:3]).tolist() == [1.0]
    assert not len(name_shares(run, ASKED[0].value, ()))


def test_model_never_says_what_only_the_encoding_may_place(run: Run) -> None:
    with torch.inference_mode():
        states = torch.randn(200, run.network.width) * 5
    said = {Reading(run).next_token(state) for state in states}
    assert all(token in (END_ID, RET_ID, KNO_ID) or token >= FIRST_WORD for token in said)


@pytest.mark.parametrize("listed", [NAMES, ("Selkie",), ("Port Amber", "Port Amber Harbour")])
def test_name_is_one_of_those_that_there_are(run: Run, listed: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, run, " It is", KNO_ID, ", I think.")
    spoken = speak(run, ASKED, run.no_images, Names.of(listed, run.tokenizer), nothing)
    ((place, name),) = spoken.names
    assert name in listed
    assert spoken.text == f" It is {name}, I think."
    assert place == len(" It is")


def test_longer_name_and_the_one_it_begins_with_can_both_be_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names.of(("Port Amber", "Port Amber Harbour"), run.tokenizer)
    longer = run.tokenizer.encode(" Port Amber Harbour").ids
    short = run.tokenizer.encode(" Port Amber").ids
    assert longer[: len(short)] == short
    for wanted in (longer, [*short, END_ID]):
        coming = iter(wanted)

        def logits(state: Tensor, coming: Iterator[int] = coming) -> Tensor:
            found = torch.zeros(run.tokenizer.get_vocab_size())
            found[next(coming)] = 20.0
            return found

        with monkeypatch.context() as patch:
            patch.setattr(run.network, "logits", logits)
            reading = Reading(run)
            state = reading.read(run.prompt(ASKED).ids.tolist())
            said, _, name, sure = reading.name(state, names)
        assert run.tokenizer.decode(said) == f" {name}"
        assert name == ("Port Amber Harbour" if wanted is longer else "Port Amber")
        assert 0.9 < sure <= 1.0


def test_model_without_names_says_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, run, " It is", KNO_ID, ".")
    spoken = speak(run, ASKED, run.no_images, Names.of((), run.tokenizer), nothing)
    assert (spoken.text, spoken.names) == (" It is.", ((6, ""),))


def test_picture_is_read_after_the_mark_that_asks_for_it(
    run: Run, names: Names, seen: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[int]] = []
    real = Reading.read

    def listening(self: Reading, ids: Sequence[int], images: Tensor | None = None) -> Tensor:
        read.append(list(ids))
        return real(self, ids, images)

    monkeypatch.setattr(Reading, "read", listening)
    states: list[Tensor] = []

    def show(state: Tensor) -> np.ndarray | None:
        states.append(state)
        return seen[0] if len(states) == 1 else None

    script(monkeypatch, run, " Here:", RET_ID, " and", RET_ID)
    spoken = speak(run, ASKED, run.no_images, names, show)
    assert spoken.text == " Here: and"
    assert spoken.shown == (len(" Here:"), len(" Here: and"))
    assert [len(state) for state in states] == [run.network.width] * 2
    assert [ids for ids in read[1:] if IMAGE_ID in ids] == [[IMAGE_ID] * run.preset.queries]
    assert read[read.index([IMAGE_ID] * run.preset.queries) - 1] == [RET_ID]


def test_model_that_would_not_stop_is_stopped(run: Run, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    word = run.tokenizer.encode(" on").ids[0]
    monkeypatch.setattr(Reading, "next_token", lambda self, state: word)
    spoken = speak(run, ASKED, run.no_images, names, nothing, limit=7)
    assert spoken.text == run.tokenizer.decode([word] * 7)
    assert spoken.names == spoken.shown == ()


def test_pictures_of_turns_that_were_left_out_are_left_out_too(run: Run, names: Names, seen: np.ndarray) -> None:
    long = [Turn("human", "Why? " * 400), Turn("model", "So.")]
    picture = Shown("x.png", "0" * 64, "i:Amber")
    turns = [Turn("human", f"{IMAGE} " + "Why? " * 400, (picture,)), *long, *SHOWN]
    first = np.random.default_rng(0).normal(size=seen.shape).astype(np.float32)
    assert len(run.prompt(turns).images) == 1
    with_both = speak(run, turns, np.concatenate([first, seen]), names, nothing, limit=5)
    assert with_both == speak(run, SHOWN, seen, names, nothing, limit=5)
