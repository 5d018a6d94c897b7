"""From a graph and its dialogues to all that training reads: made once, and read back when a run is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dialogue.types import Dialogue
from ingest.descriptor import load_descriptor
from ingest.sentences import SentenceEncoder
from kg.adjacency import Adjacency
from model.checkpoint import DESCRIPTOR, TOKENIZER, Manifest, hash_of, write_whole
from model.data import Example, Index, examples, read_split, split_file
from model.gallery import Gallery, gallery
from model.network import KnowBLIP, Sizes
from model.presets import SCRATCH, Preset
from model.pretrained import Pretrained, fingerprint_of, open_pretrained
from model.run import language_again
from model.tokens import load_tokenizer, train_tokenizer
from model.wordings import Known, fit_wordings, known_wordings, lexicon_wordings, read_known, save_known

VALIDATION = 200  # dialogues


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a run learns from."""

    graph: Adjacency
    measured: Mapping[str, NDArray[np.float32]]  # by sha256; without images of a style that is held out
    hashes: Mapping[str, int]  # their dHashes
    dialogues: Path  # folder of train.jsonl and valid.jsonl
    vision: str = ""  # the space of the tower that measured them; empty where nothing was measured


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Everything that a training step touches, and the hashes of what was written into the run's folder."""

    graph: Adjacency
    index: Index
    gallery: Gallery | None
    tokenizer: Tokenizer
    train: list[Example]
    valid: list[Example]
    network: KnowBLIP
    sizes: Sizes
    language: str  # the fingerprint of a pretrained language model; empty where there is none
    files: Mapping[str, str]


def prepare(material: Material, preset: Preset, folder: Path, seed: int, sentences: SentenceEncoder) -> Prepared:
    """Fit tokenizer, descriptor and wordings into `folder`, encode the dialogues, make an untrained network."""
    train, valid = read_split(material.dialogues, "train"), read_split(material.dialogues, "valid", VALIDATION)
    torch.manual_seed(seed)
    tokenizer, language = language_of(preset, train)
    write_whole(folder / TOKENIZER, tokenizer.to_str().encode())
    files = {TOKENIZER: hash_of(folder / TOKENIZER)}
    found = gallery(material.graph, material.measured, material.hashes) if material.measured else None
    if found is not None:
        found.descriptor.save(folder / DESCRIPTOR)
        files[DESCRIPTOR] = hash_of(folder / DESCRIPTOR)
    index = Index.of(material.graph)
    known = known_wordings(material.graph, index, train, sentences)
    files |= save_known(folder, known)
    prepared = _assemble(material, preset, tokenizer, language, found, known, (train, valid), files)
    fit_wordings(prepared.network.wording, known, lexicon_wordings(material.graph, sentences), seed)
    return prepared


def prepare_again(material: Material, preset: Preset, folder: Path, manifest: Manifest) -> Prepared:
    """Prepare a run that exists with what it saved, so that it goes on as if it had never stopped."""
    train, valid = read_split(material.dialogues, "train"), read_split(material.dialogues, "valid", VALIDATION)
    found = None
    if DESCRIPTOR in manifest.files:
        descriptor = load_descriptor(folder / DESCRIPTOR)
        found = gallery(material.graph, material.measured, material.hashes, descriptor)
    files = {name: digest for name, digest in manifest.files.items() if not name.startswith(("model-", "training-"))}
    tokenizer = load_tokenizer(folder / TOKENIZER)
    language = language_again(preset, manifest)
    return _assemble(material, preset, tokenizer, language, found, read_known(folder), (train, valid), files)


def language_of(preset: Preset, dialogues: Sequence[Dialogue]) -> tuple[Tokenizer, Pretrained | None]:
    """Open a preset's language model with its tokenizer; from scratch a tokenizer alone, of what is said."""
    if preset.scratch is None or preset.llm != SCRATCH:
        return open_pretrained(preset.llm, preset.lora)
    return train_tokenizer((turn.value for each in dialogues for turn in each.turns), preset.scratch.vocabulary), None


def _assemble(
    material: Material,
    preset: Preset,
    tokenizer: Tokenizer,
    language: Pretrained | None,
    found: Gallery | None,
    known: Known,
    dialogues: tuple[list[Dialogue], list[Dialogue]],
    files: Mapping[str, str],
) -> Prepared:
    index = Index.of(material.graph)
    sizes = Sizes(
        vocabulary=tokenizer.get_vocab_size(),
        relations=len(material.graph.relations),
        grid=found.cells.shape[2] if found else 1,
        descriptor=found.descriptors.shape[1] if found else 1,
        question=known.features.shape[1],
    )
    train, valid = (list(examples(each, tokenizer, preset, index, found)) for each in dialogues)
    network = KnowBLIP(preset, sizes, language)
    told = fingerprint_of(language) if language else ""
    return Prepared(material.graph, index, found, tokenizer, train, valid, network, sizes, told, files)


def fingerprint(material: Material) -> dict[str, object]:
    """Return what tells whether a run is resumed on the data that it began with."""
    graph = material.graph
    pictures = hashlib.sha256("".join(sorted(material.measured)).encode()).hexdigest()
    return {
        "train": hash_of(split_file(material.dialogues, "train")),
        "valid": hash_of(split_file(material.dialogues, "valid")),
        "entities": len(graph.entities),
        "triples": len(graph),
        "images": len(material.measured),
        "pictures": pictures,
    }
