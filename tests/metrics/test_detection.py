"""Verification metrics against hand-computed values, scikit-learn, SpeechBrain and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_curve

from spkret import metrics
from spkret.metrics.detection_cost import actual_dcf_of, min_dcf_of
from spkret.metrics.equal_error import eer_of
from spkret.metrics.likelihood_ratios import cllr_of, min_cllr_of

SCORES = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 50), st.integers(1, 50), st.booleans())


def drawn(recipe: tuple[int, int, int, bool]) -> tuple[np.ndarray, np.ndarray]:
    seed, n, m, ties = recipe
    generator = np.random.default_rng(seed)
    targets, nontargets = generator.normal(1, 1, n), generator.normal(0, 1, m)
    return (targets.round(), nontargets.round()) if ties else (targets, nontargets)


@given(SCORES, st.sampled_from([0.001, 0.01, 0.3, 0.5, 0.9]))
def test_min_dcf_agrees_with_scikit_learn_at_any_prior(
    recipe: tuple[int, int, int, bool], prior: float
) -> None:
    targets, nontargets = drawn(recipe)
    labels = np.r_[np.ones(len(targets)), np.zeros(len(nontargets))]
    fpr, tpr, _ = roc_curve(labels, np.r_[targets, nontargets], drop_intermediate=False)
    expected = (prior * (1 - tpr) + (1 - prior) * fpr).min() / min(prior, 1 - prior)
    assert metrics.min_dcf(targets, nontargets, prior) == pytest.approx(expected, abs=1e-9)


def test_actual_dcf_by_hand() -> None:
    targets, nontargets = np.array([3.0, 1.0, 2.0]), np.array([0.0, 2.0, -1.0, -2.0])
    assert metrics.actual_dcf(targets, nontargets, 2.0, 0.5) == pytest.approx(1 / 3 + 1 / 4)
    assert metrics.actual_dcf(targets, nontargets, 2.5, 0.01) == pytest.approx(2 / 3)
    assert metrics.actual_dcf(targets, nontargets, 9.0) == 1.0
    rates = metrics.error_rates_at(targets, nontargets, 2.0)
    assert rates == pytest.approx((1 / 3, 0.25))


@given(SCORES, st.sampled_from([0.01, 0.5]))
def test_no_threshold_costs_less_than_the_minimum(
    recipe: tuple[int, int, int, bool], prior: float
) -> None:
    targets, nontargets = drawn(recipe)
    least = metrics.min_dcf(targets, nontargets, prior)
    costs = [
        metrics.actual_dcf(targets, nontargets, threshold, prior)
        for threshold in [*targets, *nontargets, np.inf]
    ]
    assert min(costs) == pytest.approx(least)


def test_bayes_threshold() -> None:
    assert metrics.bayes_threshold(0.5) == 0.0
    assert metrics.bayes_threshold(0.01) == pytest.approx(np.log(99))


def test_min_cllr_by_hand() -> None:
    assert metrics.min_cllr(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0.0
    assert metrics.min_cllr(np.array([1.0]), np.array([1.0])) == pytest.approx(1.0)
    # targets 1, 3 and nontargets 0, 2: one pool {1, 2} with posterior 1/2, the rest is sure
    expected = 0.5 * (1 / 2 * 1 + 1 / 2 * 1)
    assert metrics.min_cllr(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == pytest.approx(expected)


@given(SCORES)
def test_min_cllr_agrees_with_scikit_learns_isotonic_regression(
    recipe: tuple[int, int, int, bool],
) -> None:
    targets, nontargets = drawn(recipe)
    labels = np.r_[np.ones(len(targets)), np.zeros(len(nontargets))]
    posterior = IsotonicRegression().fit_transform(np.r_[targets, nontargets], labels)
    with np.errstate(divide="ignore"):
        llrs = np.log(posterior) - np.log1p(-posterior) - np.log(len(targets) / len(nontargets))
    expected = metrics.cllr(llrs[labels == 1], llrs[labels == 0])
    assert metrics.min_cllr(targets, nontargets) == pytest.approx(expected, abs=1e-9)


@given(SCORES)
def test_min_cllr_keeps_to_the_order_and_is_never_more_than_cllr(
    recipe: tuple[int, int, int, bool],
) -> None:
    targets, nontargets = drawn(recipe)
    least = metrics.min_cllr(targets, nontargets)
    assert least <= min(metrics.cllr(targets, nontargets), 1.0) + 1e-9
    assert metrics.min_cllr(np.exp(targets), np.exp(nontargets)) == pytest.approx(least)


@given(SCORES)
def test_weights_count_as_repeats(recipe: tuple[int, int, int, bool]) -> None:
    targets, nontargets = drawn(recipe)
    generator = np.random.default_rng(recipe[0])
    distinct = metrics.Levels.of(targets, nontargets)
    repeats = generator.integers(1, 4, (2, len(distinct.scores)))
    weighted = metrics.Levels(
        distinct.scores, distinct.targets * repeats[0], distinct.nontargets * repeats[1]
    )
    t, n = (
        np.repeat(scores, times[np.searchsorted(distinct.scores, scores)])
        for scores, times in ((targets, repeats[0]), (nontargets, repeats[1]))
    )
    assert eer_of(weighted) == pytest.approx(metrics.eer(t, n))
    assert min_dcf_of(weighted, 0.1) == pytest.approx(metrics.min_dcf(t, n, 0.1))
    assert actual_dcf_of(weighted, 0.5, 0.1) == pytest.approx(metrics.actual_dcf(t, n, 0.5, 0.1))
    assert cllr_of(weighted) == pytest.approx(metrics.cllr(t, n))
    assert min_cllr_of(weighted) == pytest.approx(metrics.min_cllr(t, n), abs=1e-9)


@given(SCORES, st.floats(0, 1))
def test_thresholds_by_brute_force(recipe: tuple[int, int, int, bool], rate: float) -> None:
    targets, nontargets = drawn(recipe)
    threshold = metrics.threshold_at(targets, nontargets, rate)
    assert np.mean(nontargets >= threshold) <= rate
    lower = [s for s in np.r_[targets, nontargets] if s < threshold]
    assert not lower or np.mean(nontargets >= max(lower)) > rate
    miss, alarm = metrics.error_rates_at(
        targets, nontargets, metrics.balanced_threshold(targets, nontargets)
    )
    gaps = np.subtract(*metrics.error_rates(targets, nontargets))
    assert abs(miss - alarm) == pytest.approx(np.abs(gaps).min())


def test_thresholds_by_hand() -> None:
    targets, nontargets = np.array([1.0, 3.0, 4.0]), np.array([0.0, 2.0])
    assert metrics.threshold_at(targets, nontargets, 0.0) == 2.5
    assert metrics.threshold_at(targets, nontargets, 0.5) == 0.5
    assert metrics.threshold_at(targets, nontargets, 1.0) == 0.0
    assert metrics.threshold_at(nontargets, targets, 0.0) > 4.0
    assert metrics.balanced_threshold(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.5


def test_histogram_counts_every_score() -> None:
    found = metrics.histogram(np.array([0.0, 1.0, 1.0]), np.array([0.5, -1.0]), bins=4)
    assert found.edges == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert (found.targets, found.nontargets) == ([0, 0, 1, 2], [1, 0, 0, 1])


def test_pairs_weigh_as_their_speakers_are_drawn() -> None:
    left, right = np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2])
    weights = metrics.pair_weights(left, right, np.random.default_rng(1))
    drawn_speakers = np.random.default_rng(1).multinomial(3, np.full(3, 1 / 3))
    a, b, c = drawn_speakers.tolist()
    assert weights.tolist() == [a, a * b, b * c, c]


@pytest.mark.filterwarnings("ignore")
def test_how_speechbrain_differs() -> None:
    import torch
    from speechbrain.utils.metric_stats import EER, minDCF

    generator = np.random.default_rng(3)
    targets, nontargets = generator.normal(2, 1, 37), generator.normal(0, 1, 90)
    pair = (torch.tensor(targets), torch.tensor(nontargets))
    cost, _ = minDCF(*pair, p_target=0.01)
    assert cost == pytest.approx(0.01 * metrics.min_dcf(targets, nontargets, 0.01), abs=1e-6)

    theirs, _ = EER(*pair)
    miss, alarm = metrics.error_rates(targets, nontargets)
    nearest = np.argmin(np.abs(miss - alarm))
    assert theirs == pytest.approx((miss[nearest] + alarm[nearest]) / 2, abs=1e-6)
    assert metrics.eer(targets, nontargets) != pytest.approx(theirs, abs=1e-4)
    assert metrics.eer(targets, nontargets) == pytest.approx(theirs, abs=1 / 37)
