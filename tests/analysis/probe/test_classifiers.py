"""Classifiers on data made by hand: separable, inseparable, and against scikit-learn directly."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from spkret.analysis.probe.classifiers import VECTORS, Classify, logistic, naive
from spkret.analysis.probe.cnn import cnn
from spkret.analysis.probe.features import Features

SEED = 3


def vectors(apart: float, count: int = 150, seed: int = 0) -> tuple[Features, np.ndarray]:
    """Three classes of normal vectors, their means apart by so many standard deviations."""
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    values = generator.normal(size=(count, 5))
    values[np.arange(count), classes] += apart
    values[::7, 4] = np.nan
    return Features(tuple("abcde"), values.astype(np.float32)), classes


def frames(apart: float, count: int = 48, seed: int = 0) -> tuple[Features, np.ndarray]:
    """Two classes whose frames have equal means and deviations; one of them changes slowly."""
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    sequences = []
    for slow in classes:
        length = int(generator.integers(90, 260))
        steps = np.repeat(generator.choice([-1.0, 1.0], (length, 4)), 1 + 7 * slow, axis=0)[:length]
        sequences.append((apart * steps + generator.normal(size=(length, 4))).astype(np.float32))
    return Features(("x",), np.zeros((count, 1), np.float32), sequences), classes


@pytest.mark.parametrize("name", [name for name in VECTORS if name != "naive"])
def test_separable_classes_are_told_apart(name: str) -> None:
    train, classes = vectors(6.0)
    test, truth = vectors(6.0, 60, seed=1)
    assert (VECTORS[name](train, classes, test, SEED) == truth).mean() > 0.9


@pytest.mark.parametrize("name", VECTORS)
def test_inseparable_classes_are_guessed(name: str) -> None:
    train, classes = vectors(0.0)
    test, truth = vectors(0.0, 150, seed=1)
    assert (VECTORS[name](train, classes, test, SEED) == truth).mean() < 0.5


def test_naive_baseline_says_the_most_frequent_class() -> None:
    train, _ = vectors(6.0, 10)
    assert naive(train, np.array([0] * 4 + [2] * 6), train, SEED).tolist() == [2] * 10


def test_logistic_regression_is_scikit_learns_on_scaled_and_balanced_data() -> None:
    train, classes = vectors(1.0)
    test, _ = vectors(1.0, 60, seed=1)
    kept = np.flatnonzero((classes > 0) | (np.arange(len(classes)) % 2 == 0))
    train, classes = train.take(kept), classes[kept]
    median = np.nanmedian(train.values, axis=0)
    filled = [np.where(np.isnan(f.values), median, f.values).astype(float) for f in (train, test)]
    scaler = StandardScaler().fit(filled[0])
    reference = LogisticRegression(max_iter=300, class_weight="balanced")
    reference.fit(scaler.transform(filled[0]), classes)
    expected = reference.predict(scaler.transform(filled[1]))
    assert (logistic(train, classes, test, SEED) == expected).all()


def test_cnn_hears_what_statistics_over_frames_do_not() -> None:
    train, classes = frames(2.0, 96)
    test, truth = frames(2.0, 32, seed=1)
    state = torch.random.get_rng_state()
    predicted = cnn(train, classes, test, SEED)
    assert (predicted == truth).mean() > 0.9
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("classify", [*VECTORS.values(), cnn])
def test_the_same_seed_gives_the_same_predictions(classify: Classify) -> None:
    train, classes = frames(0.5, 24)
    train = Features(train.names, vectors(0.5, 24)[0].values[:, :1], train.sequences)
    first, second = (classify(train, classes, train, SEED) for _ in range(2))
    assert (first == second).all()
