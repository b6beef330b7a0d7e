"""The index of a large partition: short codes point to vectors, which are then scored exactly.

Inverted lists (Jégou et al., 2011) of 4-bit product codes, scanned in registers (André et al.,
2015); for 10 million vectors of 192 numbers the index takes 0.6 GB of memory, while the vectors
themselves stay on disk, mapped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .exact import Floats, Ids
from .probing import behind, chosen, lists_of, scanned
from .raw_vectors import RawVectors
from .tuning import RECALL_AT, Trials, tune

_POINTS_A_LIST = 39
_MOST_LISTS = 8_192
_RESCORED_A_HIT = 10
_SCANNED_SHARE = 10
_GROWTH = 1.2
_KEPT_RECALL = 0.97
# FAISS's name for a way to scan: otherwise one query is scanned by one thread.
_LISTS_IN_PARALLEL = 15
_ROWS_A_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Approximate:
    """A FAISS index that finds candidates, and the raw vectors that score them.

    Parameters
    ----------
    faiss : of the squared distance, which orders unit vectors as their cosine does
    raw : the vectors, in the order of the index
    mapped : float32 (n, dimension), the vectors in memory when it was loaded
    recall : at 20, of stored vectors as queries; see `tuning.Tuned`
    rescored : how many candidates are scored exactly, at least
    margin : which lists are probed; see `probing.behind`
    measured : how many vectors there were when the recall was measured
    """

    faiss: Any
    raw: RawVectors
    mapped: Floats
    recall: float
    rescored: int
    margin: float
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
        index.train(_sample(mapped, lists_of(index).nlist))
        for start in range(0, count, _ROWS_A_BLOCK):
            block = slice(start, start + _ROWS_A_BLOCK)
            index.add_with_ids(np.ascontiguousarray(mapped[block]), ids[block])
        return cls(index, raw, mapped, *tune(index, mapped), count)

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

        rows = self._candidates(unit, k)
        # Not by BLAS, whose threads would be in the way of those that scan lists.
        cosines: Floats = np.vecdot(self.mapped[rows], unit)
        best = np.argsort(-cosines, kind="stable")[:k]
        ids = faiss.rev_swig_ptr(self.faiss.id_map.data(), self.faiss.ntotal)
        return ids[rows][best], cosines[best]

    def _candidates(self, unit: Floats, k: int) -> Ids | slice:
        """List the rows to score exactly, sorted; all of them as a slice."""
        wanted = max(self.rescored, _RESCORED_A_HIT * k)
        if wanted * _SCANNED_SHARE >= len(self.mapped):
            return slice(None)
        far = behind(self.faiss, unit[None])
        near = chosen(far, self.margin, max(1, k / RECALL_AT) ** 0.5)
        for lists in (near, np.ones_like(near)):
            found = scanned(self.faiss, unit[None], lists, wanted)[0]
            rows = np.sort(found[found >= 0])
            if len(rows) >= k:
                break
        return rows

    def to_be_searched(self) -> "Approximate":
        """Return this index, the lists of one query scanned by as many threads as FAISS uses."""
        import faiss

        index = faiss.downcast_index(self.faiss.index)
        if isinstance(index, faiss.IndexIVFFastScan):
            index.implem = _LISTS_IN_PARALLEL
        return self

    def may_hold(self, count: int) -> bool:
        """Tell whether the index may grow to `count` vectors, or had better be built again."""
        lists = lists_of(self.faiss).nlist
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
        trials = Trials(self.faiss, grown.mapped, start=self.measured)
        recall = float(trials.recalls(self.margin, self.rescored)[-1])
        if recall < _KEPT_RECALL:
            return None
        return replace(grown, recall=min(recall, self.recall), measured=self.faiss.ntotal)


def _kind(count: int, dimension: int) -> str:
    lists = max(1, min(int(4 * count**0.5), count // _POINTS_A_LIST, _MOST_LISTS))
    codes = f"PQ{dimension // 2}x4fs" if dimension % 2 == 0 else "SQ8"
    return f"IDMap,IVF{lists},{codes}"


def _sample(vectors: Floats, lists: int) -> Floats:
    """Draw the vectors that lists and codes are learnt from, always the same."""
    wanted = min(len(vectors), max(_ROWS_A_BLOCK, _POINTS_A_LIST * lists))
    rows = np.random.default_rng(0).choice(len(vectors), wanted, replace=False)
    return vectors[np.sort(rows)]
