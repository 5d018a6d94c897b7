"""A trained run as the stages after it use it: what a question asks, what an image says, what to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from dialogue.types import Turn
from ingest.descriptor import Descriptor, load_descriptor
from ingest.sentences import SentenceEncoder, minilm
from kg.errors import CheckpointError
from model.checkpoint import DESCRIPTOR, TOKENIZER, Manifest, read_manifest, read_tensors, verify
from model.encode import Encoded, encode_prompt
from model.gallery import cells_of
from model.network import KnowBLIP, Sizes, by_class
from model.presets import Preset, preset
from model.questions import essence, question_features
from model.tokens import KNO_ID, load_tokenizer
from model.wordings import Known, read_known

Floats = NDArray[np.float32]


@dataclass(eq=False)
class Run:
    """A trained KnowBLIP with all that belongs to it. Measurements are those of `ingest.descriptor.measure`."""

    folder: Path
    manifest: Manifest
    preset: Preset
    tokenizer: Tokenizer
    network: KnowBLIP
    descriptor: Descriptor | None  # None where the graph had no images
    known: Known

    @property
    def relations(self) -> tuple[str, ...]:
        """Return the relations; a class is 2·(place here) + (1 if the head is asked for)."""
        return self.manifest.relations

    @property
    def holdout_style(self) -> str | None:
        """Return the drawing style that no fit has seen."""
        style: str | None = self.manifest.settings["holdout_style"]
        return style

    @cached_property
    def sentences(self) -> SentenceEncoder:
        """Return the frozen sentence encoder."""
        return minilm()

    @cached_property
    def _wordings(self) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.known.features), torch.from_numpy(self.known.classes).long()

    def wording_scores(self, questions: Sequence[str], nouns: Sequence[str]) -> Floats:
        """Compare masked questions with the known wordings; return each class's best scaled cosine, (N, 2R).

        `questions` have `model.questions.HOLE` where the subject was, `nouns` say what it is ("country").
        """
        texts = [essence(question, self.known.idle) for question in questions]
        features = torch.from_numpy(question_features(self.sentences, texts, nouns))
        wordings, classes = self._wordings
        with torch.inference_mode():
            return by_class(self.network.wording(features, wordings), classes, 2 * len(self.relations)).numpy()

    def prompt(self, turns: Sequence[Turn]) -> Encoded:
        """Encode a conversation that ends with a human's turn."""
        return encode_prompt(turns, self.tokenizer, self.preset.queries, self.preset.max_length)

    def states(self, ids: Sequence[int], measured: Floats) -> Tensor:
        """Read one sequence with its images, measured (N, M) in the order in which they stand. (L, width)"""
        with torch.inference_mode():
            return self.network.states(torch.tensor([list(ids)]), self.image_tokens(measured))[0]

    def image_tokens(self, measured: Floats) -> Tensor:
        """Map measured images (N, M) to tokens, (N, Q, width)."""
        if not len(measured):
            return torch.empty(0, self.preset.queries, self.preset.width)
        with torch.inference_mode():
            return self.network.images(torch.from_numpy(cells_of(measured)), torch.from_numpy(self.describe(measured)))

    def slot_scores(self, prompt: Encoded, measured: Floats) -> Floats:
        """Return log-probabilities of relation and direction at a <KNO> that opens the answer, (2R,)."""
        state = self.states([*prompt.ids.tolist(), KNO_ID], measured)[-1]
        with torch.inference_mode():
            scores: Floats = self.network.relation(state).log_softmax(-1).numpy()
        return scores

    def name_scores(self, prefix: Sequence[int], names: Sequence[str], measured: Floats) -> Floats:
        """Return the log-probability of each name after `prefix`, which ends with <KNO>. (len(names),)"""
        tokens = [self.tokenizer.encode(f" {name}").ids for name in names]
        images = self.image_tokens(measured)
        scores = np.zeros(len(names), np.float32)
        for start in range(0, len(names), 32):
            part = tokens[start : start + 32]
            length = max(map(len, part))
            ids = torch.zeros(len(part), len(prefix) + length, dtype=torch.long)
            for row, found in enumerate(part):
                ids[row, : len(prefix) + len(found)] = torch.tensor([*prefix, *found])
            with torch.inference_mode():
                states = self.network.states(ids, images.repeat(len(part), 1, 1))
                shares = self.network.logits(states[:, len(prefix) - 1 : -1]).log_softmax(-1)  # (B, length, V)
            for row, found in enumerate(part):
                scores[start + row] = sum(float(shares[row, i, token]) for i, token in enumerate(found))
        return scores

    def ret_query(self, state: Tensor) -> Floats:
        """Map the state at <RET> (width,) to where images are looked for, of length 1."""
        with torch.inference_mode():
            return self.network.retrieval_query(state).numpy()

    def ret_keys(self, measured: Floats) -> Floats:
        """Map measured images (N, M) to where <RET> looks for them, of length 1. (N, retrieval width)"""
        with torch.inference_mode():
            return self.network.retrieval_keys(torch.from_numpy(self.describe(measured))).numpy()

    def describe(self, measured: Floats) -> Floats:
        """Map measured images (N, M) to the descriptors that linking compares, (N, D) of length 1."""
        if self.descriptor is None:
            raise CheckpointError(f"{self.folder} was trained on a graph without images; ingest images, train again.")
        return self.descriptor.describe(measured)


def load(folder: Path, latest: bool = False) -> Run:
    """Load a run with its best weights, or its latest. Raises CheckpointError if a file is missing or changed."""
    manifest = read_manifest(folder)
    verify(folder, manifest)
    shape = preset(manifest.settings["preset"])
    tokenizer = load_tokenizer(folder / TOKENIZER)
    sizes = Sizes(**manifest.sizes)
    if tokenizer.get_vocab_size() != sizes.vocabulary:
        raise CheckpointError(
            f"{folder} has a tokenizer of {tokenizer.get_vocab_size()} tokens for a model of {sizes.vocabulary}; "
            "train the run again."
        )
    network = KnowBLIP(shape, sizes)
    name = manifest.latest if latest else manifest.best or manifest.latest
    if not name:
        raise CheckpointError(f"{folder} has not saved any weights yet; let it train longer.")
    load_weights(network, folder / name)
    network.train(False).requires_grad_(False)
    path = folder / DESCRIPTOR
    descriptor = load_descriptor(path) if path.name in manifest.files else None
    return Run(folder, manifest, shape, tokenizer, network, descriptor, read_known(folder))


def load_weights(network: KnowBLIP, path: Path) -> None:
    """Put saved weights into a network. Raises CheckpointError if they are of another shape."""
    try:
        network.load_state_dict(read_tensors(path))
    except RuntimeError as exc:
        raise CheckpointError(f"{path} does not fit the model that its manifest describes: {exc}") from exc
