"""Look at every row and every index of a store, and say what is wrong."""

import errno
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import StoreError
from .delta import DeltaFolder
from .reading import DataFile, Snapshot, is_want_of_memory, trusted
from .recordings import Cell
from .rows import UNIT_TOLERANCE, tag_problem
from .schema import recording_id

if TYPE_CHECKING:
    from .store import Store

Mask = npt.NDArray[np.bool_]

_NOT_OF_THE_FILE = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a store.

    Attributes
    ----------
    problems : one line each
    unopened : tables whose log cannot be read
    damaged : files of each table that are lost or cannot be read
    broken : recordings that cannot stay, as a mask over the rows of a file
    indexes : partitions whose index tells that it is fresh, and is not what the rows are
    """

    problems: Sequence[str]
    unopened: Sequence[DeltaFolder]
    damaged: Sequence[tuple[DeltaFolder, DataFile]]
    broken: Mapping[DataFile, Mask]
    indexes: Sequence[Cell]


def audit(store: "Store") -> Findings:
    """Read all of a store and find what is wrong."""
    finder = _Finder(store)
    for table in store.tables:
        finder.look_at(table)
    finder.look_for_duplicates()
    if not finder.unopened and not finder.damaged:
        finder.look_at_indexes()
    return Findings(finder.problems, finder.unopened, finder.damaged, finder.broken, finder.indexes)


class _Finder:
    def __init__(self, store: "Store") -> None:
        self._store = store
        self._seen: list[tuple[DataFile, pa.Table]] = []
        self.problems: list[str] = []
        self.unopened: list[DeltaFolder] = []
        self.damaged: list[tuple[DeltaFolder, DataFile]] = []
        self.broken: dict[DataFile, Mask] = {}
        self.indexes: list[Cell] = []

    def look_at(self, table: DeltaFolder) -> None:
        """Read every file of a table.

        Raises
        ------
        StoreError
            Whether its log is whole cannot be told, such as when a service is down.
        """
        try:
            files = table.snapshot().files
        except StoreError as error:
            if not _is_of_log(error):
                raise
            self.problems.append(str(error))
            self.unopened.append(table)
            return
        lost = _lost(table, files)
        for file in files:
            rows = read_file(file, table.schema)
            if rows is None and table.copies is not None and table.copies.renew(file):
                rows = read_file(file, table.schema)
            if file in lost:
                self._add_damaged(table, file, f"{file.path} is lost at {table.place}")
            elif rows is None:
                self._add_damaged(table, file, f"cannot read {file.path}")
            elif table is self._store.recordings.delta:
                self._look_at_recordings(file, rows)

    def _add_damaged(self, table: DeltaFolder, file: DataFile, problem: str) -> None:
        # What another machine erased or replaced meanwhile is not lost.
        if is_named(table, file):
            self.problems.append(problem)
            self.damaged.append((table, file))

    def _look_at_recordings(self, file: DataFile, rows: pa.Table) -> None:
        found = {
            "a wrong embedding": _wrong_embeddings(rows, self._store.encoder.dimension),
            "an id that is not that of root and path": _wrong_ids(rows),
            "tags that no row may have": np.full(len(rows), tag_problem(*file.cell) is not None),
            "extra columns that are no JSON": _wrong_extras(rows),
        }
        for reason, mask in found.items():
            self._add(file, mask, reason)
        self._seen.append((file, rows.select(["id", "indexed_at"])))

    def _add(self, file: DataFile, mask: Mask, reason: str) -> None:
        if mask.any():
            self.problems.append(f"{file.path} has {mask.sum()} rows with {reason}")
            self.broken[file] = self.broken.get(file, np.zeros_like(mask)) | mask

    def look_for_duplicates(self) -> None:
        """Find rows whose id a later row has too."""
        if not self._seen:
            return
        ids = np.concatenate([rows["id"].to_numpy() for _, rows in self._seen])
        times = np.concatenate([_times(rows) for _, rows in self._seen])
        whole = ~np.concatenate(
            [self.broken.get(file, np.zeros(len(rows), bool)) for file, rows in self._seen]
        )
        order = np.lexsort((times, whole, ids))
        earlier = np.zeros(len(ids), bool)
        earlier[order[:-1]] = ids[order[:-1]] == ids[order[1:]]
        ends = np.cumsum([len(rows) for _, rows in self._seen])
        for (file, _), mask in zip(self._seen, np.split(earlier, ends[:-1]), strict=True):
            self._add(file, mask, "an id that another row has")

    def look_at_indexes(self) -> None:
        """Compare each index that tells it is fresh with the rows."""
        vectors = self._store.vectors
        for cell in vectors.fresh_cells():
            # Rows that are written meanwhile make an index stale, not wrong.
            if not vectors.equals_rows(cell) and cell in vectors.fresh_cells():
                self.indexes.append(cell)
                self.problems.append(f"{vectors.file(cell).path} is not the index of the rows")


def is_named(table: DeltaFolder, file: DataFile) -> bool:
    """Tell whether the version that is the newest now is made of a file."""
    return file in table.snapshot().files


def _is_of_log(error: StoreError) -> bool:
    """Tell whether a table cannot be opened for its log is lost or damaged, and nothing else."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return isinstance(cause, FileNotFoundError)
    return re.search("Generic [A-Z]\\w* error", str(cause)) is None


