"""The two ways to ask for a triple: for its tail, and for its head."""

from bisect import bisect_left
from typing import NamedTuple

from dialogue.material import Material


class Ask(NamedTuple):
    """A way to ask for a triple: about which end, and where the triple stands on that side."""

    subject: int
    asks_tail: bool
    run: int
    place: int
    format: int | None = None  # None: whichever fits


def asks(material: Material, triple: int) -> tuple[Ask, Ask]:
    """Return both ways to ask for a triple, the one with fewer true answers first."""
    head, tail = material.heads[triple], material.out.neighbour[triple]
    relation = material.relation_of[triple]
    out, into = material.out.run(head, relation), material.into.run(tail, relation)
    place = bisect_left(material.into.neighbour, head, material.into.run_start[into], material.into.run_start[into + 1])
    for_tail, for_head = Ask(head, True, out, triple), Ask(tail, False, into, place)
    return (for_tail, for_head) if material.out.size(out) <= material.into.size(into) else (for_head, for_tail)
