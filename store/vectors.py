"""FAISS indexes derived from the recordings: one a partition, refreshed when rows changed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import StoreError, UsageError
from .arrays import embeddings
from .building import Builder
from .committing import OutrunError
from .hits import Hits, nearest
from .locks import Locks
from .partition import Built, Index, PartitionFile
from .published import Published
from .reading import Snapshot
from .recordings import Cell, Ids, RecordingsTable


class VectorIndex:
    """The indexes of a store. The table is the truth: a stale or lost index is built again."""

    def __init__(
        self,
        folder: Path,
        recordings: RecordingsTable,
        locks: Locks,
        dimension: int,
        published: Published | None = None,
    ) -> None:
        self.folder = folder
        self._published = published
        self._recordings = recordings
        self._locks = locks
        self._dimension = dimension
        self._builder = Builder(recordings, dimension)
        self._loaded: dict[Cell, tuple[Built, Index]] = {}

    def fresh(self) -> bool:
        """Return whether every partition has an index of precisely its rows, and no other has."""
        wanted = self._recordings.cells()
        kept = {self.file(cell).path for cell in wanted}
        return not self._unbuilt(wanted) and kept >= set(self.folder.glob("*/*.faiss"))

    def refresh(self, cells: Collection[Cell] | None = None) -> None:
        """Build the indexes of changed partitions again, or add to them where rows were added.

        Those of a store at a URL that another machine has built are fetched.

        Parameters
        ----------
        cells : all by default
        """
        with self._locks.alone("index"):
            self.refresh_unlocked(cells)

    def refresh_unlocked(self, cells: Collection[Cell] | None = None) -> None:
        """Refresh; only under a lock that holds off maintenance on this machine."""
        wanted = self._refreshed(cells)
        kept = {self.file(cell).path for cell in wanted}
        raw = {path.with_name(f"{path.name.split('.')[0]}.faiss") for path in self._raw_files()}
        for path in (set(self.folder.glob("*/*.faiss")) | raw) - kept:
            PartitionFile(path).remove()

    def _refreshed(self, cells: Collection[Cell] | None) -> Mapping[Cell, Sequence[str]]:
        """Refresh to the newest version, though another machine may clear it away meanwhile."""
        while True:
            snapshot = self._recordings.delta.snapshot()
            wanted = snapshot.cells()
            try:
                for cell in self._stale(wanted):
                    if cells is None or cell in cells:
                        self._refresh(cell, wanted[cell], snapshot)
            except OutrunError:
                continue
            return wanted

    def retain_published(self) -> None:
        """Delete at the store's URL, if it is at one, all indexes but those of the newest rows."""
        if self._published is not None:
            wanted = self._recordings.cells()
            self._published.retain([(self.file(cell), wanted[cell]) for cell in wanted])

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
        unit = self.unit(query, k)
        if allowed_ids is not None:
            return self.search_among(unit, k, allowed_ids, language, noise)
        found = [index.search(unit, k) for index in self._indexes(language, noise)]
        return nearest([Hits(*hits) for hits in found], k)

    def search_among(
        self,
        unit: npt.NDArray[np.float32],
        k: int,
        allowed_ids: Ids,
        language: str | None = None,
        noise: str | None = None,
        version: int | None = None,
    ) -> Hits:
        """Search some recordings exactly, in the newest version of the table or the one given.

        Parameters
        ----------
        unit : float32 (dimension,), of length 1
        """
        rows = self._recordings.scan(
            ["id", "embedding"], language, noise, ids=allowed_ids, version=version
        )
        if not rows.num_rows:
            return nearest([], k)
        return nearest([Hits(rows["id"].to_numpy(), embeddings(rows) @ unit)], k)

    def as_of(self, cell: Cell, files: Sequence[str]) -> Index | None:
        """Return the index of a partition that is made of precisely these Parquet files.

        It is built if need be; None where the partition has changed since.
        """
        known, index = self._loaded.get(cell, (None, None))
        if known is not None and known.files == tuple(files):
            return index
        if self._stale({cell: files}):
            self.refresh([cell])
        index = self._load(cell)
        if index is None and cell in self._recordings.cells():
            index = self._mended(cell)
        if index is None or self._loaded[cell][0].files != tuple(files):
            return None
        return index

    def drop(self, kept: Collection[Cell]) -> None:
        """Let go of the indexes of partitions that are not to be kept in memory."""
        self._loaded = {cell: held for cell, held in self._loaded.items() if cell in kept}

    def fresh_cells(self) -> list[Cell]:
        """List the partitions whose index here tells that it holds precisely their rows."""
        wanted = self._recordings.cells()
        return sorted(set(wanted) - set(self._stale(wanted)))

    def unbuilt_cells(self) -> list[Cell]:
        """List the partitions of whose rows there is no index, neither here nor at the URL."""
        return self._unbuilt(self._recordings.cells())

    def equals_rows(self, cell: Cell) -> bool:
        """Compare the index of a partition with its rows, number by number."""
        index = self._load(cell)
        if index is None:
            return False
        ids, vectors = index.ids(), index.vectors()
        order, seen = np.argsort(ids), 0
        for rows, wanted in self._recordings.embedding_batches(
            cell, self._recordings.delta.snapshot()
        ):
            places = order[np.searchsorted(ids, rows, sorter=order).clip(max=len(ids) - 1)]
            if not np.array_equal(ids[places], rows):
                return False
            if not np.array_equal(vectors[places], wanted):
                return False
            seen += len(rows)
        return seen == len(ids)

    def file(self, cell: Cell) -> PartitionFile:
        """The index file of a partition."""
        language, noise = cell
        return PartitionFile(self.folder / f"language={language}" / f"noise={noise}.faiss")

    def recalls(self) -> dict[Cell, float]:
        """Map each partition that has an index to the recall at 20 measured when it was built."""
        notes = {cell: self._note(cell) for cell in self._recordings.cells()}
        return {cell: built.recall for cell, built in notes.items() if built is not None}

    def unit(self, query: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float32]:
        """Bring a query to length 1.

        Raises
        ------
        UsageError
            It has another shape, is zero or not finite, or `k` is below 1.
        """
        vector = np.asarray(query, np.float32)
        length = float(np.linalg.norm(vector)) if vector.shape == (self._dimension,) else np.nan
        if k < 1 or not np.isfinite(length) or length == 0:
            raise UsageError(
                f"expected k of at least 1 and a finite vector of shape ({self._dimension},)"
                f" that is not zero, got k {k} and shape {vector.shape}"
            )
        return vector / np.float32(length)

    def _indexes(self, language: str | None, noise: str | None) -> list[Index]:
        """Load the indexes of the partitions asked for, refreshed if need be."""
        wanted = {
            cell: files
            for cell, files in self._recordings.cells().items()
            if language in (None, cell[0]) and noise in (None, cell[1])
        }
        if self._stale(wanted):
            self.refresh(None if self._published is None else wanted)
        return [self._load(cell) or self._mended(cell) for cell in wanted]

    def _note(self, cell: Cell) -> Built | None:
        built = self.file(cell).built()
        if built is None and self._published is not None:
            return self._published.built(self.file(cell))
        return built

    def _unbuilt(self, wanted: Mapping[Cell, Sequence[str]]) -> list[Cell]:
        return [cell for cell in self._stale(wanted) if not self._is_published(cell, wanted[cell])]

    def _is_published(self, cell: Cell, files: Sequence[str]) -> bool:
        built = None if self._published is None else self._published.built(self.file(cell))
        return built is not None and built.files == files

    def _raw_files(self) -> Iterator[Path]:
        return self.folder.glob("*/*.vectors")

    def _stale(self, wanted: Mapping[Cell, Sequence[str]]) -> list[Cell]:
        notes = {cell: self.file(cell).built() for cell in wanted}
        return [cell for cell, built in notes.items() if not built or built.files != wanted[cell]]

    def _load(self, cell: Cell) -> Index | None:
        """Load an index, or take the one in memory if the file is still that one."""
        file = self.file(cell)
        built = file.built()
        if built is None:
            return None
        known, index = self._loaded.get(cell, (None, None))
        if index is None or known != built:
            loaded = file.load(built)
            if loaded is None:
                return None
            index = loaded.to_be_searched()
            self._loaded[cell] = built, index
        return index

    def _mended(self, cell: Cell) -> Index:
        """Build an index that cannot be loaded again, unless somebody else just did."""
        with self._locks.alone("index"):
            index = self._load(cell)
            if index is None:
                self.file(cell).remove()
                self.refresh_unlocked([cell])
                index = self._load(cell)
        if index is None:
            raise StoreError(
                f"cannot read {self.file(cell).path} just after it was built; try again"
            )
        return index

    def _refresh(self, cell: Cell, files: Sequence[str], snapshot: Snapshot) -> None:
        file = self.file(cell)
        self._loaded.pop(cell, None)
        if self._published is not None and self._published.pull(file, files):
            return
        built = self._builder.build(file, cell, files, snapshot)
        if self._published is not None:
            is_shared = self._published.push(file, built)
            # What was erased meanwhile must not stay in what was published after.
            if self._recordings.cells().get(cell) != files:
                # Who could not publish it may not delete there either, and need not.
                with nullcontext() if is_shared else suppress(StoreError):
                    self._published.withdraw(file)
