"""Linear models: the QMF baseline of pairs, and the base that the reranker's trees start from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import log_likelihood, softmax
from .features import FEATURES, Features

Doubles = npt.NDArray[np.float64]

_RIDGE = 2e-3
_BOUNDS = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}

QMF_NAMES = (
    *("cosine", "centred", "asnorm", "plda"),
    *(f"{name}_{kind}" for name in ("speech", "norm", "cohort") for kind in ("min", "max")),
    *(f"{name}_{kind}" for name in ("speech", "norm", "cohort") for kind in ("diff", "ratio")),
)


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of features, where an unknown feature adds nothing.

    Parameters
    ----------
    names : the features used
    centre, weights : (len(names),), subtracted from, then multiplied with, each feature
    bias : added
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def scores(self, features: Features) -> Doubles:
        """Compute the score of each candidate: float64 (total,)."""
        known = np.nan_to_num(features.columns(self.names) - np.array(self.centre))
        total: Doubles = known @ np.array(self.weights) + self.bias
        return total

    def contributions(self, features: Features) -> Doubles:
        """Compute what each feature adds to the score: float64 (total, len(names))."""
        parts: Doubles = (features.columns(self.names) - self.centre) * np.array(self.weights)
        return np.nan_to_num(parts)


def fit_linear(
    features: Features, is_match: npt.NDArray[np.bool_], names: tuple[str, ...] = QMF_NAMES
) -> Linear:
    """Fit the log odds of one speaker by logistic regression (least Cllr).

    At equal prior: targets and nontargets weigh the same in sum.

    Thienpondt et al. 2021, "The IDLAB VoxSRC-20 submission", §3.3: quality measure functions.
    """
    from sklearn.linear_model import LogisticRegression

    columns = features.columns(names)
    centre, scale = centre_and_scale(columns)
    model = LogisticRegression(class_weight="balanced", max_iter=500)
    model.fit(np.nan_to_num((columns - centre) / scale), is_match)
    weights = model.coef_[0] / scale
    return Linear(
        names, tuple(centre.tolist()), tuple(weights.tolist()), float(model.intercept_[0])
    )


def fit_listwise(
    features: Features,
    groups: Groups,
    matches: npt.NDArray[np.int64],
    names: tuple[str, ...] | None = None,
) -> Linear:
    """Fit by conditional logit (McFadden 1974): the group's softmax gives the matches most mass.

    Weights of monotone features keep their sign.

    Parameters
    ----------
    features, groups : of all candidates
    matches : (groups,), the position of each group's match among all candidates
    names : the features to use; all by default
    """
    from scipy.optimize import minimize

    names = features.names if names is None else names
    columns = features.columns(names)
    centre, scale = centre_and_scale(columns)
    z = np.nan_to_num((columns - centre) / scale)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        scores = z @ weights
        gradient = (z.T @ softmax(scores, groups) - z[matches].sum(axis=0)) / len(groups)
        penalty = _RIDGE * weights
        value = -log_likelihood(scores, groups, matches) + 0.5 * float(penalty @ weights)
        return value, gradient + penalty

    monotone = {feature.name: feature.monotone for feature in FEATURES}
    bounds = [_BOUNDS[monotone.get(name, 0)] for name in names]
    start = np.zeros(len(names))
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x / scale
    return Linear(names, tuple(centre.tolist()), tuple(weights.tolist()), 0.0)


def centre_and_scale(columns: Doubles) -> tuple[Doubles, Doubles]:
    """Mean and deviation of each column's known values; 0 and 1 where there are none."""
    known = ~np.all(np.isnan(columns), axis=0)
    centre, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    centre[known] = np.nanmean(columns[:, known], axis=0)
    scale[known] = np.maximum(np.nanstd(columns[:, known], axis=0), 1e-6)
    return centre, scale
