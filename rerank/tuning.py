"""Search for the hyper-parameters of the trees, by speaker-disjoint cross-validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import OptionalDependencyError
from .calibration import fit_temperature, log_likelihood
from .crossval import CrossValidation
from .linear import Linear, fit_listwise
from .models import fit_ranking
from .recipe import Recipe

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

TuneProgress = Callable[[int, int, float], None]
"""Called with the recipes tried, those to try, and the best gain so far."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    recipe : the best
    tried : how many recipes
    before, after : mean log probability of the matches, in nats, under the recipe that the search
        started from, and under the best
    """

    recipe: Recipe
    tried: int
    before: float
    after: float


def tune(
    cv: CrossValidation,
    recipe: Recipe,
    count: int,
    seed: int,
    progress: TuneProgress | None = None,
) -> Tuned:
    """Try recipes, starting from a given one, and keep that under which matches are likeliest.

    The measure is the mean log probability of each group's match, by models of the fold that held
    its anchor's speaker out, at the best temperature. The search is optuna's tree-structured Parzen
    estimator (Bergstra et al. 2011); a recipe that does worse than the median of the others in the
    first folds is given up.

    Parameters
    ----------
    recipe : tried first; its objective, most rounds and patience stay
    count : recipes to try
    seed : of the search and of the trees
    progress : told after each

    Raises
    ------
    OptionalDependencyError
        optuna is not installed.
    """
    optuna = _optuna()
    bases = [fit_listwise(f.train.features, f.train.groups, f.train.matches) for f in cv.folds]
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(4, count // 4)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )
    study.enqueue_trial(_values(recipe))
    first: list[float] = []

    def told(study: "Study", trial: "FrozenTrial") -> None:
        if not first:
            first.append(study.best_value)
        if progress is not None:
            progress(trial.number + 1, count, study.best_value - first[0])

    study.optimize(
        lambda trial: _measure(trial, cv, bases, recipe, seed), n_trials=count, callbacks=[told]
    )
    return Tuned(
        replace(recipe, **study.best_params), len(study.trials), first[0], study.best_value
    )


def _measure(
    trial: "Trial",
    cv: CrossValidation,
    bases: Sequence[Linear],
    start: Recipe,
    seed: int,
) -> float:
    import optuna

    recipe = replace(start, **_suggested(trial))
    total, groups = 0.0, 0
    for number, (fold, base) in enumerate(zip(cv.folds, bases, strict=True)):
        tested = cv.tested(number)
        if not len(tested.groups):
            continue
        ranking = fit_ranking(fold.train, base, recipe, seed, fold.held)
        scores = ranking.scores(tested.features)
        temperature = fit_temperature(scores, tested.groups, tested.matches)
        likely = log_likelihood(scores / temperature, tested.groups, tested.matches)
        total, groups = total + likely * len(tested.groups), groups + len(tested.groups)
        trial.report(total / groups, number)
        if trial.should_prune():
            raise optuna.TrialPruned
    return total / groups


def _suggested(trial: "Trial") -> dict[str, Any]:
    return {
        "leaves": trial.suggest_int("leaves", 4, 63, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "least_in_leaf": trial.suggest_int("least_in_leaf", 20, 1000, log=True),
        "l2": trial.suggest_float("l2", 0.1, 300.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
    }


def _values(recipe: Recipe) -> dict[str, Any]:
    """Return what a search may change, as it is in a recipe."""
    names = ("leaves", "learning_rate", "least_in_leaf", "l2")
    fractions = ("feature_fraction", "bagging_fraction")
    return {name: getattr(recipe, name) for name in (*names, *fractions)}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise OptionalDependencyError("--tune needs optuna: pip install 'spkret[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
