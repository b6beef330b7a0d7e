"""Embeddings on a plane."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from spkret.analysis.projection import Projection, project, sample_by_speaker


def voices(speakers: int = 8, each: int = 12) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(speakers, 64)), each, axis=0)
    return (centres + 0.3 * rng.normal(size=centres.shape)).astype(np.float32)


def test_pca_is_the_two_directions_of_most_variance() -> None:
    embeddings = voices()
    centred = embeddings - embeddings.mean(0)
    _, singular, _ = np.linalg.svd(centred, full_matrices=False)
    placed = project(embeddings, Projection.PCA)
    np.testing.assert_allclose(np.linalg.norm(placed, axis=0), singular[:2], rtol=1e-4)


def test_tsne_keeps_neighbours_and_is_repeatable() -> None:
    embeddings = voices()
    placed = project(embeddings)
    assert placed.shape == (96, 2)
    assert trustworthiness(embeddings, placed, n_neighbors=5) > 0.9
    np.testing.assert_array_equal(placed, project(embeddings))


@pytest.mark.parametrize("method", list(Projection))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_few_recordings_are_laid_out_too(method: Projection, count: int) -> None:
    placed = project(voices()[:count], method)
    assert placed.shape == (count, 2)
    assert np.isfinite(placed).all()


@given(
    st.lists(st.one_of(st.none(), st.sampled_from("abcdef")), max_size=60),
    st.integers(1, 40),
)
def test_a_sample_holds_whole_speakers_and_is_not_too_large(
    names: list[str | None], most: int
) -> None:
    speakers = np.array(names, object)
    rows = sample_by_speaker(speakers, most)
    assert len(rows) <= most
    assert rows.tolist() == sorted(set(rows.tolist()))
    largest = max((names.count(name) for name in names if name is not None), default=1)
    if largest <= most and names:
        assert len(rows) > 0
    for name in {names[row] for row in rows.tolist()} - {None}:
        taken = sum(names[row] == name for row in rows.tolist())
        assert taken == names.count(name) or taken == len(rows)
