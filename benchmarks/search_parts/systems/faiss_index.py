"""FAISS as it is: flat, inverted lists, and a graph, the latter two with 8-bit codes."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System

_TRAINED_ON = 200_000


class Flat(System):
    """`IndexFlatIP`, mapped; groups by `IDSelectorBatch`."""

    needs = "faiss"
    kind: ClassVar[str] = "Flat"

    def build(self, task: Task, folder: Path) -> None:
        """Train on a sample, add by blocks, write."""
        import faiss

        count, dimension = task.vectors.shape
        index = faiss.index_factory(
            dimension, self.kind.format(lists=int(4 * count**0.5)), faiss.METRIC_INNER_PRODUCT
        )
        rows = np.random.default_rng(0).choice(count, min(count, _TRAINED_ON), replace=False)
        index.train(task.vectors[np.sort(rows)])
        for block in task.blocks():
            index.add(np.ascontiguousarray(task.vectors[block]))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Map the file."""
        import faiss

        faiss.omp_set_num_threads(threads)
        self._index: Any = faiss.read_index(str(folder / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
        self._asked: Any = None

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search."""
        found: Ids = self._index.search(query[None], k, params=self._asked)[1][0]
        return found

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector."""
        import faiss

        asked = faiss.SearchParameters(sel=faiss.IDSelectorBatch(candidates))
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found


class InvertedLists(Flat):
    """`IVF,SQ8`, in memory."""

    kind = "IVF{lists},SQ8"
    efforts = (16, 32, 64, 128, 256, 512, 1024, 2048)

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Read the file."""
        import faiss

        faiss.omp_set_num_threads(threads)
        self._index = faiss.read_index(str(folder / "index.faiss"))
        self.set_effort(self.efforts[0])

    def set_effort(self, effort: int) -> None:
        """Probe so many lists."""
        import faiss

        self._asked = faiss.SearchParametersIVF(nprobe=effort)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector, at the effort that everything is searched with."""
        import faiss

        asked = faiss.SearchParametersIVF(
            nprobe=self._asked.nprobe, sel=faiss.IDSelectorBatch(candidates)
        )
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found


class Graph(InvertedLists):
    """`HNSW32,SQ8`, in memory."""

    kind = "HNSW32,SQ8"
    efforts = (64, 128, 256, 512, 1024, 2048)

    def set_effort(self, effort: int) -> None:
        """Keep so many candidates."""
        import faiss

        self._asked = faiss.SearchParametersHNSW(efSearch=effort)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector, at the effort that everything is searched with."""
        import faiss

        asked = faiss.SearchParametersHNSW(
            efSearch=self._asked.efSearch, sel=faiss.IDSelectorBatch(candidates)
        )
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found
