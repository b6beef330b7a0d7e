"""Scored pairs as masses at distinct scores, so that their weights can change without sorting."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Levels:
    """The distinct scores of pairs and how much of either kind lies at each.

    Parameters
    ----------
    scores : float64 (levels,), rising
    targets, nontargets : float64 (levels,), how many same-speaker and different-speaker pairs, or
        the sum of their weights
    """

    scores: Doubles
    targets: Doubles
    nontargets: Doubles

    @classmethod
    def of(cls, targets: Floats, nontargets: Floats) -> Self:
        """Count scores (n,) of same-speaker and (m,) of different-speaker pairs."""
        scores = np.concatenate([targets, nontargets]).astype(np.float64)
        distinct, level_of = np.unique(scores, return_inverse=True)
        counts = [
            np.bincount(part, minlength=len(distinct)).astype(np.float64)
            for part in (level_of[: len(targets)], level_of[len(targets) :])
        ]
        return cls(distinct, counts[0], counts[1])

    @property
    def rates(self) -> tuple[Doubles, Doubles]:
        """Miss and false-alarm rate, from "accept none" to "accept all": two (levels + 1,)."""
        accepted = [
            np.concatenate([[0.0], np.cumsum(mass[::-1]) / mass.sum()])
            for mass in (self.targets, self.nontargets)
        ]
        return np.maximum(1 - accepted[0], 0.0), accepted[1]
