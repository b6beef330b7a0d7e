"""How long a run is, how fast it learns, how hard its task is at each step, and when it stops."""

from dataclasses import dataclass

import numpy as np

from ..encoders.base import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run in numbers: linear warm-up, a constant rate, then a linear fall to zero.

    The margin grows between two shares of the run, `margin_start` and `margin_full`: from the
    first step, it keeps a network that cannot tell thousands of speakers apart yet from learning.
    Every speaker at one of `speeds` other than 1 is a speaker more. `average` is the decay, by
    step, of the moving average of the weights that is evaluated and kept.

    The rate falls over the last `decay` of the run. Its last `final` uses longer crops (in seconds)
    and a larger margin (Thienpondt et al. 2021, "The IDLab VoxSRC-20 submission").

    `loss` is a name in `losses.LOSSES`; `subcentres` are the centres a class has; a batch holds
    `takes` crops of each class drawn. The rate of a stage of the network is `layer_decay` times
    that of the stage above it. With `minutes`, the run ends by then, and whatever depends on its
    progress follows the clock. With `patience`, it ends after so many evaluations that were no
    better, and the best state is kept. `keep` is the share of the initial weights in those written.
    """

    steps: int = 9_500
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 2e-2
    warmup: int = 300
    decay: float = 0.6
    final: float = 0.25
    crop_s: float = 1.5
    final_crop_s: float = 2.25
    margin: float = 0.2
    final_margin: float = 0.3
    margin_start: float = 0.1
    margin_full: float = 0.4
    speeds: tuple[float, ...] = (1.0, 0.9, 1.1)
    average: float = 0.999
    loss: str = "aam"
    subcentres: int = 1
    takes: int = 1
    layer_decay: float = 1.0
    minutes: float | None = None
    evaluate_every: int = 1_500
    patience: int | None = None
    keep: float = 0.0

    def share(self, step: int, seconds: float) -> float:
        """The share of the run that is done before a step, when it has taken so many seconds."""
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return max(step / self.steps, by_time)

    def is_final(self, share: float) -> bool:
        """Whether the run is in its last stretch."""
        return share >= 1 - self.final

    def rate_at(self, step: int, share: float) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = min(1.0, (1 - share) / self.decay) if self.decay else 1.0
        return self.rate * min(rise, fall)

    def margin_at(self, share: float) -> float:
        """The margin in force, in radians."""
        if self.is_final(share):
            return self.final_margin
        if share >= self.margin_full:
            return self.margin
        grown = (share - self.margin_start) / (self.margin_full - self.margin_start)
        return self.margin * float(np.clip(grown, 0, 1))

    def frames_at(self, share: float, hop: int) -> int:
        """Frames in a crop, `hop` samples apart."""
        seconds = self.final_crop_s if self.is_final(share) else self.crop_s
        return round(seconds * SAMPLE_RATE_HZ / hop)


SCRATCH = Recipe()
"""From random weights."""

FINE_TUNING = Recipe(
    steps=2_000,
    rate=2e-4,
    warmup=100,
    margin_start=0.0,
    margin_full=0.0,
    layer_decay=0.8,
    evaluate_every=100,
    patience=5,
)
"""From a trained network: it can take the margin at once, and too long a run makes it worse."""
