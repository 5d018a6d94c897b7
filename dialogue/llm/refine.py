"""Seeds for whole conversations, refined by a person in three rounds (T6, TextBind 3.3).

A round generates conversations with the seeds so far as examples; a person labels each; what is not Poor is a seed.
Rounds are files of JSON lines, so that any editor can label them; the command asks for labels one by one, too.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path

from dialogue.draws import Draws
from kg.errors import DataError
from kg.whole_file import whole_file

EXCELLENT, SATISFACTORY, POOR = QUALITIES = ("Excellent", "Satisfactory", "Poor")
CHARACTERISTICS = ("image creation", "image comparison", "intrinsic understanding", "extrinsic understanding")
ROUNDS = 3
SIZE = 100  # conversations a round
EXAMPLES = 3  # in a prompt
_TRIES = 200  # draws before the possible choices are gone through


@dataclass(frozen=True, slots=True)
class Seed:
    """A conversation as the prompt has it, and how a person labelled it."""

    dialogue: str
    images: tuple[str, ...]
    facts: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]
    quality: str | None = None
    characteristics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.quality is not None and self.quality not in QUALITIES:
            raise ValueError(f"the quality {self.quality!r} is none of {', '.join(QUALITIES)}")
        if unknown := [each for each in self.characteristics if each not in CHARACTERISTICS]:
            raise ValueError(f"the characteristic {unknown[0]!r} is none of {', '.join(CHARACTERISTICS)}")

    @property
    def told(self) -> str:
        """Return the seed as an example in a prompt."""
        turns = [{"human": asked, "assistant": given} for asked, given in self.turns]
        images, facts = "\n".join(self.images) or "(none)", "\n".join(self.facts)
        return f"Input images:\n{images}\n\nFacts:\n{facts}\n\n{json.dumps({'turns': turns}, ensure_ascii=False)}"


def draw_examples(seeds: Sequence[Seed], draws: Draws) -> tuple[Seed, ...]:
    """Draw three seeds, one Excellent at least, that cover all four characteristics; none where there are no seeds.

    Raises DataError where no three seeds can do so.
    """
    good = [seed for seed in seeds if seed.quality in (EXCELLENT, SATISFACTORY)]
    if not good:
        return ()
    for _ in range(_TRIES if len(good) >= EXAMPLES else 0):
        places = {draws.below(len(good)) for _ in range(EXAMPLES)}
        drawn = tuple(good[place] for place in places)
        if len(drawn) == EXAMPLES and _covers(drawn):
            return drawn
    kinds: dict[tuple[bool, frozenset[str]], list[Seed]] = defaultdict(list)
    for seed in good:
        kinds[seed.quality == EXCELLENT, frozenset(seed.characteristics)].append(seed)
    ordered = sorted(kinds, key=lambda kind: (kind[0], sorted(kind[1])))
    for chosen in combinations_with_replacement(ordered, EXAMPLES):
        if any(count > len(kinds[kind]) for kind, count in Counter(chosen).items()):
            continue
        drawn = tuple(kinds[kind][chosen[:n].count(kind)] for n, kind in enumerate(chosen))
        if _covers(drawn):
            return drawn
    missing = [each for each in CHARACTERISTICS if not any(each in seed.characteristics for seed in good)]
    raise DataError(
        f"No {EXAMPLES} of the {len(good)} seeds have one labelled Excellent and cover all four characteristics"
        + (f" (nothing shows {', '.join(missing)})" if missing else "")
        + "; label more conversations, or more of their characteristics."
    )


def _covers(drawn: Sequence[Seed]) -> bool:
    shown = {each for seed in drawn for each in seed.characteristics}
    return shown.issuperset(CHARACTERISTICS) and any(seed.quality == EXCELLENT for seed in drawn)


@dataclass(frozen=True, slots=True)
class Seeds:
    """A folder of rounds: round-1.jsonl to round-3.jsonl."""

    folder: Path

    def path(self, number: int) -> Path:
        """Return the file of a round, from 1."""
        return self.folder / f"round-{number}.jsonl"

    def rounds(self) -> list[list[Seed]]:
        """Return the rounds there are. Raises DataError that names the file and line where a label is none."""
        found = []
        for number in range(1, ROUNDS + 1):
            path = self.path(number)
            if not path.exists():
                break
            found.append([_seed(path, n, line) for n, line in enumerate(path.read_text("utf-8").splitlines(), 1)])
        return found

    def kept(self) -> list[Seed]:
        """Return the seeds: what was labelled Excellent or Satisfactory in any round."""
        return [seed for each in self.rounds() for seed in each if seed.quality in (EXCELLENT, SATISFACTORY)]

    def next_round(self) -> int:
        """Return the number of the round to generate. Raises DataError if all are there, or labels are missing."""
        rounds = self.rounds()
        for number, each in enumerate(rounds, 1):
            if missing := sum(seed.quality is None for seed in each):
                raise DataError(
                    f"{self.path(number)} has {missing:,} conversations without a label; label them first (--label)."
                )
        if len(rounds) == ROUNDS:
            raise DataError(f"{self.folder} has all {ROUNDS} rounds, and the seeds are fixed; --seeds uses them.")
        return len(rounds) + 1

    def write(self, number: int, seeds: Sequence[Seed]) -> None:
        """Write a round, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(asdict(seed), ensure_ascii=False) + "\n" for seed in seeds)
        with whole_file(self.path(number)) as partial:
            partial.write_text(lines, encoding="utf-8")

    def label(self, number: int, place: int, quality: str, characteristics: Sequence[str]) -> None:
        """Label one conversation of a round."""
        seeds = self.rounds()[number - 1]
        seeds[place] = replace(seeds[place], quality=quality, characteristics=tuple(characteristics))
        self.write(number, seeds)

    def counted(self) -> list[dict[str, int]]:
        """Return how many of each label every round has."""
        return [dict(Counter(seed.quality or "unlabelled" for seed in each)) for each in self.rounds()]


def _seed(path: Path, n: int, line: str) -> Seed:
    try:
        record = json.loads(line)
        turns = tuple((asked, given) for asked, given in record["turns"])
        images, facts = (tuple(map(str, record[key])) for key in ("images", "facts"))
        labels = record["quality"], tuple(record["characteristics"])
        return Seed(str(record["dialogue"]), images, facts, turns, *labels)
    except (ValueError, KeyError, TypeError) as exc:
        raise DataError(f"{path}, line {n} is no labelled conversation: {exc}.") from exc
