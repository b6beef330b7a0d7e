"""spkret: the index of a partition as a store builds it, and groups as retrieval scores them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spkret.retrieval.groups import Groups
from spkret.retrieval.search import group_cosines
from spkret.store import exact
from spkret.store.approximate import Approximate
from spkret.store.exact import Exact
from spkret.store.partition import Index, PartitionFile

from ..speakers import Floats, Ids
from ..task import Task
from .base import System, best


class Spkret(System):
    """What `VectorIndex` builds for one partition, without the table that it is derived from."""

    needs = "spkret"

    def build(self, task: Task, folder: Path) -> None:
        """Build and save as `VectorIndex.refresh` does."""
        count, dimension = task.vectors.shape
        file = _file(folder)
        index: Index
        if exact.fits(count, dimension):
            index = Exact.build(np.arange(count), np.array(task.vectors))
        else:
            index = Approximate.build(_batches(task), count, file.new_vectors(dimension))
        file.save(index, version=1, files=["all"], rows="all")

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Load the index, and map the vectors."""
        import faiss

        faiss.omp_set_num_threads(threads)
        file = _file(folder)
        built = file.built()
        index = None if built is None else file.load(built)
        if index is None:
            raise SystemExit(f"expected an index in {folder}, found none")
        self._index = index.to_be_searched()
        self._vectors = index.vectors()
        self._row_of = {id_: row for row, id_ in enumerate(index.ids().tolist())}

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the index."""
        return self._index.search(query, k)[0]

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Look the candidates up, gather their vectors, and score them beside the anchor."""
        rows = [self._row_of[id_] for id_ in candidates.tolist()]
        gathered = np.vstack([query, self._vectors[rows]])
        group = Groups.of([0], [np.arange(1, len(gathered))])
        return best(group_cosines(gathered, group).astype(np.float32), candidates, k)


def _file(folder: Path) -> PartitionFile:
    return PartitionFile(folder / "noise=clean.faiss")


def _batches(task: Task) -> Iterator[tuple[Ids, Floats]]:
    for block in task.blocks():
        yield np.arange(block.start, block.stop), task.vectors[block]