def _lost(table: DeltaFolder, files: Sequence[DataFile]) -> Sequence[DataFile]:
    """Fetch the files of a table at a URL; list those that are not there, or not as written."""
    if table.copies is None:
        return []
    with suppress(FileNotFoundError):
        table.copies.fetch(files)
    return table.copies.lost(files)


def read_file(file: DataFile, schema: pa.Schema) -> pa.Table | None:
    """Read a whole Parquet file, its partition columns aside; None if that cannot be done.

    A file of another size than the log has is another file, though it can be read.
    """
    import pyarrow.parquet as pq

    names = [field.name for field in schema if field.name not in _cell_columns(file)]
    try:
        if Path(file.path).stat().st_size != file.size_bytes:
            return None
        stored = pa.schema([schema.field(name) for name in names])
        rows = pq.ParquetFile(Path(file.path)).read(names).cast(stored)
        return rows if _is_read_by_duckdb(file, stored) else None
    except (OSError, KeyError, ValueError, MemoryError, pa.ArrowException) as error:
        _raise_if_whole(file, error)
        return None


def _is_read_by_duckdb(file: DataFile, schema: pa.Schema) -> bool:
    """Tell whether DuckDB reads the file too: it refuses damage that Arrow passes over."""
    import duckdb

    try:
        with trusted("rows", Snapshot(0, [file], schema)) as connection:
            connection.sql("SELECT max(COLUMNS(*)) FROM rows").fetchall()
    except duckdb.Error as error:
        _raise_if_whole(file, error)
        return False
    return True


def _raise_if_whole(file: DataFile, error: Exception) -> None:
    """Raise a StoreError where the file may be whole, and cannot be read for another reason."""
    if is_want_of_memory(error):
        raise StoreError(f"not enough memory to check {file.path}; close other programs") from error
    if isinstance(error, OSError) and error.errno in _NOT_OF_THE_FILE:
        raise StoreError(f"cannot check {file.path}: {error.strerror}") from error


def _cell_columns(file: DataFile) -> Sequence[str]:
    return ("language", "noise") if file.cell else ()


def _times(rows: pa.Table) -> npt.NDArray[np.int64]:
    return np.asarray(pc.fill_null(rows["indexed_at"].cast(pa.int64()), 0), np.int64)


def _wrong_embeddings(rows: pa.Table, dimension: int) -> Mask:
    column = rows["embedding"].combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(column), -1)
    wrong: Mask = lengths.to_numpy(zero_copy_only=False) != dimension
    values = pc.list_flatten(column.filter(pa.array(~wrong))).to_numpy(zero_copy_only=False)
    norms = np.linalg.norm(values.reshape(-1, dimension), axis=1)
    wrong[~wrong] = ~(np.abs(norms - 1) <= UNIT_TOLERANCE)
    return wrong


def _wrong_ids(rows: pa.Table) -> Mask:
    named = zip(*(rows[name].to_pylist() for name in ("id", "root", "path")), strict=True)
    return np.array(
        [None in (root, path) or id_ != recording_id(root, path) for id_, root, path in named],
        bool,
    )


def _wrong_extras(rows: pa.Table) -> Mask:
    return np.array([not _is_object(text) for text in rows["extra"].to_pylist()], bool)


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or ""), dict)
    except ValueError:
        return False
