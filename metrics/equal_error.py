"""Equal error rate."""

import numpy as np
import numpy.typing as npt

from .levels import Levels

Floats = npt.NDArray[np.floating]


def eer(targets: Floats, nontargets: Floats) -> float:
    """Equal error rate: where P_miss = P_fa, on the ROC curve joined by straight lines.

    Between the last decision with P_miss > P_fa and the next one, at the share
    λ = g₀ / (g₀ - g₁) of the way, with g = P_miss - P_fa: EER = P_miss₀ + λ (P_miss₁ - P_miss₀).
    No convex hull is taken; this equals the root of 1 - fpr - tpr on scikit-learn's `roc_curve`.

    SpeechBrain's `EER` does not interpolate: it returns (P_miss + P_fa) / 2 at the threshold, among
    the scores and the midpoints between them, where the two rates are nearest to each other.

    Arguments as in `error_rates`.
    """
    return eer_of(Levels.of(targets, nontargets))


def eer_of(levels: Levels) -> float:
    """Equal error rate of weighted pairs; see `eer`."""
    miss, false_alarm = levels.rates
    gap = miss - false_alarm
    after = int(np.argmax(gap <= 0))
    before = after - 1
    share = gap[before] / (gap[before] - gap[after])
    return float(miss[before] + share * (miss[after] - miss[before]))
