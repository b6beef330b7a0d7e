"""Read an even part of a table that is too large to be read whole."""

import hashlib
from collections.abc import Sequence
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


def sample(snapshot: Snapshot, names: Sequence[str], count: int) -> pa.Table:
    """Read about `count` rows, of each partition its share, and the same ones each time.

    They are read in whole row groups, so that no others are decoded: those of a few files of each
    partition, spread evenly over the file.
    """
    schema = pa.schema([snapshot.schema.field(name) for name in names])
    total = sum(file.size_bytes for file in snapshot.files)
    parts = []
    for _, group in groupby(sorted(snapshot.files, key=attrgetter("cell")), attrgetter("cell")):
        files = sorted(group, key=_shuffled)
        share = count * sum(file.size_bytes for file in files) / total
        wanted = max(FEWEST, round(share))
        few = files[: max(1, wanted // _ROWS_A_FILE)]
        each = -(-wanted // len(few))
        parts += [rows_of(file, snapshot, _spread(file, each), schema) for file in few]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _shuffled(file: DataFile) -> bytes:
    """Order files as by chance: not by when they were written."""
    return hashlib.blake2b(Path(file.path).name.encode(), digest_size=8).digest()


def _spread(file: DataFile, count: int) -> Numbers:
    """Number the rows of evenly spread row groups that have `count` or a few more."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file.path) as parquet:
        about = parquet.metadata
        sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    ends = np.cumsum(sizes)
    wanted = min(len(sizes), -(-count * len(sizes) // int(ends[-1])))
    chosen = np.unique(np.linspace(0, len(sizes) - 1, wanted).round().astype(np.int64))
    return np.concatenate([np.arange(ends[group] - sizes[group], ends[group]) for group in chosen])
