"""Calibration by conditions: found again where there is much data, shrunk where there is little."""

import numpy as np
import pytest

from spkret import metrics
from spkret.rerank.calibration import sigmoid, softmax
from spkret.rerank.features import Features
from spkret.rerank.recalibration import fit_pairs, fit_temperatures
from spkret.retrieval.groups import Groups


def test_the_temperature_of_each_condition_is_found_again() -> None:
    generator = np.random.default_rng(0)
    count, size = 4000, 10
    noisy = generator.random(count) < 0.5
    truth = np.where(noisy, 3.0, 1.2)
    groups = Groups.of(np.zeros(count, int), [np.zeros(size, int)] * count)
    scores = generator.normal(0, 3, count * size)
    shares = softmax(scores / groups.spread(truth), groups).reshape(count, size)
    matches = groups.offsets[:-1] + np.array([generator.choice(size, p=row) for row in shares])
    conditions = Features(noisy[:, None].astype(np.float32), ("noisy",))
    temperature, factor = fit_temperatures(scores, groups, matches, conditions)
    found = temperature * np.exp(factor.scores(conditions))
    assert found[~noisy][0] == pytest.approx(1.2, rel=0.15)
    assert found[noisy][0] == pytest.approx(3.0, rel=0.15)
    probabilities = softmax(scores / groups.spread(found), groups)
    hits = metrics.hits(probabilities, groups.offsets, matches)
    for kind in (noisy, ~noisy):
        assert metrics.ece(groups.max(probabilities)[kind], hits[kind]) < 0.04


def test_unknown_conditions_are_given_the_common_temperature() -> None:
    generator = np.random.default_rng(1)
    groups = Groups.of(np.zeros(50, int), [[1, 2]] * 50)
    conditions = Features(np.full((50, 1), np.nan, np.float32), ("noisy",))
    scores = generator.normal(0, 1, 100)
    _, factor = fit_temperatures(scores, groups, groups.offsets[:-1], conditions)
    np.testing.assert_array_equal(factor.scores(conditions), 0.0)


def pairs(matches_a_cell: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, Features]:
    """Pairs of two cells; the log odds of the second are twice too large, and 1 too low."""
    generator = np.random.default_rng(2)
    parts = []
    for number, matches in enumerate(matches_a_cell):
        same = np.repeat([True, False], [matches, 10 * matches])
        proper = generator.normal(np.where(same, 2.0, -2.0), 2.0)
        parts.append((same, 2 * proper - 1 if number else proper, np.full(len(same), number)))
    same, odds, cell = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = np.stack([cell == 0, cell == 1], axis=1).astype(np.float32)
    return odds, same, Features(matrix, ("first", "second"))


def corrected(matches_a_cell: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    odds, same, cells = pairs(matches_a_cell)
    scale, bias = fit_pairs(odds, same, cells)
    return odds, same, scale.scores(cells) * odds + bias.scores(cells)


def test_cells_are_calibrated_apart() -> None:
    odds, same, found = corrected((3000, 3000))
    second = np.arange(len(odds)) >= 33_000
    np.testing.assert_allclose(found[second], (odds[second] + 1) / 2, atol=0.6)
    for kind in (second, ~second):
        kept = found[kind & same], found[kind & ~same]
        assert metrics.cllr(*kept) < metrics.min_cllr(*kept) + 0.01
    before = metrics.cllr(odds[second & same], odds[second & ~same])
    assert metrics.cllr(found[second & same], found[second & ~same]) < before - 0.01


def test_a_cell_seldom_seen_keeps_near_the_common_calibration() -> None:
    odds, same, cells = pairs((3000, 1))
    scale, bias = fit_pairs(odds, same, cells)
    slopes = scale.scores(cells)
    assert slopes[-1] == pytest.approx(slopes[0], abs=0.1)
    assert sigmoid(bias.scores(cells)[-1:])[0] == pytest.approx(0.5, abs=0.1)
