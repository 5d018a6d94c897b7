"""A folder of dialogues as its reviewers want it: refined rounds in place, rejected ones and their dependants gone."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.folder import SETTINGS, WORDINGS, new_folder, read_settings
from dialogue.leakage import REPORT as LEAKAGE
from dialogue.leakage import leakage
from dialogue.parts import ENTITIES, TRIPLES
from dialogue.refine import refine
from dialogue.review_checks import Checks
from dialogue.review_rounds import Record, content_key, read_lines
from dialogue.types import SPLITS
from dialogue.verdicts import Standing, Verdict, outcome
from dialogue.verify import FILES
from kg.errors import DataError
from kg.progress import Progress, silent

WHY = {
    "rejected": "more reviewers reject the round than keep it",
    "tied": "as many reviewers reject the round as keep it",
    "unreviewed": "nobody judged the round",
    "refinement_broken": "its new words are no longer true in the graph",
    "depends": "it refers to a round that is gone",
    "parallel": "its version in another language is gone",
    "never_trained": "its triple is asked for, but no longer in train",
}
BESIDE = (WORDINGS, TRIPLES, ENTITIES, LEAKAGE)  # files that say what the dialogues keep apart
Drops = dict[int, str]  # the model's turn -> why
Triple = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What becomes of rounds that the reviewers leave open."""

    keep_ties: bool = False
    reviewed_only: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What a folder holds after its review."""

    graph: str
    folder: str
    dialogues: dict[str, int]  # by split
    rounds: dict[str, int]
    reviewed: int  # rounds that somebody judged, in the folder as it was
    refined: int
    dropped: dict[str, int]  # rounds, by reason
    dialogues_dropped: int


@dataclass(slots=True)
class Review:
    """The verdicts on a folder, and all that follows from them."""

    folder: Path
    standing: Standing
    checks: Checks
    rules: Rules
    drops: dict[str, Drops] = field(default_factory=dict)  # by dialogue
    judged: set[str] = field(default_factory=set)  # dialogues with a verdict

    def __post_init__(self) -> None:
        self.judged = {key.dialogue for key in self.standing}

    def decide(self, progress: Progress, dialogues: int) -> None:
        """Fill `drops`: again and again, until no drop asks for another."""
        parallel: dict[str, set[int]] = {}
        lost: set[Triple] = set()
        while True:
            with progress("deciding", dialogues) as seen:
                twins, gone = self._pass(parallel, lost, seen)
            gone = self._untrained(gone) if gone else gone
            if twins == parallel and gone <= lost:
                return
            parallel, lost = twins, lost | gone

    def _pass(
        self, parallel: Mapping[str, set[int]], lost: set[Triple], seen: Callable[[int], None]
    ) -> tuple[dict[str, set[int]], set[Triple]]:
        """Decide on each dialogue; return which turns parallel versions lose, and the triples that train loses."""
        twins: dict[str, set[int]] = defaultdict(set)
        gone: set[Triple] = set()
        for file, _, _, record in read_lines(self.folder):
            seen(1)
            drops: Drops = dict.fromkeys(parallel.get(record.get("parallel") or "", ()), "parallel")
            if lost and file != FILES[0]:
                drops |= {turn: "never_trained" for turn in turns(record) if not lost.isdisjoint(triples(record, turn))}
            if drops or self.rules.reviewed_only or record["id"] in self.judged:
                drops = self.verdict(record, file, drops)[1]
            if not drops:
                continue
            self.drops[record["id"]] = drops
            if record.get("parallel"):
                twins[record["parallel"]] |= drops.keys()
            if file == FILES[0] and self.checks.by_format:
                gone.update(triple for turn in drops for triple in taught(record, turn))
        return dict(twins), gone

    def _untrained(self, gone: set[Triple]) -> set[Triple]:
        """Return those triples that no kept round of train states."""
        left = set(gone)
        for file, _, _, record in read_lines(self.folder):
            if file != FILES[0]:
                break
            dropped = self.drops.get(record["id"], {})
            for turn in turns(record):
                if turn not in dropped:
                    left.difference_update(taught(record, turn))
        return left

    def verdict(self, record: Record, file: str, drops: Drops) -> tuple[Record, Drops, int]:
        """Return a dialogue as its reviewers want it, what is dropped of it and why, and the number of refinements."""
        found: Drops = {}
        wanted: dict[int, Verdict] = {}
        for turn in turns(record):
            said = self.standing.get(content_key(record, turn), {}) if record["id"] in self.judged else {}
            what, verdict = outcome(said.values())
            if not said and self.rules.reviewed_only:
                found[turn] = "unreviewed"
            elif what == "reject" or (what == "tied" and not self.rules.keep_ties):
                found[turn] = "rejected" if what == "reject" else "tied"
            elif verdict is not None:
                wanted[turn] = verdict
        found = {**drops, **found}
        changed, refined = record, set[int]()
        for turn, verdict in wanted.items():
            if turn in found:
                continue
            try:
                changed = refine(changed, turn, verdict.question or "", verdict.answer or "", self.checks, file)
                refined.add(turn)
            except DataError:
                found[turn] = "refinement_broken"
        if not found:
            return changed, found, len(refined)
        found = lean(changed, found, self.checks, file)
        return without(changed, found), dict(sorted(found.items())), len(refined - found.keys())


def turns(record: Record) -> range:
    """Return the places of the model's turns."""
    return range(1, len(record["conversations"]), 2)


