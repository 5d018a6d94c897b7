"""What the guide lets people check in a graph, a slide each; kg.showcase keeps the questions that have an answer."""

from dataclasses import dataclass

from kg import tour, tour_checks
from kg.tour import Shown


@dataclass(frozen=True, slots=True)
class Check:
    """What one slide asks: a title, and queries with words before each."""

    title: str
    asks: tuple[tuple[str, str], ...]


def coverage(graph: str) -> Check:
    """Ask how far pictures reach, and which reach nobody."""
    return Check(
        "how far pictures reach",
        (
            ("By topic: what is said of entities, and how many of these have a picture.", tour_checks.topics(graph)),
            (
                "Pictures that no entity has, or that gates dropped from every entity that had them:",
                tour_checks.lost(graph),
            ),
        ),
    )


def pictures(entity: Shown, sha256: str) -> Check:
    """Ask for the pictures themselves, from a drawing."""
    return Check(
        "from a drawing to the picture",
        (
            (
                "The pictures of one entity, drawn. The sign Table at the left of the drawing turns it into names and "
                "addresses; a click on an address opens the picture.",
                tour.pictures_of(entity),
            ),
            (
                "In any drawing a click on a picture shows its sha256 in the panel at the right; the sign beside it "
                "copies it. Put its first digits here:",
                tour_checks.picture(entity.graph, sha256),
            ),
        ),
    )


def gates(graph: str, example: Shown | None) -> Check:
    """Ask what the gates decided: of all, and of one entity."""
    asks = [("Pictures by what the gates decided, and why:", tour_checks.decisions(graph))]
    if example is not None:
        asks += [
            (
                f"Each picture of {example.name} with its scores and ranks; a click on an address opens it:",
                tour_checks.verdicts(example),
            ),
            (
                "What was dropped of them, drawn; the same result as a table has the addresses:",
                tour_checks.dropped(example),
            ),
        ]
    return Check("what the gates decided", (*asks, ("Who lost most:", tour_checks.most_dropped(graph))))


def votes(graph: str) -> Check:
    """Ask where experts and gates, or experts among themselves, do not agree."""
    return Check(
        "where experts disagree",
        (
            ("Pictures that experts chose and the gates had not put first:", tour_checks.overruled(graph)),
            ("Entities whose votes are split:", tour_checks.split_votes(graph)),
        ),
    )


def dialogue(graph: str, name: str) -> Check:
    """Ask for one conversation, drawn and read."""
    return Check(
        "a conversation",
        (
            (
                "Its walk: turns in the order of the numbers, what each rests on, which pictures it shows.",
                tour_checks.walk(graph, name),
            ),
            ("The same to read:", tour_checks.read_aloud(graph, name)),
            (
                "What its first answer goes back to: facts and who says them, pictures and who chose them.",
                tour_checks.origins(graph, f"{name}#1"),
            ),
        ),
    )


def trace(entity: Shown, relation: str, triple: str) -> Check:
    """Ask where an answer comes from: its facts, the turns that taught them, its pictures."""
    return Check(
        "the trace of an answer",
        (
            (
                f"Is an answer on {entity.name} wrong? Who says so, and how many turns taught it:",
                tour_checks.taught(entity, relation),
            ),
            (
                "From the key of a fact (its property triple) to turns that teach it:",
                tour_checks.teachers(entity.graph, triple),
            ),
            (
                "What gates and experts did to its pictures, and how often conversations show them:",
                tour_checks.picture_history(entity),
            ),
            ("What turns teach and no edge says (any more):", tour_checks.unsaid(entity.graph)),
        ),
    )


def sources(graph: str) -> Check:
    """Ask who says what."""
    return Check(
        "who says what",
        (
            ("Facts by who says them; of a fact with several sources each is named:", tour_checks.said_by(graph)),
            ("Facts without any source were drawn by hand; no ingest touches them:", tour_checks.by_hand(graph)),
        ),
    )
