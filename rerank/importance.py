"""What the ranker goes by: how much each feature moves candidates, and what a family is worth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..retrieval.normalize import names_of
from .booster import Booster
from .crossval import CrossValidation
from .features import NAMES
from .linear import fit_listwise
from .models import Ranking, fit_ranking
from .recipe import Recipe
from .trees import Examples

Doubles = npt.NDArray[np.float64]
AblationProgress = Callable[[int, int, str], None]
"""Called with the families left out so far, all of them, and the last one's name."""

USER_FAMILY, OTHER_FAMILY = "user columns", "other"
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "cosine systems": ("cosine", "centred", "asnorm"),
    "parts of the embedding": ("part",),
    "PLDA": ("plda",),
    "group structure": ("rest", "reverse", "profile"),
    "quality measures": ("speech", "norm", "cohort", "snr", "bandwidth"),
    "conditions": ("noise", "language", "gender", "age"),
    "pitch": ("f",),
    "spectra": ("spectrum", "spread"),
}
"""First words of the features of each family, less a number at their end."""
_SIDES = ("anchor_", "candidate_", "same_")
_CANDIDATES_EXPLAINED = 20_000


@dataclass(frozen=True, slots=True)
class Importance:
    """How much one feature matters.

    Parameters
    ----------
    gain : share of the loss that the trees' splits on it took off
    contribution : how far it moves a candidate from the mean of its group, in log odds: the mean
        absolute deviation of what it adds to the score, by the linear base and the trees together
    """

    gain: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Ablation:
    """What leaving out a family of features costs in top-1, under cross-validation.

    Parameters
    ----------
    features : how many the family has
    top1 : without them
    cost, cost_ci : top-1 with them less top-1 without, and its 95 % interval over speakers
    """

    features: int
    top1: float
    cost: float
    cost_ci: tuple[float, float]


def family_of(name: str) -> str:
    """Name the family of a feature: one of `FAMILIES`, the user's own, or another."""
    if name not in NAMES:
        return USER_FAMILY
    for side in _SIDES:
        name = name.removeprefix(side)
    first = name.partition("_")[0].rstrip("0123456789")
    return next((family for family, words in FAMILIES.items() if first in words), OTHER_FAMILY)


def importances(ranking: Ranking, examples: Examples) -> dict[str, Importance]:
    """Tell how much each feature matters, the one that moves candidates furthest first.

    Parameters
    ----------
    ranking : the model in question
    examples : groups to explain; the first about `_CANDIDATES_EXPLAINED` candidates are
    """
    import lightgbm

    within = int(np.searchsorted(examples.groups.offsets, _CANDIDATES_EXPLAINED, "right"))
    some = examples.take(np.arange(max(1, min(len(examples.groups), within - 1))))
    names = some.features.names
    parts = Booster(ranking.model).contributions(some.features.matrix)[:, :-1]
    columns = [names.index(name) for name in ranking.base.names]
    parts[:, columns] += ranking.base.contributions(some.features)
    means = np.add.reduceat(parts, some.groups.offsets[:-1]) / some.groups.sizes[:, None]
    moved = np.abs(parts - np.repeat(means, some.groups.sizes, axis=0)).mean(axis=0)
    gains = lightgbm.Booster(model_str=ranking.model).feature_importance("gain")
    shares = gains / max(gains.sum(), 1e-12)
    order = np.argsort(-moved, kind="stable")
    return {names[i]: Importance(float(shares[i]), float(moved[i])) for i in order.tolist()}


def ablate(
    cv: CrossValidation,
    whole: Doubles,
    recipe: Recipe,
    seed: int,
    progress: AblationProgress | None = None,
) -> dict[str, Ablation]:
    """Train without each family of features in turn, and compare.

    Parameters
    ----------
    cv : the folds
    whole : scores (total,) of held-out candidates by models with all features
    recipe, seed : as those models were trained
    progress : told after each family
    """
    groups, matches = cv.examples.groups, cv.examples.matches
    hits = metrics.hits(whole, groups.offsets, matches)
    speakers = names_of(cv.material.voices)[groups.anchors]
    families = _families(cv.examples.features.names)
    table = {}
    for number, (family, members) in enumerate(families.items(), start=1):
        rest = tuple(name for name in cv.examples.features.names if name not in members)
        without = metrics.hits(_scores(cv, rest, recipe, seed), groups.offsets, matches)
        cost = metrics.bootstrap_interval(hits - without, speakers)
        top1 = float(without.mean())
        table[family] = Ablation(len(members), top1, float(hits.mean()) - top1, cost)
        if progress is not None:
            progress(number, len(families), family)
    return table


def _families(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Sort features into families."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(family_of(name), []).append(name)
    return {family: tuple(members) for family, members in families.items()}


def _scores(cv: CrossValidation, names: tuple[str, ...], recipe: Recipe, seed: int) -> Doubles:
    """Score held-out candidates (total,) by models of some features only."""
    rankings = []
    for fold in cv.folds:
        train, held = _select(fold.train, names), _select(fold.held, names)
        base = fit_listwise(train.features, train.groups, train.matches)
        rankings.append(fit_ranking(train, base, recipe, seed, held))
    return cv.held_out([ranking.scores for ranking in rankings], _select(cv.examples, names))


def _select(examples: Examples, names: tuple[str, ...]) -> Examples:
    return replace(examples, features=examples.features.select(names))
