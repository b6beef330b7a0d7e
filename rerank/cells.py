"""The conditions of pairs and of groups as columns, for calibration to go by.

Calibration depends on conditions through linear models of these columns. A condition seldom seen in
training is drawn to the common calibration by a ridge: it weighs as much as that once it has been
seen some tens of times.
"""

import itertools

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..store.schema import Noise
from .conditions import NOISE_CODES
from .features import Features

Doubles = npt.NDArray[np.float64]

_UNKNOWN = len(NOISE_CODES)
_NOISES = [*(noise.value for noise in NOISE_CODES), Noise.UNKNOWN.value]
_NOISE_PAIRS = list(itertools.combinations_with_replacement(range(len(_NOISES)), 2))
_LANGUAGES = {"same_language": 1.0, "other_language": 0.0}

PAIR_CELLS = (*("+".join((_NOISES[a], _NOISES[b])) for a, b in _NOISE_PAIRS), *_LANGUAGES)
"""Noise conditions of both sides, in either order, and whether their languages agree."""

_QUALITIES = (
    *("speech_min", "speech_max", "norm_min", "norm_max", "cohort_min", "cohort_max"),
    *("snr_min", "snr_diff", "bandwidth_min", "bandwidth_ratio", "same_noise", "same_language"),
)
_SIDES = ("anchor_noise", "candidate_noise")

GROUP_CONDITIONS = (
    *_QUALITIES,
    *(f"{side}_{noise.value}" for side in _SIDES for noise in NOISE_CODES),
)
"""Means over the group: qualities of both sides, and the share of each noise condition."""


def pair_cells(features: Features) -> Features:
    """Tell the cells of each pair: 0 or 1 for each of `PAIR_CELLS`, (total, cells)."""
    codes = features.columns(_SIDES)
    left, right = np.sort(np.where(np.isnan(codes), _UNKNOWN, codes), axis=1).T
    language = features.column("same_language")
    cells = [(left == a) & (right == b) for a, b in _NOISE_PAIRS]
    cells += [language == value for value in _LANGUAGES.values()]
    return Features(np.stack(cells, axis=1).astype(np.float32), PAIR_CELLS)


def group_conditions(features: Features, groups: Groups) -> Features:
    """Average `GROUP_CONDITIONS` over the candidates where they are known: (groups, conditions)."""
    noises = [
        _indicator(features.column(side), code) for side in _SIDES for code in NOISE_CODES.values()
    ]
    columns = np.concatenate([features.columns(_QUALITIES), np.stack(noises, axis=1)], axis=1)
    means = [_mean(column, groups) for column in columns.T]
    return Features(np.stack(means, axis=1).astype(np.float32), GROUP_CONDITIONS)


def _indicator(codes: Doubles, code: float) -> Doubles:
    return np.where(np.isnan(codes), np.nan, codes == code)


def _mean(values: Doubles, groups: Groups) -> Doubles:
    """Mean of each group's known values (groups,), NaN where none is known."""
    known = ~np.isnan(values)
    counts = groups.sum(known)
    sums = groups.sum(np.where(known, values, 0.0))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
