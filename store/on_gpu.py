"""Exact search on a GPU. Without cuVS, FAISS ignores selectors there: none is ever passed."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from .machine import gpus

if TYPE_CHECKING:
    from .exact import Exact, Floats, Ids

LEAST_BYTES = 2**24
"""Smaller indexes are searched faster than a GPU is asked."""
MOST_HITS = 2_048
"""FAISS returns no more from a GPU."""
_SEARCHING = Lock()
"""Held while a GPU is at work: FAISS lets one thread at a time use what it keeps there."""


class OnGpu:
    """A copy of a flat index in the memory of the first GPU, which answers as the index does."""

    def __init__(self, index: "Exact") -> None:
        import faiss

        self._ids = index.ids()
        flat = faiss.downcast_index(index.faiss.index)
        with _SEARCHING:
            self._copy: Any = faiss.index_cpu_to_gpu(_resources(), 0, flat)

    def search(self, unit: "Floats", k: int) -> "tuple[Ids, Floats]":
        """Find the k nearest to a unit vector (dimension,): their ids and cosines."""
        with _SEARCHING:
            cosines, rows = self._copy.search(np.ascontiguousarray(unit[None]), k)
        return self._ids[rows[0]], cosines[0]


@cache
def _resources() -> Any:
    """Return those of this process: FAISS sets memory of the GPU aside for each."""
    import faiss

    return faiss.StandardGpuResources()


def on_gpu(index: "Exact") -> OnGpu | None:
    """Copy an index to the GPU; None where there is none with room, or where it is not worth it."""
    if 4 * index.faiss.ntotal * index.faiss.d < LEAST_BYTES or not gpus():
        return None
    try:
        return OnGpu(index)
    except RuntimeError:  # what FAISS raises when the GPU's memory is full
        return None
