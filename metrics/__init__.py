"""How well scores find the match: arrays in, numbers out.

Scores grow with likeness. Ties never favour anyone: where several candidates share the best score,
the match counts as found with the probability that a fair draw among them would find it, so no
figure moves when candidates are shuffled.
"""

from .bootstrap import bootstrap_interval, pair_weights
from .calibration_error import ReliabilityBin, brier, ece, reliability
from .detection_cost import actual_dcf, bayes_threshold, min_dcf
from .equal_error import eer
from .histogram import Histogram, histogram
from .levels import Levels
from .likelihood_ratios import cllr, min_cllr
from .ranking import hits, mrr, reciprocal_ranks, top1
from .roc import error_rates, error_rates_at, roc_area
from .thresholds import balanced_threshold, threshold_at

__all__ = [
    "Histogram",
    "Levels",
    "ReliabilityBin",
    "actual_dcf",
    "balanced_threshold",
    "bayes_threshold",
    "bootstrap_interval",
    "brier",
    "cllr",
    "ece",
    "eer",
    "error_rates",
    "error_rates_at",
    "histogram",
    "hits",
    "min_cllr",
    "min_dcf",
    "mrr",
    "pair_weights",
    "reciprocal_ranks",
    "reliability",
    "roc_area",
    "threshold_at",
    "top1",
]
