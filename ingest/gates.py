"""The three gates of KnowBLIP for the images of one entity: near-duplicates and typicality, semantics, expert votes.

Pure: hashes, features and votes in, verdicts out. Whatever the order of the input, the verdicts are the same: images
are put in the order of their sha256 first, scores are rounded to nine decimals before they are compared, and ties go
by sha256.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LAMBDA = 0.2  # the weight of dHash against the features (KnowBLIP eq. 8)
TYPICAL = 10  # images that the typicality gate keeps
SEMANTIC = 5  # images that the semantic gate keeps
SAME = 0.9995  # two images of Hamming distance 0 and so high a cosine are one picture
VOTES = 2  # experts that must agree on an image
NO_IMAGE = ""  # what is voted for where none of an entity's images fits
BLOCK = 256  # images that are compared with all others at a time
DIGITS = 9  # of a score: what is left of a difference beyond is the machine's, not the pictures'


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image of an entity, as the gates see it."""

    sha256: str
    dhash: int  # 64 bits
    pixels: int  # width × height


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates say of an image: kept, dropped or chosen, why, and every score and rank (from 1) on the way.

    What is None was not computed: the image had left before, or the gate was out of force.
    """

    gate: str = "kept"
    reason: str = ""  # duplicate, typicality or semantic
    duplicate_of: str | None = None  # sha256
    dhash_score: float | None = None  # mean cosine of the hash bits as ±1 with the entity's other images (eq. 6)
    clip_score: float | None = None  # mean cosine of the features with those of the others (eq. 7)
    typicality: float | None = None  # eq. 8
    typicality_rank: int | None = None
    semantic: float | None = None  # cosine with the entity's text (eq. 9)
    semantic_rank: int | None = None


def judge(
    images: Sequence[Candidate], features: Floats, text: Floats | None = None, winner: str | None = None
) -> dict[str, Verdict]:
    """Pass one entity's images through the gates; return a verdict for each by sha256.

    `features` (n, D) are finite and have one row an image, `text` (D,) is what the entity is called in the same space.
    Without it the semantic gate is out of force, and the most typical five stay: the best that is known of them.
    `winner` is the image that experts chose: nothing drops it.
    """
    order = sorted(range(len(images)), key=lambda place: images[place].sha256)
    images, features = [images[place] for place in order], unit(features[order])
    same = duplicates(images, features, winner)
    verdicts = {
        images[copy].sha256: Verdict("dropped", "duplicate", images[first].sha256) for copy, first in same.items()
    }
    left = [place for place in range(len(images)) if place not in same]
    survivors, features = [images[place] for place in left], features[left]
    by_typicality, typical = typicality_gate(survivors, features)
    for place, verdict in enumerate(by_typicality):
        verdicts[survivors[place].sha256] = verdict
    if text is not None:
        matched = cosines(features[typical], text)
        for rank, place in enumerate(ranked(matched), 1):
            sha = survivors[typical[place]].sha256
            scored = replace(verdicts[sha], semantic=float(matched[place]), semantic_rank=rank)
            verdicts[sha] = scored if rank <= SEMANTIC else replace(scored, gate="dropped", reason="semantic")
    else:
        for place in typical[SEMANTIC:]:
            sha = survivors[place].sha256
            verdicts[sha] = replace(verdicts[sha], gate="dropped", reason="typicality")
    if winner in verdicts:  # experts know better than any gate: the scores stay, the decision is theirs
        verdicts[winner] = replace(verdicts[winner], gate="chosen", reason="")
    return verdicts


def typicality_gate(images: Sequence[Candidate], features: Floats) -> tuple[list[Verdict], list[int]]:
    """Score and rank images that are no duplicates; return a verdict each, and the places of those kept, best first."""
    by_hash, by_feature = mean_cosines(signs(images)), mean_cosines(features)
    score = (LAMBDA * by_hash + (1 - LAMBDA) * by_feature).round(DIGITS)
    order = ranked(score)
    rank = {place: number for number, place in enumerate(order, 1)}
    verdicts = [
        Verdict(
            gate="kept" if rank[place] <= TYPICAL else "dropped",
            reason="" if rank[place] <= TYPICAL else "typicality",
            dhash_score=float(by_hash[place]),
            clip_score=float(by_feature[place]),
            typicality=float(score[place]),
            typicality_rank=rank[place],
        )
        for place in range(len(images))
    ]
    return verdicts, order[:TYPICAL]


def duplicates(images: Sequence[Candidate], features: Floats, winner: str | None = None) -> dict[int, int]:
    """Return which images are near-duplicates, and of which that stays: place -> place.

    Of a group the experts' choice stays, else the largest in pixels, else the first by sha256. An image is dropped
    only for one that it is itself the same as and that stays, so no chain of small differences takes a picture away.
    """
    groups: dict[int, list[int]] = {}
    for place, image in enumerate(images):
        groups.setdefault(image.dhash, []).append(place)
    found: dict[int, int] = {}
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda place: (images[place].sha256 != winner, -images[place].pixels, images[place].sha256))
            found |= {group[copy]: group[first] for copy, first in copies(features[group]).items()}
    return found


def copies(rows: Floats) -> dict[int, int]:
    """Return which rows (n, D) of length 1 are the same as an earlier one that stays: place -> place."""
    found: dict[int, int] = {}
    for start in range(0, len(rows), BLOCK):
        close = rows[start : start + BLOCK] @ rows[start:].T >= SAME
        for first in range(len(close)):
            if start + first not in found:
                for ahead in np.flatnonzero(close[first, first + 1 :]):
                    found.setdefault(start + first + 1 + int(ahead), start + first)
    return found


def mean_cosines(rows: Floats) -> Doubles:
    """Return the mean cosine of each row with all others; rows (n, D) have length 1 or 0. (n,) rounded

    From the sum of all rows, so that it takes no n × n. An image that is alone is as typical as can be: 1.
    """
    count = len(rows)
    if count < 2:
        return np.ones(count)
    total = rows.sum(axis=0, dtype=np.float64)
    scores = np.empty(count)
    for start in range(0, count, BLOCK):
        block = rows[start : start + BLOCK].astype(np.float64)
        scores[start : start + BLOCK] = block @ total - np.einsum("nd,nd->n", block, block)
    return (scores / (count - 1)).round(DIGITS)


def signs(images: Sequence[Candidate]) -> Floats:
    """Return hashes as rows of ±1 / 8: the product of two is their cosine, 1 - Hamming distance / 32. (n, 64)"""
    hashes = np.array([image.dhash for image in images], np.uint64)
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return (bits.astype(np.float32) * 2 - 1) / np.float32(8)


def unit(rows: Floats) -> Floats:
    """Return rows (n, D) at length 1; a row of zeros stays, and is like nothing."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def cosines(features: Floats, text: Floats) -> Doubles:
    """Return the cosine of each of some rows of length 1, (n, D), with a text (D,). (n,) rounded"""
    (direction,) = unit(text[None].astype(np.float32))
    matched: Doubles = (features.astype(np.float64) @ direction.astype(np.float64)).round(DIGITS)
    return matched


def ranked(scores: Doubles) -> list[int]:
    """Return places by falling score; among equals the first comes first."""
    return [int(place) for place in np.argsort(-scores, kind="stable")]


def counted(votes: Mapping[str, Mapping[str, str]]) -> Counter[str]:
    """Count the votes for each image of an entity, image -> voter -> when; of one voter the last counts."""
    last: dict[str, tuple[str, str]] = {}
    for sha256, voters in votes.items():
        for voter, when in voters.items():
            last[voter] = max(last.get(voter, ("", "")), (when, sha256))
    return Counter(sha256 for _, sha256 in last.values())


def chosen(votes: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the image that experts agreed on: two votes or more, and more than for anything else; None if none is.

    Who found that none of the images fits voted for NO_IMAGE.
    """
    (first, most), (_, second) = [*counted(votes).most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= VOTES and most > second and first != NO_IMAGE else None
