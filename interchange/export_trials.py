"""The trials that were evaluated, as groups or as pairs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InterchangeError, UsageError
from ..rerank.trials import Trial, write_trials
from .kinds import Exported, ExportOptions
from .lists.pairs import TRIALS, ListedPair
from .lists.texts import form_of

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store

_COLUMNS = ("trial_id", "anchor", "group", "match", "created_at")


def export(store: "Store", out: Path, options: ExportOptions) -> Exported:
    """Write the trials of the newest evaluation, or all that fulfil `where`.

    `jsonl` holds trials as they were, other forms an anchor and candidate a line. A trial, or a
    pair, that was evaluated several times is written once; pairs are sorted by name. `where` is a
    condition on the columns of the trials table.

    Raises
    ------
    InterchangeError
        No trial was evaluated, or a name cannot be written in this format.
    UsageError
        There is no such format, or a filter of recordings is given.
    """
    form = form_of(out, options.format, ["jsonl", *TRIALS])
    no_filters_of_recordings(options)
    trials = _trials(store, options.where)
    if not trials:
        raise InterchangeError(
            f"expected trials to export in {store.place}, none is selected: see spkret evaluate"
        )
    if form == "jsonl":
        write_trials(out, trials)
        return Exported("trials", form, len(trials), (str(out),))
    distinct = {pair for trial in trials for pair in _pairs(trial)}
    pairs = sorted(distinct, key=lambda pair: (pair.left, pair.right, str(pair.same_speaker)))
    TRIALS[form](out, pairs)
    return Exported("trials", form, len(pairs), (str(out),))


def newest_run(rows: "pa.Table", where: str | None) -> "pa.Table":
    """Keep the rows that were logged last, all at once, where no condition chooses others."""
    import pyarrow.compute as pc

    if where is not None or not rows.num_rows:
        return rows
    return rows.filter(pc.equal(rows["created_at"], pc.max(rows["created_at"])))


def no_filters_of_recordings(options: ExportOptions) -> None:
    """Refuse filters that mean nothing for a log.

    Raises
    ------
    UsageError
        A language or a noise condition is given.
    """
    if options.language is not None or options.noise is not None:
        raise UsageError("expected --language and --noise with recordings only, use --where")


def _trials(store: "Store", where: str | None) -> list[Trial]:
    rows = newest_run(store.trials.delta.read(_COLUMNS, where=where), where)
    return list(dict.fromkeys(map(_trial, rows.to_pylist())))


def _trial(row: dict[str, Any]) -> Trial:
    match = row["match"]
    group = tuple(row["group"])
    return Trial(row["trial_id"], row["anchor"], group, match, answered=match is not None)


def _pairs(trial: Trial) -> Iterator[ListedPair]:
    for member in trial.group:
        yield ListedPair(trial.anchor, member, member == trial.match if trial.answered else None)
