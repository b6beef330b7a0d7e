"""What a Ray worker does: it holds the indexes of some partitions, and searches them."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..store.hits import Hits, nearest
from ..store.partition import Index
from ..store.recordings import Cell
from ..store.store import Store

Unit = npt.NDArray[np.float32]
Files = Mapping[Cell, Sequence[str]]


class PartitionWorker:
    """Partitions of a store as of one state of its table; a worker that starts holds none.

    States are told apart by a digest of the table's files, see `Snapshot.digest`.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._state: str | None = None
        self._indexes: dict[Cell, Index] = {}

    def held(self) -> list[Cell]:
        """List the partitions that are in memory."""
        return sorted(self._indexes)

    def keep(self, cells: Collection[Cell]) -> None:
        """Let go of all partitions but these."""
        self._indexes = {cell: index for cell, index in self._indexes.items() if cell in cells}
        self._store.vectors.drop(cells)

    def hold(self, state: str, wanted: Files) -> bool:
        """Load partitions that are made of these files; build the indexes that are stale.

        Parameters
        ----------
        state : of the table, in which they are; what is held as of another is let go

        Returns
        -------
        False where a partition has changed since
        """
        if state != self._state:
            self._state, self._indexes = state, {}
        for cell, files in wanted.items():
            index = self._store.vectors.as_of(cell, files)
            if index is None:
                return False
            self._indexes[cell] = index
        return True

    def search(self, state: str, unit: Unit, k: int, cells: Sequence[Cell]) -> Hits | None:
        """Find the nearest recordings in some partitions; None where they are not held so."""
        if state != self._state or not self._indexes.keys() >= set(cells):
            return None
        return nearest([Hits(*self._indexes[cell].search(unit, k)) for cell in cells], k)

    def search_among(
        self, version: int, unit: Unit, k: int, ids_of: Mapping[Cell, npt.NDArray[np.int64]]
    ) -> Hits:
        """Search some recordings of some partitions exactly."""
        found = [
            self._store.vectors.search_among(unit, k, ids, language, noise, version)
            for (language, noise), ids in ids_of.items()
        ]
        return nearest(found, k)

    @cached_property
    def _store(self) -> Store:
        """Opened with the first task, so that who asked is told where it is not there."""
        return Store.open(self._place)
