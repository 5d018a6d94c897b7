"""Known wordings of relations, and the map that tells which differences between two sentences matter."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dialogue.grammar import noun_of_type
from dialogue.types import Dialogue
from dialogue.verbalise import lexicon, paraphrases
from dialogue.wordings import Direction
from ingest.sentences import SentenceEncoder
from kg.adjacency import Adjacency
from kg.errors import CheckpointError
from model.checkpoint import read_tensors, save_tensors, write_whole
from model.data import Index
from model.encode import Asked, asked_in
from model.losses import IMPOSSIBLE
from model.network import WordingHead
from model.questions import HOLE, essence, idle_sentences, masked, question_features

DIRECTIONS: tuple[Direction, Direction] = ("tail", "head")  # by the last bit of a class
TEXTS, FEATURES = "wordings.json", "wordings.safetensors"
STEPS = 100
OTHERS = 300  # relations of the lexicon that the map is learned from beside the graph's own
SAMPLE = 512  # wordings a step
LEARNING_RATE = 1e-3
STAY = 0.01  # how strongly the map stays near the identity, which knows wordings that no lexicon has
FORGET = 0.1  # share of the features that are hidden in training


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The wordings that questions are compared with: those of the dialogues, and paraphrases of them."""

    texts: tuple[str, ...]  # masked
    read_as: NDArray[np.int32]  # (M,) the wording of the dialogues that the model reads: itself, if it is one
    nouns: tuple[str, ...]  # the type of the subject, in words
    classes: NDArray[np.int32]  # (M,)
    features: NDArray[np.float32]  # (M, 2F)
    idle: frozenset[str]  # sentences that name no relation


def noun_of_entity(graph: Adjacency, entity: int) -> str:
    """Return what an entity is, in words: "country"; empty where it has no type."""
    types = graph.entities[entity].types
    return noun_of_type(types[0]) if types else ""


def masked_question(graph: Adjacency, index: Index, asked: Asked) -> tuple[str, str]:
    """Return a question of a dialogue without its subject, and what the subject is."""
    subject = index.entities.get(asked.subject)
    if subject is None:
        return masked(asked.text), ""
    noun = noun_of_entity(graph, subject)
    return masked(asked.text, () if asked.shown else graph.entities[subject].names, noun), noun


