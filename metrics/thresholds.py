"""Thresholds at a point of the ROC curve; scores at or above a threshold are accepted."""

import numpy as np
import numpy.typing as npt

from .levels import Levels

Floats = npt.NDArray[np.floating]


def threshold_at(targets: Floats, nontargets: Floats, false_alarm: float) -> float:
    """Find the lowest threshold with at most this false-alarm rate.

    max { k : P_fa(after accepting the k highest distinct scores) ≤ false_alarm }; the threshold is
    midway between the lowest score accepted and the highest one refused.

    Arguments as in `error_rates`.
    """
    levels = Levels.of(targets, nontargets)
    return _below(levels, int(np.flatnonzero(levels.rates[1] <= false_alarm)[-1]))


def balanced_threshold(targets: Floats, nontargets: Floats) -> float:
    """Find the threshold where P_miss and P_fa are nearest to each other; of equals, least in sum.

    Both kinds of pairs are then told right at the same rate, 1 - EER.

    Arguments as in `error_rates`.
    """
    levels = Levels.of(targets, nontargets)
    miss, false_alarm = levels.rates
    order = np.lexsort((miss + false_alarm, np.abs(miss - false_alarm).round(12)))
    return _below(levels, int(order[0]))


def _below(levels: Levels, accepted: int) -> float:
    """Return the threshold that accepts this many of the highest distinct scores."""
    scores = levels.scores[::-1]
    if accepted == 0:
        return float(np.nextafter(scores[0], np.inf))
    if accepted == len(scores):
        return float(scores[-1])
    return float((scores[accepted - 1] + scores[accepted]) / 2)
