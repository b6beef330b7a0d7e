"""Trials: drawn, trained on, evaluated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .arguments import opened, trials_of
from .loading import embedder
from .noting import noted

if TYPE_CHECKING:
    from ..matcher import Evaluation
    from ..rerank.training import Progress as TrainProgress
    from ..rerank.training import TrainingEvaluation
    from ..rerank.trials import Trial
    from .arguments import AnyStore, Trials


def make_trials(
    store: "AnyStore",
    records: int = 1000,
    group_size: int = 50,
    seed: int = 0,
    *,
    within: Sequence[str] = (),
    holdout: float = 0.0,
    held_out: bool = False,
    cover: bool = False,
) -> "list[Trial]":
    """Draw trials from the labelled recordings of a store, see `rerank.trial_maker.make_trials`.

    Raises
    ------
    TrialError
        No language has enough labelled recordings.
    """
    from ..rerank import trials

    return trials.make_trials(
        opened(store).recordings.scan(),
        records,
        group_size,
        seed,
        within=within,
        holdout=holdout,
        held_out=held_out,
        cover=cover,
    )


@noted("train-reranker", lambda made: made.records)
def train_reranker(
    store: "AnyStore",
    trials: "Trials",
    *,
    features: Sequence[str] = (),
    hold_out: str | None = None,
    objective: str = "softmax",
    tune: int = 0,
    ablation: bool = False,
    seed: int = 0,
    model: str | None = None,
    device: str = "auto",
    progress: "TrainProgress | None" = None,
) -> "TrainingEvaluation":
    """Train the reranker of a store on trials and save it into the store.

    Parameters
    ----------
    trials : a file of trials, or trials
    features : columns of the manifest to make features of, `COLUMN`, `COLUMN:numeric` or
        `COLUMN:categorical`; see docs/features.md
    hold_out : a column, such as the source, the device or `language`, whose values are held out as
        a whole in cross-validation: figures and probabilities are then those of other sources
    objective : what the trees are trained for, `softmax` or `lambdarank`
    tune : how many hyper-parameters of the trees to try; with none, the usual ones are taken
    ablation : measure as well what leaving out each family of features costs
    seed : of folds and trees
    model, device : the encoder for files that are not stored; by default the store's own
    progress : told how far a search or an ablation is

    Returns
    -------
    evaluation : of all systems, by speaker-disjoint cross-validation

    Raises
    ------
    TrialError
        The trials cannot be read, or none has a match.
    RerankerError
        The trials have too few speakers.
    OptionalDependencyError
        A search is asked for, and optuna is not installed.
    UsageError
        The objective is unknown, the recordings have no such column, or it does not hold numbers.
    """
    from .. import matcher
    from ..rerank.recipe import Recipe, objective_named
    from ..rerank.training import Effort

    store = opened(store)
    effort = Effort(Recipe(objective_named(objective)), tune, ablation)
    embed = embedder(store, model, device)
    return matcher.train_reranker(
        *(store, trials_of(trials), effort),
        columns=features,
        hold_out=hold_out,
        seed=seed,
        embed=embed,
        progress=progress,
    )


@noted("evaluate", lambda made: made.records)
def evaluate(
    store: "AnyStore",
    trials: "Trials",
    *,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Evaluation":
    """Measure every system on trials: a file of them, or trials.

    Raises
    ------
    TrialError
        The trials cannot be read, or none has a match.
    """
    from .. import matcher

    store = opened(store)
    embed = embedder(store, model, device)
    return matcher.evaluate(store, trials_of(trials), embed=embed, log=log)
