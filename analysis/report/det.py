"""Detection error trade-off: miss rate against false-alarm rate on normal-deviate axes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ... import metrics

Floats = npt.NDArray[np.floating]

LOWEST, HIGHEST = 1e-4, 0.7
_POINTS = 250


@dataclass(frozen=True, slots=True)
class DetCurve:
    """Points (k,) of a curve: shares of refused targets and of accepted nontargets."""

    false_alarm: Sequence[float]
    miss: Sequence[float]


def det_curve(targets: Floats, nontargets: Floats) -> DetCurve:
    """Trace the curve (Martin et al. 1997), thinned evenly on its axes; arguments as in `eer`.

    A curve that lies beyond the axes has no points.
    """
    miss, false_alarm = metrics.error_rates(targets, nontargets)
    seen = (np.maximum(miss, false_alarm) <= HIGHEST) & ~_repeated(miss, false_alarm)
    miss, false_alarm = miss[seen], false_alarm[seen]
    if not len(miss):
        return DetCurve([], [])
    kept = _spread_evenly(deviates(miss), deviates(false_alarm))
    return DetCurve(false_alarm[kept].tolist(), miss[kept].tolist())


def _repeated(miss: Floats, false_alarm: Floats) -> npt.NDArray[np.bool_]:
    """Find the points without any error of one kind that have more than they need of the other."""
    repeated = np.zeros(len(miss), bool)
    repeated[:-1] = false_alarm[1:] == 0
    repeated[1:] |= miss[:-1] == 0
    return repeated


def deviates(rates: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Normal deviates (probits) of rates (n,), those beyond the axes put on their ends."""
    from scipy.special import ndtri

    placed: npt.NDArray[np.float64] = ndtri(np.clip(rates, LOWEST, HIGHEST))
    return placed


def _spread_evenly(x: Floats, y: Floats) -> npt.NDArray[np.intp]:
    """Pick at most `_POINTS` points at even steps along a curve, its ends among them."""
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.linspace(0, length[-1], _POINTS)
    picked: npt.NDArray[np.intp] = np.unique(np.searchsorted(length, wanted).clip(max=len(x) - 1))
    return picked
