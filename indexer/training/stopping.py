"""The best state of a run by its dev figures, and when to wait for a better one no longer."""

import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from .dev import DevResult


@dataclass(slots=True)
class Best:
    """The best weights so far, their step, and how many evaluations since were no better.

    Better is a larger top-1 minus equal error rate: the one is coarse where speakers are few, the
    other blind to the best candidates.
    """

    goodness: float = -math.inf
    step: int = 0
    stale: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def see(self, result: DevResult, step: int, network: nn.Module) -> None:
        """Take note of an evaluation; one without figures, for want of speakers, counts nothing."""
        goodness = result.top1 - result.eer
        if math.isnan(goodness):
            return
        if goodness <= self.goodness:
            self.stale += 1
            return
        self.goodness, self.step, self.stale = goodness, step, 0
        self.weights = {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}

    def dump(self) -> dict[str, Any]:
        """The state as tensors and plain values."""
        return {name: getattr(self, name) for name in ("goodness", "step", "stale", "weights")}


def blend(tuned: dict[str, Tensor], initial: dict[str, Tensor], keep: float) -> dict[str, Tensor]:
    """Weights on the line from the tuned to the initial ones, `keep` of the way.

    Tuning on one source costs accuracy elsewhere, and part of the way back restores most of it at
    little loss on the source (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
    """
    return {
        name: weight.lerp(initial[name].to(weight), keep) if weight.is_floating_point() else weight
        for name, weight in tuned.items()
    }
