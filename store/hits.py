"""What a search finds, and who searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .recordings import Ids


@dataclass(frozen=True, slots=True)
class Hits:
    """Recordings found, the nearest first: `ids` int64 (n,) and `cosines` float32 (n,)."""

    ids: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]


class Searcher(Protocol):
    """What finds the nearest recordings of a store: its `VectorIndex`, here or on a cluster."""

    def search(
        self,
        query: npt.NDArray[np.float32],
        k: int,
        language: str | None = None,
        noise: str | None = None,
        allowed_ids: Ids | None = None,
    ) -> Hits:
        """Search as `VectorIndex.search`."""
        ...


def nearest(found: Sequence[Hits], k: int) -> Hits:
    """Take the k highest cosines of all; of equal ones the lower id comes first."""
    ids = np.concatenate([_NO_IDS, *(hits.ids for hits in found)])
    cosines = np.concatenate([_NO_FLOATS, *(hits.cosines for hits in found)])
    ids, cosines = ids[ids >= 0], cosines[ids >= 0]
    best = np.lexsort((ids, -cosines))[:k]
    return Hits(ids[best], cosines[best])


_NO_IDS = np.empty(0, np.int64)
_NO_FLOATS = np.empty(0, np.float32)
