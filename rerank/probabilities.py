"""Scores to probabilities under the conditions at hand.

Of each candidate, given that precisely one of the group is the match: its share of the group's
softmax. Of "none of them": from what the group's winner looks like. Of a pair: from its log odds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import evidence, softmax
from .cells import group_conditions, pair_cells
from .features import Features
from .linear import Linear

Doubles = npt.NDArray[np.float64]

UNCONDITIONAL = Linear((), (), (), 0.0)
AS_THEY_ARE = Linear((), (), (), 1.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores become probabilities.

    Parameters
    ----------
    temperature : scores are divided by it before the softmax
    none_weights, none_bias : log odds of "none of them": weights of `EVIDENCE`, and the rest
    conditions : added to the logarithm of the temperature, linear in `GROUP_CONDITIONS`
    pair_scale, pair_bias : what a pair's log odds are multiplied with, and what is then added,
        linear in `PAIR_CELLS`
    """

    temperature: float
    none_weights: tuple[float, ...]
    none_bias: float
    conditions: Linear = UNCONDITIONAL
    pair_scale: Linear = AS_THEY_ARE
    pair_bias: Linear = UNCONDITIONAL

    def temperatures(self, features: Features, groups: Groups) -> Doubles:
        """Temperature of each group's softmax: (groups,)."""
        found: Doubles = self.temperature * np.exp(
            self.conditions.scores(group_conditions(features, groups))
        )
        return found

    def probabilities(self, scores: Doubles, features: Features, groups: Groups) -> Doubles:
        """Compute each candidate's probability (total,), given that one of its group matches."""
        return softmax(scores / groups.spread(self.temperatures(features, groups)), groups)

    def evidence(
        self, scores: Doubles, features: Features, log_odds: Doubles, groups: Groups
    ) -> Doubles:
        """Describe each group's winner by `EVIDENCE`: float64 (groups, len(EVIDENCE)).

        Parameters
        ----------
        scores : (total,) of the ranker
        features, groups : of all candidates
        log_odds : (total,), the linear model's
        """
        asnorm = features.column("asnorm")
        return evidence(scores / self.temperature, asnorm, log_odds, groups)

    def none_log_odds(self, evidence: Doubles) -> Doubles:
        """Compute the log odds, at equal prior, that no candidate matches: float64 (groups,)."""
        odds: Doubles = evidence @ np.array(self.none_weights) + self.none_bias
        return odds

    def pair_log_odds(self, log_odds: Doubles, features: Features) -> Doubles:
        """Correct the linear model's log odds (total,) for the conditions of each pair."""
        cells = pair_cells(features)
        corrected: Doubles = self.pair_scale.scores(cells) * log_odds + self.pair_bias.scores(cells)
        return corrected
