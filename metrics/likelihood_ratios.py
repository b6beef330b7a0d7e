"""Cost of log-likelihood ratios, as they are and at their best calibration."""

import numpy as np
import numpy.typing as npt

from .levels import Levels

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


def cllr(targets: Floats, nontargets: Floats) -> float:
    """Cost of log-likelihood ratios in bits (Brümmer & du Preez 2006).

    ½ [mean over targets of log₂(1 + e^-llr) + mean over nontargets of log₂(1 + e^llr)], with
    natural log-likelihood ratios: 0 is perfect, 1 is what knowing nothing costs.
    """
    both = np.logaddexp(0, -targets).mean() + np.logaddexp(0, nontargets).mean()
    return float(both / (2 * np.log(2)))


def min_cllr(targets: Floats, nontargets: Floats) -> float:
    """Cllr after the best calibration that keeps the order of scores (Brümmer & du Preez 2006).

    Isotonic regression (pool adjacent violators) turns scores into the posterior p of a target;
    llr = log(p / (1 - p)) - log(n / m) for n targets and m nontargets then goes into `cllr`.
    `cllr` less `min_cllr` is what miscalibration costs. Any scores will do.

    Arguments as in `error_rates`.
    """
    return min_cllr_of(Levels.of(targets, nontargets))


def cllr_of(levels: Levels) -> float:
    """Cllr of weighted pairs whose scores are log-likelihood ratios; see `cllr`."""
    return _cost(levels.scores, levels.targets, levels.nontargets)


def min_cllr_of(levels: Levels) -> float:
    """Cllr of weighted pairs after the best calibration; see `min_cllr`."""
    from scipy.optimize import isotonic_regression

    mass = levels.targets + levels.nontargets
    targets, nontargets = levels.targets[mass > 0], levels.nontargets[mass > 0]
    mass = mass[mass > 0]
    posterior = np.clip(isotonic_regression(targets / mass, weights=mass).x, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        odds = np.log(posterior) - np.log1p(-posterior)
    return _cost(odds - np.log(targets.sum() / nontargets.sum()), targets, nontargets)


def _cost(llrs: Doubles, targets: Doubles, nontargets: Doubles) -> float:
    """Weighted Cllr; what weighs nothing costs nothing, however wrong its ratio."""
    kinds = ((-llrs, targets), (llrs, nontargets))
    means = [
        float(np.logaddexp(0, wrong[mass > 0]) @ mass[mass > 0] / mass.sum())
        for wrong, mass in kinds
    ]
    return sum(means) / (2 * float(np.log(2)))
