"""Embeddings on a plane."""

import os
from collections import Counter
from typing import Any

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from spkret.analysis.projection import Projection, duration_of, project, sample_by_speaker


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


@pytest.mark.parametrize("method", list(Projection))
def test_one_dimension_is_a_line(method: Projection) -> None:
    placed = project(voices()[:, :1], method)
    assert placed.shape == (96, 2)
    assert np.ptp(placed[:, 1]) == 0
    assert (np.argsort(placed[:, 0]) == np.argsort(voices()[:, 0])).all()


def test_tsne_leaves_half_of_the_cores_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []
    limited = threadpoolctl.threadpool_limits

    def noted(threads: int, **more: Any) -> Any:
        limits.append(threads)
        return limited(threads, **more)

    monkeypatch.setattr(threadpoolctl, "threadpool_limits", noted)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    project(voices())
    assert limits[0] == 2


def test_long_waits_are_told() -> None:
    assert duration_of(10_000, Projection.TSNE) == ", about 30 s"
    assert duration_of(1_000, Projection.TSNE) == duration_of(10_000, Projection.PCA) == ""


@given(
    st.lists(st.one_of(st.none(), st.sampled_from("abcdef")), max_size=60),
    st.integers(1, 40),
)
def test_a_sample_is_full_of_whole_speakers(names: list[str | None], most: int) -> None:
    rows = sample_by_speaker(np.array(names, object), most).tolist()
    assert len(rows) == min(most, len(names))
    assert rows == sorted(set(rows))
    counts, taken = Counter(names), Counter(names[row] for row in rows)
    small = [name for name in taken if name is not None and counts[name] <= 20]
    assert sum(taken[name] < counts[name] for name in small) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_large_speakers_leave_room_for_others(seed: int) -> None:
    small = [f"s{row // 10}" for row in range(1_000)]
    speakers = np.array(["big"] * 4_000 + small, object)
    taken = Counter(speakers[sample_by_speaker(speakers, 3_000, seed)])
    assert taken == {"big": 2_000} | dict.fromkeys(small, 10)
    taken = Counter(speakers[sample_by_speaker(speakers, 1_000, seed)])
    assert sum(taken.values()) == 1_000
    assert taken["big"] <= 50
    assert len(taken) >= 95
    equal = np.repeat(np.array([f"p{number}" for number in range(20)], object), 2_500)
    assert Counter(equal[sample_by_speaker(equal, 2_000, seed)]) == dict.fromkeys(equal, 100)


def test_speakers_are_as_likely_to_be_drawn_whatever_their_sizes() -> None:
    """Of 30 speakers with 5 and 30 with 15 recordings, both kinds fill a half of the speakers."""
    speakers = np.array([f"{n}" for n in range(60) for _ in range(5 if n < 30 else 15)], object)
    drawn = [
        int(n) for seed in range(300) for n in set(speakers[sample_by_speaker(speakers, 300, seed)])
    ]
    assert np.mean(np.array(drawn) < 30) == pytest.approx(0.5, abs=0.02)
