"""Count a folder of dialogues: the numbers of the paper's table 2 and figures 5 and 9, and those of the splits."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.folder import read_wordings
from dialogue.quality.ngrams import NGrams
from dialogue.quality.rounds import Round, rounds_of
from dialogue.quality.text import plain
from dialogue.serialise import read_dialogues
from dialogue.topics import by_area, by_topic
from dialogue.types import SPLITS, Dialogue, Fact
from kg.errors import DataError

QUESTION_WORDS = ("What", "When", "Which", "Who", "Where", "Is/Are/Did")  # as the paper counts them
_AS = {"whose": "Who", "whom": "Who"}
_AUXILIARIES = frozenset(("is", "are", "did", "do", "does", "was", "were", "has", "have", "had"))
_WORD = re.compile(r"\w[\w'’-]*")


def by_split() -> dict[str, Counter[str]]:
    """Return a counter for each split."""
    return {split: Counter() for split in SPLITS}


@dataclass(slots=True)
class Tally:
    """What is counted while dialogues pass by."""

    dialogues: Counter[str] = field(default_factory=Counter)  # by split
    rounds: Counter[str] = field(default_factory=Counter)  # by split
    formats: dict[str, Counter[str]] = field(default_factory=by_split)
    kinds: dict[str, Counter[str]] = field(default_factory=by_split)
    strategies: dict[str, Counter[str]] = field(default_factory=by_split)  # dialogues
    languages: dict[str, Counter[str]] = field(default_factory=by_split)  # dialogues
    lengths: Counter[int] = field(default_factory=Counter)  # rounds of a dialogue
    directions: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)  # by question word
    relations: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)  # rounds that each is asked for or about in
    images: dict[str, set[str]] = field(default_factory=dict)  # entity -> contents
    shown: Counter[str] = field(default_factory=Counter)  # images by who shows them
    places: dict[str, Counter[int]] = field(default_factory=lambda: {"human": Counter(), "model": Counter()})
    shown_in: Counter[int] = field(default_factory=Counter)  # images of a dialogue
    words: Counter[str] = field(default_factory=Counter)  # by who says them
    question_length: Counter[int] = field(default_factory=Counter)  # words
    answer_length: Counter[int] = field(default_factory=Counter)  # words
    answers: Counter[int] = field(default_factory=Counter)  # true answers of a question
    triples: set[int] = field(default_factory=set)  # their hashes: of half a million, two agree once in 150 million
    ngrams: NGrams = field(default_factory=NGrams)
    refers: int = 0  # rounds that say "its"
    held_out: int = 0  # rounds of test in a wording that only test has

    def add(self, split: str, dialogue: Dialogue, held_out: "HeldOut") -> None:
        """Count a dialogue."""
        self.dialogues[split] += 1
        self.strategies[split][dialogue.strategy] += 1
        self.languages[split][dialogue.lang] += 1
        self.lengths[len(dialogue.turns) // 2] += 1
        shown = 0
        for n, turn in enumerate(dialogue.turns):
            self.words[turn.speaker] += self.ngrams.add(plain(turn.value))
            self.shown[turn.speaker] += len(turn.images)
            self.places.setdefault(turn.speaker, Counter())[n // 2 + 1] += len(turn.images)
            shown += len(turn.images)
            for image in turn.images:
                self.images.setdefault(image.entity, set()).add(image.sha256)
        self.shown_in[shown] += 1
        for each in rounds_of(dialogue):
            self._round(split, each)
            self.held_out += split == "test" and held_out(each.fact, each.asked.value)

    def _round(self, split: str, this: Round) -> None:
        fact = this.fact
        self.rounds[split] += 1
        self.formats[split][fact.format] += 1
        self.kinds[split][fact.kind] += 1
        self.directions[fact.direction] += 1
        self.questions[question_word(this.asked.value)] += 1
        if relation := fact.relation:
            self.relations[relation] += 1
        subjects = fact.subjects
        self.subjects.update(subjects)
        self.entities.update({end for head, _, tail in fact.triples for end in (head, tail)}.union(subjects))
        self.triples.update(map(hash, fact.triples))
        self.answers[len(fact.answers)] += 1
        self.refers += fact.refers
        self.question_length[len(_WORD.findall(plain(this.asked.value)))] += 1
        self.answer_length[len(_WORD.findall(plain(this.given.value)))] += 1


HeldOut = Callable[[Fact, str], bool]


def statistics_of(folder: Path) -> dict[str, Any]:
    """Return the numbers of a folder of dialogues. Raises DataError if it holds none."""
    tally, held_out = Tally(), held_out_in(folder)
    for split, dialogue in dialogues_of(folder):
        tally.add(split, dialogue, held_out)
    return numbers(tally)


def dialogues_of(folder: Path) -> Iterator[tuple[str, Dialogue]]:
    """Yield the dialogues of a folder, each with its split. Raises DataError if it holds none."""
    if not any((folder / f"{split}.jsonl").is_file() for split in SPLITS):
        raise DataError(f"{folder} holds no dialogues; `kwk dialogues build` makes some.")
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        if path.exists():
            for dialogue in read_dialogues(path):
                yield split, dialogue


def numbers(tally: Tally) -> dict[str, Any]:
    """Return what was counted as numbers that JSON can hold."""
    rounds, dialogues = tally.rounds.total(), tally.dialogues.total()
    return {
        "dialogues": {"total": dialogues, **{split: tally.dialogues[split] for split in SPLITS}},
        "rounds": {"total": rounds, **{split: tally.rounds[split] for split in SPLITS}},
        "rounds_per_dialogue": _mean(tally.lengths),
        "dialogue_lengths": dict(sorted(tally.lengths.items())),
        "entities": len(tally.entities),
        "rounds_by_entities": _per(rounds, len(tally.entities)),  # as the paper divides its table 2
        "rounds_per_entity": _per(tally.entities.total(), len(tally.entities)),  # that an entity takes part in
        "images": {
            "shown": tally.shown.total(),
            "distinct": len(set().union(*tally.images.values())),
            "entities": len(tally.images),
            "per_entity": _per(sum(map(len, tally.images.values())), len(tally.images)),
            "per_dialogue": _per(tally.shown.total(), dialogues),
            "per_dialogue_in_instructions": _per(tally.shown["human"], dialogues),
            "per_dialogue_in_responses": _per(tally.shown["model"], dialogues),
            "by_round": {speaker: dict(sorted(places.items())) for speaker, places in tally.places.items()},
        },
        "words": {
            "per_dialogue": _per(tally.words.total(), dialogues),
            "per_dialogue_in_instructions": _per(tally.words["human"], dialogues),
            "per_dialogue_in_responses": _per(tally.words["model"], dialogues),
        },
        "diversity": round(tally.ngrams.diversity(), 4),
        "formats": {split: dict(sorted(tally.formats[split].items())) for split in SPLITS},
        "kinds": {split: dict(tally.kinds[split].most_common()) for split in SPLITS},
        "strategies": {split: dict(tally.strategies[split].most_common()) for split in SPLITS},
        "languages": {split: dict(tally.languages[split].most_common()) for split in SPLITS},
        "directions": dict(tally.directions.most_common()),
        "question_words": {word: tally.questions[word] for word in (*QUESTION_WORDS, "How", "other")},
        "relations": len(tally.relations),
        "triples": len(tally.triples),
        "topics": by_topic(tally.relations),
        "areas": by_area(tally.relations),
        "words_per_question": _spread(tally.question_length),
        "words_per_answer": _spread(tally.answer_length),
        "answers_per_question": _spread(tally.answers),
        "share_of_commonest_subject": round(max(tally.subjects.values(), default=0) / max(1, rounds), 4),
        "rounds_that_refer": tally.refers,
        "held_out_wordings_in_test": tally.held_out,
    }


def question_word(text: str) -> str:
    """Return the word that makes a text a question: its first that does ("In which country …": Which), or "other".

    A verb does only where it opens the question, after one word at most ("And is it …").
    """
    for n, word in enumerate(_WORD.findall(text)[:12]):
        if n < 2 and word.lower() in _AUXILIARIES:
            return QUESTION_WORDS[5]
        known: str = _AS.get(word.lower(), word.capitalize())
        if known in (*QUESTION_WORDS[:5], "How"):
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


def _per(total: int, count: int) -> float:
    return round(total / max(1, count), 2)


def _mean(counts: Mapping[int, int]) -> float:
    total = sum(counts.values())
    return round(sum(value * n for value, n in counts.items()) / total, 2) if total else 0.0


def _spread(counts: Mapping[int, int]) -> dict[str, float]:
    return {
        "mean": _mean(counts),
        "median": _median(counts),
        "max": float(max(counts, default=0)),
    }


def _median(counts: Mapping[int, int]) -> float:
    """Return the middle of what was counted, without a list of it all."""
    total, seen, low = sum(counts.values()), 0, None
    for value, n in sorted(counts.items()):
        seen += n
        if low is None and 2 * seen >= total:
            low = value
        if low is not None and 2 * seen > total:
            return (low + value) / 2
    return 0.0
