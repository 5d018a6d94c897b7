"""How far reviewers of rounds agree beyond chance: Cohen's κ for two, Fleiss' κ for all, over what counts of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from dialogue.verdicts import JUDGEMENTS, Verdict
from ingest.agreement import cohen_kappa, fleiss_kappa

KEPT = (1, 1, 0)  # of JUDGEMENTS, those that keep a round


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on the rounds that both judged. κ is None where it is undefined."""

    first: str
    second: str
    rounds: int
    agreement: float
    cohen: float | None
    cohen_kept: float | None  # of kept or rejected


@dataclass(frozen=True, slots=True)
class RoundAgreement:
    """Agreement of all reviewers on the rounds that two or more judged."""

    rounds: int
    verdicts: int
    raters: dict[int, int]  # number of verdicts -> rounds with so many
    judgements: dict[str, int]
    agreement: float | None  # the mean over rounds of the share of pairs of verdicts that are equal
    fleiss: float | None  # of accept, refine and reject
    fleiss_kept: float | None  # of kept or rejected
    pairs: tuple[Pair, ...]


def round_agreement(judged: Iterable[Mapping[str, Verdict]]) -> RoundAgreement:
    """Return how far reviewers agree: one mapping from reviewer to verdict a round."""
    shared = [{who: verdict.judgement for who, verdict in each.items()} for each in judged if len(each) >= 2]
    table = [[list(each.values()).count(judgement) for judgement in JUDGEMENTS] for each in shared]
    raters: dict[int, int] = {}
    by_pair: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for each in shared:
        raters[len(each)] = raters.get(len(each), 0) + 1
        for first, second in combinations(sorted(each), 2):
            by_pair.setdefault((first, second), []).append((each[first], each[second]))
    equal = [sum(n * (n - 1) for n in row) / (sum(row) * (sum(row) - 1)) for row in table]
    return RoundAgreement(
        rounds=len(shared),
        verdicts=sum(map(sum, table)),
        raters=dict(sorted(raters.items())),
        judgements={name: sum(row[i] for row in table) for i, name in enumerate(JUDGEMENTS)},
        agreement=sum(equal) / len(equal) if equal else None,
        fleiss=fleiss_kappa(table),
        fleiss_kept=fleiss_kappa((row[0] + row[1], row[2]) for row in table),
        pairs=tuple(_pair(*names, both) for names, both in sorted(by_pair.items())),
    )


def _pair(first: str, second: str, both: list[tuple[str, str]]) -> Pair:
    table = [[both.count((one, other)) for other in JUDGEMENTS] for one in JUDGEMENTS]
    kept = [[0, 0], [0, 0]]
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            kept[1 - KEPT[i]][1 - KEPT[j]] += count
    equal = sum(table[i][i] for i in range(len(table)))
    return Pair(first, second, len(both), equal / len(both), cohen_kappa(table), cohen_kappa(kept))
