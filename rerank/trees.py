"""Train the trees of the reranker: LightGBM, on top of the linear base."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import log_likelihood, softmax
from .features import FEATURES, Features
from .recipe import Objective, Recipe

if TYPE_CHECKING:
    import lightgbm

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_LEAST_CURVATURE = 1e-4
_MONOTONE = {feature.name: feature.monotone for feature in FEATURES}


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
        return self.groups.flags(self.matches)


def fit_trees(
    train: Examples,
    base: Doubles,
    recipe: Recipe,
    seed: int,
    held: tuple[Examples, Doubles] | None = None,
) -> tuple[str, int]:
    """Fit trees that correct the base scores.

    Parameters
    ----------
    train, base : examples, and the base score of each of their candidates
    recipe : how the trees grow; without `held`, all of its rounds are grown
    seed : of LightGBM's random numbers
    held : examples and base scores of other speakers; training stops when their matches do not
        become likelier

    Returns
    -------
    model : LightGBM's text format
    rounds : how many trees it has
    """
    import lightgbm

    data = _dataset(train, base)
    parameters = recipe.parameters(seed) | {
        "monotone_constraints": [_MONOTONE.get(name, 0) for name in train.features.names],
        "objective": "lambdarank"
        if recipe.objective is Objective.LAMBDARANK
        else lambda predicted, _: _gradients(predicted, train),
    }
    if held is None:
        booster = lightgbm.train(parameters, data, recipe.most_rounds)
        return booster.model_to_string(), recipe.most_rounds
    examples, scores = held
    booster = lightgbm.train(
        parameters,
        data,
        recipe.most_rounds,
        valid_sets=[_dataset(examples, scores, data)],
        feval=lambda predicted, _: ("likelihood", _gain(predicted, examples), True),
        callbacks=[lightgbm.early_stopping(recipe.patience, verbose=False)],
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
