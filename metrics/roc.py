"""The ROC curve of two sets of scores, and the area under it."""

import numpy as np
import numpy.typing as npt

from .levels import Levels

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


def error_rates(targets: Floats, nontargets: Floats) -> tuple[Doubles, Doubles]:
    """Miss and false-alarm rate of every distinct decision, from "accept none" to "accept all".

    P_miss(t) = share of targets below t, P_fa(t) = share of nontargets at or above t.

    Parameters
    ----------
    targets, nontargets : (n,), (m,) scores of same-speaker and of different-speaker pairs

    Returns
    -------
    miss, false_alarm : float64 (k,), falling from 1 to 0 and rising from 0 to 1
    """
    return Levels.of(targets, nontargets).rates


def error_rates_at(targets: Floats, nontargets: Floats, threshold: float) -> tuple[float, float]:
    """Miss and false-alarm rate where scores at or above a threshold are accepted.

    Arguments as in `error_rates`.
    """
    return float(np.mean(targets < threshold)), float(np.mean(nontargets >= threshold))


def roc_area(targets: Floats, nontargets: Floats) -> float:
    """Area under the ROC curve: the chance that a target outscores a nontarget, ties half.

    Arguments as in `error_rates`.
    """
    miss, false_alarm = error_rates(targets, nontargets)
    return float(np.trapezoid(1 - miss, false_alarm))
