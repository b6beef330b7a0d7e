"""What the winner of each group looks like, for the trees of "none of them"."""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import EVIDENCE
from .features import Features

Doubles = npt.NDArray[np.float64]

_OF_THE_WINNER = (
    *("cosine", "centred", "asnorm", "plda"),
    *("cosine_rank", "asnorm_rank", "plda_rank"),
    *("cosine_lead", "centred_lead", "asnorm_lead", "plda_lead"),
    *("cosine_z", "asnorm_z", "plda_z"),
    *("rest_similarity", "reverse_rank", "reverse_lead", "reverse_z"),
    *("speech_min", "speech_max", "norm_min", "norm_max", "cohort_min", "cohort_max"),
    *("same_noise", "same_gender", "f0_distance", "f0_distance_z"),
    *("snr_min", "snr_diff", "bandwidth_min", "bandwidth_ratio"),
    *("spectrum_distance", "spectrum_distance_z", "spectrum_cosine", "spectrum_cosine_z"),
)
_MEANS = ("cohort_min", "norm_min", "speech_min", "snr_min", "bandwidth_min", "centred")

WINNER = (
    *EVIDENCE,
    *("log_size", "score_deviation", "centred_deviation"),
    *(f"winner_{name}" for name in _OF_THE_WINNER),
    *(f"mean_{name}" for name in _MEANS),
)
"""Columns of `describe_winners`."""


def describe_winners(
    scores: Doubles, evidence: Doubles, features: Features, groups: Groups
) -> Features:
    """Describe each group by its best candidate: (groups, len(`WINNER`)).

    Of several that are best, the winner's features are means, so their order plays no part.

    Parameters
    ----------
    scores : (total,) of the ranker
    evidence : (groups, len(`EVIDENCE`)), see `calibration.evidence`
    features, groups : of all candidates
    """
    is_best = scores == groups.spread(groups.max(scores))
    centred = features.column("centred")
    columns = [
        *evidence.T,
        np.log(groups.sizes),
        _deviation(scores, groups),
        _deviation(centred, groups),
        *(_mean(features.column(name), groups, is_best) for name in _OF_THE_WINNER),
        *(_mean(features.column(name), groups) for name in _MEANS),
    ]
    return Features(np.stack(columns, axis=1).astype(np.float32), WINNER)


def _deviation(values: Doubles, groups: Groups) -> Doubles:
    away = values - groups.spread(groups.sum(values) / groups.sizes)
    deviation: Doubles = np.sqrt(groups.sum(away**2) / groups.sizes)
    return deviation


def _mean(values: Doubles, groups: Groups, which: npt.NDArray[np.bool_] | None = None) -> Doubles:
    """Mean of each group's values (groups,), of those that count if some do not."""
    if which is None:
        return groups.sum(values) / groups.sizes
    return groups.sum(np.where(which, values, 0.0)) / groups.sum(which)
