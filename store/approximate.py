"""The index of a large partition: short codes point to vectors, which are then scored exactly.

Inverted lists (Jégou et al., 2011) of 4-bit product codes, scanned in registers (André et al.,
2015); for 10 million vectors of 192 numbers the index takes 0.6 GB of memory, while the vectors
themselves stay on disk, mapped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .exact import Floats, Ids
from .raw_vectors import RawVectors

WANTED_RECALL = 0.99

_POINTS_A_LIST = 39
_MOST_LISTS = 8_192
_RESCORED = (250, 500, 1_000, 2_000, 4_000)
_RESCORED_A_HIT = 10
_RECALL_AT = 20
_RECALL_QUERIES = 200
_ROWS_A_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Approximate:
    """A FAISS index that finds candidates, and the raw vectors that score them.

    Parameters
    ----------
    faiss : of the squared distance, which orders unit vectors as their cosine does
    raw : the vectors, in the order of the index
    recall : at 20, measured when it was built
    rescored : how many candidates are scored exactly, at least
    """

    faiss: Any
    raw: RawVectors
    recall: float
    rescored: int

    @classmethod
    def build(
        cls, batches: Iterable[tuple[Ids, Floats]], count: int, raw: RawVectors
    ) -> "Approximate":
        """Index `count` unit vectors, given in batches of ids and vectors (n, dimension)."""
        import faiss

        ids, row = np.empty(count, np.int64), 0
        for some, vectors in batches:
            ids[row : row + len(some)] = some
            row = raw.write(row, vectors)
        index = faiss.index_factory(raw.dimension, _kind(count, raw.dimension), faiss.METRIC_L2)
        mapped = raw.mapped(count)
        index.train(_sample(mapped, _lists(index).nlist))
        for start in range(0, count, _ROWS_A_BLOCK):
            block = slice(start, start + _ROWS_A_BLOCK)
            index.add_with_ids(np.ascontiguousarray(mapped[block]), ids[block])
        recall, rescored = _tune(index, mapped)
        return cls(index, raw, recall, rescored)

    def ids(self) -> Ids:
        """List the ids, in the order of the index."""
        import faiss

        listed: Ids = faiss.vector_to_array(self.faiss.id_map)
        return listed

    def vectors(self) -> Floats:
        """Map the vectors (n, dimension), in the order of the index."""
        return self.raw.mapped(self.faiss.ntotal)

    def search(self, unit: Floats, k: int) -> tuple[Ids, Floats]:
        """Find the k nearest to a unit vector (dimension,): their ids and exact cosines."""
        import faiss

        wanted = min(max(self.rescored, _RESCORED_A_HIT * k), self.faiss.ntotal)
        rows, cosines = _nearest(self.faiss.index, self.vectors(), unit, wanted, k)
        ids = faiss.rev_swig_ptr(self.faiss.id_map.data(), self.faiss.ntotal)
        return ids[rows], cosines

    def may_hold(self, count: int) -> bool:
        """Tell whether the index may grow to `count` vectors, or had better be built again."""
        lists = _lists(self.faiss).nlist
        return bool(lists == _MOST_LISTS or 4 * count <= lists**2)

    def add(self, ids: Ids, vectors: Floats) -> None:
        """Add unit vectors (n, dimension)."""
        self.raw.write(self.faiss.ntotal, vectors)
        self.faiss.add_with_ids(vectors, ids)


def _kind(count: int, dimension: int) -> str:
    lists = max(1, min(int(4 * count**0.5), count // _POINTS_A_LIST, _MOST_LISTS))
    codes = f"PQ{dimension // 2}x4fs" if dimension % 2 == 0 else "SQ8"
    return f"IDMap,IVF{lists},{codes}"


def _lists(index: Any) -> Any:
    import faiss

    return faiss.try_extract_index_ivf(faiss.downcast_index(index.index))


def _sample(vectors: Floats, lists: int) -> Floats:
    """Draw the vectors that lists and codes are learnt from, always the same."""
    wanted = min(len(vectors), max(_ROWS_A_BLOCK, _POINTS_A_LIST * lists))
    rows = np.random.default_rng(0).choice(len(vectors), wanted, replace=False)
    return vectors[np.sort(rows)]


def _nearest(finder: Any, vectors: Floats, unit: Floats, wanted: int, k: int) -> tuple[Ids, Floats]:
    """Score the candidates that an index finds; the rows and cosines of the best k."""
    found = finder.search(unit[None], wanted)[1][0]
    rows = np.sort(found[found >= 0])
    cosines = vectors[rows] @ unit
    best = np.argsort(-cosines, kind="stable")[:k]
    return rows[best], cosines[best]


def _tune(index: Any, vectors: Floats) -> tuple[float, int]:
    """Probe more lists, and score more candidates, until the recall is as wanted.

    Returns
    -------
    recall : at 20 of other vectors than the query itself, over 200 stored vectors as queries
    rescored : candidates scored exactly
    """
    queries = np.arange(0, len(vectors), max(1, len(vectors) // _RECALL_QUERIES))
    exact, lists = _exact(vectors, queries), _lists(index)
    lists.nprobe = 4
    while True:
        lists.nprobe = min(2 * lists.nprobe, lists.nlist)
        _, found = index.index.search(vectors[queries], min(_RESCORED[-1], len(vectors)))
        for rescored in _RESCORED:
            recall = _recall(exact, found[:, :rescored])
            if recall >= WANTED_RECALL:
                return recall, rescored
        if lists.nprobe == lists.nlist:
            return recall, rescored


def _recall(exact: Ids, found: Ids) -> float:
    """Share of the exact neighbours that are among the candidates."""
    same = [len(np.intersect1d(a, b)) for a, b in zip(exact, found, strict=True)]
    return float(np.mean(same) / exact.shape[1])


def _exact(vectors: Floats, queries: Ids) -> Ids:
    """Find the nearest others of each query, block by block: rows (queries, 20)."""
    asked = vectors[queries]
    best = np.full((len(queries), 1), -np.inf, np.float32)
    rows = np.zeros((len(queries), 1), np.int64)
    for start in range(0, len(vectors), _ROWS_A_BLOCK):
        cosines = asked @ vectors[start : start + _ROWS_A_BLOCK].T
        own = (queries >= start) & (queries < start + cosines.shape[1])
        cosines[own, queries[own] - start] = -np.inf
        here = np.broadcast_to(np.arange(start, start + cosines.shape[1]), cosines.shape)
        best, rows = np.hstack([best, cosines]), np.hstack([rows, here])
        kept = np.argpartition(-best, min(_RECALL_AT, best.shape[1]) - 1)[:, :_RECALL_AT]
        best, rows = np.take_along_axis(best, kept, 1), np.take_along_axis(rows, kept, 1)
    return rows
