"""One pass over a folder of dialogues: everything that is counted, and the samples that dearer measures look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dialogue.quality.communities import Communities, communities
from dialogue.quality.draw import Sample
from dialogue.quality.rounds import operations, rounds_of
from dialogue.quality.text import asked_about, elements, joined, plain
from dialogue.quality.textbind import check
from dialogue.statistics import Tally, dialogues_of, held_out_in
from dialogue.types import Dialogue


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large each sample is."""

    dialogues: int = 12  # that are shown
    read: int = 200  # dialogues that a language model reads
    answers: int = 2000  # that are clustered
    images: int = 1000  # that are measured and clustered
    questions: int = 500  # of each task, whose words are joined


@dataclass(slots=True)
class Survey:
    """What one pass saw."""

    seed: int
    sizes: Sizes
    tally: Tally = field(default_factory=Tally)
    tasks: Counter[str] = field(default_factory=Counter)  # rounds by task
    operations: Counter[int] = field(default_factory=Counter)  # rounds by what has to be done to answer
    elements: Counter[int] = field(default_factory=Counter)  # rounds by elements of the question
    tasks_in: Counter[int] = field(default_factory=Counter)  # dialogues by how many tasks they have
    refused: Counter[str] = field(default_factory=Counter)  # dialogues by TextBind's reason
    refused_any: int = 0
    names: dict[str, str] = field(default_factory=dict)  # entity -> as an answer named it
    shown: Sample[Dialogue] = field(init=False)
    read: Sample[str] = field(init=False)
    answers: Sample[str] = field(init=False)
    images: Sample[tuple[str, str]] = field(init=False)  # sha256 -> file, entity
    questions: dict[str, Sample[list[str]]] = field(default_factory=dict)  # task -> content words of its questions

    def __post_init__(self) -> None:
        self.shown = Sample(self.sizes.dialogues, self.seed)
        self.read = Sample(self.sizes.read, self.seed)
        self.answers = Sample(self.sizes.answers, self.seed)
        self.images = Sample(self.sizes.images, self.seed)

    def add(self, dialogue: Dialogue) -> None:
        """Take in a dialogue, beside what the tally counts."""
        self.shown.add(dialogue.id, dialogue)
        self.read.add(dialogue.id, joined([turn.value for turn in dialogue.turns]))
        reasons = check(dialogue)
        self.refused.update(reasons)
        self.refused_any += bool(reasons)
        for turn in dialogue.turns:
            self.images.extend((image.sha256, (image.file, image.entity)) for image in turn.images)
        tasks = set()
        for n, this in enumerate(rounds_of(dialogue)):
            task = this.task
            tasks.add(task)
            self.tasks[task] += 1
            self.operations[operations(this.fact)] += 1
            question = plain(this.asked.value)
            self.elements[elements(question, len(this.asked.images), this.lang)] += 1
            self.answers.add(f"{dialogue.id}#{n}", plain(this.given.value))
            if task not in self.questions:
                self.questions[task] = Sample(self.sizes.questions, self.seed)
            self.questions[task].add(f"{dialogue.id}#{n}", asked_about(question, this.lang)[0])
            for slot in this.fact.slots:
                self.names.setdefault(slot.entity, this.given.value[slot.start : slot.end])
        self.tasks_in[len(tasks)] += 1

    def communities(self, task: str) -> Communities:
        """Return the communities of the words of a task's questions."""
        return communities([words for _, words in self.questions[task].items()], self.seed)


def survey(folder: Path, seed: int, sizes: Sizes, seen: Callable[[int], None] = lambda done: None) -> Survey:
    """Go through a folder once. Raises DataError if it holds no dialogues."""
    found, held_out = Survey(seed, sizes), held_out_in(folder)
    for split, dialogue in dialogues_of(folder):
        found.tally.add(split, dialogue, held_out)
        found.add(dialogue)
        seen(1)
    return found
