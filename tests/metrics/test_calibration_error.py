"""Reliability against hand-computed values and scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from spkret import metrics


def test_bins_by_hand() -> None:
    bins = metrics.reliability(np.array([0.9, 0.1, 0.2, 0.8]), np.array([1, 0, 1, 1]), bins=2)
    assert [one.count for one in bins] == [2, 2]
    assert [one.probability for one in bins] == pytest.approx([0.15, 0.85])
    assert [one.outcome for one in bins] == [0.5, 1.0]


def test_equal_probabilities_share_a_bin() -> None:
    bins = metrics.reliability(np.full(30, 0.3), np.arange(30) < 12)
    assert len(bins) == 1
    assert (bins[0].count, bins[0].outcome) == (30, 0.4)


def test_bins_and_brier_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.random(1500)
    outcomes = generator.random(1500) < probabilities**2
    shares, means = calibration_curve(outcomes, probabilities, n_bins=15, strategy="quantile")
    bins = metrics.reliability(probabilities, outcomes)
    np.testing.assert_allclose([one.outcome for one in bins], shares, atol=1e-9)
    np.testing.assert_allclose([one.probability for one in bins], means, atol=1e-9)
    assert metrics.ece(probabilities, outcomes) == pytest.approx(np.abs(shares - means).mean())
    expected = brier_score_loss(outcomes, probabilities)
    assert metrics.brier(probabilities, outcomes) == pytest.approx(expected, abs=1e-9)
