"""Fit "none of them": a logistic model of each group's winner, and trees that correct it.

Both see groups with their match and the same number of candidates without it, of many sizes, so
that neither the size nor what a group lost gives the answer away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from .calibration import fit_none
from .crossval import CrossValidation, HeldOut
from .models import Models
from .trees import Examples
from .winners import WINNER, describe_winners

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_MOST_GROUPS = 4_000
_SMALLEST = 2
_MOST_ROUNDS = 400
_PATIENCE = 40
_PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.04,
    "min_data_in_leaf": 100,
    "lambda_l2": 10.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True)
class NoneModel:
    """What tells "none of them".

    Parameters
    ----------
    weights, bias : of `EVIDENCE`
    trees : LightGBM's text format, of `WINNER`
    held_out : (n,) twice, log odds of groups with their match and of the same without it, by trees
        that saw none of the anchors' speakers
    """

    weights: tuple[float, ...]
    bias: float
    trees: str
    held_out: tuple[Doubles, Doubles]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Groups with and without their match: rows of the trees' data."""

    matrix: Floats
    base: Doubles
    is_none: npt.NDArray[np.bool_]
    folds: Rows

    def fit(self, keep: npt.NDArray[np.bool_], seed: int, rounds: int, watch: bool) -> Any:
        """Fit to some rows; watched by the others, stop when those stop gaining."""
        import lightgbm

        data = self._dataset(keep)
        parameters = _PARAMETERS | {"seed": seed}
        if not watch:
            return lightgbm.train(parameters, data, rounds)
        stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
        rest = self._dataset(~keep, data)
        return lightgbm.train(parameters, data, rounds, valid_sets=[rest], callbacks=[stop])

    def _dataset(self, keep: npt.NDArray[np.bool_], reference: Any = None) -> Any:
        import lightgbm

        return lightgbm.Dataset(
            self.matrix[keep],
            label=self.is_none[keep],
            init_score=self.base[keep],
            reference=reference,
            feature_name=list(WINNER),
            params={"verbosity": -1, "feature_pre_filter": False},
        )


def fit_none_model(
    cv: CrossValidation, models: Sequence[Models], temperature: float, seed: int
) -> NoneModel:
    """Fit to all groups, scored by models that did not see their anchor's speaker.

    Parameters
    ----------
    cv, models : the folds, and the models of each
    temperature : scores are divided by it before evidence is taken
    seed : of the candidates that are left out, and of the trees
    """
    generator = np.random.default_rng([seed, 3])
    held = [
        HeldOut.of(cv, models, examples)
        for shrink in (False, True)
        for examples in _with_and_without(cv, shrink, generator)
    ]
    evidence = [one.evidence(temperature) for one in held]
    weights, bias = fit_none(*(np.concatenate(evidence[kind::2]) for kind in (0, 1)))
    described = [
        describe_winners(one.reranker, seen, one.examples.features, one.examples.groups).matrix
        for one, seen in zip(held, evidence, strict=True)
    ]
    counts = [len(seen) for seen in evidence]
    rows = _Rows(
        np.concatenate(described),
        np.concatenate(evidence) @ np.array(weights) + bias,
        np.repeat(np.arange(len(held)) % 2 == 1, counts),
        np.concatenate([cv.cross.folds_of(one.examples.groups) for one in held]),
    )
    trees, odds = _cross_fitted(rows, seed)
    return NoneModel(weights, bias, trees, (odds[: counts[0]], odds[counts[0] : sum(counts[:2])]))


def _cross_fitted(rows: _Rows, seed: int) -> tuple[str, Doubles]:
    """Fit trees to all rows, and log odds of each row by trees that did not see its fold."""
    folds = np.unique(rows.folds)
    fitted = [rows.fit(rows.folds != fold, seed, _MOST_ROUNDS, True) for fold in folds]
    rounds = max(1, int(np.median([booster.best_iteration for booster in fitted])))
    odds = rows.base.copy()
    for fold, booster in zip(folds, fitted, strict=True):
        inside = rows.folds == fold
        odds[inside] += booster.predict(rows.matrix[inside], raw_score=True, num_iteration=rounds)
    everything = np.ones(len(odds), bool)
    return rows.fit(everything, seed, rounds, False).model_to_string(), odds


def _with_and_without(
    cv: CrossValidation, shrink: bool, generator: np.random.Generator
) -> tuple[Examples, Examples]:
    """Groups of equal size with their match, which comes first, and without it.

    As large as they can be, or of random sizes, small ones as often as large ones.
    """
    groups, matches = cv.examples.groups, cv.examples.matches
    usable = np.flatnonzero(groups.sizes > 1)
    which = usable[:: max(1, -(-len(usable) // _MOST_GROUPS))]
    closed, opened = [], []
    for group in which.tolist():
        own = groups.candidates[matches[group]]
        members = groups.members(group)
        others = generator.permutation(members[members != own])
        size = len(others)
        if shrink:
            size = _smaller(size, generator)
        closed.append(np.concatenate([[own], others[: size - 1]]))
        opened.append(others[:size])
    built = [Groups.of(groups.anchors[which], members) for members in (closed, opened)]
    examples = [cv.examples_of(part, part.offsets[:-1]) for part in built]
    return examples[0], examples[1]


def _smaller(size: int, generator: np.random.Generator) -> int:
    """Draw a size up to this one, even on a logarithmic scale, and two at least if there are."""
    low = min(_SMALLEST, size)
    return int(np.exp(generator.uniform(np.log(low), np.log(size + 1))))
