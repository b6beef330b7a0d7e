"""Clusters and the map: against scikit-learn and counts by hand."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from spkret.analysis.projection import Projection
from spkret.analysis.report.clusters import agglomerative, agreement_with, find_clusters, hdbscan
from spkret.analysis.report.map import map_embeddings
from spkret.analysis.rows import AuditRows
from spkret.retrieval.voices import Voices


@pytest.fixture(scope="module")
def clear() -> Voices:
    """Eight speakers of six recordings that nobody would confuse."""
    return Voices.of(labelled_table(8, 6, spread=0.2, channel=0.1))


def test_clear_voices_are_clustered_by_speaker(clear: Voices) -> None:
    found = find_clusters(clear, 0.5)
    assert found is not None
    assert (found.recordings, found.of, found.speakers) == (48, 48, 8)
    assert [(each.method, each.clusters, each.single) for each in found.found] == [
        ("agglomerative", 8, 0),
        ("hdbscan", 8, 0),
    ]
    for each in found.found:
        assert each.agreement is not None
        assert each.agreement.adjusted_mutual_info == pytest.approx(1)
        assert each.agreement.adjusted_rand == each.agreement.purity == 1


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.95])
def test_agglomerative_stops_at_the_mean_cosine(clear: Voices, threshold: float) -> None:
    """By definition: the pair of clusters that merges last, as SciPy's average linkage has it."""
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(clear.embeddings, "average", "cosine")
    expected = fcluster(tree, 1 - threshold, "distance")
    assert adjusted_rand_score(expected, agglomerative(clear.embeddings, threshold)) == 1


def test_agreement_is_counted_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    speakers = np.array(["a", "a", "b", "b", "b", "c"])
    found = agreement_with(labels, speakers)
    assert found.purity == pytest.approx((2 + 2) / 5)
    expected = adjusted_mutual_info_score(speakers, labels)
    assert found.adjusted_mutual_info == pytest.approx(expected)
    assert found.adjusted_rand == pytest.approx(adjusted_rand_score(speakers, labels))


def test_single_recordings_alone_agree_with_no_speaker() -> None:
    """V-measure would give them 0.87, and purity 1."""
    found = agreement_with(np.arange(1_000), np.repeat(np.arange(200), 5).astype(np.str_))
    assert found.adjusted_mutual_info == pytest.approx(0, abs=1e-6)
    assert found.adjusted_rand == pytest.approx(0, abs=1e-6)
    assert found.purity is None


def test_recordings_in_no_cluster_are_counted_and_stand_alone(clear: Voices) -> None:
    lonely = clear.take(np.array([*range(12), 12, 18, 24]))
    found = find_clusters(lonely, 0.5)
    assert found is not None
    assert (found.found[0].clusters, found.found[0].single) == (2, 3)
    single = hdbscan(lonely.embeddings) < 0
    assert found.found[1].single == single.sum()
    assert found.found[0].single_share == 3 / 15


def test_without_labels_only_density_speaks(table: pa.Table) -> None:
    unlabelled = table.set_column(4, "speaker", pa.nulls(len(table), pa.string()))
    found = find_clusters(Voices.of(unlabelled), None)
    assert found is not None
    assert [each.method for each in found.found] == ["hdbscan"]
    assert (found.speakers, found.found[0].agreement) == (0, None)
    assert find_clusters(Voices.of(table[:9]), 0.5) is None


def test_a_map_has_whole_speakers_and_their_labels(table: pa.Table) -> None:
    rows = AuditRows.of(table)
    laid = map_embeddings(rows, Projection.PCA, 23)
    assert (len(laid.x), laid.of, laid.projection) == (23, 60, "pca")
    known = dict(zip(rows.paths, rows.voices.speakers, strict=True))
    assert [known[path] for path in laid.paths] == laid.speakers
    assert sorted(Counter(laid.speakers).values()) == [3, 5, 5, 5, 5]
    assert np.isfinite([*laid.x, *laid.y]).all()
