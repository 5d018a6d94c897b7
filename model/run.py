"""A trained run as the stages after it use it: what a question asks, what an image says, what to answer.

A question that a person words freely is read as the known wordings that are most like it: a frozen sentence encoder
finds these, the model reads the question in each of them, and its states at <KNO> say what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from dialogue.types import IMAGE, Shown, Turn
from ingest.descriptor import Descriptor, load_descriptor
from ingest.sentences import SentenceEncoder, minilm
from ingest.target import Tower, choose_tower
from kg.errors import CheckpointError
from model.checkpoint import DESCRIPTOR, TOKENIZER, Manifest, read_manifest, read_tensors, verify
from model.encode import Encoded, encode_prompt
from model.gallery import cells_of
from model.network import KnowBLIP, Sizes
from model.presets import SCRATCH, Preset, preset_of
from model.pretrained import Pretrained, fingerprint_of, open_pretrained
from model.questions import HOLE, essence, question_features
from model.tokens import KNO_ID, PAD_ID, RET_ID, load_tokenizer
from model.wordings import Known, read_known

Floats = NDArray[np.float32]

REWORDED = 3  # known wordings that a question is read as
BY_WORDING = 0.5  # of the belief in a relation, what the wordings say alone
FAITH = 0.5  # how much the likeliest of them counts above the others


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

    @cached_property
    def tower(self) -> Tower:
        """Return the vision tower that it sees by, not loaded yet. Raises CheckpointError if it is another by now."""
        return tower_of(self.manifest)

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

    @property
    def no_images(self) -> Floats:
        """Return the measurements of no image, (0, M)."""
        return np.zeros((0, len(self.descriptor.mean) if self.descriptor else 1), np.float32)

    def wording_scores(self, questions: Sequence[str], nouns: Sequence[str]) -> Floats:
        """Compare masked questions with the known wordings; return the scaled cosines, (N, M).

        `questions` have `model.questions.HOLE` where the subject was, `nouns` say what it is ("country").
        """
        texts = [essence(question, self.known.idle) for question in questions]
        features = torch.from_numpy(question_features(self.sentences, texts, nouns))
        with torch.inference_mode():
            scores: Floats = self.network.wording(features, torch.from_numpy(self.known.features)).numpy()
        return scores

    def worded_shares(self, scores: Floats) -> Floats:
        """Return how probable each relation and direction is by a question's likeness to wordings (M,) alone, (2R,).

        Zeros where none is known.
        """
        found = np.zeros(2 * len(self.relations), np.float32)
        if len(scores):
            np.add.at(found, self.known.classes, np.exp(scores - scores.max()))
            found /= found.sum()
        return found

    def reworded(self, scores: Floats) -> list[tuple[str, float]]:
        """Return the wordings that a question is read as, by its likeness to each (M,), with shares that sum to 1."""
        best = np.argsort(-scores, kind="stable")[:REWORDED]
        shares = np.exp(FAITH * (scores[best] - scores[best[0]])) if len(best) else np.zeros(0)
        read: dict[int, float] = {}
        for place, share in zip(self.known.read_as[best].tolist(), (shares / shares.sum()).tolist(), strict=True):
            read[place] = read.get(place, 0.0) + share
        return [(self.known.texts[place], share) for place, share in read.items()]

    def relation_shares(self, question: str, noun: str, subject: str, shown: Floats | None = None) -> Floats:
        """Return how probable it is that each relation and direction is asked for, (2R,).

        Half of it is what the state at <KNO> says, half what the most alike wordings are of: a short training has not
        learned yet what it asks for, and after a long one both say the same. `subject` is the name to be put in; with
        `shown`, one measured image (M,), the image is put in instead.
        """
        (scores,) = self.wording_scores([question], [noun])
        likely = self.worded_shares(scores)
        if self.preset.kno == "marker" or not len(scores):  # there <KNO> marks a name and says nothing of relations
            return likely
        worded = self.reworded(scores)
        prompts = [self.asked(wording, subject, shown) for wording, _ in worded]
        measured = self.no_images if shown is None else np.repeat(shown[None], len(prompts), axis=0)
        states = np.exp(self.slot_scores(prompts, measured))  # (REWORDED, 2R)
        read: Floats = np.array([share for _, share in worded], np.float32) @ states
        return (1 - BY_WORDING) * read + BY_WORDING * likely

    def asked(self, wording: str, subject: str, shown: Floats | None) -> Encoded:
        """Put a subject, or the image that shows it, into a masked question."""
        if shown is None:
            return self.prompt([Turn("human", wording.replace(HOLE, subject))])
        placed = wording if HOLE in wording else f"{HOLE}\n{wording}"  # "And its currency?"
        return self.prompt([Turn("human", placed.replace(HOLE, IMAGE, 1).replace(HOLE, "it"), (Shown("", "", ""),))])

    def prompt(self, turns: Sequence[Turn]) -> Encoded:
        """Encode a conversation that ends with a human's turn."""
        return encode_prompt(turns, self.tokenizer, self.preset.queries, self.preset.max_length)

    def image_tokens(self, measured: Floats) -> Tensor:
        """Map measured images (N, M) to tokens, (N, Q, width)."""
        if not len(measured):
            return torch.empty(0, self.preset.queries, self.network.width)
        with torch.inference_mode():
            return self.network.images(torch.from_numpy(cells_of(measured)), torch.from_numpy(self.describe(measured)))

    def slot_scores(self, prompts: Sequence[Encoded], measured: Floats) -> Floats:
        """Return log-probabilities of relation and direction at a <KNO> that opens each answer, (len(prompts), 2R).

        `measured` (N, M) are the images of all prompts in their order.
        """
        with torch.inference_mode():
            scores: Floats = self.network.relation(self._opened(prompts, KNO_ID, measured)).log_softmax(-1).numpy()
        return scores

    def ret_query_after(self, question: str, said: str, shown: Floats | None) -> Floats:
        """Return where an image is looked for at a <RET> that follows what was `said`, (retrieval width,).

        `shown` is the measured image (M,) that the question came with, if one did.
        """
        text = question if shown is None or IMAGE in question else f"{IMAGE}\n{question}"
        images = () if shown is None else (Shown("", "", ""),)
        prompt = self.prompt([Turn("human", text if shown is not None else text.replace(IMAGE, ""), images)])
        ids = np.array([*prompt.ids.tolist(), *self.tokenizer.encode(f" {said}").ids], np.int32)
        measured = self.no_images if shown is None else shown[None]
        (query,) = self.ret_queries([replace(prompt, ids=ids)], measured)
        return np.asarray(query, np.float32)

    def ret_queries(self, prompts: Sequence[Encoded], measured: Floats) -> Floats:
        """Return where images are looked for at a <RET> that opens each answer, (len(prompts), retrieval width)."""
        with torch.inference_mode():
            return self.network.retrieval_query(self._opened(prompts, RET_ID, measured)).numpy()

    def _opened(self, prompts: Sequence[Encoded], token: int, measured: Floats) -> Tensor:
        """Return the states at a token that follows each prompt, (len(prompts), width)."""
        ends = [len(prompt.ids) for prompt in prompts]
        ids = torch.full((len(prompts), max(ends) + 1), PAD_ID)
        for row, prompt in enumerate(prompts):
            ids[row, : ends[row]] = torch.from_numpy(prompt.ids)
            ids[row, ends[row]] = token
        return self.network.states(ids, self.image_tokens(measured))[torch.arange(len(prompts)), ends]

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


