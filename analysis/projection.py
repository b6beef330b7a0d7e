"""Embeddings on a plane, for the eye: near each other means alike, distances mean little."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

_DIMENSIONS_FOR_TSNE = 50
_PERPLEXITY = 30


class Projection(StrEnum):
    """How embeddings are laid out on a plane."""

    PCA = "pca"
    TSNE = "tsne"


def project(
    embeddings: npt.NDArray[np.float32], method: Projection = Projection.TSNE, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Lay embeddings (n, dimension) out on a plane: float32 (n, 2), the same for the same seed.

    `pca` keeps the two directions of most variance; `tsne` (van der Maaten and Hinton, 2008), on
    the first 50 of them, keeps neighbours together: about 30 s for 10,000 recordings on two cores.
    Fewer than three recordings are laid on a line.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    count, dimension = embeddings.shape
    if count < 3:
        return np.column_stack([np.arange(count), np.zeros(count)]).astype(np.float32)
    kept = 2 if method is Projection.PCA else _DIMENSIONS_FOR_TSNE
    placed = PCA(min(kept, count, dimension), random_state=seed).fit_transform(embeddings)
    if method is Projection.TSNE:
        perplexity = min(_PERPLEXITY, (count - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=-1)
        placed = tsne.fit_transform(placed)
    return np.asarray(placed, np.float32)


def sample_by_speaker(
    speakers: npt.NDArray[np.object_], most: int, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Draw at most `most` rows, whole speakers together, in order: int64 (n,).

    Speakers are taken in a random order while they fit; rows without a speaker (None) count as one
    speaker each. Everything is taken where it fits.
    """
    count = len(speakers)
    if count <= most:
        return np.arange(count)
    names = np.array([f"row {i}" if s is None else f"speaker {s}" for i, s in enumerate(speakers)])
    _, group = np.unique(names, return_inverse=True)
    place = np.random.default_rng(seed).permutation(group.max() + 1)[group]
    order = np.argsort(place, kind="stable")
    sizes = np.bincount(place)
    fits = np.cumsum(sizes)[place[order]] <= most
    chosen = order[fits] if fits.any() else order[:most]
    return np.sort(chosen)
