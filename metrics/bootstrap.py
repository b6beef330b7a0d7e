"""Intervals by a bootstrap that draws speakers."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def bootstrap_interval(
    values: Floats,
    clusters: npt.NDArray[np.generic],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean, drawing whole clusters (Efron & Tibshirani 1993).

    Parameters
    ----------
    values : (n,) one value a record, such as `hits` or the difference of two systems' hits
    clusters : (n,) the speaker of each record: records of one speaker rise and fall together
    confidence : the mass within the interval
    resamples, seed : how many draws, and where their random numbers start

    Returns
    -------
    low, high
    """
    _, cluster_of = np.unique(clusters, return_inverse=True)
    totals = np.stack([np.bincount(cluster_of, weights=values), np.bincount(cluster_of)], axis=1)
    count = len(totals)
    sums, sizes = (_draws(count, resamples, seed).astype(float) @ totals).T
    means = sums / sizes
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


@lru_cache(maxsize=1)
def _draws(count: int, resamples: int, seed: int) -> npt.NDArray[np.int16]:
    """How often each of so many clusters is drawn: (resamples, count).

    Kept, for the intervals of one evaluation are all of the same draws.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), resamples)
    return drawn.astype(np.int16)


def pair_weights(
    left: npt.NDArray[np.integer],
    right: npt.NDArray[np.integer],
    generator: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Draw speakers with replacement and weigh pairs by how often theirs were drawn: (pairs,).

    A pair of two speakers weighs the product of their counts, a pair of one speaker its count
    (the pigeonhole bootstrap, Owen 2007): pairs that share a speaker rise and fall together.

    Parameters
    ----------
    left, right : int (pairs,), the number of the speaker on each side, from 0
    generator : of the draw
    """
    speakers = int(max(left.max(), right.max())) + 1
    drawn = generator.multinomial(speakers, np.full(speakers, 1 / speakers)).astype(np.float64)
    weights: npt.NDArray[np.float64] = np.where(left == right, 1.0, drawn[right]) * drawn[left]
    return weights
