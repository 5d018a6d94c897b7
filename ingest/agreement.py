"""How far reviewers agree beyond chance, computed from their votes alone.

The choices of an entity are its own pictures, so the categories differ from entity to entity, and chance agreement from
pooled marginals would mean nothing over "picture 3". Two formulations are sound, and both are given:

- *Per picture*: each vote is one decision a candidate, chosen or not ("none of these": not, for all). Pooled over
  pictures, the categories are the same everywhere, and Cohen's and Fleiss' κ are what their authors define. Where
  entities differ in their number of candidates, pooling lets chance look a little like agreement.
- *Per entity*: Randolph's free-marginal κ (Brennan and Prediger for two raters) with the chance 1/q of each entity,
  whose q choices are its candidates and "none of these".

Numbers of raters may differ between items: items with fewer than two raters say nothing and are left out, and Fleiss' κ
is taken in its generalised form, with each item's own n in its observed agreement and the share of all ratings as the
marginals. With equal numbers it is the κ of Fleiss (1971). Entities count alike, whoever voted and however many.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Ballot:
    """The votes on one entity: reviewer -> index of the picture among `candidates` pictures, None for none of them."""

    candidates: int
    votes: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on the entities that both judged: κ on single pictures, and the share of equal votes."""

    first: str
    second: str
    entities: int
    pictures: int
    cohen: float | None
    agreement: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of all reviewers. κ is None where it is undefined: nothing judged twice, or no vote differs in kind."""

    entities: int  # with two votes or more
    pictures: int  # their candidates
    votes: int  # on them
    raters: dict[int, int]  # number of votes -> entities with so many
    agreement: float | None  # the mean over entities of the share of pairs of votes that are equal
    fleiss: float | None  # per picture
    free_marginal: float | None  # per entity
    pairs: tuple[Pair, ...]


def fleiss_kappa(table: Iterable[Sequence[int]]) -> float | None:
    """Return Fleiss' κ of items × categories, how many raters put an item into a category (Fleiss 1971, eqs 1 to 7).

    The number of raters may differ between items (see above). None if no item has two raters, or chance explains all.
    """
    items = 0
    observed = 0.0
    totals: list[int] = []
    for row in table:
        raters = sum(row)
        if raters < 2:
            continue
        items += 1
        observed += sum(count * (count - 1) for count in row) / (raters * (raters - 1))
        totals = [total + count for total, count in zip(totals or [0] * len(row), row, strict=True)]
    if not items:
        return None
    ratings = sum(totals)
    return corrected(observed / items, sum((total / ratings) ** 2 for total in totals))


def cohen_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Return Cohen's κ of a square table: items by the first rater's category (row) and the second's (column)."""
    items = sum(map(sum, table))
    if not items:
        return None
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    observed = sum(row[i] for i, row in enumerate(table)) / items
    return corrected(observed, sum(a * b for a, b in zip(rows, columns, strict=True)) / items**2)


def corrected(observed: float, chance: float) -> float | None:
    """Return the agreement beyond chance, (observed - chance) / (1 - chance); None where chance explains all."""
    return (observed - chance) / (1 - chance) if chance < 1 else None


def decisions(ballot: Ballot) -> Iterator[tuple[int, int]]:
    """Yield, for each candidate, how many reviewers chose it and how many did not."""
    raters = len(ballot.votes)
    chosen = list(ballot.votes.values())
    for candidate in range(ballot.candidates):
        count = chosen.count(candidate)
        yield count, raters - count


def equal_pairs(ballot: Ballot) -> float:
    """Return the share of pairs of votes that are equal."""
    pairs = list(combinations(ballot.votes.values(), 2))
    return sum(first == second for first, second in pairs) / len(pairs)


def free_marginal_kappa(ballots: Sequence[Ballot]) -> float | None:
    """Return Randolph's κ with each entity's own chance 1/q, q its candidates and "none of these"."""
    if not ballots:
        return None
    observed = sum(map(equal_pairs, ballots)) / len(ballots)
    return corrected(observed, sum(1 / (ballot.candidates + 1) for ballot in ballots) / len(ballots))


def pair(first: str, second: str, ballots: Sequence[Ballot]) -> Pair:
    """Compare two reviewers on ballots that hold a vote of both."""
    table = [[0, 0], [0, 0]]  # first chose it or not × second did or not
    equal = 0
    for ballot in ballots:
        one, other = ballot.votes[first], ballot.votes[second]
        equal += one == other
        both = int(one is not None and one == other)
        only_first, only_second = int(one is not None) - both, int(other is not None) - both
        table[0][0] += both
        table[0][1] += only_first
        table[1][0] += only_second
        table[1][1] += ballot.candidates - both - only_first - only_second
    pictures = sum(ballot.candidates for ballot in ballots)
    return Pair(first, second, len(ballots), pictures, cohen_kappa(table), equal / len(ballots))


def agreement(ballots: Iterable[Ballot]) -> Agreement:
    """Return the agreement over all entities with two votes or more, and that of each two reviewers, by name."""
    shared = [ballot for ballot in ballots if len(ballot.votes) >= 2]
    by_pair: dict[tuple[str, str], list[Ballot]] = {}
    raters: dict[int, int] = {}
    for ballot in shared:
        raters[len(ballot.votes)] = raters.get(len(ballot.votes), 0) + 1
        for first, second in combinations(sorted(ballot.votes), 2):
            by_pair.setdefault((first, second), []).append(ballot)
    return Agreement(
        entities=len(shared),
        pictures=sum(ballot.candidates for ballot in shared),
        votes=sum(len(ballot.votes) for ballot in shared),
        raters=dict(sorted(raters.items())),
        agreement=sum(map(equal_pairs, shared)) / len(shared) if shared else None,
        fleiss=fleiss_kappa(row for ballot in shared for row in decisions(ballot)),
        free_marginal=free_marginal_kappa(shared),
        pairs=tuple(pair(*names, both) for names, both in sorted(by_pair.items())),
    )
