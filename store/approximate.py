"""The index of a large partition: short codes point to vectors, which are then scored exactly.

Inverted lists (Jégou et al., 2011) of 4-bit product codes, scanned in registers (André et al.,
2015); for 10 million vectors of 192 numbers the index takes 0.6 GB of memory, while the vectors
themselves stay on disk, mapped.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .exact import Floats, Ids
from .raw_vectors import RawVectors

WANTED_RECALL = 0.99

_POINTS_A_LIST = 39
_MOST_LISTS = 8_192
_RESCORED = (250, 500, 1_000, 2_000, 4_000)
_RESCORED_A_HIT = 10
_SCANNED_SHARE = 10
_GROWTH = 1.2
_KEPT_RECALL = 0.97
_MORE_LISTS = 1.3
# FAISS's name for a way to scan: otherwise one query is scanned by one thread.
_LISTS_IN_PARALLEL = 15
_SAME = 1e-6
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
    mapped : float32 (n, dimension), the vectors in memory when it was loaded
    recall : at 20, of stored vectors as queries
    rescored : how many candidates are scored exactly, at least
    measured : how many vectors there were when the recall was measured
    """

    faiss: Any
    raw: RawVectors
    mapped: Floats
    recall: float
    rescored: int
    measured: int

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
        return cls(index, raw, mapped, recall, rescored, count)

    def ids(self) -> Ids:
        """List the ids, in the order of the index."""
        import faiss

        listed: Ids = faiss.vector_to_array(self.faiss.id_map)
        return listed

    def vectors(self) -> Floats:
        """Map the vectors (n, dimension), in the order of the index."""
        return self.mapped

    def search(self, unit: Floats, k: int) -> tuple[Ids, Floats]:
        """Find the k nearest to a unit vector (dimension,): their ids and exact cosines.

        More lists are probed for more than 20. Where many of all are asked for, all are compared.
        """
        import faiss

        wanted = max(self.rescored, _RESCORED_A_HIT * k)
        if wanted * _SCANNED_SHARE >= len(self.mapped):
            rows = np.arange(len(self.mapped))
        else:
            lists, parameters = _lists(self.faiss), faiss.SearchParametersIVF()
            more = max(1, k / _RECALL_AT) ** 0.5
            parameters.nprobe = min(lists.nlist, round(more * lists.nprobe))
            found = self.faiss.index.search(unit[None], wanted, params=parameters)[1][0]
            rows = np.sort(found[found >= 0])
        cosines = self.mapped[rows] @ unit
        best = np.argsort(-cosines, kind="stable")[:k]
        ids = faiss.rev_swig_ptr(self.faiss.id_map.data(), self.faiss.ntotal)
        return ids[rows[best]], cosines[best]

    def to_be_searched(self) -> "Approximate":
        """Return this index, the lists of one query scanned by as many threads as FAISS uses."""
        import faiss

        index = faiss.downcast_index(self.faiss.index)
        if isinstance(index, faiss.IndexIVFFastScan):
            index.implem = _LISTS_IN_PARALLEL
        return self

    def may_hold(self, count: int) -> bool:
        """Tell whether the index may grow to `count` vectors, or had better be built again."""
        lists = _lists(self.faiss).nlist
        return bool(lists == _MOST_LISTS or 4 * count <= lists**2)

    def extended(self, ids: Ids, vectors: Floats) -> "Approximate | None":
        """Add unit vectors (n, dimension); None where the index does not suit them.

        When it has grown by a fifth, the recall is measured again, of vectors added since.
        """
        self.raw.write(self.faiss.ntotal, vectors)
        self.faiss.add_with_ids(vectors, ids)
        grown = replace(self, mapped=self.raw.mapped(self.faiss.ntotal))
        if self.faiss.ntotal < _GROWTH * self.measured:
            return grown
        queries = _spread(self.measured, self.faiss.ntotal)
        _, found = self.faiss.index.search(grown.mapped[queries], self.rescored)
        recall = _recall(_exact(grown.mapped, queries), _scored(grown.mapped, queries, found))
        if recall < _KEPT_RECALL:
            return None
        return replace(grown, recall=min(recall, self.recall), measured=self.faiss.ntotal)


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


def _tune(index: Any, vectors: Floats) -> tuple[float, int]:
    """Probe more lists, and score more candidates, until the recall is as wanted.

    Returns
    -------
    recall : at 20 of other vectors than the query itself, over 200 stored vectors as queries
    rescored : candidates scored exactly
    """
    queries = _spread(0, len(vectors))
    exact, lists = _exact(vectors, queries), _lists(index)
    lists.nprobe = 6
    while True:
        lists.nprobe = min(math.ceil(_MORE_LISTS * lists.nprobe), lists.nlist)
        _, found = index.index.search(vectors[queries], min(_RESCORED[-1], len(vectors)))
        cosines = _scored(vectors, queries, found)
        for rescored in _RESCORED:
            recall = _recall(exact, cosines[:, :rescored])
            if recall >= WANTED_RECALL:
                return recall, rescored
        if lists.nprobe == lists.nlist:
            return recall, rescored


def _spread(start: int, end: int) -> Ids:
    """Take at most 200 rows, evenly."""
    return np.unique(np.linspace(start, end - 1, _RECALL_QUERIES).astype(np.int64))


def _scored(vectors: Floats, queries: Ids, found: Ids) -> Floats:
    """Cosines of candidates with their queries; -inf where there is none, or it is the query."""
    cosines = np.full(found.shape, -np.inf, np.float32)
    for place, (query, rows) in enumerate(zip(queries.tolist(), found, strict=True)):
        others = (rows >= 0) & (rows != query)
        cosines[place, others] = vectors[rows[others]] @ vectors[query]
    return cosines


def _recall(exact: Floats, found: Floats) -> float:
    """Share of the nearest that candidates reach, by their cosines, so that ties are as good."""
    wanted = np.sort(exact, axis=1)[:, :1] - _SAME
    reached = np.minimum((found >= wanted).sum(1), exact.shape[1])
    return float(np.mean(reached) / exact.shape[1])


def _exact(vectors: Floats, queries: Ids) -> Floats:
    """Cosines of each query with its nearest others, block by block: (queries, 20)."""
    asked = vectors[queries]
    best = np.empty((len(queries), 0), np.float32)
    for start in range(0, len(vectors), _ROWS_A_BLOCK):
        cosines = asked @ vectors[start : start + _ROWS_A_BLOCK].T
        own = (queries >= start) & (queries < start + cosines.shape[1])
        cosines[own, queries[own] - start] = -np.inf
        best = np.hstack([best, cosines])
        best = -np.partition(-best, min(_RECALL_AT, best.shape[1]) - 1)[:, :_RECALL_AT]
    return best
