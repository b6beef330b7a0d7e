"""How long a run is, how fast it learns, and how hard its task is at each step."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard: linear warm-up, a constant rate, then a linear fall to zero.

    The margin grows between two shares of the steps, `margin_start` and `margin_full`: from the
    first step, it keeps a network that cannot tell thousands of speakers apart yet from learning.
    Every speaker at one of `speeds` other than 1 is a speaker more. `average` is the decay, by
    step, of the moving average of the weights that is evaluated and kept.

    The rate falls over the last `decay` of the steps. The last `final` of them use longer crops
    (in frames) and a larger margin (Thienpondt et al. 2021, "The IDLab VoxSRC-20 submission").
    """

    steps: int = 13_000
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 2e-2
    warmup: int = 300
    decay: float = 0.6
    final: float = 0.25
    frames: int = 100
    final_frames: int = 150
    margin: float = 0.2
    final_margin: float = 0.3
    margin_start: float = 0.1
    margin_full: float = 0.4
    speeds: tuple[float, ...] = (1.0, 0.9, 1.1)
    average: float = 0.999

    def is_final(self, step: int) -> bool:
        """Whether a step lies in the last stretch."""
        return step >= self.steps * (1 - self.final)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = min(1.0, (self.steps - step) / max(1.0, self.steps * self.decay))
        return self.rate * min(rise, fall)

    def margin_at(self, step: int) -> float:
        """The margin of a step, in radians."""
        if self.is_final(step):
            return self.final_margin
        done = step / self.steps - self.margin_start
        return self.margin * float(np.clip(done / (self.margin_full - self.margin_start), 0, 1))
