"""Embeddings on a plane, for the eye: near each other means alike, distances mean little."""

import os
from bisect import bisect_left
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_DIMENSIONS_FOR_TSNE = 50
_PERPLEXITY = 30
_SECONDS_A_POINT = 0.003
LARGEST_SHARE = 0.05
"""Of a sample that one speaker may fill, where others have recordings enough."""
_NEVER_THINNED = 20


class Projection(StrEnum):
    """How embeddings are laid out on a plane."""

    PCA = "pca"
    TSNE = "tsne"


def project(
    embeddings: npt.NDArray[np.float32], method: Projection = Projection.TSNE, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Lay embeddings (n, dimension) out on a plane: float32 (n, 2), the same for the same seed.

    `pca` keeps the two directions of most variance; `tsne` (van der Maaten and Hinton, 2008), on
    the first 50 of them, keeps neighbours together. Fewer than three recordings, and embeddings of
    one dimension, are laid on a line.
    """
    from sklearn.decomposition import PCA

    count, dimension = embeddings.shape
    if count < 3:
        return np.column_stack([np.arange(count), np.zeros(count)]).astype(np.float32)
    if dimension < 2:
        return np.column_stack([embeddings - embeddings.mean(0), np.zeros(count, np.float32)])
    kept = 2 if method is Projection.PCA else _DIMENSIONS_FOR_TSNE
    placed = PCA(min(kept, count, dimension), random_state=seed).fit_transform(embeddings)
    return np.asarray(_tsne(placed, seed) if method is Projection.TSNE else placed, np.float32)


def duration_of(points: int, method: Projection) -> str:
    """Say how long laying out takes, where that is long enough to wonder: `, about 30 s`."""
    seconds = round(points * _SECONDS_A_POINT, -1)
    return f", about {seconds:.0f} s" if method is Projection.TSNE and seconds >= 10 else ""


def _tsne(placed: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Run t-SNE on half of the cores.

    Its threads wait for each other in busy loops: with one a core, any other load stalls them all.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    threads = max(1, (os.cpu_count() or 1) // 2)
    perplexity = min(_PERPLEXITY, (len(placed) - 1) / 3)
    model = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=threads)
    with threadpool_limits(threads):
        laid: npt.NDArray[np.float32] = model.fit_transform(placed)
    return laid


def sample_by_speaker(
    speakers: npt.NDArray[np.object_], most: int, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Draw `most` rows, or all where there are fewer, by whole speakers, in order: int64 (n,).

    Speakers are taken in a random order, whatever their sizes; the last is cut to what is left.
    Rows without a speaker (None) count as one speaker each. A speaker with more than a twentieth
    of `most` (and more than 20 rows) is thinned at random to that, or to the smallest number that
    fills the sample.
    """
    if len(speakers) <= most:
        return np.arange(len(speakers))
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(speakers))
    group = _numbered(speakers)[shuffled]
    sizes = np.bincount(group)
    order = np.argsort(generator.permutation(len(sizes))[group], kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    kept = order[rank < _largest_part(sizes, most)]
    return np.sort(shuffled[kept[:most]])


def _numbered(speakers: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Number speakers (n,), each row without one by itself."""
    encoded = pa.array(speakers, pa.string()).dictionary_encode()
    numbers = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
    alone = np.flatnonzero(numbers < 0)
    numbers[alone] = len(encoded.dictionary) + np.arange(len(alone))
    return np.asarray(numbers, np.int64)


def _largest_part(sizes: npt.NDArray[np.int64], most: int) -> int:
    """Rows of one speaker at most: the smallest number, from the usual share on, that fills."""
    usual = max(round(LARGEST_SHARE * most), _NEVER_THINNED)
    largest = int(sizes.max())
    if usual >= largest:
        return largest
    filled = range(largest + 1)
    return bisect_left(filled, most, usual, key=lambda part: int(np.minimum(sizes, part).sum()))
