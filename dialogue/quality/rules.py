"""What a filter is told: the name of a measure, and which of its values may stay."""

import re
from dataclasses import dataclass

from kg.errors import DataError

# Measures that judge a dialogue by itself.
JUDGES = {
    "V1.text": "mean log-probability of a token under a language model (--readability-model)",
    "V1.image": "variance of the Laplacian of each image",
    "V2.match": "100 times the cosine of each image and its entity's name (--encoder with a text tower)",
    "V2.facts": "the dialogue passes `kwk dialogues verify`; takes no values",
    "V3": "how many tasks the dialogue has",
    "V7": "operations that each answer takes",
    "V8": "elements of each question",
    "V9": "bits a pixel of each image",
    "T2": "as V2.match, 30 at least where no values are given",
    "T5": "TextBind's checks: reasons by commas, or all",
}
# Measures that thin out what there is much of. A number says how many may stay.
THINNERS = {
    "V4": "rounds of one community of instructions",
    "V5": "rounds of one cluster of responses",
    "V6": "images of one cluster (--encoder)",
    "V10": "dialogues in all, drawn evenly over tasks",
}
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:e-?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A filter as it was asked for: `keep` says whether what is named stays or goes."""

    text: str
    name: str
    keep: bool
    low: float = float("-inf")
    high: float = float("inf")
    reasons: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return the rule as a command takes it."""
        return f"--{'keep' if self.keep else 'drop'} {self.text}"

    def admits(self, value: float) -> bool:
        """Say whether a value may stay; what is no number may not."""
        return (self.low <= value <= self.high) == self.keep


def parse(text: str, keep: bool) -> Rule:
    """Read NAME, NAME=LEAST, NAME=LOW..HIGH, NAME=LOW.. or NAME=..HIGH. Raises DataError."""
    name, given, values = (part.strip() for part in text.partition("="))
    name = next((each for each in (*JUDGES, *THINNERS) if each.lower() == name.lower()), name)
    if name not in JUDGES and name not in THINNERS:
        raise DataError(f"There is no measure {name!r} to filter by; there are {', '.join((*JUDGES, *THINNERS))}.")
    if name == "T5":
        return Rule(text, name, keep, reasons=_reasons(values, text, keep))
    if name == "V2.facts":
        if given or not keep:
            raise DataError(f"{text!r}: V2.facts takes no values, and can only be kept.")
        return Rule(text, name, keep)
    if name == "T2" and not given:
        values = "30"
    low, dots, high = values.partition("..")
    if not (low or high) or any(part and not _NUMBER.fullmatch(part) for part in (low, high)):
        raise DataError(f"{text!r} does not say which values; write {name}=2, {name}=2..5, {name}=2.. or {name}=..5.")
    if name in THINNERS and (not keep or dots or not low.isdecimal() or int(low) < 1):
        raise DataError(f"{text!r}: {name} takes one whole number, how many are kept, as in --keep {name}=500.")
    least, most = float(low or "-inf"), float(high or "inf")
    if least > most:
        raise DataError(f"{text!r}: {low} is more than {high}.")
    return Rule(text, name, keep, least, most)


def _reasons(values: str, text: str, keep: bool) -> tuple[str, ...]:
    from dialogue.quality.textbind import REASONS

    named = tuple(part.strip() for part in values.split(",") if part.strip())
    if unknown := [name for name in named if name not in REASONS]:
        raise DataError(f"{text!r}: TextBind's checks have no reason {unknown[0]!r}; there are {', '.join(REASONS)}.")
    if keep and named:
        raise DataError(f"{text!r}: name reasons with --drop; --keep T5 keeps what none of them is found in.")
    return named or tuple(REASONS)
