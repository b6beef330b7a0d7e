"""Read an even part of a table that is too large to be read whole."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .picking import rows_of
from .reading import DataFile, Snapshot

Numbers = npt.NDArray[np.int64]

FEWEST = 1_000
"""Rows of a partition that are read at least, if it has as many."""

_ROWS_A_FILE = 512


def sample(
    snapshot: Snapshot,
    names: Sequence[str],
    count: int,
    fetched: Callable[[Snapshot], Snapshot],
) -> pa.Table:
    """Read about `count` rows, of each partition its share, and the same ones each time.

    They are read in whole row groups, so that no others are decoded: those of a few files of each
    partition, spread evenly over the file.

    Parameters
    ----------
    fetched : makes sure that the files of a snapshot are there

    Raises
    ------
    FileNotFoundError
        A file is not there any more.
    """
    schema = pa.schema([snapshot.schema.field(name) for name in names])
    chosen = list(_chosen(snapshot, count))
    fetched(replace(snapshot, files=[file for file, _ in chosen]))
    parts = [rows_of(file, snapshot, _spread(file, rows), schema) for file, rows in chosen]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _chosen(snapshot: Snapshot, count: int) -> Iterator[tuple[DataFile, int]]:
    """Choose files of each partition, and how many rows to read of each."""
    total = sum(file.size_bytes for file in snapshot.files)
    for _, group in groupby(sorted(snapshot.files, key=attrgetter("cell")), attrgetter("cell")):
        files = sorted(group, key=_shuffled)
        share = count * sum(file.size_bytes for file in files) / total
        wanted = max(FEWEST, round(share))
        few = files[: max(1, wanted // _ROWS_A_FILE)]
        each = -(-wanted // len(few))
        yield from ((file, each) for file in few)


def _shuffled(file: DataFile) -> bytes:
    """Order files as by chance: not by when they were written."""
    return hashlib.blake2b(Path(file.path).name.encode(), digest_size=8).digest()


def _spread(file: DataFile, count: int) -> Numbers:
    """Number the rows of evenly spread row groups that have `count` or a few more."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file.path) as parquet:
        about = parquet.metadata
        sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    if not sum(sizes):
        return np.empty(0, np.int64)
    ends = np.cumsum(sizes)
    wanted = min(len(sizes), -(-count * len(sizes) // int(ends[-1])))
    chosen = np.unique(np.linspace(0, len(sizes) - 1, wanted).round().astype(np.int64))
    return np.concatenate([np.arange(ends[group] - sizes[group], ends[group]) for group in chosen])
