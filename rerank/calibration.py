"""Scores to probabilities: of each candidate, and of "none of them".

A candidate's probability is its share of the group's softmax, given that precisely one of the group
is the match, with a temperature fitted to held-out speakers. Whether any is the match is another
question, answered by a logistic model of what the winner looks like, fitted to groups with their
match and to the same groups without it, at equal prior.
"""

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

EVIDENCE = ("best", "margin", "mass", "normalised", "log_odds")


def sigmoid(log_odds: Doubles) -> Doubles:
    """Turn log odds into probabilities."""
    probabilities: Doubles = np.exp(-np.logaddexp(0, -log_odds))
    return probabilities


def softmax(scores: Doubles, groups: Groups) -> Doubles:
    """Share of each candidate in its group (total,): exp(score) / Σ exp(scores of the group)."""
    mass = np.exp(scores - groups.spread(groups.max(scores)))
    shares: Doubles = mass / groups.spread(groups.sum(mass))
    return shares


def log_likelihood(scores: Doubles, groups: Groups, matches: Rows) -> float:
    """Mean log probability that the softmax gives to the matches (positions, one a group)."""
    best = groups.max(scores)
    mass = np.log(groups.sum(np.exp(scores - groups.spread(best)))) + best
    return float((scores[matches] - mass).mean())


def fit_temperature(
    scores: Doubles, groups: Groups, matches: Rows, spread: float = np.inf
) -> float:
    """Find the temperature under which the matches are most likely (Guo et al. 2017).

    Parameters
    ----------
    scores : (total,) of all candidates
    groups : which of them belong together
    matches : positions, one a group
    spread : deviation of the logarithm of the temperature about 0, assumed beforehand; where every
        match has the best score of its group, the data alone would make all probabilities 1
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        prior = (log_temperature / spread) ** 2 / (2 * len(matches))
        return prior - log_likelihood(scores * np.exp(-log_temperature), groups, matches)

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 6), method="bounded").x))


def evidence(scores: Doubles, normalised: Doubles, log_odds: Doubles, groups: Groups) -> Doubles:
    """Describe each group's winner: float64 (groups, len(EVIDENCE)).

    The best score; its lead over the second; the log of the others' mass relative to it, a
    candidate; the best AS-norm score; the best log odds of the linear model. What is unknown is 0.
    """
    best = groups.max(scores)
    is_best = scores == groups.spread(best)
    second = groups.max(np.where(is_best, -np.inf, scores))
    second = np.where(groups.sum(is_best) > 1, best, np.where(np.isfinite(second), second, best))
    mass = groups.sum(np.exp(scores - groups.spread(best))) / groups.sizes
    columns = [best, best - second, np.log(mass), groups.max(normalised), groups.max(log_odds)]
    described: Doubles = np.nan_to_num(np.stack(columns, axis=1))
    return described


def fit_none(closed: Doubles, opened: Doubles) -> tuple[tuple[float, ...], float]:
    """Fit weights and bias of "none of them" to the evidence of groups with and without match."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500)
    )
    model.fit(np.concatenate([closed, opened]), np.repeat([0, 1], [len(closed), len(opened)]))
    scaler, logistic = model[0], model[1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = float(logistic.intercept_[0] - weights @ scaler.mean_)
    return tuple(weights.tolist()), bias
