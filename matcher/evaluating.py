"""Measure every system on trials, and train a reranker on them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import StoreError
from ..rerank.evaluation import Evaluation, evaluate_groups, system_scores
from ..rerank.folds import read_domains
from ..rerank.open_groups import Setting
from ..rerank.ranker import Reranker
from ..rerank.scoring import Scored, log_rows, missing_reranker, score_groups
from ..rerank.trial_files import Trial
from ..rerank.trial_groups import TrialGroups, group_trials, log_trials
from ..rerank.user_columns import read_columns
from ..retrieval.library import Embed, library
from ..retrieval.normalize import Background
from .bench import Bench

if TYPE_CHECKING:
    from ..rerank.training import Effort, Progress, TrainingEvaluation
    from ..store.store import Store


def evaluate(
    store: "Store", trials: Sequence[Trial], *, embed: Embed | None = None, log: bool = True
) -> Evaluation:
    """Measure every system on trials; no speaker of a trial is in the normalisation's cohort.

    Trials that name a recording that is not there are skipped, counted and warned of.

    Raises
    ------
    TrialError
        No trial has a match among its candidates.
    AmbiguousRecordingError
        A trial names several recordings at once.
    """
    bench = Bench.of(store)
    laid = group_trials(trials, bench.library, embed)
    voices = laid.gathered.voices
    background = bench.background_without(voices)
    centred = background.apply(voices)
    scored = score_groups(laid.gathered, centred, laid.groups, bench.reranker)
    if log:
        _log_evaluation(store, laid, scored, bench.reranker)
    systems, chances = system_scores(scored.features), None
    if bench.reranker is not None:
        qmf = bench.reranker.qmf.scores(scored.features)
        systems = system_scores(scored.features, qmf, scored.scores)
        setting = Setting(laid.gathered, centred, laid.groups, laid.matches, bench.reranker)
        chances = setting.chances(scored)
    return evaluate_groups(
        systems,
        chances,
        voices,
        laid.groups,
        laid.matches,
        skipped=laid.skipped,
        warnings=[*laid.warnings, *missing_reranker(scored.system)],
    )


def train_reranker(
    store: "Store",
    trials: Sequence[Trial],
    effort: "Effort | None" = None,
    *,
    columns: Sequence[str] = (),
    hold_out: str | None = None,
    seed: int = 0,
    embed: Embed | None = None,
    progress: "Progress | None" = None,
) -> "TrainingEvaluation":
    """Train a reranker on trials, save it into the store, and return its cross-validated figures.

    Parameters
    ----------
    effort : how the trees grow, and what to do besides
    columns : of the manifest to make features of, `COLUMN`, `COLUMN:numeric` or
        `COLUMN:categorical`
    hold_out : a column whose values are held out as a whole in cross-validation, not just speakers
    progress : told how far a search or an ablation is

    Raises
    ------
    TrialError
        No trial has a match among its candidates.
    RerankerError
        The trials have too few speakers.
    OptionalDependencyError
        A search is asked for, and optuna is not installed.
    UsageError
        The recordings have no such column, or it holds something else than numbers.
    """
    from ..rerank.training import Material, train

    shelf = library(store)
    laid = group_trials(trials, shelf, embed)
    background = Background.fit(shelf.labelled())
    voices = laid.gathered.voices
    material = Material(
        *(store.encoder, voices, background, laid.groups, laid.matches),
        columns=read_columns(columns, voices.extras),
        domains=None if hold_out is None else read_domains(voices, hold_out),
    )
    reranker, evaluation = train(
        *(material, effort),
        seed=seed,
        skipped=laid.skipped,
        warnings=laid.warnings,
        progress=progress,
    )
    _save(store, reranker, np.union1d(shelf.labelled().ids, voices.ids))
    return evaluation


def _save(store: "Store", reranker: Reranker, ids: npt.NDArray[np.int64]) -> None:
    """Save a reranker, unless recordings that it was trained on were erased meanwhile."""
    name = store.reranker_path.name
    with store.locks.alone("reranker"), store.publishing(name) as folder:
        _require_stored(store, ids)
        reranker.save(folder)
    try:
        _require_stored(store, ids)  # another machine may have erased them while it was published
    except StoreError:
        store.erase(name)
        raise


def _require_stored(store: "Store", ids: npt.NDArray[np.int64]) -> None:
    if not np.isin(ids, store.recordings.scan(["id"])["id"].to_numpy()).all():
        raise StoreError(
            "recordings that the reranker was trained on were erased meanwhile, so it is not saved;"
            " train it again"
        )


def _log_evaluation(
    store: "Store", laid: TrialGroups, scored: Scored, reranker: Reranker | None
) -> None:
    rows = log_rows(
        scored,
        laid.gathered,
        "evaluate",
        store.encoder,
        reranker,
        trial_ids=[trial.id for trial in laid.trials],
        matches=laid.matches,
    )
    store.scores.append(rows)
    store.trials.append(log_trials(laid, rows["query_id"].to_numpy()[laid.groups.offsets[:-1]]))
