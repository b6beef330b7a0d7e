"""Recordings whose embeddings are nearer to each other than chance allows."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..retrieval.normalize import names_of
from ..retrieval.voices import Labelled
from .rows import AuditRows, Rows

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

EXPECTED_BY_CHANCE = 0.01
FEWEST = 20
_SAMPLE = 2_000
_NEIGHBOURS = 32
_LARGEST_EXACT = 20_000
_ROWS_A_BLOCK = 2_048


@dataclass(frozen=True, slots=True)
class Similar:
    """Pairs of recordings with other contents and near-identical embeddings.

    Attributes
    ----------
    cut : the cosine from which embeddings are near-identical; NaN where that cannot be told
    left, right : int64 (pairs,), rows
    cosines : float32 (pairs,)
    """

    cut: float
    left: Rows
    right: Rows
    cosines: Floats


def similar_pairs(rows: AuditRows) -> Similar:
    """Find the pairs above the store's own limit of chance, see `chance_limit`.

    Each recording is compared with its 32 nearest: all of a small store by exact search, a large
    one in the cells of an inverted file that are nearest to it.
    """
    distinct = rows.distinct()
    voices = rows.voices.take(distinct)
    nearest = nearest_others(voices)
    cut = chance_limit(nearest, len(voices))
    if math.isnan(cut):
        empty = np.empty(0, np.int64)
        return Similar(cut, empty, empty, np.empty(0, np.float32))
    left, right, cosines = _pairs_above(voices.embeddings, cut)
    return Similar(cut, distinct[left], distinct[right], cosines)


def nearest_others(voices: Labelled) -> Doubles:
    """Cosine of each recording to the nearest of another speaker, of at most 2,000 drawn ones.

    An unlabelled recording is taken for a speaker of its own. Recordings without any other speaker
    are left out.
    """
    names = np.unique(names_of(voices), return_inverse=True)[1]
    drawn = np.arange(len(voices))
    if len(drawn) > _SAMPLE:
        drawn = np.random.default_rng(0).choice(drawn, _SAMPLE, replace=False)
    found = [np.empty(0)]
    for start in range(0, len(drawn), 256):
        block = drawn[start : start + 256]
        cosines = voices.embeddings[block] @ voices.embeddings.T
        cosines[names[block][:, None] == names] = -2
        found.append(cosines.max(axis=1).astype(np.float64))
    nearest = np.concatenate(found)
    return nearest[nearest >= -1.01]


def chance_limit(nearest: Doubles, recordings: int) -> float:
    """Cosine that a store of this size exceeds between two speakers by chance once in a hundred.

    The largest of many cosines follows a Gumbel law. Its place and scale are set by the quartiles
    of `nearest`, which a few copies do not move, after Fisher's transform (artanh), which keeps the
    limit below one. The limit is the quantile 1 - 0.01 / recordings of that law.

    Parameters
    ----------
    nearest : float64 (n,), cosines of recordings to the nearest of another speaker
    recordings : in the store

    Returns
    -------
    limit : NaN with fewer than 20 values
    """
    if len(nearest) < FEWEST:
        return math.nan
    low, high = np.quantile(np.arctanh(np.clip(nearest, -0.999_999, 0.999_999)), [0.25, 0.75])
    scale = (high - low) / (math.log(math.log(4)) - math.log(math.log(4 / 3)))
    place = low + scale * math.log(math.log(4))
    survival = EXPECTED_BY_CHANCE / recordings
    return math.tanh(place - scale * math.log(-math.log1p(-survival)))


def _pairs_above(embeddings: Floats, cut: float) -> tuple[Rows, Rows, Floats]:
    """Search block by block; each pair once, the lower row first."""
    index = _index(np.ascontiguousarray(embeddings))
    wanted = min(_NEIGHBOURS + 1, len(embeddings))
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(embeddings), _ROWS_A_BLOCK):
        block = np.ascontiguousarray(embeddings[start : start + _ROWS_A_BLOCK])
        cosines, others = index.search(block, wanted)
        for row, rank in np.argwhere((cosines >= cut) & (others >= 0)).tolist():
            left, right = sorted((start + row, int(others[row, rank])))
            if left != right:
                found[left, right] = float(cosines[row, rank])
    pairs = np.array(sorted(found), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.array([found[a, b] for a, b in pairs.tolist()], np.float32)


def _index(embeddings: Floats) -> Any:
    import faiss

    count, dimension = embeddings.shape
    if count <= _LARGEST_EXACT:
        index: Any = faiss.IndexFlatIP(dimension)
    else:
        inverted = f"IVF{round(4 * count**0.5)},Flat"
        index = faiss.index_factory(dimension, inverted, faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.max_points_per_centroid = 6, 50
        index.nprobe = 16
    index.train(embeddings)
    index.add(embeddings)
    return index
