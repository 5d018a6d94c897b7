"""Types for a graph that has none: an entity's relations vote for what it is.

A Freebase path says of what type its head is (`/film/film/genre` has a film at its head). What stands at its tail is
estimated: the type that is most over-represented among the tails' own votes. Every relation of an entity has one vote,
however many facts it holds, so that a thousand award nominations don't outvote a birthplace, a gender and a profession.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log2

from kg.types import Triple

_SURE = 0.5  # of a relation's tails must share a type before it is expected of all
_FOREIGN = 0.3  # what the expectation counts for a tail that never shows this type itself, but others
_LISTED = 2.0  # what an expectation counts that the list of rules holds, and that is no estimate
_WEAK = 1e-2  # weight of a type that says little: it wins only where nothing else got a vote
_EMPTY = 1e-5  # weight of a type that says nothing at all


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What Freebase's types are worth: see freebase_types.toml."""

    weak: frozenset[str]
    weak_prefixes: tuple[str, ...]
    empty_prefixes: tuple[str, ...]
    stands_for: Mapping[str, str]
    kind_of: Mapping[str, str]
    expects: Mapping[str, str]
    labels: Mapping[str, str]

    def weight(self, kind: str) -> float:
        """Return what a vote for this type counts."""
        if kind.startswith(self.empty_prefixes):
            return _EMPTY
        return _WEAK if kind in self.weak or kind.startswith(self.weak_prefixes) else 1.0


@cache
def freebase_rules() -> TypeRules:
    """Return the rules for Freebase's types."""
    data = tomllib.loads((files("kg") / "freebase_types.toml").read_text(encoding="utf-8"))
    weak = data["weak"]
    return TypeRules(
        frozenset(kind for kind in weak if not kind.endswith("/")),
        tuple(kind for kind in weak if kind.endswith("/")),
        tuple(data["empty"]),
        data["stands_for"],
        data["kind_of"],
        data["expects"],
        data["labels"],
    )


def vote_types(triples: Iterable[Triple], rules: TypeRules | None = None) -> dict[str, tuple[str, ...]]:
    """Return each entity's types, the winning one first, by the votes of its relations.

    Only Freebase-like paths (`/domain/type/property`, compounds joined by a dot) vote; an entity without any is absent.
    """
    rules = rules or freebase_rules()
    heads: dict[str, set[str]] = defaultdict(set)
    tails: dict[str, set[str]] = defaultdict(set)
    for triple in triples:
        heads[triple.relation].add(triple.head)
        tails[triple.relation].add(triple.tail)
    head_types = {path: kind for path in heads if (kind := _head_type(path))}
    own: dict[str, Counter[str]] = defaultdict(Counter)  # entity -> type -> number of relations it heads
    for path in sorted(head_types):
        for entity in heads[path]:
            own[entity][head_types[path]] += 1
    shares = Counter(kind for votes in own.values() for kind in votes)
    votes = {entity: {kind: float(n) for kind, n in counts.items()} for entity, counts in own.items()}
    for path in sorted(head_types):
        kind, worth = _expected_type(path, tails[path], own, shares, rules)
        for entity in tails[path] if kind else ():
            ballot = votes.setdefault(entity, {})
            foreign = worth < _LISTED and entity in own and kind not in own[entity]
            ballot[kind] = ballot.get(kind, 0.0) + worth * (_FOREIGN if foreign else 1.0)
    return {entity: _ranked(ballot, own.get(entity, {}), rules) for entity, ballot in sorted(votes.items())}


def _head_type(path: str) -> str:
    """Return the type of a path's heads: its first hop without the property; empty if it is no such path."""
    first = path.split("./", 1)[0].rstrip(".")
    kind, _, property_ = first.rpartition("/")
    return kind if path.startswith("/") and property_ and kind.count("/") >= 2 else ""


def _expected_type(
    path: str, tails: set[str], own: Mapping[str, Counter[str]], shares: Counter[str], rules: TypeRules
) -> tuple[str, float]:
    """Return the type that is expected of a path's tails, with the share of them that show it; ("", 0) if unknown.

    Among the types of at least half of the tails the one with the most information wins: share * log2(lift).
    A type that says little is taken only if no other is there.
    """
    last_hop = "/" + path.rsplit("./", 1)[-1].lstrip("/")
    if last_hop in rules.expects:
        return rules.expects[last_hop], _LISTED
    counts = Counter(kind for entity in tails if entity in own for kind in own[entity])
    best = ("", 0.0)
    best_score = 0.0
    for kind, n in sorted(counts.items()):
        share = n / len(tails)
        if share >= _SURE:
            score = rules.weight(kind) * share * log2(share * len(own) / shares[kind])
            if score > best_score:
                best, best_score = (kind, share), score
    return best


def _ranked(ballot: Mapping[str, float], own: Mapping[str, int], rules: TypeRules) -> tuple[str, ...]:
    """Return the types of one entity by votes, those that say little behind the others."""
    direct = dict(ballot)
    for kind, votes in ballot.items():
        if kind in rules.stands_for:
            target = rules.stands_for[kind]
            direct[target] = direct.get(target, 0.0) + votes
    support = dict(direct)
    for kind in direct:
        broader = rules.kind_of.get(kind)
        # Where it is only guessed from what points here, a narrow type inherits nothing.
        while broader and (kind in own or not own or ballot.get(kind, 0.0) >= _LISTED):
            support[kind] += direct.get(broader, 0.0)
            broader = rules.kind_of.get(broader)
    return tuple(sorted(support, key=lambda kind: (-support[kind] * rules.weight(kind), -support[kind], kind)))
