"""Which dialogues stay, given what the judges said and the groups they are in; with any of the filters switched off.

What is judged bad goes wherever it stands, and with it whatever in valid or test rests on a fact that train then no
longer states. What is only too much goes last: train keeps the last dialogue that states a fact of valid or test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dialogue.quality.balance import shared_out
from dialogue.quality.rules import Rule

UNTRAINED = "untrained"  # the reason of what rests on a fact that train lost


@dataclass(slots=True)
class Record:
    """What is kept of a dialogue until it is decided."""

    split: str
    id: str
    lot: int
    rounds: int
    facts: tuple[int, ...]  # hashes of its triples
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)  # rule's label -> reason, detail
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)  # rule's label -> groups


@dataclass(slots=True)
class Decision:
    """Reasons by place, for what goes; and how many were too many but stay for the sake of valid and test."""

    dropped: dict[int, tuple[str, str]] = field(default_factory=dict)
    needed: int = 0


def decide(records: Sequence[Record], rules: Sequence[Rule], off: Container[str] = ()) -> Decision:
    """Decide about all dialogues by the rules that are not switched off (by their labels)."""
    on = [rule for rule in rules if rule.label not in off]
    decision = Decision()
    for place, record in enumerate(records):
        refusal = next((record.refused[rule.label] for rule in on if rule.label in record.refused), None)
        if refusal:
            decision.dropped[place] = refusal
    by_split: dict[str, list[int]] = {"valid": [], "test": [], "train": []}
    for place, record in enumerate(records):
        by_split[record.split].append(place)
    for places in by_split.values():
        places.sort(key=lambda place: (records[place].lot, place))
    thinners = [rule for rule in on if any(rule.label in record.groups for record in records)]
    _close(records, by_split, decision)
    sizes = {split: sum(place not in decision.dropped for place in places) for split, places in by_split.items()}
    for split in ("valid", "test"):
        _thin(records, by_split[split], thinners, sizes, decision, Counter())
    _thin(records, by_split["train"], thinners, sizes, decision, _owed(records, by_split, decision))
    return decision


def _close(records: Sequence[Record], by_split: Mapping[str, Sequence[int]], decision: Decision) -> None:
    """Drop from valid and test what rests on a fact that train stated before and does not state any more.

    A fact that train did not state before either (of a split by triple or by entity) is not looked for.
    """
    before = {fact for place in by_split["train"] for fact in records[place].facts}
    left = _stated(records, by_split["train"], decision)
    for place in (*by_split["valid"], *by_split["test"]):
        if place not in decision.dropped and any(fact in before and not left[fact] for fact in records[place].facts):
            decision.dropped[place] = (UNTRAINED, "train no longer states a fact of it")


def _stated(records: Sequence[Record], places: Iterable[int], decision: Decision) -> Counter[int]:
    """Count in how many of the dialogues that are left each fact is stated."""
    return Counter(fact for place in places if place not in decision.dropped for fact in records[place].facts)


def _owed(records: Sequence[Record], by_split: Mapping[str, Sequence[int]], decision: Decision) -> Counter[int]:
    """Return how often train states each fact that valid or test rest on."""
    asked = _stated(records, (*by_split["valid"], *by_split["test"]), decision)
    return Counter({fact: n for fact, n in _stated(records, by_split["train"], decision).items() if fact in asked})


def _thin(
    records: Sequence[Record],
    places: Sequence[int],
    rules: Sequence[Rule],
    sizes: Mapping[str, int],
    decision: Decision,
    owed: Counter[int],
) -> None:
    """Drop dialogues all of whose groups are full, in the order of their lots."""
    for rule in rules:
        left = [place for place in places if place not in decision.dropped]
        caps = _caps(records, left, rule, sizes)
        count: Counter[int] = Counter()
        for place in left:
            record = records[place]
            groups = record.groups.get(rule.label, ())
            if not groups or any(count[group] < caps.get(group, rule.low) for group in groups):
                count.update(groups)
            elif any(owed[fact] == 1 for fact in record.facts if fact in owed):
                decision.needed += 1
            else:
                decision.dropped[place] = (rule.name, f"its groups hold {rule.low:,.0f} or their share already")
                owed.subtract(fact for fact in set(record.facts) if fact in owed)


def _caps(records: Sequence[Record], left: Sequence[int], rule: Rule, sizes: Mapping[str, int]) -> dict[int, int]:
    """Return how many of a group may stay where that is not the same for all: V10 shares its number out."""
    if rule.name != "V10" or not left:
        return {}
    total = round(rule.low * sizes[records[left[0]].split] / max(1, sum(sizes.values())))
    found = Counter(group for place in left for group in records[place].groups.get(rule.label, ()))
    quotas = shared_out(total, {str(group): n for group, n in found.items()})
    return {int(group): n for group, n in quotas.items()}


def told(decision: Decision, records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """Count what goes by split and reason, the most frequent first."""
    found: dict[str, Counter[str]] = {}
    for place, (reason, _) in decision.dropped.items():
        found.setdefault(records[place].split, Counter())[reason] += 1
    return {split: dict(counts.most_common()) for split, counts in sorted(found.items())}


def one_by_one(records: Sequence[Record], rules: Sequence[Rule]) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield what each filter does: how many it alone would drop, and how many stay if it alone is switched off."""
    labels = [rule.label for rule in rules]
    for label in labels:
        alone = decide(records, rules, off=_others(labels, label))
        without = decide(records, rules, off={label})
        yield label, {"drops_alone": len(alone.dropped), "kept_without": len(records) - len(without.dropped)}


def _others(labels: Iterable[str], label: str) -> set[str]:
    return {other for other in labels if other != label}
