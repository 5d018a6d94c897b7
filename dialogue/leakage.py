"""How much of valid and test is in train already: by triple, inverse, near-duplicate, question, image and entity."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dialogue.folder import SETTINGS, WORDINGS, read_settings
from dialogue.relation_links import RelationLinks, linked
from dialogue.types import SPLITS
from kg.errors import DataError
from kg.whole_file import whole_file

REPORT = "leakage.json"
LINES = {
    "triple": "a triple of the round is stated in train",
    "inverse": "train states a triple from which it follows, turned round",
    "near_duplicate": "train states a triple from which it follows, by another relation",
    "pair": "train states something of the same two entities, by any relation",
    "question": "train asks the same question in the same words, of the same pictures",
    "asked": "train asks for the same relation of the same entity, in whatever form",
    "other_answer": "train states some answer to the same question: one that counts as right",
    "wording_and_answer": "train has the same answer to the same wording, whomever it asks about",
    "image": "train shows one of its images",
    "subject": "train has facts of the entity that is asked about",
    "answer": "train has facts of an answer that is named",
}

Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """What of a round may be known from elsewhere."""

    format: str
    question: str
    images: tuple[str, ...]  # of the question, by sha256
    shown: tuple[str, ...]  # of both turns
    triples: tuple[Triple, ...]
    subjects: tuple[str, ...]
    answers: tuple[str, ...]
    asks: tuple[str, str]  # the relation and the direction
    refers: bool  # whether the words leave out whom they are about

    @property
    def worded(self) -> tuple[Any, ...]:
        """Return the question as it is put: words and pictures, and whom "its" means."""
        return self.question, self.images, self.subjects if self.refers else ()

    @property
    def asked(self) -> tuple[Any, ...]:
        """Return what is asked, in whatever words."""
        return (*self.subjects, *self.asks)


@dataclass(slots=True)
class Known:
    """What train says. Texts are kept by their hash."""

    links: RelationLinks
    wordings: Wordings
    relations: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # by (head, tail)
    questions: set[int] = field(default_factory=set)
    asked: set[tuple[Any, ...]] = field(default_factory=set)
    answered: set[tuple[str, str, str]] = field(default_factory=set)
    said: set[int] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    entities: set[str] = field(default_factory=set)

    def add(self, each: Round) -> None:
        """Take in a round of train."""
        for head, relation, tail in each.triples:
            self.relations[head, tail].add(relation)
            self.answered.update(((head, relation, "tail"), (tail, relation, "head")))
        self.questions.add(hash(each.worded))
        self.asked.add(each.asked)
        self.said.add(self._said(each))
        self.images.update(each.shown)
        self.entities.update(each.subjects, each.answers)

    def leaks(self, each: Round) -> Iterator[str]:
        """Yield the lines of the report in which a round of another split counts."""
        between = [(self.relations.get((h, t), ()), self.relations.get((t, h), ()), r) for h, r, t in each.triples]
        lines = {
            "triple": any(relation in same for same, _, relation in between),
            "inverse": any(s in turned for _, turned, r in between for s in self.links.inverse.get(r, ())),
            "near_duplicate": any(s in same for same, _, r in between for s in self.links.near_duplicate.get(r, ())),
            "pair": any(same or turned for same, turned, _ in between),
            "question": hash(each.worded) in self.questions,
            "asked": each.asked in self.asked,
            "other_answer": any((subject, *each.asks) in self.answered for subject in each.subjects),
            "wording_and_answer": self._said(each) in self.said,
            "image": any(image in self.images for image in each.shown),
            "subject": any(entity in self.entities for entity in each.subjects),
            "answer": any(entity in self.entities for entity in each.answers),
        }
        return (line for line, leaks in lines.items() if leaks)

    def _said(self, each: Round) -> int:
        return hash((self.wordings.of(each), each.answers))


class Wordings:
    """The forms in which each relation is asked for, to know a wording again whomever it asks about."""

    def __init__(self, record: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._forms = {
            (relation, direction): [_ends(form) for form in forms]
            for relation, directions in record.items()
            for direction, forms in directions.items()
        }

    def of(self, each: Round) -> tuple[Any, ...]:
        """Return a question's wording; of one that is no relation's own, the question."""
        text = each.question.removeprefix("<image>\n")
        fits = [
            (len(before) + len(after), n)
            for n, (before, after) in enumerate(self._forms.get(each.asks, ()))
            if text.startswith(before) and after in text[len(before) :]
        ]
        return (*each.asks, max(fits)[1]) if fits else (each.question,)


def _ends(form: str) -> tuple[str, str]:
    """Return what stands before and after the name, without what may be left out."""
    before, _, after = form.partition("{x}")
    return before.partition("[")[0], after


def leakage(folder: Path, links: RelationLinks | None = None) -> dict[str, Any]:
    """Return in how many rounds of valid and test train gives something away, by format.

    Without `links` relations give each other away as the build noted, or else by what the dialogues say. Raises
    DataError if a line can't be read.
    """
    links = links or _noted(folder) or _said(folder)
    try:
        forms = json.loads((folder / WORDINGS).read_bytes())
    except (OSError, ValueError):
        forms = {}
    known, total = Known(links, Wordings(forms)), Counter[str]()
    for each in rounds(folder / f"{SPLITS[0]}.jsonl"):
        known.add(each)
        total[SPLITS[0]] += 1
    if not total:
        raise DataError(f"{folder} holds no train.jsonl with rounds; `kwk dialogues build` makes some.")
    by_split: dict[str, Any] = {}
    for split in SPLITS[1:]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for each in rounds(folder / f"{split}.jsonl"):
            total[split] += 1
            for group in ("all", each.format):
                counts[group]["rounds"] += 1
                counts[group].update(known.leaks(each))
        by_split[split] = {
            group: _shares(found) for group, found in sorted(counts.items(), key=lambda i: i[0] != "all")
        }
    by = read_settings(folder).get("split", {"by": "format"}) if (folder / SETTINGS).exists() else {"by": "unknown"}
    return {"split": by, "rounds": dict(total), "leakage": by_split, "relations": asdict(links)}


def _shares(found: Counter[str]) -> dict[str, Any]:
    return {"rounds": found["rounds"]} | {line: round(found[line] / found["rounds"], 4) for line in LINES}


def write_leakage(folder: Path) -> dict[str, Any]:
    """Write the report beside the dialogues and return it."""
    found = leakage(folder)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    with whole_file(folder / REPORT) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    return found


def rounds(path: Path) -> Iterator[Round]:
    """Yield the rounds of a file that have facts. Raises DataError that names file and line."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for n, line in enumerate(lines, 1):
            try:
                turns = json.loads(line)["conversations"]
                for asked, given in zip(turns[::2], turns[1::2], strict=True):
                    if "kind" in (given.get("kg") or {}):
                        yield _round(asked, given)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
                raise DataError(f"{path}, line {n} is no dialogue: {exc!r}; build the dialogues again.") from exc


