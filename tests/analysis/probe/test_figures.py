"""Figures against scikit-learn's, and their intervals against a bootstrap of the plain mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)
from thoroughness import few

from spkret.analysis.probe.figures import class_figures, confusion, figures
from spkret.metrics import bootstrap_interval


@few(25)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 6), count=st.integers(20, 80))
def test_figures_are_those_of_scikit_learn(seed: int, classes: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), generator.integers(0, classes, count)])
    predicted = np.where(generator.random(len(truth)) < 0.5, truth, truth[::-1] // 2)
    speakers = generator.integers(0, 9, len(truth)).astype(str)
    got = figures(truth, predicted, speakers)
    macro = precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    assert got.accuracy.value == pytest.approx(accuracy_score(truth, predicted))
    assert got.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert (got.precision.value, got.recall.value, got.f1.value) == pytest.approx(macro[:3])
    assert (confusion(truth, predicted, classes) == confusion_matrix(truth, predicted)).all()
    each = class_figures(truth, predicted, tuple("abcdef"[:classes]))
    table = precision_recall_fscore_support(truth, predicted, zero_division=0)
    assert [row.precision for row in each] == pytest.approx(table[0])
    assert [row.recall for row in each] == pytest.approx(table[1])
    assert [row.f1 for row in each] == pytest.approx(table[2])
    assert [row.recordings for row in each] == table[3].tolist()


def test_interval_of_accuracy_is_the_bootstrap_of_hits_over_speakers() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 200)
    predicted = np.where(generator.random(200) < 0.7, truth, 0)
    speakers = generator.integers(0, 20, 200)
    got = figures(truth, predicted, speakers, seed=4).accuracy
    low, high = bootstrap_interval((truth == predicted).astype(float), speakers, seed=4)
    assert (got.low, got.high) == pytest.approx((low, high))


def test_interval_of_macro_figures_is_that_of_drawn_recordings() -> None:
    generator = np.random.default_rng(1)
    truth = np.repeat([0, 1], 30)
    predicted = np.where(generator.random(60) < 0.8, truth, 1 - truth)
    speakers = np.repeat(np.arange(20), 3)
    got = figures(truth, predicted, speakers, seed=2)
    draws = np.random.default_rng(2).multinomial(20, np.full(20, 1 / 20), 1_000)
    f1 = []
    for draw in draws:
        rows = np.repeat(np.arange(60), draw[speakers])
        kept = {"labels": np.unique(truth[rows]), "average": "macro", "zero_division": 0}
        f1.append(precision_recall_fscore_support(truth[rows], predicted[rows], **kept)[2])
    assert (got.f1.low, got.f1.high) == pytest.approx(np.quantile(f1, [0.025, 0.975]))


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    truth, predicted = np.array([0, 0, 0, 1]), np.zeros(4, np.int64)
    got = figures(truth, predicted, np.arange(4))
    assert got.precision.value == pytest.approx((0.75 + 0) / 2)
    assert got.balanced_accuracy.value == 0.5


def test_where_classes_are_speakers_their_figures_are_drawn() -> None:
    generator = np.random.default_rng(3)
    truth = np.repeat(np.arange(12), 5)
    predicted = np.where(generator.random(60) < 0.6, truth, generator.integers(0, 12, 60))
    got = figures(truth, predicted, truth, seed=1)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted, zero_division=0)
    for figure, each in ((got.precision, precision), (got.recall, recall), (got.f1, f1)):
        expected = bootstrap_interval(each, np.arange(12), seed=1)
        assert (figure.low, figure.high) == pytest.approx(expected)
        assert figure.value == pytest.approx(each.mean())
