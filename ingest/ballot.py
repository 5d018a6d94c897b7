"""Votes on an entity's images: cast one, count them, and say what is left to do.

The present votes stand in Neo4j, where the decision is; each vote that was ever cast stands in Postgres. A vote is one
transaction on one entity and takes no graph's fence, so that a review and an ingest go on side by side.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString, TypeVar

import neo4j
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ingest import queries
from ingest.agreement import Ballot
from kg.errors import DataError, StoreError
from kg.graph import committed, read

T = TypeVar("T")

EXPERTS = 5  # votes that settle an entity which has a winner; without one it waits for a search by hand
LONGEST_NAME = 64  # characters of a reviewer's name
JOINERS = "\u200c\u200d"  # marks without a width that names in some scripts are written with
PAGE = 50  # entities that a list shows at once
HISTORY_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote: `sha256` is the image, None for none of them; `at` is ISO 8601 in UTC."""

    entity: str
    sha256: str | None
    reviewer: str
    at: str


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a vote: the one that now stands, the one it replaced, and how the entity stands."""

    vote: Vote
    first: bool  # the reviewer had not voted on this entity
    replaced: Vote | None
    state: str  # open, tied, none (of the images) or chosen
    votes: int


def reviewer_name(name: object) -> str:
    """Return a reviewer's name as it is kept: spaces collapsed, NFC. Raises DataError for what is no name."""
    kept = unicodedata.normalize("NFC", " ".join(name.split())) if isinstance(name, str) else ""
    if not kept:
        raise DataError("A vote needs a name: say who you are, as the other reviewers know you.")
    if len(kept) > LONGEST_NAME:
        raise DataError(f"A reviewer's name of {len(kept)} characters is too long: use up to {LONGEST_NAME}.")
    odd = [sign for sign in kept if unicodedata.category(sign)[0] == "C" and sign not in JOINERS]
    if odd:
        raise DataError(f"A reviewer's name can't hold the sign U+{ord(odd[0]):04X}, which nobody sees: leave it out.")
    return kept


