"""What was scored, what was evaluated, what could not be indexed: tables that only grow."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ..errors import StoreError
from .committing import retrying, writer_properties
from .delta import DeltaFolder
from .locks import Locks
from .remote import Remote

SCORES_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("trial_id", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("command", pa.string()),
        ("anchor_id", pa.int64()),
        ("candidate_id", pa.int64()),
        ("anchor_path", pa.string()),
        ("candidate_path", pa.string()),
        ("anchor_language", pa.string()),
        ("anchor_noise", pa.string()),
        ("candidate_language", pa.string()),
        ("candidate_noise", pa.string()),
        ("cosine", pa.float32()),
        ("centred", pa.float32()),
        ("asnorm", pa.float32()),
        ("score", pa.float32()),
        ("rank", pa.int32()),
        ("probability", pa.float32()),
        ("none_probability", pa.float32()),
        ("is_match", pa.bool_()),
        ("encoder", pa.string()),
        ("reranker", pa.string()),
        ("features", pa.map_(pa.string(), pa.float32())),
    ]
)
"""One row a scored candidate; ids are null for files that are not stored."""

TRIALS_SCHEMA = pa.schema(
    [
        ("trial_id", pa.string()),
        ("anchor", pa.string()),
        ("group", pa.list_(pa.string())),
        ("match", pa.string()),
        ("anchor_id", pa.int64()),
        ("match_id", pa.int64()),
        ("group_ids", pa.list_(pa.int64())),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("query_id", pa.string()),
    ]
)
"""One row a trial evaluated; ids are null for files that are not stored."""

FAILURES_SCHEMA = pa.schema(
    [
        ("root", pa.string()),
        ("path", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
"""One row a file or manifest row that could not be indexed, each time it was tried."""


class LogTable:
    """A table that is appended to, by any number of processes at once.

    Parameters
    ----------
    order : columns that reads are sorted by
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        order: Sequence[str],
        locks: Locks,
        remote: Remote | None = None,
    ) -> None:
        self.delta = DeltaFolder(folder, schema, order=order, remote=remote)
        self._locks = locks

    def append(self, rows: pa.Table) -> None:
        """Append rows of the table's schema, its columns in any order.

        Raises
        ------
        StoreError
            A column is missing, unknown or of another type.
        """
        ready = self._fitted(rows)
        if ready.num_rows:
            with self._locks.writing():
                retrying(lambda: self._commit(ready))

    def scan(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Read all rows, the oldest first."""
        return self.delta.read(columns)

    def count(self) -> int:
        """Count the rows."""
        return self.delta.count()

    def _fitted(self, rows: pa.Table) -> pa.Table:
        name, schema = self.delta.path.name, self.delta.schema
        if set(rows.column_names) != set(schema.names):
            odd = sorted(set(rows.column_names) ^ set(schema.names))
            raise StoreError(
                f"expected the columns of {name}; missing or unknown: {', '.join(odd)}"
            )
        try:
            return rows.select(schema.names).cast(schema)
        except pa.ArrowException as error:
            raise StoreError(f"expected the column types of {name}: {error}") from error

    def _commit(self, rows: pa.Table) -> None:
        from deltalake import write_deltalake

        handle = self.delta.handle()
        write_deltalake(handle, rows, mode="append", writer_properties=writer_properties())
