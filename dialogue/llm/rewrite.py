"""Dialogues in a language model's words: a folder is read, its facts are worded, and another folder is written.

Facts, pictures, formats and splits stay as they were, so that what was proved of the dialogues stays proved; only texts
change, and only to such as their fact bears. A round that no accepted text fits keeps its words.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from dialogue.draws import Draws
from dialogue.folder import SETTINGS, WORDINGS, new_folder, read_settings, read_wordings
from dialogue.llm.budget import Spent
from dialogue.llm.endpoint import Endpoint, in_order
from dialogue.llm.entail import Source
from dialogue.llm.facts import Tally, Told, Triple, Written, write_fact
from dialogue.llm.names import Everybody, Pair
from dialogue.llm.requests import LlmSettings
from dialogue.llm.rounds import keeps_secrets, reworded
from dialogue.llm.scenes import People, Record, Scene, held_out, scenes, veiled, without_image
from dialogue.llm.vocabulary import Known, vocabulary
from dialogue.material import all_wordings
from dialogue.pictures import picture_words
from dialogue.types import SPLITS, Split
from dialogue.wordings import Direction, Wordings
from kg.adjacency import Adjacency
from kg.errors import DataError
from kg.progress import Progress, silent

REJECTED = "rejected.jsonl"  # texts that were not taken, each with its reason
WRITTEN = "written.jsonl"  # which rounds are in the model's words
LANG = "en"  # of the prompts and of what the checks know


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """What is to be written: saved beside the dialogues, in build.json."""

    whole: bool = False  # whole conversations (T4), or question and answer by fact (K9, K10)
    pairs: int = 3  # questions and answers of one fact
    judge: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.pairs <= 12:
            raise DataError(f"{self.pairs} questions a fact is not between 1 and 12.")


@dataclass(slots=True)
class Rewritten:
    """What came of it: rounds in the model's words, rounds that kept theirs, texts by stage, what was spent."""

    folder: str
    rounds: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    spent: Spent = field(default_factory=Spent)
    stopped: bool = False  # by the budget

    def counted(self, settings: LlmSettings) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "folder": self.folder,
            "rounds": self.rounds,
            "kept": dict(self.kept.most_common()),
            "facts": self.tally.facts,
            "facts_with_pairs": self.tally.with_pairs,
            "sentences": self.tally.sentences,
            "pairs": self.tally.pairs,
            "rejected": {stage: dict(found.most_common()) for stage, found in self.tally.reasons.items()},
            "spent": asdict(self.spent) | {"cost": round(self.spent.cost(settings.price), 6)},
            "stopped_by_budget": self.stopped,
        }


class Ground:
    """What texts are held against: the graph's names, and what is known of its relations."""

    def __init__(self, graph: Adjacency) -> None:
        worded = all_wordings(graph)
        self.people = People(graph)
        self.wordings: dict[str, Wordings] = {each.relation: each for each in worded}
        self.labels = {relation.path: relation.label for relation in graph.relations}
        self._known: dict[str, Known] = vocabulary(graph.relations, worded)
        self._everybody = Everybody(graph)

    def source(self, scene: Scene) -> Source | None:
        """Return what texts about a round are held against, None if the graph does not know its entities."""
        relation = scene.triple[1]
        if scene.subject not in self.people or scene.answer not in self.people or relation not in self._known:
            return None
        pair = Pair(self.people.names(scene.subject), self.people.names(scene.answer))
        direction: Direction = "tail" if scene.direction == "tail" else "head"
        return Source(relation, direction, pair, self._known[relation], self._everybody)

    def told(self, scene: Scene) -> Told | None:
        """Return a round's fact as the model is told it, None if it is not asked for by its tail."""
        source = self.source(scene) if scene.direction == "tail" else None
        if source is None:
            return None
        head, relation, tail = scene.triple
        label = self.labels[relation]
        words = relation if label == relation else f"{relation} ({label})"
        return Told(scene.triple, self.people.names(head)[0], words, self.people.names(tail)[0], source)


async def write_facts(
    endpoint: Endpoint, facts: Iterable[Told], settings: RewriteSettings, done: Callable[[int], None]
) -> list[Written]:
    """Write about facts, several at a time; the results are in the facts' order."""
    work = partial(_write_fact, endpoint, settings)
    found = []
    async for written in in_order(work, facts, 4 * endpoint.settings.in_flight):
        found.append(written)
        done(1)
    return found


async def _write_fact(endpoint: Endpoint, settings: RewriteSettings, told: Told) -> Written:
    return await write_fact(endpoint, told, settings.pairs, settings.judge)


