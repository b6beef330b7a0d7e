"""A candidate's score seen within its group: rank, lead, deviations from the group's mean."""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups

Doubles = npt.NDArray[np.float64]


def ranks(values: Doubles, groups: Groups) -> Doubles:
    """Rank of each value in its group (total,): 1 is the largest, equal values share their mean."""
    order = groups.order(values)
    ordered, owners = values[order], groups.owners
    fresh = np.ones(len(order), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]) | (owners[1:] != owners[:-1])
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], len(order))
    run = np.cumsum(fresh) - 1
    positions = (starts + ends - 1) / 2 + 1
    shared = np.empty(len(order))
    shared[order] = positions[run] - groups.offsets[owners]
    return np.where(np.isnan(values), np.nan, shared)


def leads(values: Doubles, groups: Groups) -> Doubles:
    """Value less the best other of its group (total,).

    The gap to the next for the best, less the gap to the best for the rest; NaN in a group of one.
    """
    best = groups.max(values)
    is_best = values == groups.spread(best)
    others = groups.max(np.where(is_best, -np.inf, values))
    second = np.where(groups.sum(is_best) > 1, best, others)
    rival = np.where(is_best, groups.spread(second), groups.spread(best))
    return np.where(np.isfinite(rival), values - rival, np.nan)


def z_scores(values: Doubles, groups: Groups) -> Doubles:
    """Deviations from the mean of the group's known values (total,).

    NaN where the value is unknown, or fewer than two of the group differ.
    """
    known = ~np.isnan(values)
    count = np.maximum(groups.sum(known), 1)
    filled = np.where(known, values, 0.0)
    away = np.where(known, values - groups.spread(groups.sum(filled) / count), 0.0)
    deviation = np.sqrt(groups.sum(away**2) / count)
    usable = known & groups.spread(deviation > 1e-9)
    return np.where(usable, away / np.maximum(groups.spread(deviation), 1e-9), np.nan)
