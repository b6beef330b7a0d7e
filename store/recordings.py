"""The table of recordings: the truth that everything else in a store is derived from."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import StoreError
from . import finding
from .arrays import embeddings
from .committing import Result, in_cells, writer_properties
from .delta import MERGED_FILE_BYTES, DeltaFolder
from .finding import Finder
from .locks import Locks
from .newest import Newest
from .reading import Snapshot, quote
from .remote import Remote
from .rows import check, tag_problem, to_table
from .schema import RECORDINGS_SCHEMA, Embedded, FileStamp, recording_id

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.table import TableMerger

__all__ = ["RecordingsTable", "to_table"]

Cell = tuple[str, ...]
Ids = Sequence[int] | npt.NDArray[np.int64]

CELL_COLUMNS = ("language", "noise")
NAME = "recordings"

_LISTS = {field.name for field in RECORDINGS_SCHEMA if pa.types.is_list(field.type)}
_MOST_PICKED = 2_048
_ROWS_A_BATCH = 16_384
_SMALL_FILES = 32
_SMALL_FILES_A_CELL = 4


class RecordingsTable:
    """One row a recording, partitioned by language and noise; `id` and (`root`, `path`) are unique.

    Writers come one after the other: on one machine they wait for a lock, and a commit carries a
    transaction that makes a concurrent one from elsewhere fail and start over.
    """

    def __init__(
        self, folder: Path, locks: Locks, dimension: int, remote: Remote | None = None
    ) -> None:
        self.delta = DeltaFolder(
            *(folder, RECORDINGS_SCHEMA),
            order=["id"],
            partitions=CELL_COLUMNS,
            remote=remote,
        )
        self.finder = Finder(
            folder.parent / "index" / finding.NAME, locks, self.version, self.delta.fetched
        )
        self._newest = Newest(folder / "_delta_log", self.delta.version)
        self._locks = locks
        self._dimension = dimension

    def version(self) -> int:
        """Return the number of the newest commit."""
        return self._newest.version()

    def commit(self, rows: Sequence[Embedded]) -> int:
        """Insert or replace rows by id in one transaction; return the table's version after it.

        A row whose language or noise changed moves to its new partition in the same transaction.

        Raises
        ------
        StoreError
            A row cannot be stored, then none is; or other writers came first every time.
        """
        if not rows:
            return self.version()
        for row in rows:
            check(row, self._dimension)
        table = to_table({row.recording.id: row for row in rows}.values())
        return self._write(lambda handle: self._upsert(handle, table))

    def edit(self, ids: Ids, change: Callable[[pa.Table], pa.Table]) -> int:
        """Change stored rows in one transaction, as `commit` replaces them; return how many.

        Nobody writes between the reading and the writing, so nothing that another writer stored is
        lost. Ids that are not stored are passed over.

        Parameters
        ----------
        ids : of the rows
        change : gets the rows, in RECORDINGS_SCHEMA, and returns those of them that change; it may
            be called again where other writers came first

        Raises
        ------
        StoreError
            A row cannot be stored, then none is; or other writers came first every time.
        """
        return self._write(lambda handle: self._edit(handle, ids, change))

    def delete(self, ids: Ids) -> int:
        """Delete rows by id in one transaction; return how many there were.

        Raises
        ------
        StoreError
            Other writers came first every time.
        """
        return self._write(lambda handle: self.remove(handle, ids))

    def move(self, old_root: str, new_root: str) -> int:
        """Give the rows of one root to another in one transaction; return how many there were.

        Their ids follow. Where the new root has a row of the same path, the old one is dropped.

        Raises
        ------
        StoreError
            Other writers came first every time.
        """
        return self._write(lambda handle: self._move(handle, old_root, new_root))

    def merge_files(self) -> None:
        """Write small files together, so that reads are fast; commits do so when there are many."""
        self._write(lambda handle: self.delta.merge_files(handle, MERGED_FILE_BYTES))

    def scan(
        self,
        columns: Sequence[str] | None = None,
        language: str | None = None,
        noise: str | None = None,
        where: str | None = None,
        ids: Ids | None = None,
        version: Snapshot | int | None = None,
    ) -> pa.Table:
        """Read rows, sorted by id, in the columns and types of RECORDINGS_SCHEMA.

        Parameters
        ----------
        columns : all by default
        language, noise : read only these partitions
        where : a DuckDB SQL condition on the columns
        ids : read only these rows; ids that are not stored are passed over
        version : of the table; the newest by default

        Raises
        ------
        SqlError
            `where` is no condition on the columns.
        StoreError
            The table is damaged, or there is no such version.
        """
        partition = {"language": language, "noise": noise}
        names = RECORDINGS_SCHEMA.names if columns is None else list(columns)
        if ids is not None and where is None and len(ids) <= _MOST_PICKED and _LISTS & {*names}:
            among = np.asarray(ids, np.int64)
            return self.delta.pick(names, among, self.finder, partition=partition, at=version)
        wanted = None if ids is None else {"id": _array(ids)}
        return self.delta.read(names, partition=partition, where=where, among=wanted, at=version)

    def embedding_batches(
        self, cell: Cell, snapshot: Snapshot
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """Read the ids (n,) and embeddings (n, dimension) of a partition, a part at a time.

        Raises
        ------
        StoreError
            An embedding is missing or of another length, or a file is lost or damaged.
        """
        rows_of_cell = snapshot.within(dict(zip(CELL_COLUMNS, cell, strict=True)))
        for rows in self.delta.batches(["id", "embedding"], rows_of_cell, _ROWS_A_BATCH):
            yield rows["id"].to_numpy(), embeddings(rows)

    def stamps(self, root: str) -> dict[str, FileStamp]:
        """Map the paths stored for a root to what tells whether their files changed."""
        names = ["path", "size_bytes", "modified_at", "content_hash"]
        stored = self.delta.read(names, conditions=[f"root = {quote(root)}"])
        rows = zip(*(column.to_pylist() for column in stored.columns), strict=True)
        return {path: FileStamp(*stamp) for path, *stamp in rows}

    def embeddings_of(self, content_hashes: Sequence[str]) -> pa.Table:
        """Read one row for each of these contents that is stored, in RECORDINGS_SCHEMA."""
        hashes = pa.array(content_hashes, pa.string())
        stored = self.delta.read(among={"content_hash": hashes})
        _, first = np.unique(stored["content_hash"].to_pylist(), return_index=True)
        return stored.take(pa.array(first, pa.int64()))

    def roots(self) -> list[str]:
        """List the folders that recordings were indexed from."""
        return sorted(pc.unique(self.delta.read(["root"])["root"]).to_pylist())

    def cells(self) -> dict[Cell, tuple[str, ...]]:
        """Map each (language, noise) that has rows to the names of its Parquet files."""
        return self.delta.snapshot().cells()

    def remove(self, handle: "DeltaTable", ids: Ids) -> int:
        """Delete rows by id; only under the table's lock. Return how many there were."""
        stored = self._stored(_array(ids), self.delta.snapshot_of(handle))
        if not stored.num_rows:
            return 0
        self._merger(handle, stored, stored).when_matched_delete().execute()
        return int(stored.num_rows)

    def _write(self, operation: Callable[["DeltaTable"], Result]) -> Result:
        with self._locks.alone(NAME):
            return self.delta.change(operation)

    def _upsert(self, handle: "DeltaTable", table: pa.Table) -> int:
        stored = self._stored(table["id"], self.delta.snapshot_of(handle))
        if stored.num_rows:
            merger = self._merger(handle, table, stored)
            merger.when_matched_update_all().when_not_matched_insert_all().execute()
        else:
            self._append(handle, table)
        if _has_many_small_files(self.delta.snapshot_of(handle)):
            self.delta.merge_files(handle, MERGED_FILE_BYTES)
        return int(handle.version())

    def _edit(self, handle: "DeltaTable", ids: Ids, change: Callable[[pa.Table], pa.Table]) -> int:
        stored = self.delta.read(among={"id": _array(ids)}, at=self.delta.snapshot_of(handle))
        rows = change(stored) if stored.num_rows else stored
        for cell in rows.select(CELL_COLUMNS).group_by(CELL_COLUMNS).aggregate([]).to_pylist():
            problem = tag_problem(**cell)
            if problem:
                raise StoreError(f"cannot store a changed row: {problem}")
        if rows.num_rows:
            self._upsert(handle, rows)
        return int(rows.num_rows)

    def _move(self, handle: "DeltaTable", old_root: str, new_root: str) -> int:
        at = self.delta.snapshot_of(handle)
        columns = ["id", "path", *CELL_COLUMNS]
        stored = self.delta.read(columns, conditions=[f"root = {quote(old_root)}"], at=at)
        if not stored.num_rows or old_root == new_root:
            return 0
        ids = [recording_id(new_root, path) for path in stored["path"].to_pylist()]
        there = set(self._stored(_array(ids), at)["id"].to_pylist())
        moved = _array([None if id_ in there else id_ for id_ in ids])
        merger = self._merger(handle, stored.select(["id"]).append_column("moved", moved), stored)
        merger = merger.when_matched_delete("new.moved IS NULL")
        merger.when_matched_update({"id": "new.moved", "root": quote(new_root)}).execute()
        return int(stored.num_rows)

    def _stored(self, ids: pa.Array | pa.ChunkedArray, at: Snapshot) -> pa.Table:
        return self.delta.read(["id", *CELL_COLUMNS], among={"id": ids}, at=at)

    def _append(self, handle: "DeltaTable", table: pa.Table) -> None:
        from deltalake import write_deltalake

        write_deltalake(
            handle,
            table,
            mode="append",
            writer_properties=writer_properties(),
            commit_properties=one_at_a_time(handle),
        )

    def _merger(self, handle: "DeltaTable", source: pa.Table, stored: pa.Table) -> "TableMerger":
        """Start a merge by id that reads only the partitions where the ids are stored."""
        found = set(zip(*(stored[column].to_pylist() for column in CELL_COLUMNS), strict=True))
        return handle.merge(
            source,
            f"old.id = new.id AND ({in_cells(sorted(found), CELL_COLUMNS, 'old.')})",
            source_alias="new",
            target_alias="old",
            writer_properties=writer_properties(),
            commit_properties=one_at_a_time(handle),
        )


def _has_many_small_files(snapshot: Snapshot) -> bool:
    small = sum(file.size_bytes < MERGED_FILE_BYTES // 2 for file in snapshot.files)
    return small > _SMALL_FILES + _SMALL_FILES_A_CELL * len(snapshot.cells())


def one_at_a_time(handle: "DeltaTable") -> "CommitProperties":
    """A transaction shared by all writers of rows: of two that read one version, one fails."""
    from deltalake import CommitProperties, Transaction

    return CommitProperties(app_transactions=[Transaction(NAME, handle.version() + 1)])


def _array(ids: Ids | Sequence[int | None]) -> pa.Array:
    return pa.array(ids, pa.int64())
