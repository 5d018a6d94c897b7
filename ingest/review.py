"""The page on which experts vote for images, keyboard first (`kg.local_page`); ingest/review.js sits in it."""

import threading
from dataclasses import dataclass
from importlib.resources import files

import neo4j

from ingest import agreement, review_views
from ingest.ballot import PAGE, BallotBox, reviewer_name
from ingest.images import Unusable
from ingest.sheet import Sheet, open_sheet, picture
from kg.errors import DataError
from kg.local_page import Gone, LocalPage, Told, frame, text
from kg.settings import Neo4jAddress

DECODING = threading.BoundedSemaphore(2)  # large pictures take much memory while they are opened


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page asks the stores for. Each takes what the browser sent and returns what JSON can carry."""

    box: BallotBox
    neo4j: Neo4jAddress
    reviewer: str | None  # for a browser that knows no name yet
    everything: bool  # also what enough experts have settled

    def enter(self, sent: Told) -> Told:
        """Greet a reviewer: the name as it is kept, and how far they are."""
        if not sent.get("reviewer") and not self.reviewer:
            return {"graph": self.box.graph}
        name = reviewer_name(sent.get("reviewer") or self.reviewer)
        voted, entities = self.box.progress(name)
        return {"graph": self.box.graph, "reviewer": name, "voted": voted, "entities": entities}

    def following(self, sent: Told) -> Told:
        """Return the next entity to vote on, or none."""
        name = reviewer_name(sent.get("reviewer"))
        entity = self.box.next_entity(name, text(sent, "after"), self.everything)
        return {"sheet": None if entity is None else self._sheet(entity, name)}

    def sheet(self, sent: Told) -> Told:
        """Return one entity."""
        return {"sheet": self._sheet(text(sent, "entity"), reviewer_name(sent.get("reviewer")))}

    def vote(self, sent: Told) -> Told:
        """Take a vote; return the entity, now with everybody's votes."""
        name, entity, sha256 = reviewer_name(sent.get("reviewer")), text(sent, "entity"), sent.get("sha256")
        if sha256 is not None and not isinstance(sha256, str):
            raise DataError(f"A vote names an image by its sha256, not by {sha256!r}: reload the page.")
        done = self.box.cast(entity, sha256, name)
        before = None if done.replaced is None else done.replaced.at
        return {"sheet": self._sheet(entity, name), "first": done.first, "replaced": before}

    def entities(self, sent: Told) -> Told:
        """Return a page of all entities with images."""
        name, state = reviewer_name(sent.get("reviewer")), sent.get("state") or None
        if state is not None and state not in review_views.STATES:
            raise DataError(f"There is no state {state!r}: there are {', '.join(review_views.STATES)}.")
        rows = self.box.entities(name, state, text(sent, "after"))
        return {
            "html": review_views.entities_view(rows),
            "after": rows[-1]["id"] if len(rows) == PAGE else None,
            "states": self.box.states() if not sent.get("after") else None,
        }

    def queue(self, sent: Told) -> Told:
        """Return a page of what waits for a search by hand."""
        skip = sent.get("skip")
        skip = skip if isinstance(skip, int) and 0 <= skip < 2**31 else 0
        rows = self.box.queue(reviewer_name(sent.get("reviewer")), skip)
        return {"html": review_views.queue_view(rows), "skip": skip + PAGE if len(rows) == PAGE else None}

    def figures(self, sent: Told) -> Told:
        """Return how far the reviewers agree."""
        del sent
        return {"html": review_views.agreement_view(agreement.agreement(self.box.ballots()))}

    def picture(self, sha256: str, side: int) -> bytes:
        """Return an image of the graph. Raises Gone."""
        return shown(self.box.driver, self.box.graph, sha256, side)

    def _sheet(self, entity: str, reviewer: str) -> Told:
        """Return an entity for the page."""
        sheet: Sheet = open_sheet(self.box.driver, self.neo4j, self.box.graph, entity, reviewer)
        return {
            "entity": sheet.entity,
            "name": sheet.name,
            "html": review_views.sheet_view(sheet),
            "pictures": [choice.sha256 for choice in sheet.choices if not choice.dropped],
            "vote": "none" if sheet.vote and sheet.vote.sha256 is None else sheet.vote.sha256 if sheet.vote else None,
        }


def shown(driver: neo4j.Driver, graph: str, sha256: str, side: int) -> bytes:
    """Return an image of a graph as a page shows it. Raises Gone."""
    try:
        with DECODING:
            return picture(driver, graph, sha256, side)
    except Unusable as exc:
        raise Gone(f"This image {exc}.") from exc


def review_page(desk: Desk) -> LocalPage:
    """Return the page on which a desk's graph is voted on."""
    folder = files("ingest")
    return LocalPage(
        title=f"kwk review · {desk.box.graph}",
        root="kwk-review",
        script=frame() + folder.joinpath("review.js").read_text("utf-8"),
        style=folder.joinpath("review.css").read_text("utf-8"),
        asks={
            "kwk_enter": desk.enter, "kwk_next": desk.following, "kwk_sheet": desk.sheet, "kwk_vote": desk.vote,
            "kwk_entities": desk.entities, "kwk_queue": desk.queue, "kwk_agreement": desk.figures,
        },
        picture=desk.picture,
        sides=(review_views.CARD, review_views.LARGE),
    )  # fmt: skip
