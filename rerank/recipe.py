"""How the reranker's trees are grown: what they aim at, how many, how large, how held back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import UsageError


class Objective(StrEnum):
    """What the trees are trained for.

    `SOFTMAX` is the likelihood of the match among its group (ListNet, Cao et al. 2007), the very
    likelihood that the linear base is fitted to; `LAMBDARANK` are LightGBM's pairwise gradients,
    weighted by what a swap changes in NDCG (Burges 2010).
    """

    SOFTMAX = "softmax"
    LAMBDARANK = "lambdarank"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The hyper-parameters of the trees, by LightGBM's meaning.

    Parameters
    ----------
    objective : what they are trained for
    leaves : of a tree, at most
    learning_rate : how much of a tree's correction is kept
    least_in_leaf : candidates in a leaf, at least
    l2 : penalty of a leaf's value
    feature_fraction, bagging_fraction : share of the features and candidates that a tree sees
    most_rounds, patience : trees at most, and how many without a gain on held-out speakers end it

    """

    objective: Objective = Objective.SOFTMAX
    leaves: int = 15
    learning_rate: float = 0.05
    least_in_leaf: int = 100
    l2: float = 10.0
    feature_fraction: float = 0.3
    bagging_fraction: float = 0.8
    most_rounds: int = 500
    patience: int = 30

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return LightGBM's parameters, without the objective."""
        return {
            "metric": "None",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.least_in_leaf,
            "lambda_l2": self.l2,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "seed": seed,
        }


def objective_named(name: str) -> Objective:
    """Return the objective of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    try:
        return Objective(name)
    except ValueError as error:
        raise UsageError(
            f"expected an objective among {', '.join(Objective)}, got {name!r}"
        ) from error
