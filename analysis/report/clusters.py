"""Clusters of embeddings, compared with labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...retrieval.voices import Voices
from ..projection import sample_by_speaker

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

MOST_ROWS = 3_000
_SMALLEST_CLUSTER = 3
_FEWEST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How clusters agree with speakers, 1 each where they are the same.

    A recording in no cluster counts as a cluster of its own in the first two, which chance makes 0.

    Attributes
    ----------
    adjusted_mutual_info : information in common, less chance (Vinh, Epps and Bailey 2010)
    adjusted_rand : share of pairs told alike, less chance (Hubert and Arabie 1985)
    purity : share of the recordings in clusters of two or more whose speaker is the most frequent
        of their cluster; None where there are none
    """

    adjusted_mutual_info: float
    adjusted_rand: float
    purity: float | None


@dataclass(frozen=True, slots=True)
class Clustering:
    """What one method found.

    Attributes
    ----------
    method : `agglomerative` or `hdbscan`
    clusters : of two or more recordings
    single, single_share : recordings in no such cluster, and their share of all
    agreement : None without labels
    """

    method: str
    clusters: int
    single: int
    single_share: float
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters of a sample of whole speakers.

    Attributes
    ----------
    recordings, of : in the sample, in the store
    speakers : labelled ones in the sample
    threshold : the cosine at which agglomerative clustering stopped merging; None without one
    found : by each method
    """

    recordings: int
    of: int
    speakers: int
    threshold: float | None
    found: Sequence[Clustering]


def find_clusters(voices: Voices, threshold: float | None, seed: int = 0) -> Clusters | None:
    """Cluster a sample of recordings; None where there are fewer than ten.

    Labelled ones where there are enough. The agglomerative method needs a threshold.

    Parameters
    ----------
    threshold : the cosine that tells pairs of one speaker from pairs of two
    """
    labelled = np.flatnonzero(voices.speakers != None)  # noqa: E711 - elementwise
    rows = labelled if len(labelled) >= _FEWEST_ROWS else np.arange(len(voices))
    if len(rows) < _FEWEST_ROWS:
        return None
    drawn = rows[sample_by_speaker(voices.speakers[rows], MOST_ROWS, seed)]
    embeddings, speakers = voices.embeddings[drawn], voices.speakers[drawn]
    found = {"hdbscan": hdbscan(embeddings)}
    if threshold is not None:
        found = {"agglomerative": agglomerative(embeddings, threshold)} | found
    names = None if rows is not labelled else speakers.astype(np.str_)
    return Clusters(
        len(drawn),
        len(voices),
        0 if names is None else len(np.unique(names)),
        threshold,
        [_clustering(method, clusters, names) for method, clusters in found.items()],
    )


def agglomerative(embeddings: Floats, threshold: float) -> Labels:
    """Merge clusters (n,) while the mean cosine between two is above a threshold."""
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - threshold
    )
    return np.asarray(model.fit_predict(embeddings), np.int64)


def hdbscan(embeddings: Floats) -> Labels:
    """Find clusters (n,) by density (Campello et al. 2013); -1 is in none.

    Distances of unit vectors, which order pairs as cosines do.
    """
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(min_cluster_size=_SMALLEST_CLUSTER, copy=True)
    return np.asarray(model.fit_predict(embeddings), np.int64)


def _clustering(method: str, labels: Labels, speakers: npt.NDArray[np.str_] | None) -> Clustering:
    labels = _singles_apart(labels)
    sizes = np.bincount(labels)
    agreement = None if speakers is None else agreement_with(labels, speakers)
    single = int((sizes == 1).sum())
    return Clustering(method, int((sizes > 1).sum()), single, single / len(labels), agreement)


def _singles_apart(labels: Labels) -> Labels:
    """Make each recording without a cluster one of its own."""
    alone = labels < 0
    numbered = labels.copy()
    numbered[alone] = labels.max(initial=-1) + 1 + np.arange(alone.sum())
    return numbered


def agreement_with(labels: Labels, speakers: npt.NDArray[np.str_]) -> Agreement:
    """Compare clusters (n,) with speakers (n,)."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(speakers, labels)
    table = table[:, table.sum(axis=0) > 1]
    return Agreement(
        float(adjusted_mutual_info_score(speakers, labels)),
        float(adjusted_rand_score(speakers, labels)),
        float(table.max(axis=0).sum() / table.sum()) if table.size else None,
    )
