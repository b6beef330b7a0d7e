"""How much of an index a search has to look at, found by searching for stored vectors."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .exact import Floats, Ids
from .probing import FEWEST, behind, chosen, lists_of, scanned

WANTED_RECALL = 0.99
RECALL_AT = 20

_RESCORED = (250, 500, 1_000, 2_000, 4_000)
_CODES_A_RESCORED = 300
_FINER = 1.05
_TRIED = 7
_QUERIES = 400
_ROWS_A_BLOCK = 16_384
_SAME = 1e-6


class Tuned(NamedTuple):
    """How an index is searched, and how well.

    Attributes
    ----------
    recall : at 20 of other vectors than the query itself: the mean over 400 stored vectors as
        queries, less its standard error; of voices that are not stored it may be less
    rescored : candidates that are scored exactly, at least
    margin : a list is probed where its centroid is that little behind; see `probing.behind`
    """

    recall: float
    rescored: int
    margin: float


class Trials:
    """Stored vectors as queries, and the cosines of what they should find.

    Parameters
    ----------
    index : with lists
    vectors : float32 (n, dimension), all that it holds
    start : the first row of those that are asked for
    """

    def __init__(self, index: Any, vectors: Floats, start: int = 0) -> None:
        self._index, self._vectors = index, vectors
        self._rows = np.unique(np.linspace(start, len(vectors) - 1, _QUERIES).astype(np.int64))
        self._asked = np.array(vectors[self._rows])
        self._behind = behind(index, self._asked)
        self._ranked = np.sort(self._behind, axis=None)
        self._wanted = self._nearest()

    def margin(self, lists: int) -> float:
        """The margin within which the queries have so many lists, on average."""
        return float(self._ranked[lists * len(self._rows) - 1])

    def recalls(self, margin: float, rescored: int) -> Floats:
        """Recall when the first 1, 2, ... `rescored` candidates are scored exactly; see `Tuned`."""
        rows = scanned(self._index, self._asked, chosen(self._behind, margin), rescored)
        wanted = self._wanted[:, :1] - _SAME
        reached = np.cumsum(self._scored(rows) >= wanted, axis=1)
        most = self._wanted.shape[1]
        shares = np.minimum(reached, most) / most
        surely: Floats = shares.mean(0) - shares.std(0) / len(shares) ** 0.5
        return surely

    def _scored(self, found: Ids) -> Floats:
        """Cosines of candidates with their queries; -inf for none, and for the query itself."""
        cosines = np.full(found.shape, -np.inf, np.float32)
        for place, (query, rows) in enumerate(zip(self._rows, found, strict=True)):
            others = (rows >= 0) & (rows != query)
            cosines[place, others] = self._vectors[rows[others]] @ self._asked[place]
        return cosines

    def _nearest(self) -> Floats:
        """Cosines of each query with its nearest others, block by block: sorted, (queries, 20)."""
        best = np.empty((len(self._rows), 0), np.float32)
        for start in range(0, len(self._vectors), _ROWS_A_BLOCK):
            cosines = self._asked @ self._vectors[start : start + _ROWS_A_BLOCK].T
            own = (self._rows >= start) & (self._rows < start + cosines.shape[1])
            cosines[own, self._rows[own] - start] = -np.inf
            best = np.hstack([best, cosines])
            best = -np.partition(-best, min(RECALL_AT, best.shape[1]) - 1)[:, :RECALL_AT]
        return np.sort(best, axis=1)


def tune(index: Any, vectors: Floats) -> Tuned:
    """Find the cheapest way to search that has the wanted recall, or else the best.

    From the fewest lists that can have it on, more lists with fewer candidates are weighed against
    fewer lists with more: a candidate that is scored exactly costs as much as 300 codes scanned.
    """
    trials, every = Trials(index, vectors), lists_of(index).nlist
    most = min(_RESCORED[-1], len(vectors))

    @cache
    def recalls(lists: int) -> Floats:
        return trials.recalls(trials.margin(lists), most)

    numbers = list(_numbers(FEWEST, every))
    fewest = bisect_left(numbers, WANTED_RECALL, key=lambda lists: recalls(lists)[-1])
    ways: dict[tuple[int, int], Tuned] = {}
    for lists in numbers[fewest : fewest + _TRIED] or [every]:
        for rescored in _RESCORED:
            recall = float(recalls(lists)[min(rescored, most) - 1])
            ways[lists, rescored] = Tuned(recall, rescored, trials.margin(lists))
    lists, rescored = _best(ways, len(vectors) / every)
    lists_of(index).nprobe = lists
    return ways[lists, rescored]


def _numbers(first: int, last: int) -> Iterator[int]:
    """Yield numbers that grow by a twentieth, and the last one in any case."""
    number = first
    while number < last:
        yield number
        number = math.ceil(_FINER * number)
    yield last


def _best(ways: Mapping[tuple[int, int], Tuned], codes_a_list: float) -> tuple[int, int]:
    """Choose the cheapest of the ways that have the wanted recall, or else that of most recall."""
    good = [way for way, tuned in ways.items() if tuned.recall >= WANTED_RECALL]
    if not good:
        return max(ways, key=lambda way: ways[way].recall)
    return min(good, key=lambda way: codes_a_list * way[0] + _CODES_A_RESCORED * way[1])
