"""Check dialogues against the graph in Neo4j: every fact, answer, offset and image, and what the splits keep apart.

Written from the format alone: it shares no code with what composes dialogues, and reads the files in its own way.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.apart import Apart, read_apart
from dialogue.truth import Truth
from dialogue.verify_kinds import check_kind
from dialogue.verify_parallel import Parallels, joined
from kg.errors import DataError

FILES = ("train.jsonl", "valid.jsonl", "test.jsonl")
_MARKS = re.compile("«\u00a0|\u00a0»|[《》]")  # around a title, and not around a picture
NAMING = ("fact", "comparison", "multi_hop")  # kinds whose value is what the slots span
REASONS = {
    "unparsable": "the line is not JSON",
    "malformed": "a key is missing, or holds something else than it should",
    "duplicate_id": "an earlier dialogue has this id",
    "other_graph": "the dialogue is of another graph",
    "wrong_roles": "human and model do not take turns",
    "stray_token": "<KNO> or <RET> stands in the text",
    "image_count": "the text has more or fewer <image> than the turn has images",
    "image_list": "image_list and kg.images name different files",
    "image_of_another": "the graph does not have this image for this entity",
    "image_missing": "the file can't be read",
    "image_changed": "the file's content is not what its sha256 says",
    "not_in_graph": "the graph does not hold this triple",
    "other_question": "the triples of a turn do not answer one question",
    "missing_answer": "the graph has an answer that is not listed",
    "extra_answer": "an answer is listed that the graph does not have",
    "wrong_answer": "the answer that is named is not the triple's",
    "slot_off": "a slot does not span a name of its entity",
    "wrong_value": "the value is not what the slots span",
    "wrong_format": "the format's name does not fit to the images of the round",
    "other_subject": "the question neither names nor shows what the triple is about",
    "lost_reference": "what a question refers to is not what the round before was about",
    "wrong_verdict": "yes is said where the graph says no, or no where it says yes",
    "wrong_count": "the graph has another number of answers",
    "no_choice": "of the two that are compared, both win or neither",
    "wrong_choice": "the other one of the two that are compared is right",
    "wrong_number": "the graph has other numbers for what is compared",
    "wrong_hop": "the triples do not lead from the subject to the answer",
    "answerable": "the graph has an answer to what is said to have none",
    "other_picture": "the image shows something else than the answer or the subject",
    "subject_named": "a text before the answer names what the question shows",
    "held_out": "a wording that is kept for the test stands in another split",
    "split_leak": "what one split holds out is told in another",
    "never_trained": "a triple is asked for, but not in train",
    "parallel_differs": "the versions of a dialogue in several languages do not say the same",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: where it stands, its reason code, and what was seen."""

    file: str
    line: int
    dialogue: str
    reason: str
    detail: str


@dataclass(slots=True)
class Report:
    """What a check found."""

    dialogues: int = 0
    rounds: int = 0
    answers: int = 0
    images: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def reasons(self) -> dict[str, int]:
        """Return how often each reason was found, the most frequent first."""
        return dict(Counter(finding.reason for finding in self.findings).most_common())


@dataclass(slots=True)
class Round:
    """A question and its answer, as the file has them."""

    asked: Mapping[str, Any]
    given: Mapping[str, Any]
    earlier: str  # all text of the dialogue before this round
    before: Round | None = None
    lang: str = "en"
    translated: bool = False  # from another version, so that its wordings are kept under its language

    @property
    def kg(self) -> Mapping[str, Any]:
        """Return what the model's turn claims."""
        found: Mapping[str, Any] = self.given["kg"]
        return found

    @property
    def subjects(self) -> list[str]:
        """Return the entities that are asked about."""
        if self.kg["kind"] != "fact":
            return list(self.kg["query"]["subjects"])
        head, _, tail = self.kg["triples"][0]
        return [head if self.kg["direction"] == "tail" else tail]

    @property
    def is_fact(self) -> bool:
        """Say whether a triple with one end open is asked for, in words of its own."""
        return bool(self.kg["kind"] == "fact" and not self.kg.get("refers"))

    @property
    def shows_subject(self) -> bool:
        """Say whether the format has the question show its subject."""
        return bool(self.kg["format"][0] == "I")


