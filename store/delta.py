"""Reads of one Delta table, each of one version."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import SqlError, StoreError, UsageError
from .committing import OutrunError, Result
from .conditions import check_condition
from .picking import pick
from .reading import (
    Snapshot,
    is_damage,
    is_want_of_memory,
    locked,
    one_line,
    read_errors,
    trusted,
    typed,
)
from .sampling import sample
from .versions import Versions

if TYPE_CHECKING:
    from .finding import Finder

MERGED_FILE_BYTES = 4 << 20


class DeltaFolder(Versions):
    """A Delta table that is read: every read is of one committed version; see `Versions`."""

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

    def batches(
        self, columns: Sequence[str], snapshot: Snapshot, most_rows: int
    ) -> Iterator[pa.Table]:
        """Read a version, at most `most_rows` rows at a time, in the schema's types.

        Parameters
        ----------
        columns : none of those that the table is partitioned by

        Raises
        ------
        StoreError
            A file is lost or damaged.
        """
        import pyarrow.parquet as pq

        def opened(alone: Snapshot) -> pq.ParquetFile:
            (file,) = self.fetched(alone).files
            return pq.ParquetFile(file.path)

        schema = pa.schema([self.schema.field(name) for name in columns])
        self._pinned(self.fetched, snapshot)
        for file in snapshot.files:
            parquet = self._pinned(opened, replace(snapshot, files=[file]))
            with self._damage_told(snapshot):
                for batch in parquet.iter_batches(most_rows, columns=schema.names):
                    yield typed(pa.Table.from_batches([batch]), schema, file)

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
        read: Callable[[Snapshot], Result],
        at: Snapshot | int | None,
        where: str | None = None,
    ) -> Result:
        """Read a version; where the newest will do, a newer one if files vanish meanwhile."""
        snapshot = at if isinstance(at, Snapshot) else self.snapshot(at)
        while True:
            try:
                return self._read_twice(read, snapshot)
            except read_errors() as error:
                newest = self.snapshot()
                # Compaction may have removed the files of a version while it was read.
                if newest.version == snapshot.version:
                    raise self._failure(error, where, snapshot) from error
                if at is not None:
                    raise self._outrun(snapshot, error, where) from error
                snapshot = newest

    @contextmanager
    def _damage_told(self, snapshot: Snapshot) -> Iterator[None]:
        try:
            yield
        except read_errors() as error:
            raise self._outrun(snapshot, error, None) from error

    def _read_twice(self, read: Callable[[Snapshot], Result], snapshot: Snapshot) -> Result:
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
            return self._failure(error, where, snapshot)
        return OutrunError(
            f"version {snapshot.version} of the table in {self.place} was cleared away while it was"
            " read; run the command again"
        )

    def _failure(
        self, error: Exception, where: str | None, snapshot: Snapshot
    ) -> SqlError | StoreError:
        if is_want_of_memory(error):
            return StoreError(f"not enough memory to read the table in {self.place}; ask for less")
        if where is not None and not is_damage(error, snapshot.files):
            return SqlError(f"cannot read rows where {where}: {one_line(error)}")
        return StoreError(
            f"cannot read the table in {self.place}: {one_line(error)}; run spkret check --repair"
        )


def _execute(
    statement: str, snapshot: Snapshot, among: Mapping[str, pa.Array], is_ours: bool
) -> pa.Table:
    if is_ours and not snapshot.files:
        return snapshot.schema.empty_table()
    with trusted("rows", snapshot) if is_ours else locked({"rows": snapshot}) as connection:
        for i, values in enumerate(among.values()):
            connection.register(f"among_{i}", pa.table({"value": values}))
        return connection.sql(statement).to_arrow_table()


def _lost_file_errors() -> tuple[type[Exception], ...]:
    import duckdb

    return duckdb.IOException, FileNotFoundError
