"""Fit how calibration depends on conditions, with shrinkage towards the calibration of all.

The weights of conditions are shrunk by a ridge, the common part is not: what was seen little of is
calibrated like everything else.
"""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import fit_temperature, log_likelihood, sigmoid, softmax
from .features import Features
from .linear import Linear, centre_and_scale

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_GROUP_RIDGE = 0.03
_MATCHES_A_CELL = 2.0


def fit_temperatures(
    scores: Doubles, groups: Groups, matches: Rows, conditions: Features
) -> tuple[float, Linear]:
    """Fit the temperature of each group's softmax: log T = log T₀ + w · (conditions - centre).

    By maximum likelihood of the matches, with a ridge of 0.03 on the weights of standardised
    conditions a group.

    Parameters
    ----------
    scores, groups, matches : as in `fit_temperature`
    conditions : (groups, conditions)

    Returns
    -------
    temperature : T₀
    conditions : what to add to its logarithm, a group
    """
    from scipy.optimize import minimize

    start = fit_temperature(scores, groups, matches)
    columns = conditions.columns(conditions.names)
    centre, scale = centre_and_scale(columns)
    z = np.column_stack([np.ones(len(groups)), np.nan_to_num((columns - centre) / scale)])
    shrunk = np.r_[0.0, np.ones(z.shape[1] - 1)]

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        scaled = scores / start * groups.spread(np.exp(-z @ weights))
        lead = scaled[matches] - groups.sum(softmax(scaled, groups) * scaled)
        penalty = _GROUP_RIDGE * shrunk * weights
        value = -log_likelihood(scaled, groups, matches) + 0.5 * float(penalty @ weights)
        return value, z.T @ lead / len(groups) + penalty

    found = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    slopes = tuple((found[1:] / scale).tolist())
    factor = Linear(conditions.names, tuple(centre.tolist()), slopes, 0.0)
    return start * float(np.exp(found[0])), factor


def fit_pairs(log_odds: Doubles, is_match: Flags, cells: Features) -> tuple[Linear, Linear]:
    """Fit scale and bias of a pair's log odds by its cells: (a + u · cells) s + b + v · cells.

    Least Cllr, targets and nontargets weighing the same in sum. The ridge on u and v draws a cell
    to the common a and b as strongly as about twenty matches of its own draw it away.

    Parameters
    ----------
    log_odds : (total,), s, of speakers that the model of pairs did not see
    is_match : (total,), whether one speaker speaks both
    cells : (total, cells), see `cells.pair_cells`

    Returns
    -------
    scale, bias : linear in the cells
    """
    from scipy.optimize import minimize

    ones = np.column_stack([np.ones(len(log_odds)), cells.columns(cells.names)])
    x = np.column_stack([ones * log_odds[:, None], ones])
    sign = np.where(is_match, 1.0, -1.0)
    weights = 0.5 / np.where(is_match, is_match.sum(), (~is_match).sum())
    width = ones.shape[1]
    ridge = np.full(2 * width, _MATCHES_A_CELL / is_match.sum())
    ridge[[0, width]] = 0.0

    def loss(w: Doubles) -> tuple[float, Doubles]:
        margin = sign * (x @ w)
        value = float(weights @ np.logaddexp(0, -margin)) + 0.5 * float(ridge @ w**2)
        return value, -x.T @ (weights * sign * sigmoid(-margin)) + ridge * w

    start = np.zeros(2 * width)
    start[0] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    none = (0.0,) * len(cells.names)
    return tuple(  # type: ignore[return-value]
        Linear(cells.names, none, tuple(part[1:].tolist()), float(part[0]))
        for part in (found[:width], found[width:])
    )
