"""The index of a small partition: every vector is compared."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .machine import gpus, memory_bytes
from .on_gpu import MOST_HITS, OnGpu, on_gpu

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MOST_BYTES = 2**27
"""Vectors up to this size are compared one and all: 12 ms on one core."""
MOST_BYTES_WITH_GPU = 2**32
_SHARE_OF_MEMORY = 4


@dataclass(frozen=True, slots=True)
class Exact:
    """A flat FAISS index of unit vectors by inner product, with ids; on a GPU, too, to search it.

    Parameters
    ----------
    faiss : the index
    copy : of it in a GPU's memory; made when the index is loaded to be searched
    """

    faiss: Any
    copy: OnGpu | None = field(default=None, compare=False)
    recall: ClassVar[float] = 1.0
    rescored: ClassVar[int] = 0
    margin: ClassVar[float] = 0.0
    measured: ClassVar[int] = 0
    raw: ClassVar[None] = None

    @classmethod
    def build(cls, ids: Ids, vectors: Floats) -> "Exact":
        """Index unit vectors (n, dimension)."""
        import faiss

        index = faiss.index_factory(vectors.shape[1], "IDMap2,Flat", faiss.METRIC_INNER_PRODUCT)
        index.add_with_ids(vectors, ids)
        return cls(index)

    def ids(self) -> Ids:
        """List the ids, in the order of the index."""
        import faiss

        listed: Ids = faiss.vector_to_array(self.faiss.id_map)
        return listed

    def vectors(self) -> Floats:
        """Copy the vectors (n, dimension), in the order of the index."""
        import faiss

        flat: Any = faiss.downcast_index(self.faiss.index)
        copied: Floats = flat.reconstruct_n(0, self.faiss.ntotal)
        return copied

    def search(self, unit: Floats, k: int) -> tuple[Ids, Floats]:
        """Find the k nearest to a unit vector (dimension,): their ids and cosines."""
        most = min(k, self.faiss.ntotal)
        if self.copy is not None and most <= MOST_HITS:
            return self.copy.search(unit, most)
        cosines, ids = self.faiss.search(unit[None], most)
        return ids[0], cosines[0]

    def to_be_searched(self) -> "Exact":
        """Return this index with a copy on the GPU, where there is one."""
        return Exact(self.faiss, on_gpu(self))

    def may_hold(self, count: int) -> bool:
        """Tell whether the index may grow to `count` vectors, or had better be built again."""
        return fits(count, self.faiss.d)

    def extended(self, ids: Ids, vectors: Floats) -> "Exact":
        """Add unit vectors (n, dimension)."""
        self.faiss.add_with_ids(vectors, ids)
        return self


def fits(count: int, dimension: int) -> bool:
    """Tell whether every vector of a partition can be compared: it is small, or there is a GPU.

    On a machine of little memory, a quarter of it decides: more is left on disk, and mapped.
    """
    most = MOST_BYTES_WITH_GPU if gpus() else MOST_BYTES
    return 4 * count * dimension <= min(most, memory_bytes() // _SHARE_OF_MEMORY)