@dataclass(frozen=True, slots=True)
class BallotBox:
    """Where the votes on one graph go: both stores."""

    driver: neo4j.Driver
    engine: Engine
    graph: str

    def read(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Run a read-only query on the graph."""
        return read(self.driver, query, graph=self.graph, **parameters)

    def cast(self, entity: str, sha256: str | None, reviewer: str) -> Cast:
        """Let a reviewer vote for an image of an entity, or for none; a vote before it is replaced.

        The same vote twice is one vote. Raises DataError if entity or image are gone, StoreError if a store is.
        """
        wanted = Vote(entity, sha256, reviewer_name(reviewer), now())
        done = self._transaction(lambda tx: self._vote(tx, wanted))
        try:
            record(self.engine, self.graph, [done.vote])
        except StoreError as exc:
            raise StoreError(f"Your vote counts, but its history waits until Postgres is back: {exc}") from exc
        return done

    def _vote(self, tx: neo4j.ManagedTransaction, wanted: Vote) -> Cast:
        """Write a vote under the entity's lock, and decide anew."""
        of = {"graph": self.graph, "entity": wanted.entity}
        if tx.run(queries.LOCK_ENTITY, of).single() is None:
            raise DataError(
                f"The entity '{wanted.entity}' is no longer in the graph '{self.graph}': go on to the next."
            )
        row = tx.run(queries.VOTES_ON, of).single(strict=True)
        images = {image["sha256"]: image for image in row["images"]}
        if wanted.sha256 is not None and wanted.sha256 not in images:
            raise DataError(f"The image {wanted.sha256[:12]} is no longer one of '{wanted.entity}': reload the page.")
        before = present(wanted.entity, row)
        mine = [vote for vote in before if vote.reviewer == wanted.reviewer]
        if [vote.sha256 for vote in mine] != [wanted.sha256]:
            record(self.engine, self.graph, mine)  # before it goes: no vote may be in neither store
            after = [vote for vote in before if vote.reviewer != wanted.reviewer] + [wanted]
            for changed in {vote.sha256 for vote in [*mine, wanted]}:
                rest = [vote for vote in after if vote.sha256 == changed]
                lists = {"voters": [v.reviewer for v in rest] or None, "voted": [v.at for v in rest] or None}
                query = queries.WRITE_NO_IMAGE_VOTES if changed is None else queries.WRITE_IMAGE_VOTES
                tx.run(query, of, sha256=changed, **lists).consume()
            replaced = mine[-1] if mine else None
        else:
            wanted, replaced = mine[0], None
        settled = tx.run(queries.SETTLE, of).single(strict=True)
        return Cast(wanted, not mine, replaced, settled["state"], settled["votes"])

    def _transaction(self, work: Callable[[neo4j.ManagedTransaction], T]) -> T:
        """Run an idempotent `work` in one transaction, again if the answer to its commit was lost."""
        return committed(
            self.driver,
            work,
            lost="Neo4j stopped answering while a vote was written",
            refused="Neo4j did not take the vote, so it does not count yet",
            patience=0.2,  # somebody sits and waits
        )

    def next_entity(self, reviewer: str, after: str, everything: bool = False) -> str | None:
        """Return the next entity, by id, that a reviewer has not voted on; from the end on again from the beginning."""
        asked = {"reviewer": reviewer, "all": everything, "experts": EXPERTS}
        for start in (after, "") if after else ("",):
            if rows := self.read(queries.NEXT_TO_REVIEW, after=start, **asked):
                return str(rows[0]["id"])
        return None

    def progress(self, reviewer: str) -> tuple[int, int]:
        """Return how many entities a reviewer has voted on, and how many there are to vote on."""
        [row] = self.read(queries.PROGRESS, reviewer=reviewer)
        return row["voted"], row["entities"]

    def entities(
        self, reviewer: str, state: str | None = None, after: str = "", limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """Return a page of entities with images and how each stands, by id, those in one `state` if it is given."""
        return self.read(queries.REVIEWED, reviewer=reviewer, state=state, after=after, limit=limit)

    def states(self) -> dict[str, int]:
        """Return how many entities are open, tied, chosen, or without a right image."""
        return {row["state"]: row["entities"] for row in self.read(queries.STATES)}

    def queue(self, reviewer: str = "", skip: int = 0, limit: int = PAGE) -> list[dict[str, Any]]:
        """Return entities on which the experts agreed on no image, those with most votes first."""
        return self.read(queries.QUEUE, reviewer=reviewer, skip=skip, limit=limit)

    def ballots(self) -> Iterator[Ballot]:
        """Yield the votes on each entity that has two or more."""
        for row in self.read(queries.BALLOTS):
            images = [{"sha256": str(place), **image} for place, image in enumerate(row["images"])]
            votes = present("", {**row, "images": images})
            yield Ballot(row["candidates"], {v.reviewer: None if v.sha256 is None else int(v.sha256) for v in votes})

    def complete_history(self) -> int:
        """Add the present votes that the history lacks, as after a time without Postgres; return how many."""
        after, added = "", 0
        while rows := self.read(queries.PRESENT_VOTES, after=after, limit=HISTORY_PAGE):
            added += record(self.engine, self.graph, [vote for row in rows for vote in present(row["id"], row)])
            after = rows[-1]["id"]
        return added

    def history(self, entity: str) -> list[Vote]:
        """Return all votes that were ever cast on an entity, the first one first."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT encode(sha256, 'hex'), reviewer, at FROM vote "
                    "WHERE graph = :graph AND entity = :entity ORDER BY at, reviewer"
                ),
                {"graph": self.graph, "entity": entity},
            )
            return [Vote(entity, row[0], row[1], iso(row[2])) for row in rows]


def present(entity: str, row: Mapping[str, Any]) -> list[Vote]:
    """Return the votes that stand on an entity, the oldest first. If someone has two, the later one counts."""
    sides = [(None, row["voters"], row["voted"])]
    sides += [(image["sha256"], image["voters"] or [], image["voted"] or []) for image in row["images"]]
    votes = [
        Vote(entity, sha, who, when) for sha, voters, voted in sides for who, when in zip(voters, voted, strict=False)
    ]
    votes.sort(key=lambda vote: vote.at)
    return votes


def record(engine: Engine, graph: str, votes: Sequence[Vote]) -> int:
    """Add votes to the history; return how many it lacked. Raises StoreError."""
    if not votes:
        return 0
    rows = [
        {
            "graph": graph,
            "entity": vote.entity,
            "sha256": None if vote.sha256 is None else bytes.fromhex(vote.sha256),
            "reviewer": vote.reviewer,
            "at": vote.at,
        }
        for vote in votes
    ]
    try:
        with engine.begin() as connection:
            result = connection.execute(
                text(
                    "INSERT INTO vote (graph, entity, sha256, reviewer, at) "
                    "VALUES (:graph, :entity, :sha256, :reviewer, CAST(:at AS timestamptz)) ON CONFLICT DO NOTHING"
                ),
                rows,
            )
            return int(result.rowcount)
    except SQLAlchemyError as exc:
        raise StoreError(f"Postgres did not take {len(rows)} votes of '{graph}': {exc.__cause__ or exc}") from exc


def now() -> str:
    """Return the time in UTC, to the microsecond."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """Return a time as the votes have it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
