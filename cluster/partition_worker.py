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
    """Partitions of a store as of one version of its table; a worker that starts holds none."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._version: int | None = None
        self._indexes: dict[Cell, Index] = {}

    def held(self) -> list[Cell]:
        """List the partitions that are in memory."""
        return sorted(self._indexes)

    def hold(self, version: int, wanted: Files, there: Collection[Cell]) -> bool:
        """Load partitions that are made of these files; build the indexes that are stale.

        Parameters
        ----------
        version : of the table, in which they are
        there : every partition of that version; what is held of others is let go

        Returns
        -------
        False where a partition has changed since
        """
        vectors = self._store.vectors
        if version != self._version:
            self._version, self._indexes = version, {}
            vectors.drop(there)
        for cell, files in wanted.items():
            index = vectors.as_of(cell, files)
            if index is None:
                return False
            self._indexes[cell] = index
        return True

    def search(self, version: int, unit: Unit, k: int, cells: Sequence[Cell]) -> Hits | None:
        """Find the nearest recordings in some partitions; None where they are not held so."""
        if version != self._version or not self._indexes.keys() >= set(cells):
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
