"""PLDA against the Gaussian densities it is derived from."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from spkret.retrieval.groups import Groups
from spkret.retrieval.plda import Plda

DIMENSION = 6


def drawn(
    speakers: int, takes: int, seed: int = 0, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Takes of speakers who differ much on the first axes, and whose takes do on the last."""
    rng = np.random.default_rng(seed)
    mix = np.linalg.qr(np.random.default_rng(99).standard_normal((DIMENSION, DIMENSION)))[0]
    means = rng.standard_normal((speakers, DIMENSION)) * np.linspace(2, 0.1, DIMENSION)
    away = rng.standard_normal((speakers, takes, DIMENSION)) * np.linspace(1, noise, DIMENSION)
    embeddings = ((means[:, None] + away) @ mix).reshape(-1, DIMENSION).astype(np.float32)
    names = np.repeat([f"s{i}" for i in range(speakers)], takes).astype(object)
    return embeddings, names


def test_it_scores_as_the_densities_say() -> None:
    embeddings, names = drawn(300, 4)
    model = Plda.fit(embeddings, names)
    assert model is not None
    inverse = np.linalg.pinv(model.axes.astype(float))
    within = inverse.T @ inverse
    between = inverse.T @ np.diag(model.between.astype(float)) @ inverse
    total = within + between
    pair = np.block([[total, between], [between, total]])
    left, right = embeddings[5].astype(float), embeddings[42].astype(float)
    together = multivariate_normal.logpdf(np.r_[left, right], np.tile(model.mean, 2), pair)
    apart = sum(multivariate_normal.logpdf(x, model.mean, total) for x in (left, right))
    assert len(model.between) == DIMENSION
    score = model.group_scores(embeddings, Groups.of([5], [[42]]))
    assert score[0] == pytest.approx(together - apart, rel=1e-3)


def test_it_recovers_how_speakers_and_takes_spread() -> None:
    embeddings, names = drawn(4_000, 5)
    model = Plda.fit(embeddings, names)
    assert model is not None
    expected = np.linspace(2, 0.1, DIMENSION) ** 2
    np.testing.assert_allclose(model.between, expected, rtol=0.15, atol=0.05)


def test_it_tells_speakers_apart_better_than_the_cosine() -> None:
    model = Plda.fit(*drawn(200, 3, noise=4.0))
    assert model is not None
    fresh, _ = drawn(200, 3, seed=1, noise=4.0)
    rng = np.random.default_rng(2)
    others = [3 * rng.choice(np.delete(np.arange(200), i), 9) for i in range(200)]
    groups = Groups.of([3 * i for i in range(200)], [[3 * i + 1, *o] for i, o in enumerate(others)])
    units = fresh / np.linalg.norm(fresh, axis=1, keepdims=True)
    cosines = np.einsum("ij,ij->i", units[groups.anchor_rows], units[groups.candidates])
    hits = [
        np.mean(scores.reshape(200, 10).argmax(axis=1) == 0)
        for scores in (model.group_scores(fresh, groups), cosines)
    ]
    assert hits[0] > hits[1] + 0.1


def test_too_few_speakers_or_takes_give_no_model() -> None:
    embeddings, names = drawn(19, 3)
    assert Plda.fit(embeddings, names) is None
    embeddings, names = drawn(40, 1)
    assert Plda.fit(embeddings, names) is None
    assert Plda.fit(embeddings, np.full(40, None, object)) is None


def test_it_is_the_same_from_bytes() -> None:
    embeddings, names = drawn(30, 3)
    model = Plda.fit(embeddings, names)
    assert model is not None
    again = Plda.from_bytes(model.to_bytes())
    groups = Groups.of([0, 4], [[1, 2], [7]])
    np.testing.assert_array_equal(
        again.group_scores(embeddings, groups), model.group_scores(embeddings, groups)
    )
    with pytest.raises(ValueError, match="pickle"):
        Plda.from_bytes(b"nothing")
