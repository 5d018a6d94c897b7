"""The model speaks: greedily, token by token; at <KNO> it says a name that there is, at <RET> it looks for an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from dialogue.types import Turn
from model.run import Run
from model.tokens import END_ID, FIRST_WORD, IMAGE_ID, KNO_ID, PAD_ID, RET_ID

Floats = NDArray[np.float32]
Show = Callable[[Tensor], Floats | None]  # the state at <RET> -> a measured image (M,), or None: none is shown

FORBIDDEN = [token for token in range(FIRST_WORD) if token not in (KNO_ID, RET_ID, END_ID)]


@dataclass(slots=True)
class Names:
    """Names as a trie of tokens: what may be said after <KNO>."""

    following: dict[int, Names] = field(default_factory=dict)  # by token
    name: str | None = None  # that ends here

    @classmethod
    def of(cls, names: Iterable[str], tokenizer: Tokenizer) -> Names:
        """Arrange names, each with the space before it."""
        root = cls()
        for name in dict.fromkeys(names):
            node = root
            for token in tokenizer.encode(f" {name}").ids:
                node = node.following.setdefault(token, cls())
            node.name = node.name or name
        return root

    def share(self, tokens: Sequence[int], shares: Floats) -> float:
        """Return the share of a name by its tokens (L,); `shares` (L + 1, V) are before each and at the end."""
        node, found = self, 1.0
        for token, each in zip([*tokens, None], shares, strict=False):
            onward = float(each[list(node.following)].sum())
            ends = max(0.0, 1 - onward) if node.name is not None else 0.0
            if token is None:
                return found * ends / max(onward + ends, 1e-12) if node.following else found
            found *= float(each[token]) / max(onward + ends, 1e-12)
            node = node.following[token]
        return found


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the model said. Offsets count characters of `text`; each image was asked for where its offset stands."""

    text: str
    names: tuple[tuple[int, str], ...]  # where a <KNO> stood, and the name that follows it
    shown: tuple[int, ...]  # where a <RET> stood
    sure: tuple[float, ...] = ()  # how probable each name is among all that there are


def speak(run: Run, turns: Sequence[Turn], measured: Floats, names: Names, show: Show, limit: int = 96) -> Spoken:
    """Answer a conversation that ends with a human's turn; `measured` (N, M) are its images in their order."""
    prompt = run.prompt(turns)
    reading = Reading(run)
    state = reading.read(prompt.ids.tolist(), run.image_tokens(measured[len(measured) - len(prompt.images) :]))
    said: list[int] = []  # tokens of text since the last mark
    text, named, shown, sure = "", [], [], []
    for _ in range(limit):
        token = reading.next_token(state)
        if token == END_ID:
            break
        state = reading.read([token])
        if token not in (KNO_ID, RET_ID):
            said.append(token)
            continue
        text, said = text + run.tokenizer.decode(said), []
        if token == KNO_ID:
            said, state, name, share = reading.name(state, names)
            named.append((len(text), name))
            sure.append(share)
        else:
            shown.append(len(text))
            image = show(state)
            if image is not None:
                state = reading.read([IMAGE_ID] * run.preset.queries, run.image_tokens(image[None]))
    return Spoken(text + run.tokenizer.decode(said), tuple(named), tuple(shown), tuple(sure))


def name_shares(run: Run, question: str, names: Sequence[str]) -> Floats:
    """Return how probable each of some names is after a <KNO> that opens the answer to a question, among all of them.

    (N,), of sum 1 where no two are the same. This is what decoding constrained to the names gives each of them: token
    by token, the share among the tokens that go on with one. All are read at once, after one reading of the question.
    """
    if not names:
        return np.zeros(0, np.float32)
    tokens = [run.tokenizer.encode(f" {name}").ids for name in names]
    rows = torch.full((len(names), max(map(len, tokens))), PAD_ID)
    for row, own in zip(rows, tokens, strict=True):
        row[: len(own)] = torch.tensor(own)
    opening = torch.tensor([[*run.prompt([Turn("human", question)]).ids.tolist(), KNO_ID]])
    network, cache = run.network, run.network.language.cache()
    with torch.inference_mode():
        nothing = run.image_tokens(run.no_images)
        first = network.states(opening, nothing, cache)[:, -1:].expand(len(names), 1, -1)
        cache.batch_repeat_interleave(len(names))
        states = torch.cat([first, network.states(rows, nothing, cache)], dim=1)
        shares = network.logits(states).softmax(-1).numpy()  # (N, L + 1, V)
    root = Names.of(names, run.tokenizer)
    return np.array([root.share(own, each) for own, each in zip(tokens, shares, strict=True)], np.float32)


class Reading:
    """A sequence that a model has read so far; what was read is not read again."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._cache = run.network.language.cache()
        self._last: Tensor | None = None  # (1, width) the last image, where it is added in every layer

    def read(self, ids: Sequence[int], images: Tensor | None = None) -> Tensor:
        """Read on; `images` (N, Q, width) belong to the <image>s. Return the state at the last token, (width,)."""
        network = self._run.network
        given = torch.empty(0, self._run.preset.queries, network.width) if images is None else images
        with torch.inference_mode():
            state = network.states(torch.tensor([list(ids)]), given, self._cache, self._last)[0, -1]
        if len(given):
            self._last = given[-1:, -1]
        return state

    def next_token(self, state: Tensor) -> int:
        """Return the likeliest token after a state, among text, <KNO>, <RET> and <end>."""
        with torch.inference_mode():
            logits = self._run.network.logits(state)
            logits[FORBIDDEN] = -torch.inf
            return int(logits.argmax())

    def name(self, state: Tensor, names: Names) -> tuple[list[int], Tensor, str, float]:
        """Say the likeliest of some names, token by token; return its tokens, the state after it, the name, its share.

        The share is the product over tokens of each one's probability among those that go on with some name.
        """
        said: list[int] = []
        node, sure = names, 1.0
        while node.following:
            tokens = list(node.following)
            with torch.inference_mode():
                shares = self._run.network.logits(state).softmax(-1)[tokens]
            ends = max(0.0, 1 - float(shares.sum())) if node.name is not None else 0.0
            likeliest = float(shares.max())
            if node.name is not None and likeliest < ends:
                return said, state, node.name, sure * ends
            sure *= likeliest / max(float(shares.sum()) + ends, 1e-12)
            said.append(tokens[int(shares.argmax())])
            node = node.following[said[-1]]
            state = self.read(said[-1:])
        return said, state, node.name or "", sure
