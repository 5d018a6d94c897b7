"""What came of each query, and the figures of many: accuracy, recall, MRR; micro, macro and prior-defeating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.intervals import (
    Booleans,
    Values,
    bootstrap_macros,
    bootstrap_means,
    macro,
    macro_interval,
    mcnemar,
    paired_interval,
    quantiles,
    wilson,
)

DEPTHS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one query: where the first right answer stands, and the exact image of the dialogue."""

    relation: str  # its macro average is over these
    rank: int  # of the first right answer, from 1; 0 where none was found
    prior_fails: bool  # the head-blind prior's first answer is wrong
    exact: int | None = None  # rank of the very image that the dialogue shows; None where it is not in the gallery
    confidence: float | None = None  # how probable the model held its answer, where it says so

    @property
    def first(self) -> bool:
        """Say whether the first answer is right."""
        return self.rank == 1

    @property
    def five(self) -> bool:
        """Say whether one of the first five is right."""
        return self.within(5)

    def within(self, depth: int) -> bool:
        """Say whether one of the first answers is right."""
        return 1 <= self.rank <= depth


def rank_of(hits: Sequence[bool]) -> int:
    """Return the rank of the first hit, 0 if there is none."""
    return next((place for place, hit in enumerate(hits, 1) if hit), 0)


def reciprocal(ranks: Sequence[int]) -> Values:
    """Return 1/rank, 0 where nothing was found, (N,)."""
    found = np.asarray(ranks, np.float64)
    return np.divide(1.0, found, out=np.zeros_like(found), where=found > 0)


def figures(outcomes: Sequence[Outcome], images: bool, gallery: int | None) -> dict[str, Any]:
    """Return micro, macro and prior-defeating figures of one format."""
    defeating = [each for each in outcomes if each.prior_fails]
    return {
        "micro": leaf(outcomes, images, gallery),
        "macro": leaf(outcomes, images, gallery, over_relations=True),
        "prior_defeating": leaf(defeating, images, gallery),
    }


def leaf(
    outcomes: Sequence[Outcome], images: bool, gallery: int | None = None, over_relations: bool = False
) -> dict[str, Any]:
    """Return one figure: accuracy, or recall at each depth, MRR and exact image; with n, gallery and 95 % intervals."""
    relations = [each.relation for each in outcomes]
    shares = {
        depth: share(np.array([each.within(depth) for each in outcomes], np.bool_), relations, over_relations)
        for depth in (DEPTHS if images else (1,))
    }
    value, interval = shares[1]
    sizes = {"n": len(outcomes), "gallery": gallery, "ci95": interval}
    if not images:
        return {"accuracy": value, **sizes}
    mean, mean_interval = mean_rank(outcomes, over_relations)
    exact = [each for each in outcomes if each.exact is not None]
    found: dict[str, Any] = {f"recall{depth}": each for depth, (each, _) in shares.items()} | {"mrr": mean} | sizes
    found |= {f"recall{depth}_ci95": shares[depth][1] for depth in DEPTHS[1:]} | {"mrr_ci95": mean_interval}
    own = np.array([each.exact == 1 for each in exact], np.bool_)
    found["exact1"], found["exact1_ci95"] = share(own, [each.relation for each in exact], over_relations)
    return found | {"exact_n": len(exact)}


def share(hits: Booleans, relations: Sequence[str], over_relations: bool) -> tuple[float | None, list[float] | None]:
    """Return a share and its interval to four digits; None where there is nothing to share."""
    if not len(hits):
        return None, None
    if over_relations:
        return round(macro(hits, relations), 4), rounded(macro_interval(hits, relations))
    return round(float(hits.mean()), 4), rounded(wilson(int(hits.sum()), len(hits)))


def mean_rank(outcomes: Sequence[Outcome], over_relations: bool) -> tuple[float | None, list[float] | None]:
    """Return the mean reciprocal rank and its bootstrap interval."""
    if not outcomes:
        return None, None
    values, relations = reciprocal([each.rank for each in outcomes]), [each.relation for each in outcomes]
    if over_relations:
        return round(macro(values, relations), 4), rounded(quantiles(bootstrap_macros(values, relations)))
    return round(float(values.mean()), 4), rounded(quantiles(bootstrap_means(values)))


def rounded(interval: tuple[float, float]) -> list[float]:
    """Return an interval to four digits."""
    return [round(end, 4) for end in interval]


def difference(ours: Mapping[Any, Outcome], theirs: Mapping[Any, Outcome]) -> dict[str, Any] | None:
    """Return how much more often the first answer is right, over what both were asked, and whether by chance.

    `p` is McNemar's, exact; the interval is the paired bootstrap's. `mrr` is the same for the reciprocal ranks.
    """
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return None
    first = np.array([[side[key].first for key in both] for side in (ours, theirs)], np.bool_)
    gaps = first[0].astype(np.float64) - first[1]
    ranks = [reciprocal([side[key].rank for key in both]) for side in (ours, theirs)]
    return {
        "difference": round(float(gaps.mean()), 4),
        "n": len(both),
        "ci95": rounded(paired_interval(gaps)),
        "only_ours": int((gaps > 0).sum()),
        "only_theirs": int((gaps < 0).sum()),
        "p": mcnemar(first[0], first[1]),
        "mrr": round(float((ranks[0] - ranks[1]).mean()), 4),
        "mrr_ci95": rounded(paired_interval(ranks[0] - ranks[1])),
    }