Complaint = tuple[str, str]  # a reason and a detail


def verify(folder: Path, truth: Truth, graph: str, seen: Callable[[int], None] = lambda lines: None) -> Report:
    """Check all dialogues of a folder. Raises DataError if it is not a folder of dialogues."""
    if not (folder / FILES[0]).is_file():
        raise DataError(f"{folder} holds no {FILES[0]}; name a folder that `kwk dialogues build` made.")
    report, splits, ids = Report(), Splits(folder, read_apart(folder, truth, graph)), set[str]()
    for name in FILES:
        path = folder / name
        if not path.exists():
            continue
        sight = splits.sight(name, truth)
        with path.open("rb") as file:
            for n, raw in enumerate(file, 1):
                report.dialogues += 1
                for dialogue, reason, detail in _check_line(raw, name, n, sight, graph, ids, splits, report):
                    report.findings.append(Finding(name, n, dialogue, reason, detail))
                seen(1)
    report.findings += splits.findings()
    return report


def _check_line(
    raw: bytes, name: str, n: int, truth: Truth, graph: str, ids: set[str], splits: Splits, report: Report
) -> Iterator[tuple[str, str, str]]:
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        yield "", "unparsable", str(exc)
        return
    each = str(record.get("id", "")) if isinstance(record, dict) else ""
    try:
        if not each or record["schema"] != 1 or record["lang"] is None or "parallel" not in record:
            yield each, "malformed", "id, schema, lang or parallel"
            return
        if each in ids:
            yield each, "duplicate_id", each
        ids.add(each)
        if record["graph"] != graph:
            yield each, "other_graph", str(record["graph"])
        turns = record["conversations"]
        roles = [turn["from"] for turn in turns]
        if len(roles) < 2 or roles != ["human", "model"] * (len(roles) // 2):
            yield each, "wrong_roles", ", ".join(roles)
            return
        if (complaint := splits.parallels.add(record, name, n)) is not None:
            yield each, "parallel_differs", complaint
        earlier, before = "", None
        for asked, given in zip(turns[::2], turns[1::2], strict=True):
            this = Round(asked, given, earlier, before, record["lang"], record["parallel"] not in (None, each))
            report.rounds += 1
            report.answers += len(this.kg["answers"])
            report.images += len(asked["image_list"]) + len(given["image_list"])
            for reason, detail in (*check_images(this, truth), *check_answer(this, truth), *check_texts(this, truth)):
                yield each, reason, detail
            if splits.holds_out(this, name):
                yield each, "held_out", asked["value"]
            for detail in splits.add(this, name, n, each):
                yield each, "split_leak", detail
            earlier, before = f"{earlier}{asked['value']}\n{given['value']}\n", this
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as exc:
        yield each, "malformed", f"{type(exc).__name__}: {exc}"


def check_images(this: Round, truth: Truth) -> Iterator[Complaint]:
    """Check the images of both turns: number, files, owners, contents, and whom they show."""
    answers = {entity for _, _, entity in this.kg["slots"]}
    for turn, whom in ((this.asked, set(this.subjects)), (this.given, answers)):
        files, images = turn["image_list"], (turn.get("kg") or {}).get("images", [])
        if not turn["value"].count("<image>") == len(files) == len(images):
            yield "image_count", f"{turn['value'].count('<image>')} <image>, {len(files)} files, {len(images)} images"
        elif files != [image["file"] for image in images]:
            yield "image_list", f"{files} against {[image['file'] for image in images]}"
        for image in images:
            if (image["entity"], image["file"], image["sha256"]) not in truth.images:
                yield "image_of_another", f"{image['file']} of {image['entity']}"
            content = truth.content(image["file"])
            if content is None:
                yield "image_missing", image["file"]
            elif content != image["sha256"]:
                yield "image_changed", image["file"]
            if image["entity"] not in whom:
                yield "other_picture", f"{image['entity']} where {', '.join(sorted(whom))} is meant"
    shown = "I" if this.asked["image_list"] else "T", "I" if this.given["image_list"] else "T"
    if this.kg["format"] != "2".join(shown):
        yield "wrong_format", f"{this.kg['format']} where the images make it {'2'.join(shown)}"


def check_answer(this: Round, truth: Truth) -> Iterator[Complaint]:
    """Check what is answered, by the kind of the round."""
    if this.kg["kind"] == "fact":
        return check_fact(this, truth)
    return check_kind(this.kg, this.asked["value"], this.given["value"], truth)


def check_fact(this: Round, truth: Truth) -> Iterator[Complaint]:
    """Check triples and answers against the graph."""
    kg = this.kg
    triples = [tuple(triple) for triple in kg["triples"]]
    for head, relation, tail in triples:
        if not truth.holds(head, relation, tail):
            yield "not_in_graph", f"{head} {relation} {tail}"
    if "query" in kg or kg["triple"] != (kg["triples"][0] if len(triples) == 1 else None):
        yield "malformed", f"triple {kg['triple']!r}"
    if kg["direction"] == "tail":
        questions = {(head, relation) for head, relation, _ in triples}
        named = [tail for _, _, tail in triples]
    else:
        questions = {(relation, tail) for _, relation, tail in triples}
        named = [head for head, _, _ in triples]
    if len(questions) != 1 or kg["direction"] not in ("head", "tail"):
        yield "other_question", f"{len(questions)} questions, direction {kg['direction']!r}"
    answers, expected = set(kg["answers"]), truth.answers(this.subjects[0], triples[0][1], kg["direction"])
    if missing := expected - answers:
        yield "missing_answer", ", ".join(sorted(missing)[:5])
    if extra := answers - expected:
        withheld = extra & truth.within_reach(this.subjects[0], triples[0][1], kg["direction"])
        for entities, reason in ((withheld, "split_leak"), (extra - withheld, "extra_answer")):
            if entities:
                yield reason, f"{', '.join(sorted(entities)[:5])} as an answer"
    if len(answers) != len(kg["answers"]):
        yield "extra_answer", "an answer is listed twice"
    if named != [entity for _, _, entity in kg["slots"]]:
        yield "wrong_answer", f"{[entity for _, _, entity in kg['slots']]} is named where the triples say {named}"


def check_texts(this: Round, truth: Truth) -> Iterator[Complaint]:
    """Check slots, tokens, and who is named where."""
    asked, given, kg = this.asked["value"], this.given["value"], this.kg
    said = []
    for start, end, entity in kg["slots"]:
        text = given[start:end] if 0 <= start < end <= len(given) else ""
        if text.casefold() not in {name.casefold() for name in truth.names.get(entity, ())}:
            yield "slot_off", f"[{start}, {end}] spans {text!r}, no name of {entity}"
        said.append(text)
    ways = joined(said, this.lang)
    if (not said and kg["kind"] == "fact") or (
        kg["kind"] in NAMING and kg["value"].casefold() not in map(str.casefold, ways)
    ):
        yield "wrong_value", f"{kg['value']!r} where the text says {ways[0]!r}"
    for text in (asked, given):
        if re.search(r"<(?:KNO|RET)>", text):
            yield "stray_token", text
    for subject in this.subjects:
        if this.shows_subject:
            if (words := truth.names_in(subject, f"{this.earlier}{asked}")) is not None:
                yield "subject_named", f"{words!r} names {subject} before the answer"
        elif kg.get("refers"):
            if this.before is None or subject not in spoken_of(this.before):
                yield "lost_reference", f"{asked!r} is about {subject}"
        elif not any(name.casefold() in asked.casefold() for name in truth.names.get(subject, ())):
            yield "other_subject", f"{asked!r} does not name {subject}"


def spoken_of(this: Round) -> list[str]:
    """Return what "it" may mean after a round: its subject, or its answer where it names one."""
    answers = [entity for _, _, entity in this.kg["slots"]]
    return this.subjects + (answers if len(answers) == 1 else [])


class Splits:
    """What stands in which split, over all files."""

    def __init__(self, folder: Path, apart: Apart | None) -> None:
        self._apart = apart
        self._places: dict[tuple[str, ...], dict[str, tuple[int, str]]] = defaultdict(dict)
        self._trained: set[tuple[str, ...]] = set()
        self.parallels = Parallels()
        self._wordings: dict[tuple[str, str], list[re.Pattern[str]]] = {}
        path = folder / "wordings.json"
        if path.exists():
            for relation, directions in json.loads(path.read_bytes()).items():
                for direction, forms in directions.items():
                    self._wordings[relation, direction] = [_question(form) for form in forms]

    def holds_out(self, this: Round, name: str) -> bool:
        """Say whether a question outside test is worded in the last of its relation's ways, and in no other."""
        if name == FILES[2] or not this.is_fact:
            return False
        direction = this.kg["direction"] + (f"@{this.lang}" if this.translated else "")
        *others, last = self._wordings.get((this.kg["triples"][0][1], direction), [re.compile("(?!)")])
        texts = _without_marks(this.asked["value"].removeprefix("<image>\n"))
        return any(map(last.fullmatch, texts)) and not any(other.fullmatch(text) for other in others for text in texts)

    def sight(self, name: str, truth: Truth) -> Truth:
        """Return what is true as far as the dialogues of a file may list it."""
        return self._apart.sight(name, truth) if self._apart else truth

    def add(self, this: Round, name: str, n: int, dialogue: str) -> Iterator[str]:
        """Take note of a round's triples; yield what it tells of another split."""
        if self._apart:
            images = [image for turn in (this.asked, this.given) for image in turn["kg"]["images"]]
            yield from self._apart.leaks(this.kg, images, (name, n, dialogue))
            return
        for triple in this.kg["triples"]:
            self._places[(*triple, this.kg["format"])].setdefault(name, (n, dialogue))
            if name == FILES[0] and this.kg["kind"] == "fact":
                self._trained.add(tuple(triple))

    def findings(self) -> Iterator[Finding]:
        """Yield what only all files together show."""
        for file, line, group, detail in self.parallels.incomplete():
            yield Finding(file, line, group, "parallel_differs", detail)
        if self._apart:
            for place, detail in self._apart.findings():
                yield Finding(*place, "split_leak", detail)
            return
        for (*triple, form), places in self._places.items():
            first, *others = [name for name in FILES if name in places]
            for name in others:
                n, dialogue = places[name]
                yield Finding(name, n, dialogue, "split_leak", f"{' '.join(triple)} as {form} also in {first}")
            if tuple(triple) not in self._trained and places.keys() != {FILES[0]}:
                n, dialogue = places[first]
                yield Finding(first, n, dialogue, "never_trained", " ".join(triple))


def _without_marks(text: str) -> list[str]:
    """Return a question without quotation marks, and what follows its first colon: "A question: …"."""
    bare = _MARKS.sub("", text)
    return [bare, *(part.strip() for part in re.split(r"[:：]", bare, maxsplit=1)[1:])]


def _question(form: str) -> re.Pattern[str]:
    """Match a question in a wording, whatever it is about and whatever is asked after it; [words] may be absent."""
    before, _, after = _MARKS.sub("", form).partition("{x}")
    bare, bracket, optional = before.partition("[")
    prefix = re.escape(bare) + (f"(?:{re.escape(optional.removesuffix('] '))} )?" if bracket else "")
    rest = ".*" if after.endswith("？") else "(?:\\s.*)?"
    return re.compile(f"{prefix}.+?{re.escape(after)}{rest}", re.DOTALL)


def summary(findings: Sequence[Finding]) -> dict[str, Finding]:
    """Return the first finding of each reason."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.reason, finding)
    return first
