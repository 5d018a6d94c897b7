"""What decides a run."""

from dataclasses import dataclass, replace

from ingest.encoder_names import absolute, resolve
from kg.errors import DataError
from model.mix import HARD, HARDEST, RAMP, parse_mix
from model.negatives import KINDS, Negatives
from model.presets import Kno, Preset, preset


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What decides a run, saved in its manifest. Training ends at `steps` or after `minutes`, whichever is given."""

    graph: str
    dialogues: str
    preset: str = "tiny"  # the name of one, or its file
    vision: str | None = None  # this and the next four take the place of the preset's own
    llm: str | None = None
    adapter: str | None = None
    kno: Kno | None = None
    lora: int | None = None
    negatives: Negatives = "proximity"
    drawn: int = 32  # negatives for each <RET>, where they are drawn
    mix: str = HARD  # the shares of the tiers in the hard part of what is drawn
    hardest: float = HARDEST  # the share of the hard part at the end of the ramp; the rest is random
    ramp: float = RAMP  # of the training, in which the hard part grows from nothing
    corrected: bool = False  # whether each logit is lowered by the log of how often its image was to be drawn
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    holdout_style: str | None = None
    knowledge: float = 1.0  # λ1, the weight of L_KNO
    retrieval: float = 1.0  # λ2, the weight of L_RET
    relation: float = 0.5  # the weight of naming relation and direction
    every: int = 100  # steps between two validations, each of which saves
    patience: int = 8  # validations without a lower loss, after which training ends
    accumulate: int = 1  # batches that make a step, in each process
    processes: int = 1  # that the run was begun with; any number may go on with it
    log_every: int = 10  # steps between two lines of the log
    board: bool = False  # whether TensorBoard's files are written as well

    def __post_init__(self) -> None:
        if self.negatives not in KINDS:
            raise DataError(f"There are no negatives '{self.negatives}'; there are: {', '.join(KINDS)}.")
        if self.steps is None and self.minutes is None:
            raise DataError("Nothing says when training ends; give --steps or --minutes.")
        limits = (limit for limit in (self.steps, self.minutes) if limit is not None)
        counts = self.drawn, self.every, self.patience, self.accumulate, self.log_every
        if min(*limits, *counts) <= 0:
            raise DataError(
                "Steps, minutes, negatives, patience, batches a step, steps between validations and lines of the log "
                "must be above zero."
            )
        parse_mix(self.mix)  # or DataError
        if not (0 <= self.hardest <= 1 and 0 <= self.ramp <= 1):
            raise DataError("The hardest share of negatives and the ramp to it are between 0 and 1.")

    @property
    def draws(self) -> bool:
        """Return whether negatives are drawn, and not all images or the batch's taken."""
        return self.negatives in ("proximity", "random")


def shape_of(settings: TrainSettings) -> Preset:
    """Return the preset that settings name, with the parts that they replace. Raises DataError."""
    parts = {name: getattr(settings, name) for name in ("vision", "llm", "adapter", "kno", "lora")}
    shape = preset(settings.preset, **parts)
    resolve(shape.vision)  # or DataError
    return replace(shape, vision=absolute(shape.vision))