def tower_of(manifest: Manifest) -> Tower:
    """Return the vision tower of a run, not loaded yet. Raises DataError if it is gone, CheckpointError if another."""
    tower = choose_tower(manifest.shape["vision"])
    if manifest.vision and tower.space != manifest.vision:
        raise CheckpointError(
            f"'{tower.name}' is not the vision tower that {manifest.id} was trained with ({manifest.vision}); "
            "restore it."
        )
    return tower


def load(folder: Path, latest: bool = False) -> Run:
    """Load a run with its best weights, or its latest. Raises CheckpointError if a file is missing or changed."""
    manifest = read_manifest(folder)
    verify(folder, manifest)
    shape = preset_of(manifest.shape, str(folder))
    tokenizer = load_tokenizer(folder / TOKENIZER)
    sizes = Sizes(**manifest.sizes)
    if tokenizer.get_vocab_size() != sizes.vocabulary:
        raise CheckpointError(
            f"{folder} has a tokenizer of {tokenizer.get_vocab_size()} tokens for a model of {sizes.vocabulary}; "
            "train the run again."
        )
    network = KnowBLIP(shape, sizes, language_again(shape, manifest))
    name = manifest.latest if latest else manifest.best or manifest.latest
    if not name:
        raise CheckpointError(f"{folder} has not saved any weights yet; let it train longer.")
    load_weights(network, folder / name)
    network.train(False).requires_grad_(False)
    path = folder / DESCRIPTOR
    descriptor = load_descriptor(path) if path.name in manifest.files else None
    return Run(folder, manifest, shape, tokenizer, network, descriptor, read_known(folder))


def language_again(shape: Preset, manifest: Manifest) -> Pretrained | None:
    """Open the pretrained language model that a run was trained around; None where it has its own.

    Raises DataError if it can't be opened, CheckpointError if it is another.
    """
    if shape.llm == SCRATCH:
        return None
    _, language = open_pretrained(shape.llm, shape.lora)
    if fingerprint_of(language) != manifest.language:
        raise CheckpointError(
            f"'{shape.llm}' is not the language model that {manifest.id} was trained with; restore it."
        )
    return language


def load_weights(network: KnowBLIP, path: Path) -> None:
    """Put saved weights into a network. Raises CheckpointError if they are of another shape."""
    try:
        network.load_learned(read_tensors(path))
    except RuntimeError as exc:
        raise CheckpointError(f"{path} does not fit the model that its manifest describes: {exc}") from exc
