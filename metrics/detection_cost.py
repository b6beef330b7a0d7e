"""Detection cost: the least there is, and that of a threshold."""

import math

import numpy as np
import numpy.typing as npt

from .levels import Levels

Floats = npt.NDArray[np.floating]


def min_dcf(targets: Floats, nontargets: Floats, prior: float = 0.01) -> float:
    """Normalised minimum detection cost with unit costs (NIST SRE).

    min over thresholds of (prior · P_miss + (1 - prior) · P_fa) / min(prior, 1 - prior):
    1 is what accepting none or all costs.

    SpeechBrain's `minDCF` is the same minimum without the division: at a prior of 0.01 its value
    is a hundredth of this one.

    Parameters
    ----------
    targets, nontargets : as in `error_rates`
    prior : of a target, between 0 and 1; costs other than one are covered by the prior
        prior · C_miss / (prior · C_miss + (1 - prior) · C_fa)
    """
    return min_dcf_of(Levels.of(targets, nontargets), prior)


def min_dcf_of(levels: Levels, prior: float) -> float:
    """Normalised minimum detection cost of weighted pairs; see `min_dcf`."""
    miss, false_alarm = levels.rates
    cost = prior * miss + (1 - prior) * false_alarm
    return float(cost.min() / min(prior, 1 - prior))


def actual_dcf(targets: Floats, nontargets: Floats, threshold: float, prior: float = 0.01) -> float:
    """Normalised detection cost where scores at or above a threshold are accepted.

    (prior · P_miss(t) + (1 - prior) · P_fa(t)) / min(prior, 1 - prior). With calibrated
    log-likelihood ratios and t = `bayes_threshold(prior)`, what it lies above `min_dcf` is the
    cost of miscalibration at that prior.

    Arguments as in `min_dcf`.
    """
    return actual_dcf_of(Levels.of(targets, nontargets), threshold, prior)


def actual_dcf_of(levels: Levels, threshold: float, prior: float) -> float:
    """Normalised detection cost of weighted pairs at a threshold; see `actual_dcf`."""
    accepted = levels.scores >= threshold
    miss = levels.targets[~accepted].sum() / levels.targets.sum()
    false_alarm = levels.nontargets[accepted].sum() / levels.nontargets.sum()
    return float((prior * miss + (1 - prior) * false_alarm) / min(prior, 1 - prior))


def bayes_threshold(prior: float) -> float:
    """Threshold of natural log-likelihood ratios with the least cost: log((1 - prior) / prior).

    Brümmer & du Preez 2006; unit costs, a prior between 0 and 1.
    """
    return math.log((1 - prior) / prior)
