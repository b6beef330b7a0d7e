"""Which inverted lists a query looks into, and what it finds there.

Not the same number for each query: those whose centroid is little farther than the nearest ones. A
query between clusters has its neighbours in more lists than one in the midst of a cluster; of ten
million vectors that passes over a sixth of the codes at the same recall.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .exact import Floats, Ids

FEWEST = 8
"""Lists that every query looks into, if there are as many."""

_NEAREST = 50


def lists_of(index: Any) -> Any:
    """The inverted lists of an index that maps their rows to ids."""
    import faiss

    return faiss.try_extract_index_ivf(faiss.downcast_index(index.index))


def behind(index: Any, queries: Floats) -> Floats:
    """Tell how much smaller the inner product with each centroid is than the nearest fifty's mean.

    Parameters
    ----------
    queries : float32 (n, dimension), of unit length

    Returns
    -------
    behind : float32 (n, lists), below 0 for the nearest
    """
    import faiss

    lists = lists_of(index)
    flat: Any = faiss.downcast_index(lists.quantizer)
    centroids = faiss.rev_swig_ptr(flat.get_xb(), lists.nlist * lists.d).reshape(-1, lists.d)
    # Not by BLAS, whose threads would be in the way of those that scan lists.
    products = np.vecdot(queries[:, None], centroids)
    first = max(0, lists.nlist - _NEAREST)
    nearest = np.partition(products, first, axis=1)[:, first:].mean(1, keepdims=True)
    far: Floats = nearest - products
    return far


def chosen(far: Floats, margin: float, more: float = 1.0) -> npt.NDArray[np.bool_]:
    """Choose the lists within a margin, and eight in any case.

    Parameters
    ----------
    far : see `behind`
    more : times as many

    Returns
    -------
    chosen : bool (n, lists)
    """
    lists = far.shape[1]
    counts = np.maximum((far <= margin).sum(1), min(FEWEST, lists))
    counts = np.minimum(np.round(more * counts).astype(np.int64), lists)
    limits = np.take_along_axis(np.sort(far, axis=1), counts[:, None] - 1, axis=1)
    within: npt.NDArray[np.bool_] = far <= limits
    return within


def scanned(index: Any, queries: Floats, chosen: npt.NDArray[np.bool_], k: int) -> Ids:
    """Find the k rows whose codes are nearest in the chosen lists; -1 where there are fewer.

    Parameters
    ----------
    queries : float32 (n, dimension)
    chosen : bool (n, lists)
    """
    import faiss

    scanner: Any = faiss.downcast_index(index.index)
    count, width = len(queries), int(chosen.sum(1).max())
    keys = np.full((count, width), -1, np.int64)
    for row, wanted in zip(keys, chosen, strict=True):
        row[: wanted.sum()] = np.flatnonzero(wanted)
    asked, unused = np.ascontiguousarray(queries, np.float32), np.zeros(keys.shape, np.float32)
    distances, rows = np.empty((count, k), np.float32), np.empty((count, k), np.int64)
    arrays = [faiss.swig_ptr(array) for array in (keys, unused, distances, rows)]
    parameters: Any = faiss.SearchParametersIVF()
    parameters.nprobe = width
    scanner.search_preassigned_c(count, faiss.swig_ptr(asked), k, *arrays, False, parameters)
    return rows
