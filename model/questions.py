"""What a question asks, whoever it is about: its subject taken out, two views for the sentence encoder.

    What is the capital of Peru? Could you show me a picture?   ->   What is the capital of {x}?
    views: "What is the capital of X?" and "What is the capital of this country?"

One view alone misleads the encoder now and then (X is a letter, a country has cities); both together do less.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dialogue.types import IMAGE
from ingest.sentences import SentenceEncoder

HOLE = "{x}"  # where the subject was
COMMON = 3  # relations in whose questions a sentence stands before it is taken to say nothing about any
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_SPACE = re.compile(r"\s+")


def masked(text: str, names: Iterable[str] = (), noun: str = "") -> str:
    """Return a question without its subject: the longest of its names, its image, or "this country" for its image."""
    for name in sorted({name for name in names if name}, key=len, reverse=True):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        if found:
            return tidy(text[: found.start()] + HOLE + text[found.end() :])
    if IMAGE not in text:
        return tidy(text)
    inner = text.strip()
    if not inner.startswith(IMAGE) and not inner.endswith(IMAGE) and "\n" not in inner:
        return tidy(inner.replace(IMAGE, HOLE, 1))
    bare = tidy(inner.replace(IMAGE, " "))
    said = rf"\b(?:the|this) (?:(?!the |this )[\w'-]+ ){{1,4}}?in this picture\b|\bthis {re.escape(noun or 'one')}\b"
    return re.sub(said, HOLE, bare, count=1)


def tidy(text: str) -> str:
    """Return a text without images, its white space single except between lines."""
    lines = (_SPACE.sub(" ", line).strip() for line in text.replace(IMAGE, " ").splitlines())
    return "\n".join(line for line in lines if line)


def sentences(text: str) -> list[str]:
    """Cut a text into its sentences."""
    return [part for part in _SENTENCE.split(text) if part]


def idle_sentences(questions: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the sentences without a subject that stand in the questions of COMMON relations or more.

    `questions` are masked texts with their relations. "Could you show me a picture?" names none of them.
    """
    relations: dict[str, set[str]] = defaultdict(set)
    for text, relation in questions:
        for sentence in sentences(text):
            if HOLE not in sentence:
                relations[sentence].add(relation)
    return frozenset(sentence for sentence, found in relations.items() if len(found) >= COMMON)


def essence(text: str, idle: Collection[str]) -> str:
    """Return a masked question without its idle sentences, unless nothing would be left."""
    kept = [sentence for sentence in sentences(text) if sentence not in idle]
    return " ".join(kept or sentences(text))


def views(question: str, noun: str) -> tuple[str, str]:
    """Return a masked question as the sentence encoder reads it: about X, and about "this country"."""
    about = f"this {noun or 'thing'}"
    if question.startswith(HOLE):
        about = about.capitalize()
    return question.replace(HOLE, "X"), question.replace(HOLE, about)


def question_features(encoder: SentenceEncoder, questions: Sequence[str], nouns: Sequence[str]) -> NDArray[np.float32]:
    """Encode masked questions about subjects that are of these types, both views beside each other. (N, 2F)"""
    texts = [view for question, noun in zip(questions, nouns, strict=True) for view in views(question, noun)]
    distinct = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    features = encoder.encode(list(distinct))
    both = features[[distinct[text] for text in texts]].reshape(len(questions), 2 * encoder.width)
    return np.asarray(both / np.sqrt(2), np.float32)
