import numpy as np
import pytest

from spkret import metrics
from spkret.rerank.calibration import (
    evidence,
    fit_none,
    fit_temperature,
    log_likelihood,
    sigmoid,
    softmax,
)
from spkret.rerank.features import NAMES, Features
from spkret.rerank.probabilities import Calibration
from spkret.retrieval.groups import Groups


def drawn(count: int, size: int, temperature: float) -> tuple[np.ndarray, Groups, np.ndarray]:
    """Scores whose matches are drawn by their softmax at a temperature."""
    generator = np.random.default_rng(0)
    scores = generator.normal(0, 3, count * size)
    groups = Groups.of(np.zeros(count, int), [np.zeros(size, int)] * count)
    shares = softmax(scores / temperature, groups).reshape(count, size)
    within = [generator.choice(size, p=row) for row in shares]
    return scores, groups, groups.offsets[:-1] + np.array(within)


def test_softmax_by_hand() -> None:
    groups = Groups.of([0, 0], [[1, 2], [3]])
    shares = softmax(np.array([np.log(3.0), 0.0, -700.0]), groups)
    np.testing.assert_allclose(shares, [0.75, 0.25, 1.0])
    assert log_likelihood(np.array([np.log(3.0), 0.0, 5.0]), groups, np.array([0, 2])) == (
        pytest.approx(np.log(0.75) / 2)
    )


def test_the_temperature_is_found_again() -> None:
    scores, groups, matches = drawn(4000, 10, 1.7)
    found = fit_temperature(scores, groups, matches)
    assert found == pytest.approx(1.7, rel=0.1)
    shares = softmax(scores / found, groups)
    hits = metrics.hits(shares, groups.offsets, matches)
    assert metrics.ece(groups.max(shares), hits) < 0.03


def test_few_and_easy_groups_do_not_make_probabilities_certain() -> None:
    groups = Groups.of([0] * 30, [[1, 2]] * 30)
    scores = np.tile([2.0, 0.0], 30)
    matches = np.arange(0, 60, 2)
    assert fit_temperature(scores, groups, matches) < 0.05
    assert 0.3 < fit_temperature(scores, groups, matches, spread=0.5) < 1
    scores, groups, matches = drawn(4000, 10, 1.7)
    assert fit_temperature(scores, groups, matches, spread=0.5) == pytest.approx(1.7, rel=0.1)


def test_evidence_by_hand() -> None:
    groups = Groups.of([0, 0], [[1, 2, 3], [4]])
    scores = np.array([2.0, 5.0, 1.0, 3.0])
    got = evidence(scores, scores * 2, scores * 3, groups)
    mass = np.log((np.exp(-3.0) + 1 + np.exp(-4.0)) / 3)
    np.testing.assert_allclose(got, [[5, 3, mass, 10, 15], [3, 0, 0, 6, 9]])


def test_none_of_them_is_told_from_a_match() -> None:
    generator = np.random.default_rng(1)
    closed = generator.normal(2, 1, (500, 5))
    opened = generator.normal(0, 1, (500, 5))
    weights, bias = fit_none(closed, opened)
    assert metrics.roc_area(opened @ weights + bias, closed @ weights + bias) > 0.99
    calibration = Calibration(1.0, weights, bias)
    groups = Groups.of([0], [[1, 2]])
    weak, strong = (
        calibration.none_log_odds(
            calibration.evidence(
                scores, Features(np.tile(scores[:, None], len(NAMES))), scores, groups
            )
        )
        for scores in (np.zeros(2), np.array([9.0, 0.0]))
    )
    assert strong[0] < weak[0]


def test_sigmoid_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])
