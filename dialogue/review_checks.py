"""What `dialogue.verify` has to say of single dialogues: of one that is shown, and of one that reviewers changed."""

from dataclasses import dataclass, field
from pathlib import Path

from dialogue.apart import read_apart
from dialogue.review_rounds import Record
from dialogue.truth import Truth
from dialogue.verify import Round, Splits, check_answer, check_images, check_texts

Complaint = tuple[int, str, str]  # the model's turn, reason, detail


@dataclass(slots=True)
class Checks:
    """The checks of one folder."""

    truth: Truth
    splits: Splits | None = None
    by_format: bool = True  # whether the formats of a triple are split, so that each triple is in train
    _sights: dict[str, Truth] = field(default_factory=dict)

    def sight(self, file: str) -> Truth:
        """Return what is true as far as the dialogues of a file may list it."""
        if self.splits is None:
            return self.truth
        if file not in self._sights:
            self._sights[file] = self.splits.sight(file, self.truth)
        return self._sights[file]

    def complaints(self, record: Record, file: str) -> list[Complaint]:
        """Return what is wrong with each round of a dialogue."""
        found: list[Complaint] = []
        truth, earlier, before = self.sight(file), "", None
        turns = record["conversations"]
        for turn in range(1, len(turns), 2):
            asked, given = turns[turn - 1 : turn + 1]
            this = Round(asked, given, earlier, before)
            try:
                for check in (check_images, check_answer, check_texts):
                    found += [(turn, reason, detail) for reason, detail in check(this, truth)]
                if self.splits is not None and self.splits.holds_out(this, file):
                    found.append((turn, "held_out", asked["value"]))
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as exc:
                found.append((turn, "malformed", f"{type(exc).__name__}: {exc}"))
            earlier, before = f"{earlier}{asked['value']}\n{given['value']}\n", this
        return found


def checks_of(folder: Path, truth: Truth, graph: str) -> Checks:
    """Return the checks of a folder. Raises DataError if it does not say how it is split."""
    apart = read_apart(folder, truth, graph)
    return Checks(truth, Splits(folder, apart), apart is None)