def facts_of(folder: Path, ground: Ground) -> dict[Triple, Told]:
    """Return the facts of a folder's dialogues that can be worded, in the order in which they come."""
    found: dict[Triple, Told] = {}
    for _, record in records(folder):
        for scene in scenes(record) if record["lang"] == LANG else ():
            if scene is not None and scene.triple not in found and (told := ground.told(scene)) is not None:
                found[scene.triple] = told
    return found


def records(folder: Path) -> Iterator[tuple[Split, Record]]:
    """Yield the split and the content of each line. Raises DataError that names file and line of one that is none."""
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        try:
            with path.open(encoding="utf-8") as lines:
                for n, line in enumerate(lines, 1):
                    try:
                        record = json.loads(line)
                        record["id"], record["lang"], scenes(record)
                    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
                        raise DataError(f"{path}, line {n} is no dialogue: {exc!r}; build them again.") from exc
                    yield split, record
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as exc:
            raise DataError(f"{path} can't be read: {exc}.") from exc


class Words:
    """Puts what was written about facts into the rounds of dialogues."""

    def __init__(self, ground: Ground, written: Iterable[Written], folder: Path, seed: int) -> None:
        self._ground = ground
        self._pairs = {each.triple: each.pairs for each in written}
        self._held_out = held_out(read_wordings(folder))
        self._pictures = picture_words(LANG)
        self._seed = seed

    def put(self, record: Record, split: str) -> list[str]:
        """Reword a line in place; return for each round "", or why it keeps its words."""
        found = scenes(record)
        if record["lang"] != LANG:
            return ["other_language"] * len(found)
        return [self._put(record, n, scene, split) for n, scene in enumerate(found)]

    def _put(self, record: Record, number: int, scene: Scene | None, split: str) -> str:
        if scene is None:
            return "other_kind"
        if scene.direction != "tail":
            return "asks_for_head"  # K10: the question is built on the head
        pairs = self._pairs.get(scene.triple, [])
        if not pairs:
            return "nothing_accepted"
        out = self._held_out.get((scene.triple[1], scene.direction))
        if split == "test" and out and out.fullmatch(without_image(scene.asked["value"])):
            return "held_out"  # its wording is met in test alone, and is worth keeping
        draws = Draws(self._seed, int.from_bytes(record["id"].encode()[-7:]), number)
        source = self._ground.source(scene)
        if source is None:
            return "not_in_graph"
        asking = self._ground.wordings[scene.triple[1]].tail
        before, after = veiled(record, number, given=False), veiled(record, number, given=True)
        for pair in _ordered(pairs, split, draws):
            words = reworded(scene, source.pair, pair, asking, self._pictures, draws)
            if words is None or not keeps_secrets(self._ground.people, words, before, after):
                continue
            if split != "test" and out and out.fullmatch(without_image(words.asked["value"])):
                continue
            record["conversations"][2 * number : 2 * number + 2] = [words.asked, words.given]
            return ""
        return "does_not_fit"


def _ordered(pairs: list[tuple[str, str]], split: str, draws: Draws) -> list[tuple[str, str]]:
    """Return the texts to try: the last of several is for the test alone, so that it is worded as nothing before."""
    if len(pairs) == 1:
        return pairs
    if split == "test":
        return pairs[::-1]
    start = draws.below(len(pairs) - 1)
    rest = pairs[:-1]
    return rest[start:] + rest[:start]


def write_folder(
    source: Path,
    out: Path,
    force: bool,
    put: Callable[[Record, str], list[str]],
    result: Rewritten,
    about: dict[str, Any],
    rejected: Iterable[Any],
    progress: Progress = silent,
    total: int = 0,
) -> None:
    """Write a folder's dialogues in other words beside what was rejected. Counts rounds in `result`."""
    with new_folder(out, force) as folder, progress("dialogues", total) as advance, ExitStack() as stack:
        files = {
            split: stack.enter_context((folder / f"{split}.jsonl").open("w", encoding="utf-8", newline="\n"))
            for split in SPLITS
        }
        notes = stack.enter_context((folder / WRITTEN).open("w", encoding="utf-8", newline="\n"))
        for split, record in records(source):
            reasons = put(record, split)
            result.rounds += reasons.count("")
            result.kept.update(reason for reason in reasons if reason)
            _write(files[split], record)
            if "" in reasons:
                _write(notes, {"id": record["id"], "rounds": [n for n, reason in enumerate(reasons) if not reason]})
            advance(1)
        with (folder / REJECTED).open("w", encoding="utf-8", newline="\n") as file:
            for each in rejected:
                _write(file, asdict(each))
        settings = read_settings(source) | {"llm": about | {"rounds": result.rounds, "kept": dict(result.kept)}}
        text = json.dumps(settings, ensure_ascii=False, indent=1)
        (folder / SETTINGS).write_text(text + "\n", encoding="utf-8")
        shutil.copyfile(source / WORDINGS, folder / WORDINGS)


def _write(file: IO[str], record: Any) -> None:
    file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
