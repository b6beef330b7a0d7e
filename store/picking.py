"""Read few rows of a large table: their row groups alone are decoded.

DuckDB decodes lists of numbers for all rows of a file, also where few of them are asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .finding import Finder
from .places import Found
from .reading import DataFile, Snapshot, trusted, typed

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Numbers = npt.NDArray[np.int64]


def pick(
    snapshot: Snapshot,
    names: Sequence[str],
    ids: Numbers,
    partition: Mapping[str, str | None],
    finder: Finder,
    fetched: Callable[[Snapshot], Snapshot],
) -> pa.Table:
    """Read the rows of some ids, sorted by id; those that are not stored are passed over.

    Parameters
    ----------
    names : columns to read, `id` among them
    ids : int64 (any,)
    partition : values that partition columns have; None is any
    finder : of the table
    fetched : makes sure that the files of a snapshot are there
    """
    known = finder.ask(snapshot, lambda places: places.find(ids))
    if known is not None:
        picked = _read(snapshot, names, known, partition, fetched)
        if set(picked["id"].to_pylist()) <= set(known.ids.tolist()):
            return picked
    within = fetched(snapshot.within(partition))
    return _read(within, names, _scanned(within, ids), {}, fetched)


def _scanned(snapshot: Snapshot, ids: Numbers) -> Found:
    """Find where rows are by reading all ids."""
    if not snapshot.files:
        return Found(*np.empty((3, 0), np.int64))
    with trusted("rows", snapshot, places=True) as connection:
        connection.register("among", pa.table({"value": ids}))
        found = connection.sql(
            "SELECT id, file_index, file_row_number FROM rows WHERE id IN (SELECT value FROM among)"
        ).to_arrow_table()
    return Found(*(column.cast(pa.int64()).to_numpy() for column in found.columns))


def _read(
    snapshot: Snapshot,
    names: Sequence[str],
    found: Found,
    partition: Mapping[str, str | None],
    fetched: Callable[[Snapshot], Snapshot],
) -> pa.Table:
    """Read rows of which is known where they are."""
    schema = pa.schema([snapshot.schema.field(name) for name in names])
    wanted = {file.path for file in snapshot.within(partition).files}
    every = [(number, snapshot.files[number]) for number in np.unique(found.files)]
    files = [(number, file) for number, file in every if file.path in wanted]
    fetched(replace(snapshot, files=[file for _, file in files]))
    parts = [
        rows_of(file, snapshot, np.sort(found.rows[found.files == number]), schema)
        for number, file in files
    ]
    if not parts:
        return schema.empty_table()
    picked = pa.concat_tables(parts)
    return picked.take(pc.sort_indices(picked["id"])).combine_chunks()


def rows_of(file: DataFile, snapshot: Snapshot, rows: Numbers, schema: pa.Schema) -> pa.Table:
    """Read some rows of a file, and give them the values of the partition that it belongs to."""
    import pyarrow.parquet as pq

    cell = dict(zip(snapshot.partitions, file.cell, strict=True))
    with pq.ParquetFile(file.path) as parquet:
        groups, places = _groups(parquet, rows)
        stored = pa.schema([field for field in schema if field.name not in cell])
        # A merge writes texts as views, which cannot be taken from before they are cast.
        read = typed(parquet.read_row_groups(groups, columns=stored.names), stored, file)
        read = read.take(places)
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
    if len(rows) and rows[-1] >= starts[-1]:
        raise pa.ArrowInvalid(f"a file has {starts[-1]} rows where more were written")
    groups = np.searchsorted(starts, rows, side="right") - 1
    read, which = np.unique(groups, return_inverse=True)
    before = np.concatenate([[0], np.cumsum(np.array(sizes)[read])])
    return read.tolist(), before[which] + rows - starts[groups]
