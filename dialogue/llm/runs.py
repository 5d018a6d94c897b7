"""The runs behind the commands: read a folder, ask the model within one event loop, write what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from dialogue.folder import count_lines
from dialogue.llm.budget import Spent
from dialogue.llm.conversation import Script, facts_told, images_told
from dialogue.llm.converse import Conversations, staged, write_conversations
from dialogue.llm.facts import Written
from dialogue.llm.refine import Seed, Seeds
from dialogue.llm.requests import LlmSettings
from dialogue.llm.rewrite import (
    Ground,
    RewriteSettings,
    Rewritten,
    Words,
    facts_of,
    records,
    write_facts,
    write_folder,
)
from kg.adjacency import Adjacency
from kg.errors import DataError
from kg.progress import Progress, silent

Run = Callable[..., tuple[Any, Spent, bool]]  # runs work on an endpoint: its result, what was spent, whether stopped


def rewrite_rounds(
    graph: Adjacency,
    source: Path,
    out: Path,
    force: bool,
    settings: RewriteSettings,
    llm: LlmSettings,
    run: Run,
    progress: Progress = silent,
) -> Rewritten:
    """Put the rounds of a folder into the model's words, fact by fact (K9, K10, K13)."""
    ground = Ground(graph)
    facts = facts_of(source, ground)
    if not facts:
        raise DataError(f"No round of {source} asks for the tail of one fact in English; there is nothing to write.")
    result = Rewritten(str(out))
    with progress("facts", len(facts)) as advance:
        written: list[Written]
        written, result.spent, result.stopped = run(
            lambda endpoint: write_facts(endpoint, facts.values(), settings, advance)
        )
    for each in written:
        result.tally.add(each)
    words = Words(ground, written, source, settings.seed)
    rejected = (each for one in written for each in one.rejected)
    about = {"settings": asdict(llm), "rewrite": asdict(settings)}
    write_folder(source, out, force, words.put, result, about, rejected, progress, count_lines(source))
    return result


def rewrite_whole(
    graph: Adjacency,
    source: Path,
    out: Path,
    force: bool,
    settings: RewriteSettings,
    seeds: Path | None,
    llm: LlmSettings,
    run: Run,
    progress: Progress = silent,
) -> Rewritten:
    """Put the dialogues of a folder into the model's words, each as a whole (T4)."""
    ground = Ground(graph)
    examples = Seeds(seeds).kept() if seeds else []
    result = Rewritten(str(out))
    lines = (record for _, record in records(source))
    made: Conversations
    with progress("dialogues", count_lines(source)) as advance:
        made, result.spent, result.stopped = run(
            lambda endpoint: write_conversations(endpoint, lines, ground, examples, settings.seed, advance)
        )
    result.tally.count(made.rejected)
    about = {"settings": asdict(llm), "rewrite": asdict(settings), "seeds": len(examples)}
    write_folder(source, out, force, made.put, result, about, made.rejected, progress, count_lines(source))
    return result


def next_round(
    graph: Adjacency, source: Path, seeds: Seeds, size: int, seed: int, run: Run, progress: Progress = silent
) -> tuple[int, dict[str, int], dict[str, Any], bool]:
    """Write the next round of seeds (T6); return its size, what was rejected, what was spent, whether it was stopped.

    Conversations are asked for until `size` were taken or twice as many dialogues were tried. A round that the budget
    cut short is not written: the next run goes on from the cache.
    """
    ground = Ground(graph)
    number = seeds.next_round()
    kept = seeds.kept()
    used = {each.dialogue for one in seeds.rounds() for each in one}
    fitting = (
        record
        for _, record in records(source)
        if record["id"] not in used and isinstance(staged(record, ground), Script)
    )
    lines = list(islice(fitting, 2 * size))
    if not lines:
        raise DataError(f"{source} holds no dialogue of three facts or more that was not used before; build more.")
    with progress("conversations", len(lines)) as advance:
        made, spent, stopped = run(
            lambda endpoint: write_conversations(endpoint, lines, ground, kept, seed + number, advance)
        )
    rejected = dict(Counter(each.reason for each in made.rejected).most_common())
    found = [_unlabelled(record, made, ground) for record in lines if record["id"] in made.turns][:size]
    if found and not stopped:
        seeds.write(number, found)
    return (0 if stopped else len(found)), rejected, asdict(spent), stopped


def _unlabelled(record: dict[str, Any], made: Conversations, ground: Ground) -> Seed:
    wanted = staged(record, ground)
    if not isinstance(wanted, Script):
        raise DataError(f"The dialogue {record['id']} changed while it was written about; start again.")
    return Seed(
        dialogue=record["id"],
        images=tuple(images_told(wanted)),
        facts=tuple(facts_told(wanted, ground.people)),
        turns=tuple(made.texts[record["id"]]),
    )
