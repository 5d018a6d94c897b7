"""What reviewers said of rounds: accept, refine or reject; every verdict is kept, and the latest of a reviewer counts.

A round is known by its dialogue, the place of the model's turn in it, and the sha256 of its content, so that a verdict
never passes on to other words. The rows lie in Postgres (table `verdict`) and only ever grow.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Engine, RowMapping, text
from sqlalchemy.exc import SQLAlchemyError

from ingest.ballot import iso
from kg.errors import StoreError

Judgement = Literal["accept", "refine", "reject"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
REASONS = {
    "wrong": "the answer is wrong",
    "unclear": "one can't tell what is asked",
    "language": "the wording is faulty or odd",
    "picture": "a picture shows something else",
    "given_away": "the question gives the answer away",
    "unwanted": "offensive, private or useless",
    "other": "something else",
}
ROWS = 5_000  # of an import, in one statement


class RoundKey(NamedTuple):
    """By what a round is known: `turn` is the place of the model's turn in its dialogue."""

    dialogue: str
    turn: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer said of a round. `question` and `answer` are the new texts of a refinement."""

    key: RoundKey
    reviewer: str
    judgement: Judgement
    reason: str | None = None  # of a rejection, one of REASONS
    note: str | None = None  # in the reviewer's own words
    question: str | None = None
    answer: str | None = None
    at: str | None = None  # ISO 8601 in UTC; None: now, by the clock of Postgres

    @property
    def said(self) -> tuple[str | None, ...]:
        """Return all of it but who and when."""
        return (self.judgement, self.reason, self.note, self.question, self.answer)


Standing = dict[RoundKey, dict[str, Verdict]]  # what counts: round -> reviewer -> verdict


@dataclass(slots=True)
class Verdicts:
    """All verdicts on one graph's dialogues, read once and then followed; safe to use from several threads."""

    engine: Engine
    graph: str
    _standing: Standing = field(default_factory=dict)
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def standing(self) -> Standing:
        """Return the latest verdict of each reviewer on each round, with what other processes wrote meanwhile."""
        with self._lock:
            self._follow()
            return dict(self._standing)

    def on(self, key: RoundKey) -> dict[str, Verdict]:
        """Return the latest verdict of each reviewer on a round."""
        return self.standing().get(key, {})

    def add(self, verdicts: Sequence[Verdict]) -> int:
        """Append verdicts; return how many were new. What a reviewer says again in the same words is not written.

        Raises StoreError.
        """
        with self._lock:
            self._follow()
            fresh: list[Verdict] = []
            said: dict[tuple[RoundKey, str], Verdict] = {}
            for verdict in verdicts:
                place = verdict.key, verdict.reviewer
                before = said.get(place) or self._standing.get(verdict.key, {}).get(verdict.reviewer)
                if before is None or before.said != verdict.said:
                    fresh.append(verdict)
                    said[place] = verdict
            added = sum(self._append(fresh[start : start + ROWS]) for start in range(0, len(fresh), ROWS))
            self._follow()
            return added

    def history(self, key: RoundKey) -> list[Verdict]:
        """Return all that was ever said of a round, the first first."""
        rows = self._rows(
            "SELECT * FROM verdict WHERE graph = :graph AND dialogue = :dialogue AND turn = :turn "
            "AND sha256 = :sha256 ORDER BY at, seq",
            dialogue=key.dialogue,
            turn=key.turn,
            sha256=bytes.fromhex(key.sha256),
        )
        return [_verdict(row) for row in rows]

    def _append(self, verdicts: Sequence[Verdict]) -> int:
        """Write rows one writer at a time, so that `seq` ascends as the transactions commit."""
        rows = [_row(self.graph, verdict) for verdict in verdicts]
        try:
            with self.engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('kwk.verdict'))"))
                result = connection.execute(
                    text(
                        "INSERT INTO verdict (graph, dialogue, turn, sha256, reviewer, at, verdict, reason, note, "
                        "question, answer) VALUES (:graph, :dialogue, :turn, :sha256, :reviewer, "
                        "coalesce(CAST(:at AS timestamptz), clock_timestamp()), :verdict, :reason, :note, :question, "
                        ":answer) ON CONFLICT DO NOTHING"
                    ),
                    rows,
                )
                return int(result.rowcount)
        except SQLAlchemyError as exc:
            raise StoreError(
                f"Postgres did not take the verdict, so it does not count yet: {exc.__cause__ or exc}"
            ) from exc

    def _follow(self) -> None:
        """Take in what was written since."""
        query = "SELECT * FROM verdict WHERE graph = :graph AND seq > :seen ORDER BY seq"
        for row in self._rows(query, seen=self._seen):
            verdict = _verdict(row)
            of_round = self._standing.get(verdict.key, {})
            before = of_round.get(verdict.reviewer)
            if before is None or str(before.at) <= str(verdict.at):
                # another mapping: somebody may be going through the one that is there
                self._standing[verdict.key] = of_round | {verdict.reviewer: verdict}
            self._seen = row["seq"]

    def _rows(self, query: str, **values: Any) -> Sequence[RowMapping]:
        try:
            with self.engine.connect() as connection:
                return connection.execute(text(query), {"graph": self.graph, **values}).mappings().all()
        except SQLAlchemyError as exc:
            raise StoreError(f"Postgres does not tell the verdicts on '{self.graph}': {exc.__cause__ or exc}") from exc


def _row(graph: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "graph": graph,
        "dialogue": verdict.key.dialogue,
        "turn": verdict.key.turn,
        "sha256": bytes.fromhex(verdict.key.sha256),
        "reviewer": verdict.reviewer,
        "at": verdict.at,
        "verdict": verdict.judgement,
        "reason": verdict.reason,
        "note": verdict.note,
        "question": verdict.question,
        "answer": verdict.answer,
    }


def _verdict(row: RowMapping) -> Verdict:
    at: datetime = row["at"]
    return Verdict(
        key=RoundKey(row["dialogue"], row["turn"], bytes(row["sha256"]).hex()),
        reviewer=row["reviewer"],
        judgement=row["verdict"],
        reason=row["reason"],
        note=row["note"],
        question=row["question"],
        answer=row["answer"],
        at=iso(at),
    )


Outcome = Literal["accept", "refine", "reject", "tied"]


def outcome(verdicts: Iterable[Verdict]) -> tuple[Outcome, Verdict | None]:
    """Return what several verdicts on a round come to; with `refine` the refinement that is taken.

    More rejections than others reject; as many as others are a tie. Of those who would keep the round, as many who
    refine it as accept it are enough for new words; among several refinements most reviewers decide, then the latest.
    """
    given = sorted(verdicts, key=lambda verdict: (str(verdict.at), verdict.reviewer))
    rejected = sum(verdict.judgement == "reject" for verdict in given)
    if rejected and 2 * rejected >= len(given):
        return ("reject" if 2 * rejected > len(given) else "tied"), None
    refined = [verdict for verdict in given if verdict.judgement == "refine"]
    if not refined or len(refined) < len(given) - rejected - len(refined):
        return "accept", None
    votes: dict[tuple[str | None, ...], int] = {}
    for verdict in refined:
        votes[verdict.said] = votes.get(verdict.said, 0) + 1
    return "refine", max(reversed(refined), key=lambda verdict: votes[verdict.said])
