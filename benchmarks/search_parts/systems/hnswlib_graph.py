"""hnswlib: a graph of the vectors, groups by a filter function."""

from pathlib import Path
from typing import Any

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System


class Hnswlib(System):
    """M 32, 200 candidates while it is built."""

    needs = "hnswlib"
    efforts = (64, 128, 256, 512, 1024, 2048)

    def build(self, task: Task, folder: Path) -> None:
        """Add by blocks, write."""
        count, dimension = task.vectors.shape
        index = _index(dimension)
        index.init_index(max_elements=count, ef_construction=200, M=32)
        for block in task.blocks():
            index.add_items(task.vectors[block], np.arange(block.start, block.stop))
        index.save_index(str(folder / "index.bin"))

    def open(self, task: Task, folder: Path, threads: int) -> None:
        """Read the file."""
        self._index = _index(task.vectors.shape[1])
        self._index.load_index(str(folder / "index.bin"))
        self._threads = threads

    def set_effort(self, effort: int) -> None:
        """Keep so many candidates."""
        self._index.set_ef(effort)

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the graph."""
        found: Ids = self._index.knn_query(query, k, num_threads=self._threads)[0][0]
        return found

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search the graph past a filter; it raises where it finds fewer than k, and has none."""
        allowed = set(candidates.tolist())
        try:
            found: Ids = self._index.knn_query(
                query, k, num_threads=1, filter=allowed.__contains__
            )[0][0]
        except RuntimeError:
            return np.empty(0, np.int64)
        return found


def _index(dimension: int) -> Any:
    import hnswlib

    return hnswlib.Index("ip", dimension)
