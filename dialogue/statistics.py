"""Count a folder of dialogues: the numbers of the paper's table 2 and figures 5 and 9, and those of the splits."""

import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from dialogue.folder import read_wordings
from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS, Dialogue, Fact, Turn
from kg.errors import DataError

QUESTION_WORDS = ("What", "When", "Which", "Who", "Where", "Is/Are/Did")  # as the paper counts them
_AS = {"whose": "Who", "whom": "Who", "is": "Is/Are/Did", "are": "Is/Are/Did", "did": "Is/Are/Did", "do": "Is/Are/Did"}
_WORD = re.compile(r"\w[\w'’-]*")


@dataclass(slots=True)
class Tally:
    """What is counted while dialogues pass by."""

    dialogues: Counter[str] = field(default_factory=Counter)  # by split
    rounds: Counter[str] = field(default_factory=Counter)  # by split
    formats: dict[str, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in SPLITS})
    lengths: Counter[int] = field(default_factory=Counter)  # rounds of a dialogue
    strategies: Counter[str] = field(default_factory=Counter)
    directions: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)  # by question word
    relations: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)  # rounds that each is asked for or about in
    images: dict[str, set[str]] = field(default_factory=dict)  # entity -> contents
    shown: int = 0
    question_length: Counter[int] = field(default_factory=Counter)  # words
    answer_length: Counter[int] = field(default_factory=Counter)  # words
    answers: Counter[int] = field(default_factory=Counter)  # true answers of a question
    triples: set[tuple[str, str, str]] = field(default_factory=set)
    held_out: int = 0  # rounds of test in a wording that only test has

    def add(self, split: str, dialogue: Dialogue, held_out: "HeldOut") -> None:
        """Count a dialogue."""
        self.dialogues[split] += 1
        self.strategies[dialogue.strategy] += 1
        self.lengths[len(dialogue.turns) // 2] += 1
        for asked, given in zip(dialogue.turns[::2], dialogue.turns[1::2], strict=True):
            if given.fact is not None:
                self._round(split, asked, given, given.fact)
                self.held_out += split == "test" and held_out(given.fact, asked.value)

    def _round(self, split: str, asked: Turn, given: Turn, fact: Fact) -> None:
        self.rounds[split] += 1
        self.formats[split][fact.format] += 1
        self.directions[fact.direction] += 1
        self.questions[question_word(asked.value)] += 1
        self.relations[fact.relation] += 1
        self.subjects.update(fact.subjects)
        self.entities.update({*fact.subjects, *(end for head, _, tail in fact.triples for end in (head, tail))})
        self.triples.update(fact.triples)
        self.answers[len(fact.answers)] += 1
        self.question_length[len(_WORD.findall(asked.value.replace("<image>", "")))] += 1
        self.answer_length[len(_WORD.findall(given.value.replace("<image>", "")))] += 1
        for image in (*asked.images, *given.images):
            self.images.setdefault(image.entity, set()).add(image.sha256)
            self.shown += 1


HeldOut = Callable[[Fact, str], bool]


def statistics_of(folder: Path) -> dict[str, Any]:
    """Return the numbers of a folder of dialogues. Raises DataError if it holds none."""
    if not any((folder / f"{split}.jsonl").is_file() for split in SPLITS):
        raise DataError(f"{folder} holds no dialogues; `kwk dialogues build` makes some.")
    tally, held_out = Tally(), held_out_in(folder)
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        if path.exists():
            for dialogue in read_dialogues(path):
                tally.add(split, dialogue, held_out)
    return numbers(tally)


def numbers(tally: Tally) -> dict[str, Any]:
    """Return what was counted as numbers that JSON can hold."""
    rounds, dialogues = tally.rounds.total(), tally.dialogues.total()
    return {
        "dialogues": {"total": dialogues, **{split: tally.dialogues[split] for split in SPLITS}},
        "rounds": {"total": rounds, **{split: tally.rounds[split] for split in SPLITS}},
        "rounds_per_dialogue": _mean(tally.lengths),
        "dialogue_lengths": dict(sorted(tally.lengths.items())),
        "entities": len(tally.entities),
        "rounds_per_entity": round(tally.entities.total() / max(1, len(tally.entities)), 2),
        "images": {
            "shown": tally.shown,
            "distinct": len(set().union(*tally.images.values())),
            "entities": len(tally.images),
            "per_entity": round(sum(map(len, tally.images.values())) / max(1, len(tally.images)), 2),
            "per_dialogue": round(tally.shown / max(1, dialogues), 2),
        },
        "formats": {split: dict(sorted(tally.formats[split].items())) for split in SPLITS},
        "strategies": dict(tally.strategies.most_common()),
        "directions": dict(tally.directions.most_common()),
        "question_words": {word: tally.questions[word] for word in (*QUESTION_WORDS, "other")},
        "relations": len(tally.relations),
        "triples": len(tally.triples),
        "topics": _topics(tally.relations),
        "areas": _areas(tally.relations),
        "words_per_question": _spread(tally.question_length),
        "words_per_answer": _spread(tally.answer_length),
        "answers_per_question": _spread(tally.answers),
        "share_of_commonest_subject": round(max(tally.subjects.values(), default=0) / max(1, rounds), 4),
        "held_out_wordings_in_test": tally.held_out,
    }


def question_word(text: str) -> str:
    """Return the word that makes a text a question: its first that does ("In which country …": Which), or "other"."""
    for word in _WORD.findall(text)[:12]:
        known: str = _AS.get(word.lower(), word.capitalize())
        if known in QUESTION_WORDS:
            return known
    return "other"


def held_out_in(folder: Path) -> HeldOut:
    """Return the test whether a question is worded in the last of its relation's ways, which is kept for the test."""
    wordings = read_wordings(folder)
    patterns: dict[tuple[str, str], list[re.Pattern[str]]] = {}

    def held_out(fact: Fact, question: str) -> bool:
        key = fact.relation, fact.direction
        if key not in patterns:
            patterns[key] = [wording_pattern(form) for form in wordings.get(key[0], {}).get(key[1], ())]
        *others, last = patterns[key] or [re.compile("(?!)")]
        text = question.removeprefix("<image>\n")
        return bool(last.fullmatch(text)) and not any(other.fullmatch(text) for other in others)

    return held_out


def wording_pattern(form: str) -> re.Pattern[str]:
    """Match a question in a wording, whatever stands for {x} and whatever is asked after it; [words] may be absent."""
    before, _, after = form.partition("{x}")
    bare, _, optional = before.partition("[")
    words = f"(?:{re.escape(optional.removesuffix('] '))} )?" if optional else ""
    return re.compile(f"{re.escape(bare)}{words}.+?{re.escape(after)}(?:\\s.*)?", re.DOTALL)


@cache
def _area_of() -> Mapping[str, str]:
    areas = tomllib.loads((files("dialogue") / "areas.toml").read_text(encoding="utf-8"))
    return {topic: area for area, topics in areas.items() for topic in topics}


def _topic(relation: str) -> str:
    return relation.split("/")[1] if relation.startswith("/") else ""


def _topics(relations: Mapping[str, int]) -> dict[str, int]:
    """Count rounds by topic: the first segment of a Freebase path; relations of other vocabularies have none."""
    return _grouped((_topic(relation), n) for relation, n in relations.items())


def _areas(relations: Mapping[str, int]) -> dict[str, int]:
    return _grouped((_area_of().get(_topic(relation), "Other"), n) for relation, n in relations.items())


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, n in pairs:
        if name:
            found[name] += n
    return dict(found.most_common())


def _mean(counts: Mapping[int, int]) -> float:
    total = sum(counts.values())
    return round(sum(value * n for value, n in counts.items()) / total, 2) if total else 0.0


def _spread(counts: Mapping[int, int]) -> dict[str, float]:
    values = [value for value, n in sorted(counts.items()) for _ in range(n)]
    return {
        "mean": _mean(counts),
        "median": float(statistics.median(values)) if values else 0.0,
        "max": float(max(counts, default=0)),
    }
