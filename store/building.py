"""Indexes of partitions, made of their rows: extended where rows were added, else built anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from . import exact
from .approximate import Approximate
from .arrays import embeddings
from .exact import Exact
from .partition import Built, Index, PartitionFile, digest
from .reading import Snapshot
from .recordings import Cell, Ids, RecordingsTable


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds the indexes of a table, whose embeddings have `dimension` numbers."""

    recordings: RecordingsTable
    dimension: int

    def build(
        self, file: PartitionFile, cell: Cell, files: Sequence[str], snapshot: Snapshot
    ) -> Built:
        """Write the index of a partition as it is in a snapshot.

        Parameters
        ----------
        file : where the index is written, and where the one to extend may be
        files : names of the Parquet files of the partition
        """
        rows = self.recordings.scan(["id", "indexed_at"], cell[0], cell[1], version=snapshot)
        ids, times = rows["id"].to_numpy(), rows["indexed_at"].cast(pa.int64()).to_numpy()
        index = self._extended(file, cell, ids, times, snapshot)
        index = index or self._built(file, cell, ids, snapshot)
        return file.save(index, snapshot.version, files, digest(ids, times))

    def _extended(
        self,
        file: PartitionFile,
        cell: Cell,
        ids: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        snapshot: Snapshot,
    ) -> Index | None:
        """Add new rows to the index that is there; None if the rows it has changed."""
        built = file.built()
        index = None if built is None else file.load(built)
        if built is None or index is None or not index.may_hold(len(ids)):
            return None
        known = np.isin(ids, index.ids())
        if digest(ids[known], times[known]) != built.rows or known.sum() != built.count:
            return None
        if known.all():
            return index
        return index.extended(*self._vectors(cell, ids[~known], snapshot))

    def _built(
        self, file: PartitionFile, cell: Cell, ids: npt.NDArray[np.int64], snapshot: Snapshot
    ) -> Index:
        if exact.fits(len(ids), self.dimension):
            return Exact.build(*self._vectors(cell, None, snapshot))
        batches = self.recordings.embedding_batches(cell, snapshot)
        return Approximate.build(batches, len(ids), file.new_vectors(self.dimension))

    def _vectors(
        self, cell: Cell, ids: Ids | None, snapshot: Snapshot
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        rows = self.recordings.scan(
            ["id", "embedding"], cell[0], cell[1], ids=ids, version=snapshot
        )
        return rows["id"].to_numpy(), embeddings(rows)
