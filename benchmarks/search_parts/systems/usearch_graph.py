"""usearch: a graph of the vectors, mapped; it has no filter, so groups are fetched and compared."""

from pathlib import Path

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System, best


class Usearch(System):
    """Connectivity 32, float16 vectors."""

    needs = "usearch"
    efforts = (64, 128, 256, 512, 1024, 2048)

    def build(self, task: Task, folder: Path) -> None:
        """Add by blocks, write."""
        from usearch.index import Index

        index = Index(ndim=task.vectors.shape[1], metric="ip", dtype="f16", connectivity=32)
        for block in task.blocks():
            index.add(np.arange(block.start, block.stop), np.ascontiguousarray(task.vectors[block]))
        index.save(str(folder / "index.usearch"))

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Map the file."""
        from usearch.index import Index

        restored = Index.restore(str(folder / "index.usearch"), view=True)
        if restored is None:
            raise SystemExit(f"expected an index in {folder}, found none")
        self._index, self._threads = restored, threads

    def set_effort(self, effort: int) -> None:
        """Keep so many candidates."""
        self._index.expansion_search = effort

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the graph."""
        found: Ids = self._index.search(query, k, threads=self._threads).keys.astype(np.int64)
        return found

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Fetch the candidates' vectors and multiply."""
        vectors = np.asarray(self._index.get(candidates), np.float32)
        return best(vectors @ query, candidates, k)
