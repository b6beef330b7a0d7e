"""Scored pairs: a row an anchor and candidate, from the scores table."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InterchangeError
from .export_trials import newest_run, no_filters_of_recordings
from .kinds import Exported, ExportOptions
from .lists.pairs import SCORES, ListedPair, no_ratios
from .lists.texts import form_of, write_data
from .naming import Side, clear_names

if TYPE_CHECKING:
    from ..store.store import Store

_TABLES = ("csv", "parquet")
_COLUMNS = (
    *("query_id", "trial_id", "created_at", "command"),
    *("anchor_id", "anchor_path", "candidate_id", "candidate_path"),
    *("cosine", "centred", "asnorm", "score", "probability", "is_match", "encoder", "reranker"),
)
_RATIOS = "verify"
"""The command whose scores are log odds at equal prior, where there is a reranker."""


def export(store: "Store", out: Path, options: ExportOptions) -> Exported:
    """Write the scores of the newest run, or all that fulfil `where`, a condition on their columns.

    A pair that was scored several times is written once, as it was last scored; pairs are sorted by
    name, as those of exported trials are. `voxceleb`, `kaldi`
    and `nist` take the score that decided; it is a log-likelihood ratio where `spkret verify` had a
    reranker. `csv` and `parquet` hold every system's.

    Raises
    ------
    InterchangeError
        Nothing was scored, or a name cannot be written in this format.
    UsageError
        There is no such format, or a filter of recordings is given.
    """
    form = form_of(out, options.format, [*_TABLES, *SCORES])
    no_filters_of_recordings(options)
    logged = store.scores.delta.read(_COLUMNS, where=options.where)
    rows = _newest_of_each(newest_run(logged, options.where))
    if not rows.num_rows:
        raise InterchangeError(
            f"expected scores to export in {store.place}, none is selected: see spkret verify"
        )
    if form in _TABLES:
        _write_table(out, rows, form)
        return Exported("scores", form, rows.num_rows, (str(out),))
    SCORES[form](out, _pairs(store, rows))
    return Exported("scores", form, rows.num_rows, (str(out),), notes=_doubts(rows, form))


def _newest_of_each(rows: pa.Table) -> pa.Table:
    """Keep the last row of each pair, sorted by path; rows come in the order of time."""
    pairs = zip(_sides(rows, "anchor"), _sides(rows, "candidate"), strict=True)
    last = {pair: number for number, pair in enumerate(pairs)}
    order = sorted(last, key=lambda pair: [(path, number or 0) for number, path in pair])
    return rows.take(pa.array([last[pair] for pair in order], pa.int64()))


def _sides(rows: pa.Table, side: str) -> list[Side]:
    ids, paths = rows[f"{side}_id"].to_pylist(), rows[f"{side}_path"].to_pylist()
    return list(zip(ids, paths, strict=True))


def _pairs(store: "Store", rows: pa.Table) -> list[ListedPair]:
    """List the pairs, sorted by the names they get."""
    anchors, candidates = _sides(rows, "anchor"), _sides(rows, "candidate")
    names = clear_names(store, {*anchors, *candidates})
    answers, scores = rows["is_match"].to_pylist(), rows["score"].to_pylist()
    table = zip(anchors, candidates, answers, scores, strict=True)
    pairs = [ListedPair(names[left], names[right], *rest) for left, right, *rest in table]
    return sorted(pairs, key=lambda pair: (pair.left, pair.right))


def _doubts(rows: pa.Table, form: str) -> tuple[str, ...]:
    """Say so where scores of several kinds stand together, or as ratios that they are not."""
    return (*_mixed(rows), *_no_ratios(rows, form))


def _mixed(rows: pa.Table) -> tuple[str, ...]:
    kinds = rows.group_by(["command", "reranker"]).aggregate([]).to_pylist()
    if len(kinds) < 2:
        return ()
    shown = sorted(f"{each['command']} ({each['reranker'] or 'no reranker'})" for each in kinds)
    return (
        f"scores of {len(kinds)} kinds that are not to be compared stand in one list:"
        f" {', '.join(shown)}; narrow --where",
    )


def _no_ratios(rows: pa.Table, form: str) -> tuple[str, ...]:
    are_ratios = pc.and_(pc.equal(rows["command"], _RATIOS), pc.is_valid(rows["reranker"]))
    others = rows.num_rows - (pc.sum(are_ratios).as_py() or 0)
    if form != "nist" or not others:
        return ()
    return (no_ratios(others, rows.num_rows),)


def _write_table(path: Path, rows: pa.Table, form: str) -> None:
    if form == "parquet":
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path)
    else:
        from pyarrow import csv

        text = pa.BufferOutputStream()
        csv.write_csv(rows, text)
        write_data(path, text.getvalue().to_pybytes())
