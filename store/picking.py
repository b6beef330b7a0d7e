"""Read few rows of a large table: their row groups alone are decoded.

DuckDB decodes lists of numbers for all rows of a file, also where few of them are asked for.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .reading import DataFile, Snapshot, trusted

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Numbers = npt.NDArray[np.int64]


def pick(snapshot: Snapshot, names: Sequence[str], key: str, values: pa.Array) -> pa.Table:
    """Read the rows whose key is among some values, sorted by it.

    Parameters
    ----------
    names : columns to read, the key among them
    key : a column of int64 that is not partitioned by
    """
    schema = pa.schema([snapshot.schema.field(name) for name in names])
    files = {file.path: file for file in snapshot.files}
    parts = [
        _rows(files[path], snapshot, rows, schema)
        for path, rows in _places(snapshot, key, values).items()
    ]
    if not parts:
        return schema.empty_table()
    picked = pa.concat_tables(parts)
    return picked.take(pc.sort_indices(picked[key])).combine_chunks()


def _places(snapshot: Snapshot, key: str, values: pa.Array) -> dict[str, Numbers]:
    """Find where the rows are: the row numbers in each file, rising."""
    if not snapshot.files:
        return {}
    with trusted("rows", snapshot, places=True) as connection:
        connection.register("among", pa.table({"value": values}))
        found = connection.sql(
            f'SELECT filename, file_row_number FROM rows WHERE "{key}" IN (SELECT value FROM among)'  # noqa: S608
        ).fetchall()
    places = defaultdict(list)
    for path, row in found:
        places[path].append(row)
    return {path: np.sort(np.array(rows, np.int64)) for path, rows in places.items()}


def _rows(file: DataFile, snapshot: Snapshot, rows: Numbers, schema: pa.Schema) -> pa.Table:
    """Read some rows of a file, and give them the values of the partition that it belongs to."""
    import pyarrow.parquet as pq

    cell = dict(zip(snapshot.partitions, file.cell, strict=True))
    with pq.ParquetFile(file.path) as parquet:
        groups, places = _groups(parquet, rows)
        stored = pa.schema([field for field in schema if field.name not in cell])
        # A merge writes texts as views, which cannot be taken from.
        groups_read = parquet.read_row_groups(groups, columns=stored.names).select(stored.names)
        read = groups_read.cast(stored).take(places)
    columns = [
        pa.array([cell[name]] * len(rows), pa.string()) if name in cell else read[name]
        for name in schema.names
    ]
    return pa.table(columns, names=schema.names).cast(schema)


def _groups(parquet: "pq.ParquetFile", rows: Numbers) -> tuple[list[int], Numbers]:
    """Find the row groups that hold these rows, and where the rows are in all of them together."""
    about = parquet.metadata
    sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    groups = np.searchsorted(starts, rows, side="right") - 1
    read, which = np.unique(groups, return_inverse=True)
    before = np.concatenate([[0], np.cumsum(np.array(sizes)[read])])
    return read.tolist(), before[which] + rows - starts[groups]