def _round(asked: Mapping[str, Any], given: Mapping[str, Any]) -> Round:
    kg = given["kg"]
    query, direction = kg.get("query"), kg["direction"]
    triples = tuple([(head, relation, tail) for head, relation, tail in kg["triples"]])
    if query:
        subjects, asks = (
            tuple(query["subjects"]),
            (query["path"][-1][0], direction) if query["path"] else ("", direction),
        )
    else:
        head, relation, tail = triples[0]
        subjects, asks = (head if direction == "tail" else tail,), (relation, direction)
    images = [image["sha256"] for image in (asked.get("kg") or {}).get("images", ())]
    shown = images + [image["sha256"] for image in kg["images"]]
    answers = tuple([entity for _, _, entity in kg["slots"]])
    return Round(
        kg["format"],
        asked["value"],
        tuple(images),
        tuple(shown),
        triples,
        subjects,
        answers,
        asks,
        bool(kg.get("refers")),
    )


def _noted(folder: Path) -> RelationLinks | None:
    """Return the links that the build noted, from the whole graph."""
    try:
        found = json.loads((folder / SETTINGS).read_bytes())["relations"]
        return RelationLinks(*({r: tuple(s) for r, s in found[each].items()} for each in ("near_duplicate", "inverse")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _said(folder: Path) -> RelationLinks:
    """Compare the relations by what the dialogues of all splits state."""
    said = {triple for split in SPLITS for each in rounds(folder / f"{split}.jsonl") for triple in each.triples}
    entities = {entity: i for i, entity in enumerate(sorted({end for head, _, tail in said for end in (head, tail)}))}
    paths = {path: i for i, path in enumerate(sorted({relation for _, relation, _ in said}))}
    columns = np.array([[entities[h], paths[r], entities[t]] for h, r, t in said], np.int64).reshape(-1, 3)
    return linked(list(paths), columns[:, 0], columns[:, 1], columns[:, 2])