def triples(record: Record, turn: int) -> set[Triple]:
    """Return the triples that a round states."""
    return {tuple(map(str, triple)) for triple in record["conversations"][turn]["kg"]["triples"]}


def taught(record: Record, turn: int) -> set[Triple]:
    """Return the triples that a round of train teaches: only a plain fact counts as trained."""
    return triples(record, turn) if record["conversations"][turn]["kg"].get("kind") == "fact" else set()


def without(record: Record, drops: Drops) -> Record:
    """Return a dialogue without some of its rounds."""
    gone = {place for turn in drops for place in (turn - 1, turn)}
    return record | {"conversations": [turn for n, turn in enumerate(record["conversations"]) if n not in gone]}


def lean(record: Record, drops: Drops, checks: Checks, file: str) -> Drops:
    """Add the rounds that lean on dropped ones: a check that they passed, as that of what "it" means, now fails."""
    found = dict(drops)
    known = Counter((turn, reason) for turn, reason, _ in checks.complaints(record, file))
    while True:
        before = len(found)
        kept = [turn for turn in turns(record) if turn not in found]
        now = Counter((kept[at // 2], reason) for at, reason, _ in checks.complaints(without(record, found), file))
        found |= {turn: "depends" for turn, reason in now - known}
        if len(found) == before:
            return found


def apply(
    folder: Path, out: Path, standing: Standing, checks: Checks, rules: Rules, force: bool = False, dialogues: int = 0,
    progress: Progress = silent,
) -> Applied:  # fmt: skip
    """Write a folder's dialogues to `out` as their reviewers want them. Raises DataError."""
    settings = read_settings(folder)
    if out.resolve() == folder.resolve():
        raise DataError(f"{out} holds the dialogues that were reviewed; name another folder with --out.")
    review = Review(folder, standing, checks, rules)
    review.decide(progress, dialogues)
    with new_folder(out, force) as partial:
        applied = _write(review, settings, partial, out)
        record = settings | {
            "dialogues": applied.dialogues,
            "rounds": applied.rounds,
            "review": {"reviewed": applied.reviewed, "refined": applied.refined, "dropped": applied.dropped},
        }
        (partial / SETTINGS).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        for name in BESIDE:
            if (folder / name).exists():
                (partial / name).write_bytes((folder / name).read_bytes())
        if (partial / LEAKAGE).exists():  # counted anew, with the relations that the build compared
            text = json.dumps(leakage(partial), ensure_ascii=False, indent=1)
            (partial / LEAKAGE).write_text(text + "\n", encoding="utf-8")
    return applied


def _write(review: Review, settings: Mapping[str, Any], partial: Path, out: Path) -> Applied:
    """Write the files; a dialogue that nobody touched keeps its very bytes."""
    files = {name: (partial / name).open("wb") for name in FILES}
    dialogues, rounds, dropped = Counter[str](), Counter[str](), Counter[str]()
    reviewed = refined = empty = 0
    try:
        for file, _, raw, record in read_lines(review.folder):
            if record["id"] in review.judged:
                reviewed += sum(content_key(record, turn) in review.standing for turn in turns(record))
            drops = review.drops.get(record["id"], {})
            kept = record
            if drops or record["id"] in review.judged:
                kept, drops, new = review.verdict(record, file, drops)
                refined += new
                dropped.update(drops.values())
                if kept != record:
                    raw = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            if not kept["conversations"]:
                empty += 1
                continue
            files[file].write(raw)
            dialogues[file] += 1
            rounds[file] += len(kept["conversations"]) // 2
    finally:
        for each in files.values():
            each.close()
    if not dialogues:
        raise DataError(f"Nothing of {review.folder} is left after the review, so {out} was not written.")
    by_split = dict(zip(SPLITS, FILES, strict=True))
    return Applied(
        graph=str(settings["graph"]),
        folder=str(out),
        dialogues={split: dialogues[file] for split, file in by_split.items()},
        rounds={split: rounds[file] for split, file in by_split.items()},
        reviewed=reviewed,
        refined=refined,
        dropped=dict(dropped.most_common()),
        dialogues_dropped=empty,
    )
