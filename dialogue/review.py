"""The page on which rounds are reviewed, keyboard first (`kg.local_page`); dialogue/review.js sits in it."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

import neo4j

from dialogue import review_views
from dialogue.refine import refine
from dialogue.review_agreement import round_agreement
from dialogue.review_board import Board, round_name
from dialogue.review_checks import Checks
from dialogue.review_rounds import Place, Record, open_dialogue
from dialogue.review_views import Words
from dialogue.verdicts import JUDGEMENTS, REASONS, Judgement, Verdict
from ingest.ballot import reviewer_name
from ingest.review import shown
from kg.errors import DataError
from kg.local_page import LocalPage, Told, frame, text

LONGEST_NOTE = 1_000
ZOOMED = 1600  # pixels of an image that is looked at closely


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page asks for. Each takes what the browser sent and returns what JSON can carry."""

    board: Board
    folder: Path
    words: Words
    checks: Checks
    driver: neo4j.Driver  # for pictures
    reviewer: str | None  # for a browser that knows no name yet

    @property
    def graph(self) -> str:
        """Return the graph whose dialogues are reviewed."""
        return self.board.verdicts.graph

    def enter(self, sent: Told) -> Told:
        """Greet a reviewer: the name as it is kept, and how far the review is."""
        if not sent.get("reviewer") and not self.reviewer:
            return {"graph": self.graph, "reasons": REASONS}
        name = reviewer_name(sent.get("reviewer") or self.reviewer)
        return {"graph": self.graph, "reasons": REASONS, "reviewer": name, "progress": self._progress(name)}

    def following(self, sent: Told) -> Told:
        """Return the next round to judge, or none."""
        name, after = reviewer_name(sent.get("reviewer")), text(sent, "after")
        n = self.board.following(name, self.board.number(after) if after else -1)
        return {"sheet": None if n is None else self._sheet(n, name), "progress": self._progress(name)}

    def sheet(self, sent: Told) -> Told:
        """Return one round."""
        return {"sheet": self._sheet(self.board.number(text(sent, "round")), reviewer_name(sent.get("reviewer")))}

    def judge(self, sent: Told) -> Told:
        """Take a verdict; return the round, now with everybody's."""
        name, n = reviewer_name(sent.get("reviewer")), self.board.number(text(sent, "round"))
        place = self.board.places[n]
        if text(sent, "sha256") != place.key.sha256:
            raise DataError("This round is no longer what you saw: reload the page.")
        record = open_dialogue(self.folder, place)
        verdict = self._verdict(sent, record, place, name)
        self.board.verdicts.add([verdict])
        return {"sheet": self._sheet(n, name, record), "progress": self._progress(name)}

    def figures(self, sent: Told) -> Told:
        """Return how far the reviewers agree."""
        del sent
        return {"html": review_views.agreement_view(round_agreement(self.board.judged().values()))}

    def _verdict(self, sent: Told, record: Record, place: Place, name: str) -> Verdict:
        """Return what the browser sent as a verdict. Raises DataError if it is none, or breaks the round."""
        key, judgement = place.key, text(sent, "judgement")
        if judgement not in JUDGEMENTS:
            raise DataError(f"There is no verdict {judgement!r}: there are {', '.join(JUDGEMENTS)}.")
        note, reason = plain_note(text(sent, "note")), text(sent, "reason")
        if judgement == "reject":
            if reason not in REASONS:
                raise DataError(f"A rejection needs a reason: {', '.join(REASONS)}.")
            return Verdict(key, name, "reject", reason, note)
        if judgement == "refine":
            changed = refine(record, key.turn, text(sent, "question"), text(sent, "answer"), self.checks, place.file)
            asked, given = changed["conversations"][key.turn - 1 : key.turn + 1]
            return Verdict(key, name, "refine", note=note, question=asked["value"], answer=given["value"])
        return Verdict(key, name, cast("Judgement", judgement), note=note)

    def _progress(self, reviewer: str) -> Told:
        found = self.board.progress(reviewer)
        return {
            "mine": found.mine,
            "rounds": found.rounds,
            "complete": found.complete,
            "reviewers": found.reviewers,
            "needed": self.board.needed,
        }

    def _sheet(self, n: int, reviewer: str, record: Record | None = None) -> Told:
        """Return a round for the page. What others said of it is in it only once the reviewer has judged it."""
        place = self.board.places[n]
        record = record or open_dialogue(self.folder, place)
        turn = place.key.turn
        asked, given = record["conversations"][turn - 1 : turn + 1]
        verdicts = self.board.verdicts.on(place.key)
        mine = verdicts.get(reviewer)
        found = [(reason, detail) for at, reason, detail in self.checks.complaints(record, place.file) if at == turn]
        refined = mine if mine is not None and mine.judgement == "refine" else None
        return {
            "round": round_name(place.key),
            "sha256": place.key.sha256,
            "html": review_views.round_view(record, turn, found, self.words),
            "tally": review_views.verdicts_view(verdicts, reviewer),
            "mine": mine.judgement if mine else None,
            "question": refined.question if refined else asked["value"],
            "answer": refined.answer if refined else given["value"],
        }


def plain_note(note: str) -> str | None:
    """Return a reviewer's note as it is kept, None if there is none. Raises DataError for one that is too long."""
    kept = " ".join("".join(sign for sign in note if sign.isprintable() or sign.isspace()).split())
    if len(kept) > LONGEST_NOTE:
        raise DataError(f"A note of {len(kept):,} characters is too long: use up to {LONGEST_NOTE:,}.")
    return kept or None


def review_page(desk: Desk) -> LocalPage:
    """Return the page on which a folder's rounds are reviewed."""
    return LocalPage(
        title=f"kwk dialogues review · {desk.graph}",
        root="kwk-review",
        script=frame() + files("dialogue").joinpath("review.js").read_text("utf-8"),
        style=files("ingest").joinpath("review.css").read_text("utf-8")
        + files("dialogue").joinpath("review.css").read_text("utf-8"),
        asks={
            "kwk_enter": desk.enter, "kwk_next": desk.following, "kwk_round": desk.sheet, "kwk_judge": desk.judge,
            "kwk_agreement": desk.figures,
        },
        picture=lambda sha256, side: shown(desk.driver, desk.graph, sha256, side),
        sides=(review_views.SMALL, review_views.LARGE, ZOOMED),
    )  # fmt: skip
