"""The model speaks: greedily, token by token; at <KNO> and <RET> it asks whoever knows the graph and the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dialogue.types import Turn
from model.run import Run
from model.tokens import END_ID, FIRST_WORD, IMAGE_ID, KNO_ID, RET_ID

Floats = NDArray[np.float32]
Fill = Callable[[Tensor], str | None]  # the state at <KNO> -> the name to say, or None: the model says one itself
Show = Callable[[Tensor], Floats | None]  # the state at <RET> -> a measured image (M,), or None: none is shown


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the model said. Offsets count characters of `text`; each place of an image stands where one was asked."""

    text: str
    names: tuple[tuple[int, str], ...]  # where a <KNO> stood, and the name that was put there ("" if none was)
    shown: tuple[int, ...]  # where a <RET> stood


def speak(run: Run, turns: Sequence[Turn], measured: Floats, fill: Fill, show: Show, limit: int = 96) -> Spoken:
    """Answer a conversation that ends with a human's turn; `measured` (N, M) are its images in their order."""
    prompt = run.prompt(turns)
    ids = prompt.ids.tolist()
    images = run.image_tokens(measured[len(measured) - len(prompt.images) :])
    said: list[int] = []  # tokens of text since the last mark
    text, names, shown = "", [], []
    for _ in range(limit):
        state = _last_state(run, ids, images)
        token = _next(run, state)
        if token == END_ID:
            break
        ids.append(token)
        if token not in (KNO_ID, RET_ID):
            said.append(token)
            continue
        text, said = text + run.tokenizer.decode(said), []
        state = _last_state(run, ids, images)
        if token == KNO_ID:
            name = fill(state)
            names.append((len(text), name or ""))
            said = run.tokenizer.encode(f" {name}").ids if name else []
            ids += said
        else:
            shown.append(len(text))
            image = show(state)
            if image is not None:
                ids += [IMAGE_ID] * run.preset.queries
                images = torch.cat([images, run.image_tokens(image[None])])
    return Spoken(text + run.tokenizer.decode(said), tuple(names), tuple(shown))


def _last_state(run: Run, ids: Sequence[int], images: Tensor) -> Tensor:
    with torch.inference_mode():
        return run.network.states(torch.tensor([list(ids)]), images)[0, -1]


def _next(run: Run, state: Tensor) -> int:
    """Return the likeliest token among text, <KNO>, <RET> and <end>."""
    with torch.inference_mode():
        logits = run.network.logits(state)
        logits[[token for token in range(FIRST_WORD) if token not in (KNO_ID, RET_ID, END_ID)]] = -torch.inf
        return int(logits.argmax())
