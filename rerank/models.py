"""The models that a reranker scores by, fitted together: QMF, the linear base, and its trees."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .booster import Booster
from .features import Features
from .linear import Linear, fit_linear, fit_listwise
from .recipe import Recipe
from .trees import Examples, fit_trees

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A linear base and trees on top of it.

    Parameters
    ----------
    base : the linear model
    model : the trees, LightGBM's text format
    rounds : how many trees there are
    """

    base: Linear
    model: str
    rounds: int

    def scores(self, features: Features) -> Doubles:
        """Score every candidate: float64 (total,)."""
        return self.base.scores(features) + Booster(self.model).scores(features.matrix)


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one fold, or of all: the linear baseline, and what ranks."""

    qmf: Linear
    ranking: Ranking


def fit_models(train: Examples, recipe: Recipe, seed: int, held: Examples | None = None) -> Models:
    """Fit all models; the trees stop where `held`, examples of other speakers, stop gaining."""
    base = fit_listwise(train.features, train.groups, train.matches)
    return Models(
        fit_linear(train.features, train.is_match), fit_ranking(train, base, recipe, seed, held)
    )


def fit_ranking(
    train: Examples, base: Linear, recipe: Recipe, seed: int, held: Examples | None = None
) -> Ranking:
    """Fit trees on top of a base; see `fit_models`."""
    watched = None if held is None else (held, base.scores(held.features))
    return Ranking(base, *fit_trees(train, base.scores(train.features), recipe, seed, watched))
