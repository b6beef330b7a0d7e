"""Erase recordings for good: rows, vectors, scores, and the old files that held them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import AmbiguousRecordingError, UsageError
from .clearing import purge
from .files import absolute
from .reading import quote
from .recordings import Cell

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from .scores import LogTable
    from .store import Store

_FITTED = ("reranker", ".reranker.new", ".reranker.old", "verification.json")
"""What was fitted to the voices of a store, and its draft."""

_NO_WORD = r"[^\pL\pN]"


def copies(store: "Store", speaker: str | None = None, path: str | None = None) -> list[str]:
    """List recordings that `forget` leaves, though their audio is that of one that it erases.

    Raises
    ------
    UsageError, AmbiguousRecordingError
        As `forget`.
    """
    rows = _chosen(store, speaker, path)
    ids = {row["id"] for row in rows}
    hashes = pa.array(sorted({row["content_hash"] for row in rows}), pa.string())
    stored = store.recordings.delta.read(["id", "root", "path"], among={"content_hash": hashes})
    return sorted(_full(row) for row in stored.to_pylist() if row["id"] not in ids)


def forget(store: "Store", speaker: str | None = None, path: str | None = None) -> int:
    """Erase all recordings of a speaker, or one by its stored or full path; return how many.

    What names them goes first and the rows last, so that a run that was cut off can be run again.
    A reranker trained on the store goes too, since its cohort holds the means of its speakers, and
    the threshold of `verify`, which was found on their scores.

    Raises
    ------
    UsageError
        Not precisely one of `speaker` and `path` is given.
    AmbiguousRecordingError
        `path` is stored for several roots.
    """
    with store.locks.maintaining():
        rows = _chosen(store, speaker, path)
        _forget_names(store, rows, speaker, path)
        if rows:
            for name in _FITTED:
                store.erase(name)
        ids = [row["id"] for row in rows]
        store.recordings.delta.change(lambda handle: store.recordings.remove(handle, ids))
        _forget_files(store)
    return len(rows)


def _chosen(store: "Store", speaker: str | None, path: str | None) -> list[dict[str, Any]]:
    if (speaker is None) == (path is None):
        raise UsageError("expected either a speaker or a path to forget")
    if path is None:
        condition = f"speaker = {quote(speaker or '')}"
    else:
        full = quote(absolute(path))
        condition = f"(path = {quote(path)} OR root || '/' || path = {full})"
    columns = ["id", "root", "path", "content_hash"]
    rows = list(store.recordings.delta.read(columns, conditions=[condition]).to_pylist())
    if path is not None and len(rows) > 1:
        named = " and ".join(sorted(map(_full, rows)))
        raise AmbiguousRecordingError(f"{path!r} names {named}; give the full path")
    return rows


def _forget_names(
    store: "Store", rows: list[dict[str, Any]], speaker: str | None, path: str | None
) -> None:
    """Drop what names the recordings in the logs; what has an id is told by it, else by name."""
    ids = "[" + ", ".join(str(row["id"]) for row in rows) + "]::BIGINT[]"
    full = set(map(_full, rows))
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
    failed = [
        f"list_contains({_texts(full)}, root || '/' || path)",
        *_tell_of(full | given, speaker),
    ]
    _drop(store.failures, failed if rows else [*failed, f"list_contains({names}, path)"])


def _tell_of(names: set[str], speaker: str | None) -> list[str]:
    """Conditions on failures: of a reason that names a file, or any text that names the speaker.

    A file that failed has no speaker in the store, but it may be named after one.
    """
    reasons = [f"contains(detail, {quote(name)})" for name in sorted(names)]
    if speaker:
        word = f"'{_NO_WORD}' || regexp_escape({quote(speaker)}) || '{_NO_WORD}'"
        reasons.append(f"regexp_matches(concat_ws('/', '', path, detail, ''), {word})")
    return reasons


def _names_one(ids: str, names: str, who: str) -> str:
    by_name = f"{who}_id IS NULL AND list_contains({names}, {who}_path)"
    return f"list_contains({ids}, {who}_id) OR ({by_name})"


def _drop(log: "LogTable", conditions: list[str]) -> None:
    anyhow = " OR ".join(f"({condition})" for condition in conditions)

    def drop(handle: "DeltaTable") -> None:
        at = log.delta.snapshot_of(handle)
        kept = log.delta.read(conditions=[f"NOT coalesce({anyhow}, false)"], at=at)
        if kept.num_rows < handle.count():
            log.delta.overwrite(handle, kept)

    log.delta.change(drop)


def _forget_files(store: "Store") -> None:
    """Delete what may still hold the rows: old files, rows set aside, indexes and caches."""
    for table in store.tables:
        purge(table, forgetting=True)
    store.erase(store.set_aside_path.name)
    cells = store.recordings.cells()
    kept = {file for cell, files in cells.items() for file in _clean(store, cell, files)}
    for file in store.vectors.folder.rglob("*"):
        if file.is_file() and file not in kept:
            file.unlink()
    store.vectors.refresh_unlocked()
    store.vectors.retain_published()


def _clean(store: "Store", cell: Cell, files: tuple[str, ...]) -> list[Path]:
    """List the files of an index that was built from precisely the files that are left, else none.

    Files of rows are never changed in place, so that these never held a row that is erased. Raw
    vectors that are longer than the index count may be left of an interrupted addition.
    """
    index = store.vectors.file(cell)
    built = index.built()
    if built is None or built.files != files or index.load(built) is None:
        return []
    return index.files(built) if index.is_full(built) else []


def _full(row: dict[str, Any]) -> str:
    return f"{row['root']}/{row['path']}"


def _texts(texts: set[str]) -> str:
    return "[" + ", ".join(map(quote, sorted(texts))) + "]::VARCHAR[]"
