"""The index of a small partition: every vector is compared."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MOST_BYTES = 2**27
"""Vectors up to this size are compared one and all: 12 ms on one core."""


@dataclass(frozen=True, slots=True)
class Exact:
    """A flat FAISS index of unit vectors by inner product, with ids."""

    faiss: Any
    recall: ClassVar[float] = 1.0
    rescored: ClassVar[int] = 0
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
        cosines, ids = self.faiss.search(unit[None], min(k, self.faiss.ntotal))
        return ids[0], cosines[0]

    def may_hold(self, count: int) -> bool:
        """Tell whether the index may grow to `count` vectors, or had better be built again."""
        return fits(count, self.faiss.d)

    def extended(self, ids: Ids, vectors: Floats) -> "Exact":
        """Add unit vectors (n, dimension)."""
        self.faiss.add_with_ids(vectors, ids)
        return self


def fits(count: int, dimension: int) -> bool:
    """Tell whether a partition is small enough for every vector to be compared."""
    return 4 * count * dimension <= MOST_BYTES
