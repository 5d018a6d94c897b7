"""A language model without the graph, asked in words: what its own reading has taught it of the facts.

It sees questions and answers of train first, so that it knows what form an answer has. T2T alone, for it sees no image.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from kg.progress import Progress, silent
from model.pretrained import load_causal
from retrieval.baselines import Baseline
from retrieval.lmms_task import plain
from retrieval.trials import Trial, rounds

SHOTS = 8  # questions with their answers that it sees first
LONGEST = 16  # tokens of an answer
BATCH = 8


def language_model(
    name: str,
    train: Path,
    trials: Sequence[Trial],
    names: Mapping[str, Sequence[str]],
    seed: int = 0,
    progress: Progress = silent,
) -> Baseline:
    """Ask a language model the T2T trials; return what it says as a baseline, as the true answers that it names.

    `name` is what `--llm` takes (`model.pretrained`), `names` what each entity is called. An answer is right if its
    first line has one of a true answer's names in whole words, however much else it says. Raises DataError.
    """
    asked = [trial for trial in trials if trial.format == "T2T"]
    shots = few(train, seed)
    texts = said(name, [prompt(shots, trial.turn.value) for trial in asked], progress)
    lines = {trial.number: f" {plain(text)} " for trial, text in zip(asked, texts, strict=True)}

    def ranked(trial: Trial) -> Sequence[str]:
        line = lines.get(trial.number, "")
        return [id for id in sorted(trial.answers) if any(named(line, each) for each in names.get(id, ()))]

    return ranked


def named(line: str, name: str) -> bool:
    """Say whether a plain text, with a space at either end, has a name in whole words."""
    return bool(words := plain(name)) and f" {words} " in line


def few(train: Path, seed: int, count: int = SHOTS) -> list[tuple[str, str]]:
    """Draw T2T questions of a file of dialogues with their answers, of as many relations as can be."""
    by_relation: dict[str, list[tuple[str, str]]] = {}
    for question, _, fact in rounds(train):
        if fact.format == "T2T":
            by_relation.setdefault(fact.triples[0][1], []).append((question.value, fact.value))
    rng = random.Random(seed)  # noqa: S311 - no secret
    chosen = rng.sample(sorted(by_relation), min(count, len(by_relation)))
    return [rng.choice(by_relation[relation]) for relation in chosen]


def prompt(shots: Sequence[tuple[str, str]], question: str) -> str:
    """Return what a language model is to go on with."""
    told = [f"Question: {asked}\nAnswer: {answer}\n" for asked, answer in shots]
    return "\n".join([*told, f"Question: {question}\nAnswer:"])


def said(name: str, prompts: Sequence[str], progress: Progress) -> list[str]:
    """Return the line with which a language model goes on after each prompt, greedily. Raises DataError."""
    tokenizer, causal = load_causal(name)
    tokenizer.padding_side = "left"
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    found: list[str] = []
    with progress("language model", len(prompts)) as advance, torch.inference_mode():
        for start in range(0, len(prompts), BATCH):
            read = tokenizer(prompts[start : start + BATCH], return_tensors="pt", padding=True).to(causal.device)
            written = causal.generate(
                **read, max_new_tokens=LONGEST, do_sample=False, pad_token_id=tokenizer.pad_token_id
            )
            texts = tokenizer.batch_decode(written[:, read["input_ids"].shape[1] :], skip_special_tokens=True)
            found += [text.strip().partition("\n")[0] for text in texts]
            advance(len(texts))
    return found
