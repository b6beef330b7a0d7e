"""The scored trials that a report goes by: the newest evaluation logged, or trials drawn for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import TrialError
from ...matcher.bench import Bench
from ...rerank.ranker import Reranker
from ...rerank.scoring import log_rows, score_groups
from ...rerank.trial_groups import group_trials
from ...rerank.trials import Trial, make_trials
from ...retrieval.library import library

if TYPE_CHECKING:
    from ...store.store import Store

DRAWN_TRIALS = 1_000
_GROUP_SIZES = (20, 10, 5, 2)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Scored candidates of trials, in SCORES_SCHEMA: trial after trial, the best first.

    `logged_at` is when they were evaluated; None where they were drawn and scored for the report.
    """

    rows: pa.Table
    logged_at: datetime | None


def evaluated_trials(
    store: "Store", recordings: pa.Table, reranker: Reranker | None, seed: int = 0
) -> Evaluated | None:
    """Read the newest evaluation that was logged; with none, draw trials and score them unlogged.

    Parameters
    ----------
    reranker : scores drawn trials; leave it out where these may have trained it

    Returns
    -------
    evaluated : None where nothing was logged and the labels allow no trial
    """
    scores = store.scores.delta
    logged = scores.read(["created_at"], conditions=["command = 'evaluate'"])
    if logged.num_rows:
        newest = pc.max(logged["created_at"]).as_py()
        at = f"created_at = TIMESTAMPTZ '{newest.isoformat()}'"
        rows = scores.read(conditions=["command = 'evaluate'", at])
        return Evaluated(rows, newest)
    trials = _drawn(recordings, seed)
    return Evaluated(_scored(store, trials, reranker), None) if trials else None


def _drawn(recordings: pa.Table, seed: int) -> Sequence[Trial]:
    """Draw trials of every language, each in groups as large as its labels allow."""
    languages: dict[int, list[str]] = {}
    for language in sorted(set(recordings["language"].to_pylist())):
        size = _largest_group(_labelled_in(recordings, [language]), seed)
        if size is not None:
            languages.setdefault(size, []).append(language)
    tables = {size: _labelled_in(recordings, names) for size, names in languages.items()}
    speakers = {size: pc.count_distinct(table["speaker"]).as_py() for size, table in tables.items()}
    trials = [
        trial
        for size, table in tables.items()
        for trial in make_trials(
            *(table, max(1, round(DRAWN_TRIALS * speakers[size] / sum(speakers.values())))),
            *(size, seed),
        )
    ]
    return [replace(trial, id=f"r{number}") for number, trial in enumerate(trials, start=1)]


def _labelled_in(recordings: pa.Table, languages: Sequence[str]) -> pa.Table:
    """Take the labels off recordings of other languages; their paths are still to be told apart."""
    speakers, at = recordings["speaker"], recordings.column_names.index("speaker")
    is_in = pc.is_in(recordings["language"], pa.array(languages, recordings["language"].type))
    kept = pc.if_else(is_in, speakers, pa.scalar(None, speakers.type))
    return recordings.set_column(at, "speaker", kept)


def _largest_group(recordings: pa.Table, seed: int) -> int | None:
    for group_size in _GROUP_SIZES:
        try:
            make_trials(recordings, 1, group_size, seed)
        except TrialError:
            continue
        return group_size
    return None


def _scored(store: "Store", trials: Sequence[Trial], reranker: Reranker | None) -> pa.Table:
    """Score trials as `spkret evaluate` does: no speaker of a trial is in the cohort."""
    bench = Bench(store, library(store), reranker)
    laid = group_trials(trials, bench.library, None)
    centred = bench.background_without(laid.gathered.voices).apply(laid.gathered.voices)
    scored = score_groups(laid.gathered, centred, laid.groups, reranker)
    ids = [trial.id for trial in laid.trials]
    rows = log_rows(
        *(scored, laid.gathered, "report", store.encoder, reranker),
        trial_ids=ids,
        matches=laid.matches,
    )
    owner, rank = laid.groups.owners, rows["rank"].to_numpy()
    return rows.take(np.lexsort((rank, owner)))
