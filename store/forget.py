"""Erase recordings for good: rows, vectors, scores, and the old files that held them."""

import shutil
from typing import TYPE_CHECKING, Any

from ..errors import AmbiguousRecordingError, UsageError
from .delta import retrying
from .files import absolute
from .reading import quote

if TYPE_CHECKING:
    from .scores import LogTable
    from .store import Store


def forget(store: "Store", speaker: str | None = None, path: str | None = None) -> int:
    """Erase all recordings of a speaker, or one by its stored or full path; return how many.

    What names them goes first and the rows last, so that a run that was cut off can be run again.
    A reranker trained on the store goes too: its cohort holds the means of its speakers.

    Raises
    ------
    UsageError
        Not precisely one of `speaker` and `path` is given.
    AmbiguousRecordingError
        `path` is stored for several roots.
    """
    if (speaker is None) == (path is None):
        raise UsageError("expected either a speaker or a path to forget")
    with store.locks.maintaining():
        rows = _chosen(store, speaker, path)
        _forget_names(store, rows, path)
        if rows:
            shutil.rmtree(store.reranker_path, ignore_errors=True)
        ids = [row["id"] for row in rows]
        retrying(lambda: store.recordings.remove(store.recordings.delta.handle(), ids))
        _forget_files(store)
    return len(rows)


def _chosen(store: "Store", speaker: str | None, path: str | None) -> list[dict[str, Any]]:
    if path is None:
        condition = f"speaker = {quote(speaker or '')}"
    else:
        full = quote(absolute(path))
        condition = f"(path = {quote(path)} OR root || '/' || path = {full})"
    columns = ["id", "root", "path"]
    rows = list(store.recordings.delta.read(columns, conditions=[condition]).to_pylist())
    if path is not None and len(rows) > 1:
        named = " and ".join(sorted(f"{row['root']}/{row['path']}" for row in rows))
        raise AmbiguousRecordingError(f"{path!r} names {named}; give the full path")
    return rows


def _forget_names(store: "Store", rows: list[dict[str, Any]], path: str | None) -> None:
    """Drop what names the recordings in the logs; what has an id is told by it, else by name."""
    ids = "[" + ", ".join(str(row["id"]) for row in rows) + "]::BIGINT[]"
    full = {f"{row['root']}/{row['path']}" for row in rows}
    given = {row["path"] for row in rows}
    if path is not None:
        full.add(absolute(path))
        given.add(path)
    names = _texts(full | given)
    _drop(store.scores, [_names_one(ids, names, who) for who in ("anchor", "candidate")])
    _drop(
        store.trials,
        [
            *(f"list_contains({ids}, {column})" for column in ("anchor_id", "match_id")),
            *(f'list_contains({names}, "{column}")' for column in ("anchor", "match")),
            f"list_has_any(group_ids, {ids})",
            f'list_has_any("group", {names})',
        ],
    )
    failed = [f"list_contains({_texts(full)}, root || '/' || path)"]
    _drop(store.failures, failed if rows else [*failed, f"list_contains({names}, path)"])


def _names_one(ids: str, names: str, who: str) -> str:
    by_name = f"{who}_id IS NULL AND list_contains({names}, {who}_path)"
    return f"list_contains({ids}, {who}_id) OR ({by_name})"


def _drop(log: "LogTable", conditions: list[str]) -> None:
    anyhow = " OR ".join(f"({condition})" for condition in conditions)
    kept = log.delta.read(conditions=[f"NOT coalesce({anyhow}, false)"])
    if kept.num_rows < log.count():
        retrying(lambda: log.delta.overwrite(kept))


def _forget_files(store: "Store") -> None:
    """Delete what may still hold the rows: old files, rows set aside, indexes and caches."""
    for table in store.tables:
        table.purge()
    shutil.rmtree(store.set_aside_path, ignore_errors=True)
    shutil.rmtree(store.vectors.folder, ignore_errors=True)
    store.vectors.refresh_unlocked()


def _texts(texts: set[str]) -> str:
    return "[" + ", ".join(map(quote, sorted(texts))) + "]::VARCHAR[]"
