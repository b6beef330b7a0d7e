"""FAISS indexes derived from the recordings: one a partition, refreshed when rows changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import StoreError, UsageError
from . import partition
from .arrays import embeddings
from .locks import Locks
from .partition import Built, PartitionFile
from .reading import Snapshot
from .recordings import Cell, Ids, RecordingsTable


@dataclass(frozen=True, slots=True)
class Hits:
    """Recordings found, the nearest first: `ids` int64 (n,) and `cosines` float32 (n,)."""

    ids: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]


class VectorIndex:
    """The indexes of a store. The table is the truth: a stale or lost index is built again."""

    def __init__(
        self, folder: Path, recordings: RecordingsTable, locks: Locks, dimension: int
    ) -> None:
        self.folder = folder
        self._recordings = recordings
        self._locks = locks
        self._dimension = dimension
        self._loaded: dict[Cell, tuple[Built, Any]] = {}

    def fresh(self) -> bool:
        """Return whether every partition has an index of precisely its rows, and no other has."""
        wanted = self._recordings.cells()
        kept = {self.file(cell).path for cell in wanted}
        return not self._stale(wanted) and kept == set(self.folder.glob("*/*.faiss"))

    def refresh(self) -> None:
        """Build the indexes of changed partitions again, or add to them where rows were added."""
        with self._locks.alone("index"):
            self.refresh_unlocked()

    def refresh_unlocked(self) -> None:
        """Refresh; only under a lock that holds off maintenance."""
        snapshot = self._recordings.delta.snapshot()
        wanted = snapshot.cells()
        for cell in self._stale(wanted):
            self._refresh(cell, wanted[cell], snapshot)
        kept = {self.file(cell).path for cell in wanted}
        for path in set(self.folder.glob("*/*.faiss")) - kept:
            PartitionFile(path).remove()

    def search(
        self,
        query: npt.NDArray[np.float32],
        k: int,
        language: str | None = None,
        noise: str | None = None,
        allowed_ids: Ids | None = None,
    ) -> Hits:
        """Find the nearest recordings; stale indexes are refreshed first.

        Parameters
        ----------
        query : float32 (dimension,); its length does not matter
        k : the most hits to return
        language, noise : search only these partitions
        allowed_ids : search only these recordings, exactly

        Raises
        ------
        UsageError
            The query has another shape, is zero or not finite, or `k` is below 1.
        """
        unit = self._unit(query, k)
        if allowed_ids is not None:
            return self._search_among(unit, k, language, noise, allowed_ids)
        found = [
            index.search(unit[None], min(k, index.ntotal))
            for index in self._indexes(language, noise)
        ]
        cosines = [scores[0] for scores, _ in found]
        ids = [labels[0] for _, labels in found]
        return _nearest(np.concatenate([_NO_IDS, *ids]), np.concatenate([_NO_FLOATS, *cosines]), k)

    def fresh_cells(self) -> list[Cell]:
        """List the partitions whose index tells that it holds precisely their rows."""
        wanted = self._recordings.cells()
        return sorted(set(wanted) - set(self._stale(wanted)))

    def equals_rows(self, cell: Cell) -> bool:
        """Compare the index of a partition with its rows, number by number."""
        index = self._load(cell)
        if index is None:
            return False
        ids, vectors = partition.contents(index)
        rows, wanted = self._vectors(cell, None, self._recordings.delta.snapshot())
        order = np.argsort(ids)
        return np.array_equal(ids[order], rows) and np.array_equal(vectors[order], wanted)

    def file(self, cell: Cell) -> PartitionFile:
        """The index file of a partition."""
        language, noise = cell
        return PartitionFile(self.folder / f"language={language}" / f"noise={noise}.faiss")

    def recalls(self) -> dict[Cell, float]:
        """Map each partition that has an index to the recall at 20 measured when it was built."""
        notes = {cell: self.file(cell).built() for cell in self._recordings.cells()}
        return {cell: built.recall for cell, built in notes.items() if built is not None}

    def _unit(self, query: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float32]:
        vector = np.asarray(query, np.float32)
        length = float(np.linalg.norm(vector)) if vector.shape == (self._dimension,) else np.nan
        if k < 1 or not np.isfinite(length) or length == 0:
            raise UsageError(
                f"expected k of at least 1 and a finite vector of shape ({self._dimension},)"
                f" that is not zero, got k {k} and shape {vector.shape}"
            )
        return vector / np.float32(length)

    def _search_among(
        self,
        unit: npt.NDArray[np.float32],
        k: int,
        language: str | None,
        noise: str | None,
        allowed_ids: Ids,
    ) -> Hits:
        rows = self._recordings.scan(["id", "embedding"], language, noise, ids=allowed_ids)
        if not rows.num_rows:
            return Hits(_NO_IDS, _NO_FLOATS)
        return _nearest(rows["id"].to_numpy(), embeddings(rows) @ unit, k)

    def _indexes(self, language: str | None, noise: str | None) -> list[Any]:
        """Load the indexes of the partitions asked for, refreshed if need be."""
        wanted = {
            cell: files
            for cell, files in self._recordings.cells().items()
            if language in (None, cell[0]) and noise in (None, cell[1])
        }
        if self._stale(wanted):
            self.refresh()
        return [self._load(cell) or self._mended(cell) for cell in wanted]

    def _stale(self, wanted: Mapping[Cell, Sequence[str]]) -> list[Cell]:
        notes = {cell: self.file(cell).built() for cell in wanted}
        return [cell for cell, built in notes.items() if not built or built.files != wanted[cell]]

    def _load(self, cell: Cell) -> Any:
        """Load an index, or take the one in memory if the file is still that one."""
        file = self.file(cell)
        built = file.built()
        if built is None:
            return None
        if self._loaded.get(cell, (None, None))[0] != built:
            self._loaded[cell] = built, file.load(built)
        return self._loaded[cell][1]

    def _mended(self, cell: Cell) -> Any:
        self.file(cell).remove()
        self.refresh()
        index = self._load(cell)
        if index is None:
            raise StoreError(
                f"cannot read {self.file(cell).path} just after it was built; try again"
            )
        return index

    def _refresh(self, cell: Cell, files: Sequence[str], snapshot: Snapshot) -> None:
        file = self.file(cell)
        rows = self._recordings.scan(["id", "indexed_at"], cell[0], cell[1], version=snapshot)
        ids, times = rows["id"].to_numpy(), rows["indexed_at"].cast(pa.int64()).to_numpy()
        extended = self._extended(cell, ids, times, snapshot)
        index, recall = extended or partition.build(*self._vectors(cell, None, snapshot))
        file.save(index, snapshot.version, files, partition.digest(ids, times), recall)
        self._loaded.pop(cell, None)

    def _extended(
        self,
        cell: Cell,
        ids: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        snapshot: Snapshot,
    ) -> tuple[Any, float] | None:
        """Add new rows to the index that is there; None if the rows it has changed."""
        built = self.file(cell).built()
        index: Any = None if built is None else self.file(cell).load(built)
        if built is None or index is None or not partition.extends(index, len(ids)):
            return None
        known = np.isin(ids, partition.ids_in(index))
        if partition.digest(ids[known], times[known]) != built.rows or known.sum() != index.ntotal:
            return None
        if not known.all():
            new, vectors = self._vectors(cell, ids[~known], snapshot)
            index.add_with_ids(vectors, new)
        return index, built.recall

    def _vectors(
        self, cell: Cell, ids: Ids | None, snapshot: Snapshot
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        rows = self._recordings.scan(
            ["id", "embedding"], cell[0], cell[1], ids=ids, version=snapshot
        )
        return rows["id"].to_numpy(), embeddings(rows)


def _nearest(ids: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32], k: int) -> Hits:
    """Take the k highest cosines; of equal ones the lower id comes first."""
    found = ids >= 0
    ids, cosines = ids[found], cosines[found]
    best = np.lexsort((ids, -cosines))[:k]
    return Hits(ids[best], cosines[best])


_NO_IDS = np.empty(0, np.int64)
_NO_FLOATS = np.empty(0, np.float32)