def known_wordings(graph: Adjacency, index: Index, dialogues: Sequence[Dialogue], encoder: SentenceEncoder) -> Known:
    """Collect the wordings in dialogues, once each for a relation and a direction, and paraphrases of them."""
    found: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for dialogue in dialogues:
        for asked in asked_in(dialogue):
            number = index.relation_class(asked)
            text, noun = masked_question(graph, index, asked)
            if number >= 0 and text:
                found[text, number][noun] += 1
    idle = idle_sentences((text, str(number // 2)) for text, number in found)
    merged: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for (text, number), nouns in found.items():
        merged[essence(text, idle), number] += nouns
    own = sorted(merged)
    nouns_of = [merged[key].most_common(1)[0][0] for key in own]
    others = list(_paraphrased(graph, own, merged))
    keys = [*own, *(key for key, _ in others)]
    read_as = [*range(len(own)), *(row for _, row in others)]
    nouns_of += [nouns_of[row] for _, row in others]
    texts = tuple(text for text, _ in keys)
    return Known(
        texts,
        np.array(read_as, np.int32),
        tuple(nouns_of),
        np.array([number for _, number in keys], np.int32),
        question_features(encoder, texts, nouns_of),
        idle,
    )


def _paraphrased(
    graph: Adjacency, own: Sequence[tuple[str, int]], counts: Mapping[tuple[str, int], Counter[str]]
) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield paraphrases with their classes, and the row of the commonest wording of each class."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, (_, number) in enumerate(own):
        rows[number].append(row)
    for number, places in rows.items():
        usual = max(places, key=lambda row: counts[own[row]].total())
        for text in paraphrases().get((graph.relations[number // 2].path, DIRECTIONS[number % 2]), ()):
            if (text, number) not in counts:
                yield (text, number), usual


def save_known(folder: Path, known: Known) -> dict[str, str]:
    """Write the wordings; return the files' hashes."""
    record = {
        "texts": known.texts,
        "read_as": known.read_as.tolist(),
        "nouns": known.nouns,
        "classes": known.classes.tolist(),
        "idle": sorted(known.idle),
    }
    data = json.dumps(record, ensure_ascii=False, indent=1).encode()
    write_whole(folder / TEXTS, data)
    features = save_tensors(folder / FEATURES, {"features": torch.from_numpy(known.features)})
    return {TEXTS: hashlib.sha256(data).hexdigest(), FEATURES: features}


def read_known(folder: Path) -> Known:
    """Read saved wordings. Raises CheckpointError."""
    try:
        record = json.loads((folder / TEXTS).read_text("utf-8"))
        texts, read_as, nouns, classes, idle = (record[key] for key in ("texts", "read_as", "nouns", "classes", "idle"))
        features = read_tensors(folder / FEATURES)["features"].numpy()
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CheckpointError(f"{folder / TEXTS} can't be read ({exc!r}); train the run again.") from exc
    return Known(
        tuple(texts),
        np.array(read_as, np.int32),
        tuple(nouns),
        np.array(classes, np.int32),
        features,
        frozenset(idle),
    )


def lexicon_wordings(graph: Adjacency, encoder: SentenceEncoder) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return features and classes of the lexicon's wordings of relations that the graph lacks.

    They teach what paraphrases have in common; of many relations OTHERS do, evenly chosen, since encoding them all
    takes longer than the rest of a short training. The graph's own relations are left out, so that a wording of theirs
    that is held out stays unseen. Classes are negative, so that they never meet the graph's.
    """
    own = {relation.path for relation in graph.relations}
    lacking = [each for each in sorted(lexicon().items()) if each[0] not in own]
    texts, nouns, classes = [], [], []
    for number, (_, worded) in enumerate(lacking[:: -(-len(lacking) // OTHERS) or 1]):
        for side, (asking, subject) in enumerate(((worded.tail, worded.head), (worded.head, worded.tail))):
            for form in asking.forms:
                texts.append(f"{form.prefix}{HOLE}{form.suffix}")
                nouns.append(subject.noun)
                classes.append(-1 - 2 * number - side)
    return question_features(encoder, texts, nouns), np.array(classes, np.int32)


def fit_wordings(
    head: WordingHead, known: Known, others: tuple[NDArray[np.float32], NDArray[np.int32]], seed: int
) -> float:
    """Fit the map so that a wording is nearest to the other wordings of its class; return the last loss.

    `others` are features and classes that are learned from but never answered with. A wording is never compared with
    itself, so what is learned is to recognise a wording that was not seen.
    """
    features = torch.from_numpy(np.concatenate([known.features, others[0]]))
    classes = torch.from_numpy(np.concatenate([known.classes, others[1]]))
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(head.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    start = head.map.weight.detach().clone()
    last = 0.0
    for _ in range(STEPS):
        rows = torch.randperm(len(features), generator=generator)[:SAMPLE]
        kept = torch.rand(len(rows), features.shape[1], generator=generator) >= FORGET
        loss = wording_loss(head, features[rows] * kept / (1 - FORGET), classes[rows])
        if loss is None:
            return last
        loss = loss + STAY * (head.map.weight - start).square().sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        last = float(loss.detach())
    return last


def wording_loss(head: WordingHead, features: Tensor, classes: Tensor) -> Tensor | None:
    """Return -log of the share that others of its class have in each wording's neighbours; None if none has others."""
    scores = head(features, features)
    itself = torch.eye(len(features), dtype=torch.bool)
    same = (classes[:, None] == classes[None]) & ~itself
    some = same.any(dim=1)
    if not bool(some.any()):
        return None
    shares = functional.log_softmax(scores.masked_fill(itself, IMPOSSIBLE), dim=1)
    return -shares.masked_fill(~same, IMPOSSIBLE).logsumexp(dim=1)[some].mean()
