"""The versions of one Delta table: opened, pinned, and committed upon."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import StoreError
from .committing import OutrunError, Result, retrying, telling, writer_properties
from .copies import Copies
from .reading import DataFile, Snapshot, one_line
from .remote import Remote, reason

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

# No statistics: ids are hashes, so they would prune nothing, and a log without values has nothing
# to forget. No expiry: as long as the whole log is there in JSON, checkpoints can be removed.
_CONFIGURATION = {
    "delta.dataSkippingNumIndexedCols": "0",
    "delta.enableExpiredLogCleanup": "false",
}
# At a URL every commit since the last checkpoint is a request.
_REMOTE_CONFIGURATION = {**_CONFIGURATION, "delta.checkpointInterval": "10"}


class Versions:
    """A Delta table of a fixed schema, in a folder or at a URL.

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


def _log_errors() -> tuple[type[Exception], ...]:
    from deltalake.exceptions import DeltaError

    return DeltaError, OSError
