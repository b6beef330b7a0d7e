"""Cosine search: exact within groups, through the store's indexes over everything."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .groups import Groups

if TYPE_CHECKING:
    from ..store.hits import Hits
    from ..store.store import Store

Floats = npt.NDArray[np.float32]

_PAIRS_A_BLOCK = 32_768
_LARGE = 16
"""Groups of so many candidates, on average, are scored one by one: their anchor stays in cache."""


def group_cosines(embeddings: Floats, groups: Groups) -> npt.NDArray[np.float64]:
    """Cosine of every candidate with its anchor, exact, in blocks of bounded memory.

    Parameters
    ----------
    embeddings : float32 (n, dimension), of unit length, the rows that `groups` counts
    groups : anchors and candidates

    Returns
    -------
    float64 (total,)
    """
    cosines = np.empty(len(groups.candidates))
    if len(cosines) < _LARGE * len(groups):
        _score_pairs(embeddings, groups, cosines)
        return cosines
    for group, anchor in enumerate(embeddings[groups.anchors]):
        for start in range(groups.offsets[group], groups.offsets[group + 1], _PAIRS_A_BLOCK):
            block = slice(start, min(start + _PAIRS_A_BLOCK, groups.offsets[group + 1]))
            cosines[block] = np.einsum("ij,j->i", embeddings[groups.candidates[block]], anchor)
    return cosines


def _score_pairs(embeddings: Floats, groups: Groups, cosines: npt.NDArray[np.float64]) -> None:
    """Score many small groups together: the same numbers, each anchor copied for every pair."""
    anchors, candidates = groups.anchor_rows, groups.candidates
    for start in range(0, len(candidates), _PAIRS_A_BLOCK):
        block = slice(start, start + _PAIRS_A_BLOCK)
        cosines[block] = np.einsum(
            "ij,ij->i", embeddings[anchors[block]], embeddings[candidates[block]]
        )


def search_store(
    store: "Store",
    vector: Floats,
    k: int,
    *,
    language: str | None = None,
    noise: str | None = None,
    allowed_ids: npt.NDArray[np.int64] | None = None,
) -> "Hits":
    """Find the `k` recordings of a store nearest to a vector (dimension,) of unit length.

    Parameters
    ----------
    language, noise : search only these partitions
    allowed_ids : int64 (any,), search only these recordings
    """
    return store.searcher.search(vector, k, language=language, noise=noise, allowed_ids=allowed_ids)
