"""One Delta table in a folder: snapshots, reads, commits that are tried again on conflict."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import SqlError, StoreError, UsageError
from .committing import OutrunError, Result, retrying, telling, writer_properties
from .conditions import check_condition
from .copies import Copies
from .files import is_under_way
from .picking import pick
from .reading import DataFile, Snapshot, locked, one_line, trusted
from .remote import Remote, reason
from .sampling import sample

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

    from .finding import Finder

MERGED_FILE_BYTES = 4 << 20

_COMMIT = re.compile(r"\d{20}\.json")

# No statistics: ids are hashes, so they would prune nothing, and a log without values has nothing
# to forget. No expiry: as long as the whole log is there in JSON, checkpoints can be removed.
_CONFIGURATION = {
    "delta.dataSkippingNumIndexedCols": "0",
    "delta.enableExpiredLogCleanup": "false",
}
# At a URL every commit since the last checkpoint is a request.
_REMOTE_CONFIGURATION = {**_CONFIGURATION, "delta.checkpointInterval": "10"}


class DeltaFolder:
    """A Delta table of a fixed schema; every read is of one committed version.

    Parameters
    ----------
    path : the folder; its name is the table's name
    schema : of the rows; reads have its columns in its order
    order : columns that reads are sorted by
    partitions : columns that files are partitioned by
    remote : where the table is, if it is at a URL; the folder has copies of its files then
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        *,
        order: Sequence[str],
        partitions: Sequence[str] = (),
        remote: Remote | None = None,
    ) -> None:
        self.path = path
        self.copies = None if remote is None else Copies(remote, path)
        self._newest: tuple[DeltaTable, Snapshot] | None = None
        self._refreshing = Lock()
        self.schema = schema
        self.partitions = tuple(partitions)
        self._order = tuple(order)

    def create(self) -> None:
        """Make an empty table, unless there is one."""
        from deltalake import DeltaTable

        with telling():
            DeltaTable.create(
                self.place,
                self.schema,
                mode="ignore",
                partition_by=list(self.partitions),
                configuration=_CONFIGURATION if self.copies is None else _REMOTE_CONFIGURATION,
                storage_options=self._options,
            )

    @property
    def place(self) -> Path | str:
        """Where the table is: its folder, or its URL."""
        return self.path if self.copies is None else self.copies.url

    @property
    def _options(self) -> dict[str, str] | None:
        return None if self.copies is None else self.copies.options

    def handle(self, version: int | None = None) -> "DeltaTable":
        """Open the newest version, or the one asked for.

        Raises
        ------
        StoreError
            The log is lost or damaged, or there is no such version.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            return DeltaTable(self.place, version=version, storage_options=self._options)
        except (DeltaError, OSError) as error:
            what = "table" if version is None else f"version {version} of the table"
            why = one_line(error) if self.copies is None else reason(error)
            raise StoreError(f"cannot open {what} in {self.place}: {why}") from error

    def version(self) -> int:
        """Return the number of the newest version."""
        return int(self.handle().version()) if self.copies is None else self.snapshot().version

    def snapshot(self, version: int | None = None) -> Snapshot:
        """Pin a version: what it is made of stays the same, whatever is committed after."""
        if version is None and self.copies is not None:
            return self._refreshed()
        return self.snapshot_of(self.handle(version))

    def _refreshed(self) -> Snapshot:
        """Pin the newest version at a URL by what is new in the log since it was last asked for."""
        with self._refreshing:
            handle, known = self._newest or (self.handle(), None)
            if known is not None:
                try:
                    handle.update_incremental()
                except _log_errors():
                    handle = self.handle()
            if known is None or known.version != handle.version():
                known = self.snapshot_of(handle)
            self._newest = handle, known
            return known

    def fetched(self, snapshot: Snapshot) -> Snapshot:
        """Copy the files of a snapshot into the folder, those that are not there, from the URL.

        Of a table in a folder there is nothing to do.

        Raises
        ------
        FileNotFoundError
            One is not there any more.
        """
        if self.copies is not None:
            self.copies.fetch(snapshot.files)
        return snapshot

    def snapshot_of(self, handle: "DeltaTable") -> Snapshot:
        """Pin the version that a handle is at."""
        actions = pa.table(handle.get_add_actions(flatten=True)).to_pylist()
        if any(
            f"partition.{column}" not in action for action in actions for column in self.partitions
        ):
            raise StoreError(
                f"expected files of {', '.join(self.partitions)} in the log of {self.place},"
                " got the log of another table; restore it from a copy"
            )
        files = [
            DataFile(
                str(self.path / action["path"]),
                action["size_bytes"],
                tuple(action[f"partition.{column}"] for column in self.partitions),
            )
            for action in sorted(actions, key=itemgetter("path"))
        ]
        return Snapshot(handle.version(), files, self.schema, self.partitions)

    def read(
        self,
        columns: Sequence[str] | None = None,
        *,
        partition: Mapping[str, str | None] | None = None,
        conditions: Sequence[str] = (),
        where: str | None = None,
        among: Mapping[str, pa.Array] | None = None,
        at: Snapshot | int | None = None,
    ) -> pa.Table:
        """Read rows, sorted, in the schema's types.

        Parameters
        ----------
        columns : all by default
        partition : values that partition columns have; None is any
        conditions : SQL conditions that every row fulfils
        where : one more such condition, of the user's
        among : SQL expressions, each with the values it may take
        at : the version to read; the newest by default

        Raises
        ------
        UsageError
            There is no such column.
        SqlError
            `where` is no condition on these columns.
        StoreError
            A file of the table is lost or damaged.
        """
        names = self.schema.names if columns is None else list(columns)
        unknown = [name for name in names if name not in self.schema.names]
        if unknown:
            raise UsageError(f"expected columns of {self.path.name}, got {', '.join(unknown)}")
        statement = self._statement(names, conditions, where, among or {})
        schema = pa.schema([self.schema.field(name) for name in names])

        def run(snapshot: Snapshot) -> pa.Table:
            rows = self.fetched(snapshot.within(partition or {}))
            return _execute(statement, rows, among or {}, where is None)

        return self._pinned(run, at, where).select(names).cast(schema)

    def pick(
        self,
        columns: Sequence[str],
        ids: npt.NDArray[np.int64],
        finder: "Finder",
        *,
        partition: Mapping[str, str | None] | None = None,
        at: Snapshot | int | None = None,
    ) -> pa.Table:
        """Read few rows by id: as `read` does, without the other rows.

        Raises
        ------
        StoreError
            A file of the table is lost or damaged.
        """
        names = list(dict.fromkeys(["id", *columns]))
        rows = self._pinned(
            lambda snapshot: pick(snapshot, names, ids, partition or {}, finder, self.fetched), at
        )
        return rows.select(columns)

    def sample(self, columns: Sequence[str], count: int, *, at: Snapshot | int | None) -> pa.Table:
        """Read an even part of the rows: see `sampling.sample`.

        Raises
        ------
        StoreError
            A file of the table is lost or damaged.
        """
        return self._pinned(lambda snapshot: sample(snapshot, columns, count, self.fetched), at)

    def _statement(
        self,
        names: Sequence[str],
        conditions: Sequence[str],
        where: str | None,
        among: Mapping[str, pa.Array],
    ) -> str:
        if where is not None:
            check_condition(where)
        every = list(conditions)
        # The line break ends a comment that the user's condition may end with.
        every += [] if where is None else [f"({where}\n)"]
        every += [f"{key} IN (SELECT value FROM among_{i})" for i, key in enumerate(among)]  # noqa: S608
        chosen = ", ".join(f'"{name}"' for name in names)
        order = ", ".join(f'"{name}"' for name in self._order)
        filtered = " AND ".join(every) or "true"
        return f"SELECT {chosen} FROM rows WHERE {filtered} ORDER BY {order}"  # noqa: S608

    def _pinned(
        self,
        read: Callable[[Snapshot], pa.Table],
        at: Snapshot | int | None,
        where: str | None = None,
    ) -> pa.Table:
        """Read a version; where the newest will do, a newer one if files vanish meanwhile."""
        snapshot = at if isinstance(at, Snapshot) else self.snapshot(at)
        while True:
            try:
                return self._read_twice(read, snapshot)
            except _read_errors() as error:
                newest = self.snapshot()
                # Compaction may have removed the files of a version while it was read.
                if newest.version == snapshot.version:
                    raise self._failure(error, where) from error
                if at is not None:
                    raise self._outrun(snapshot, error, where) from error
                snapshot = newest

    def _read_twice(self, read: Callable[[Snapshot], pa.Table], snapshot: Snapshot) -> pa.Table:
        """Read a version; again where copies of files at a URL were deleted meanwhile."""
        try:
            return read(snapshot)
        except _lost_file_errors():
            if self.copies is None:
                raise
            return read(snapshot)

    def _outrun(
        self, snapshot: Snapshot, error: Exception, where: str | None
    ) -> SqlError | StoreError:
        """Say why a version that is no longer the newest cannot be read."""
        if all(Path(file.path).exists() for file in snapshot.files):
            return self._failure(error, where)
        return StoreError(
            f"version {snapshot.version} of the table in {self.place} was cleared away while it was"
            " read; run the command again"
        )

    def _failure(self, error: Exception, where: str | None) -> SqlError | StoreError:
        if where is not None:
            return SqlError(f"cannot read rows where {where}: {one_line(error)}")
        return StoreError(
            f"cannot read the table in {self.place}: {one_line(error)}; run spkret check --repair"
        )

    def count(self) -> int:
        """Count the rows, from the log alone."""
        if self.copies is None:
            return int(self.handle().count())
        self._refreshed()
        with self._refreshing:
            return 0 if self._newest is None else int(self._newest[0].count())

    def change(self, operation: Callable[["DeltaTable"], Result]) -> Result:
        """Commit upon the newest version; again while other writers come first.

        So it is where they have cleared away files of the version that the operation began with.

        Raises
        ------
        StoreError
            Other writers came first every time, or the table cannot be written.
        """
        return retrying(lambda: self._changed(operation))

    def _changed(self, operation: Callable[["DeltaTable"], Result]) -> Result:
        handle = self.handle()
        try:
            with telling():
                return operation(handle)
        except StoreError as error:
            if self.version() == handle.version():
                raise
            raise OutrunError(str(error)) from error

    def overwrite(
        self,
        handle: "DeltaTable",
        rows: pa.Table,
        condition: str | None = None,
        commit: "CommitProperties | None" = None,
    ) -> None:
        """Replace all rows of a version, or those that fulfil a condition, in one transaction.

        Rows that another writer added since that version stay.
        """
        from deltalake import write_deltalake

        write_deltalake(
            handle,
            rows,
            mode="overwrite",
            predicate=condition,
            commit_properties=commit,
            writer_properties=writer_properties(),
        )

    def merge_files(self, handle: "DeltaTable", target_bytes: int | None = None) -> None:
        """Write small files together; the rows and older versions stay as they are."""
        with telling():
            handle.optimize.compact(target_size=target_bytes, writer_properties=writer_properties())

    def purge(self, *, forgetting: bool = False) -> None:
        """Delete every file that the newest version is not made of; only under exclusive lock.

        At a URL a file that no version was ever made of is one that a writer elsewhere may be about
        to commit: it is deleted once it is older than `UNNAMED_FILES_KEPT`.

        Checkpoints go as well: they are Parquet files that are no rows. And so does what a writer
        that was killed left half-written, which the library's own vacuum does not see.

        Parameters
        ----------
        forgetting : delete also what another process may be copying from the URL at present
        """
        self.change(self._vacuum)
        if self.copies is not None:
            found = self.snapshot().files
            self.copies.purge(found)
            self._purge_folder(None, spared=None if forgetting else is_under_way)
            return
        log = self.path / "_delta_log"
        if not (log / f"{0:020}.json").exists():
            return
        self._purge_folder(log)

    def _vacuum(self, handle: "DeltaTable") -> None:
        handle.vacuum(
            retention_hours=0,
            enforce_retention_duration=False,
            dry_run=False,
            full=self.copies is None,
        )

    def _purge_folder(self, log: Path | None, spared: Callable[[Path], bool] | None = None) -> None:
        """Delete in the folder all but the commits and the files of the newest version."""
        rows = {Path(file.path) for file in self.snapshot().files}
        for file in self.path.rglob("*"):
            is_commit = file.parent == log and _COMMIT.fullmatch(file.name)
            is_kept = is_commit or file in rows or (spared is not None and spared(file))
            if file.is_file() and not is_kept:
                file.unlink(missing_ok=True)


def _execute(
    statement: str, snapshot: Snapshot, among: Mapping[str, pa.Array], is_ours: bool
) -> pa.Table:
    if is_ours and not snapshot.files:
        return snapshot.schema.empty_table()
    with trusted("rows", snapshot) if is_ours else locked({"rows": snapshot}) as connection:
        for i, values in enumerate(among.values()):
            connection.register(f"among_{i}", pa.table({"value": values}))
        return connection.sql(statement).to_arrow_table()


def _log_errors() -> tuple[type[Exception], ...]:
    from deltalake.exceptions import DeltaError

    return DeltaError, OSError


def _read_errors() -> tuple[type[Exception], ...]:
    import duckdb

    return duckdb.Error, pa.ArrowException, OSError


def _lost_file_errors() -> tuple[type[Exception], ...]:
    import duckdb

    return duckdb.IOException, FileNotFoundError
