"""What is in a store: checked, probed, asked by SQL."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import opened
from .loading import load_extractor
from .noting import noted

if TYPE_CHECKING:
    import duckdb

    from ..analysis.findings import AuditReport
    from ..analysis.probe.features import Progress as Reading
    from ..analysis.probe.report import ProbeReport
    from .arguments import AnyStore


def audit(store: "AnyStore", trials: "Sequence[str | PathLike[str]]" = ()) -> "AuditReport":
    """Find copies, wrong labels, leaks between lists of trials, and shortcuts; change nothing.

    Parameters
    ----------
    trials : files of trials, to be compared with each other

    Raises
    ------
    TrialError
        A list of trials cannot be read.
    """
    from ..analysis.audit import audit as audit_rows
    from ..analysis.rows import AuditRows
    from ..rerank.trials import read_trials

    lists = {str(path): read_trials(Path(path)) for path in trials}
    return audit_rows(opened(store).recordings.scan(columns=AuditRows.COLUMNS), lists)


def probe(
    store: "AnyStore",
    target: str,
    features: str = "stored",
    *,
    where: str | None = None,
    limit: int | None = None,
    classes: int = 50,
    folds: int = 5,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    device: str = "auto",
    progress: "Reading | None" = None,
) -> "ProbeReport":
    """Say how well classifiers predict a tag from features; change nothing in the store.

    Parameters
    ----------
    target : `gender`, `speaker`, `noise` or `language`
    features : `stored` embeddings, stored `acoustics`, `mfcc`, else an encoder by name or path
    where : a DuckDB SQL condition on the recordings
    limit : recordings of each value at most
    classes : values of the tag at most, those with the most recordings
    folds, seed : of the cross-validation, in which no speaker is on both sides; for the speaker
        target, no file and no session
    out : a folder for the report, tables and plots
    device : of the encoder
    progress : called while audio is read

    Raises
    ------
    StoreError
        Too few speakers or files have the tag, or no audio can be read.
    UsageError
        A number is out of range, or there is no such target.
    OptionalDependencyError
        `out` is given and matplotlib is not installed.
    """
    from ..analysis.probe import files, plots, run
    from ..analysis.probe.choice import Scope
    from ..analysis.probe.target import target_named

    tag, scope = target_named(target), Scope(folds, limit, classes, seed)
    if out is not None:
        plots.require_matplotlib()
    probed = run.probe(
        opened(store),
        tag,
        features,
        scope,
        where=where,
        extractor=lambda: load_extractor(features, device),
        progress=progress or (lambda *_: None),
    )
    if out is not None:
        files.write(probed, Path(out))
    return probed.report


@noted("sql", len)
def sql(store: "AnyStore", statement: str) -> "duckdb.DuckDBPyRelation":
    """Query `recordings`, `scores`, `failures` and `trials` by DuckDB SQL, read-only.

    `cosine(a, b)` compares two embeddings, `embedding_of(x)` is that of a stored path or an id; see
    docs/sql.md for every column.

    Returns
    -------
    rows : held in memory: `.to_arrow_table()`, `.fetchall()`, `.pl()`, `.df()`

    Raises
    ------
    SqlError
        The statement is no query, or DuckDB refused it.
    """
    from ..store import sql as store_sql

    return store_sql.query(opened(store), statement)
