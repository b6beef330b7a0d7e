import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from spkret import metrics

OFFSETS = np.array([0, 3, 5])


def sklearn_eer(targets: np.ndarray, nontargets: np.ndarray) -> float:
    labels = np.r_[np.ones(len(targets)), np.zeros(len(nontargets))]
    fpr, tpr, _ = roc_curve(labels, np.r_[targets, nontargets], drop_intermediate=False)
    grid = 1 - fpr - tpr
    after = int(np.argmax(grid <= 0))
    share = grid[after - 1] / (grid[after - 1] - grid[after])
    return float(fpr[after - 1] + share * (fpr[after] - fpr[after - 1]))


def test_top1_and_mrr_by_hand() -> None:
    scores = np.array([0.9, 0.5, 0.1, 0.2, 0.8])
    matches = np.array([0, 3])
    assert metrics.top1(scores, OFFSETS, matches) == 0.5
    assert metrics.mrr(scores, OFFSETS, matches) == pytest.approx((1 + 1 / 2) / 2)


def test_ties_count_as_a_fair_draw() -> None:
    scores = np.array([0.5, 0.5, 0.1, 0.2, 0.8])
    matches = np.array([1, 4])
    assert metrics.hits(scores, OFFSETS, matches).tolist() == [0.5, 1.0]
    assert metrics.reciprocal_ranks(scores, OFFSETS, matches).tolist() == [0.75, 1.0]


@given(st.integers(0, 2**32 - 1))
def test_ranks_do_not_move_when_candidates_are_shuffled(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 4, 8).astype(float)
    order = generator.permutation(8)
    offsets = np.array([0, 8])
    shuffled = np.array([int(np.flatnonzero(order == 3)[0])])
    for measure in (metrics.top1, metrics.mrr):
        assert measure(scores, offsets, np.array([3])) == pytest.approx(
            measure(scores[order], offsets, shuffled)
        )


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.booleans())
def test_eer_and_area_agree_with_scikit_learn(seed: int, n: int, m: int, ties: bool) -> None:
    generator = np.random.default_rng(seed)
    targets, nontargets = generator.normal(1, 1, n), generator.normal(0, 1, m)
    if ties:
        targets, nontargets = targets.round(), nontargets.round()
    assert metrics.eer(targets, nontargets) == pytest.approx(
        sklearn_eer(targets, nontargets), abs=1e-9
    )
    labels = np.r_[np.ones(n), np.zeros(m)]
    area = roc_auc_score(labels, np.r_[targets, nontargets])
    assert metrics.roc_area(targets, nontargets) == pytest.approx(area, abs=1e-9)


def test_eer_by_hand() -> None:
    assert metrics.eer(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0.0
    assert metrics.eer(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1.0
    assert metrics.eer(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == pytest.approx(0.5)
    assert metrics.eer(np.array([1.0]), np.array([1.0])) == pytest.approx(0.5)


def test_min_dcf_by_hand_and_against_the_roc() -> None:
    assert metrics.min_dcf(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0.0
    assert metrics.min_dcf(np.array([0.0]), np.array([1.0])) == 1.0
    generator = np.random.default_rng(0)
    targets, nontargets = generator.normal(2, 1, 300), generator.normal(0, 1, 5000)
    fpr, tpr, _ = roc_curve(np.r_[np.ones(300), np.zeros(5000)], np.r_[targets, nontargets])
    expected = ((0.01 * (1 - tpr) + 0.99 * fpr) / 0.01).min()
    assert metrics.min_dcf(targets, nontargets) == pytest.approx(expected, abs=1e-9)


def test_cllr_by_hand() -> None:
    assert metrics.cllr(np.zeros(3), np.zeros(5)) == pytest.approx(1.0)
    expected = 0.5 * (np.log2(1 + np.exp(-2)) + np.log2(1 + np.exp(-1)))
    assert metrics.cllr(np.array([2.0]), np.array([-1.0])) == pytest.approx(expected)
    assert np.isfinite(metrics.cllr(np.array([-1e4]), np.array([1e4])))


def test_ece_by_hand() -> None:
    probabilities = np.array([0.1, 0.2, 0.8, 0.9])
    assert metrics.ece(probabilities, np.array([0, 0, 1, 1]), bins=2) == pytest.approx(0.15)
    assert metrics.ece(np.full(10, 0.3), np.arange(10) < 3) == pytest.approx(0.0)


def test_ece_of_calibrated_probabilities_is_small() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.random(50_000)
    assert metrics.ece(probabilities, generator.random(50_000) < probabilities) < 0.01


def test_bootstrap_covers_the_mean_and_widens_with_clusters() -> None:
    generator = np.random.default_rng(2)
    values = np.repeat(generator.random(40) < 0.6, 25).astype(float)
    alone = metrics.bootstrap_interval(values, np.arange(len(values)))
    together = metrics.bootstrap_interval(values, np.repeat(np.arange(40), 25))
    assert alone[0] < values.mean() < alone[1]
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])
    assert together == metrics.bootstrap_interval(values, np.repeat(np.arange(40), 25))


def test_bootstrap_width_agrees_with_the_standard_error() -> None:
    values = np.random.default_rng(3).normal(size=2000)
    low, high = metrics.bootstrap_interval(values, np.arange(2000), resamples=4000)
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / np.sqrt(2000), rel=0.08)
