"""FAISS as it is: flat, inverted lists, and a graph, the latter two with 8-bit codes."""

from collections.abc import Sequence
from importlib import import_module
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
        count, dimension = task.vectors.shape
        index = _faiss().index_factory(
            dimension, self.kind.format(lists=int(4 * count**0.5)), _faiss().METRIC_INNER_PRODUCT
        )
        rows = np.random.default_rng(0).choice(count, min(count, _TRAINED_ON), replace=False)
        index.train(task.vectors[np.sort(rows)])
        for block in task.blocks():
            index.add(np.ascontiguousarray(task.vectors[block]))
        _faiss().write_index(index, str(folder / "index.faiss"))

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Map the file."""
        _faiss().omp_set_num_threads(threads)
        self._index: Any = _faiss().read_index(
            str(folder / "index.faiss"), _faiss().IO_FLAG_MMAP_IFC
        )
        self._asked: Any = None

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search."""
        found: Ids = self._index.search(query[None], k, params=self._asked)[1][0]
        return found

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector."""
        asked = _faiss().SearchParameters(sel=_faiss().IDSelectorBatch(candidates))
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found


class InvertedLists(Flat):
    """`IVF,SQ8`, in memory."""

    kind = "IVF{lists},SQ8"
    efforts: ClassVar[Sequence[int]] = (16, 32, 64, 128, 256, 512, 1024, 2048)

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Read the file."""
        _faiss().omp_set_num_threads(threads)
        self._index = _faiss().read_index(str(folder / "index.faiss"))
        self.set_effort(self.efforts[0])

    def set_effort(self, effort: int) -> None:
        """Probe so many lists."""
        self._asked = _faiss().SearchParametersIVF(nprobe=effort)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector, at the effort that everything is searched with."""
        asked = _faiss().SearchParametersIVF(
            nprobe=self._asked.nprobe, sel=_faiss().IDSelectorBatch(candidates)
        )
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found


class Graph(InvertedLists):
    """`HNSW32,SQ8`, in memory."""

    kind = "HNSW32,SQ8"
    efforts = (64, 128, 256, 512, 1024, 2048)

    def set_effort(self, effort: int) -> None:
        """Keep so many candidates."""
        self._asked = _faiss().SearchParametersHNSW(efSearch=effort)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a selector, at the effort that everything is searched with."""
        asked = _faiss().SearchParametersHNSW(
            efSearch=self._asked.efSearch, sel=_faiss().IDSelectorBatch(candidates)
        )
        found: Ids = self._index.search(query[None], k, params=asked)[1][0]
        return found


def _faiss() -> Any:
    return import_module("faiss")
