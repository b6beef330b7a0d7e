"""The linear baseline: logistic regression on the cosines and quality measures (QMF)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features

Doubles = npt.NDArray[np.float64]

QMF_NAMES = (
    *("cosine", "centred", "asnorm"),
    *(f"{name}_{kind}" for name in ("speech", "norm", "cohort") for kind in ("min", "max")),
    *(f"{name}_{kind}" for name in ("speech", "norm", "cohort") for kind in ("diff", "ratio")),
)


@dataclass(frozen=True, slots=True)
class Linear:
    """Log odds, at equal prior, that a pair has one speaker: a weighted sum of features.

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
        """Compute the log odds of each candidate: float64 (total,)."""
        total: Doubles = self.contributions(features).sum(axis=1) + self.bias
        return total

    def contributions(self, features: Features) -> Doubles:
        """Compute what each feature adds to the log odds: float64 (total, len(names)).

        An unknown feature adds nothing.
        """
        return np.nan_to_num(
            (features.columns(self.names) - np.array(self.centre)) * np.array(self.weights)
        )


def fit_linear(
    features: Features, is_match: npt.NDArray[np.bool_], names: tuple[str, ...] = QMF_NAMES
) -> Linear:
    """Fit by logistic regression (least Cllr), targets and nontargets weighing the same in sum.

    Thienpondt et al. 2021, "The IDLAB VoxSRC-20 submission", §3.3: quality measure functions.
    """
    from sklearn.linear_model import LogisticRegression

    columns = features.columns(names)
    known = ~np.all(np.isnan(columns), axis=0)
    centre = np.zeros(len(names))
    scale = np.ones(len(names))
    centre[known] = np.nanmean(columns[:, known], axis=0)
    scale[known] = np.maximum(np.nanstd(columns[:, known], axis=0), 1e-6)
    model = LogisticRegression(class_weight="balanced", max_iter=500)
    model.fit(np.nan_to_num((columns - centre) / scale), is_match)
    weights = model.coef_[0] / scale
    return Linear(
        names, tuple(centre.tolist()), tuple(weights.tolist()), float(model.intercept_[0])
    )
