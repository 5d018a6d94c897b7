"""How far a training is, and the learning rate that follows from it."""

import math

from model.settings import TrainSettings

WARM_UP = 0.04  # of the training, in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end


def progress_of(settings: TrainSettings, step: int, seconds: float) -> float:
    """Return how much of the training is done, 0 to 1: what learning rate and curriculum follow."""
    by_step = step / settings.steps if settings.steps else 0.0
    by_time = seconds / (60 * settings.minutes) if settings.minutes else 0.0
    return min(1.0, max(by_step, by_time))


def why_stop(settings: TrainSettings, step: int, seconds: float) -> str:
    """Return which limit is reached, "steps" or "minutes"; an empty text if none is."""
    if settings.steps is not None and step >= settings.steps:
        return "steps"
    return "minutes" if settings.minutes is not None and seconds >= 60 * settings.minutes else ""


def learning_rate(progress: float) -> float:
    """Return the factor on the learning rate: it rises, then falls as a cosine."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.01)
    return LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))
