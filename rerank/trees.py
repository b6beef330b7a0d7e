"""Train the trees of the reranker: LightGBM, on top of the linear base.

The objective is the group's softmax likelihood (ListNet, Cao et al. 2007), the very likelihood that
the base is fitted to and the temperature is checked on. Against LightGBM's own lambdarank the
difference in top-1 is within the noise; its scores are log odds, which calibrate better.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import log_likelihood, softmax
from .features import FEATURES, Features

if TYPE_CHECKING:
    import lightgbm

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_ROUNDS = 500
_PATIENCE = 30
_LEAST_CURVATURE = 1e-4
_MONOTONE = {feature.name: feature.monotone for feature in FEATURES}
_PARAMETERS: dict[str, Any] = {
    "metric": "None",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "lambda_l2": 10.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Groups with their features, and where their matches are.

    Parameters
    ----------
    features, groups : of all candidates
    matches : (groups,), the position of each group's match among all candidates
    """

    features: Features
    groups: Groups
    matches: Rows

    def take(self, which: Rows) -> "Examples":
        """Pick the groups of these numbers."""
        positions = self.groups.positions(which)
        groups = self.groups.take(which)
        within = self.matches[which] - self.groups.offsets[which]
        return Examples(self.features.take(positions), groups, groups.offsets[:-1] + within)

    @property
    def is_match(self) -> npt.NDArray[np.bool_]:
        """Whether each candidate is its group's match: (total,)."""
        flags = np.zeros(len(self.groups.candidates), bool)
        flags[self.matches] = True
        return flags


def fit_trees(
    train: Examples,
    base: Doubles,
    seed: int,
    held: tuple[Examples, Doubles] | None = None,
    rounds: int = MOST_ROUNDS,
) -> tuple[str, int]:
    """Fit trees that correct the base scores.

    Parameters
    ----------
    train, base : examples, and the base score of each of their candidates
    seed : of LightGBM's random numbers
    held : examples and base scores of other speakers; training stops when they stop gaining
    rounds : at most so many trees

    Returns
    -------
    model : LightGBM's text format
    rounds : how many trees it has
    """
    import lightgbm

    data = _dataset(train, base)
    parameters = _PARAMETERS | {
        "seed": seed,
        "monotone_constraints": [_MONOTONE.get(name, 0) for name in train.features.names],
        "objective": lambda predicted, _: _gradients(predicted, train),
    }
    if held is None:
        booster = lightgbm.train(parameters, data, rounds)
        return booster.model_to_string(), rounds
    examples, scores = held
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    booster = lightgbm.train(
        parameters,
        data,
        rounds,
        valid_sets=[_dataset(examples, scores, data)],
        feval=lambda predicted, _: ("likelihood", _gain(predicted, examples), True),
        callbacks=[stop],
    )
    best = max(1, int(booster.best_iteration))
    return booster.model_to_string(num_iteration=best), best


def _gradients(predicted: Doubles, examples: Examples) -> tuple[Doubles, Doubles]:
    """First and second derivatives of the groups' negative log likelihood."""
    probabilities = softmax(predicted, examples.groups)
    curvature = np.maximum(probabilities * (1 - probabilities), _LEAST_CURVATURE)
    return probabilities - examples.is_match, curvature


def _gain(predicted: Doubles, examples: Examples) -> float:
    return log_likelihood(predicted, examples.groups, examples.matches)


def _dataset(
    examples: Examples, base: Doubles, reference: "lightgbm.Dataset | None" = None
) -> "lightgbm.Dataset":
    import lightgbm

    return lightgbm.Dataset(
        examples.features.matrix,
        label=examples.is_match.astype(np.int32),
        group=examples.groups.sizes,
        init_score=base,
        reference=reference,
        feature_name=_plain(examples.features.names),
        params={"verbosity": -1, "feature_pre_filter": False},
    )


def _plain(names: tuple[str, ...]) -> list[str]:
    """Names that LightGBM's text format can hold: others are replaced by their number."""
    return [
        name if name.isascii() and name.isidentifier() else f"column_{number}"
        for number, name in enumerate(names)
    ]
