import numpy as np
import pytest

from spkret import metrics
from spkret.rerank.pair_evaluation import pair_figures, score_histogram


def pairs(speakers: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log odds of every pair of three recordings a speaker; some speakers are hard."""
    generator = np.random.default_rng(seed)
    of = np.repeat(np.arange(speakers), 3)
    left, right = np.triu_indices(len(of), 1)
    same = of[left] == of[right]
    hard = generator.normal(0, 1, speakers)
    scores = np.where(same, 3 + hard[of[left]], -3) + generator.normal(0, 1.5, len(left))
    return scores, same, of[left], of[right]


def test_figures_are_those_of_the_metrics() -> None:
    scores, same, left, right = pairs(20)
    figures = pair_figures({"qmf": scores, "cosine": scores}, same, (left, right), 0.05)
    qmf, t, n = figures["qmf"], scores[same], scores[~same]
    assert qmf.eer == metrics.eer(t, n)
    assert qmf.min_dcf == metrics.min_dcf(t, n, 0.05)
    assert qmf.min_cllr == pytest.approx(metrics.min_cllr(t, n))
    assert qmf.cllr == pytest.approx(metrics.cllr(t, n))
    assert qmf.actual_dcf == metrics.actual_dcf(t, n, np.log(19), 0.05)
    assert figures["cosine"].cllr is figures["cosine"].actual_dcf is None
    assert figures["cosine"].eer_ci == qmf.eer_ci
    for name in ("eer", "min_dcf", "min_cllr", "cllr", "actual_dcf"):
        low, high = getattr(qmf, f"{name}_ci")
        assert low < getattr(qmf, name) < high


def test_intervals_cover_what_many_speakers_show() -> None:
    truth = metrics.eer(*(pairs(400, 99)[0][pairs(400, 99)[1] == kind] for kind in (True, False)))
    covered = 0
    for seed in range(20):
        scores, same, left, right = pairs(25, seed)
        figures = pair_figures({"x": scores}, same, (left, right), 0.05, resamples=100)["x"]
        covered += figures.eer_ci[0] <= truth <= figures.eer_ci[1]
    assert covered >= 16


def test_two_speakers_are_enough_to_be_measured() -> None:
    scores, same = np.array([1.0, 0.0, 2.0]), np.array([True, False, True])
    sides = (np.array([0, 0, 1]), np.array([0, 1, 1]))
    assert pair_figures({"x": scores}, same, sides, 0.01)["x"].eer == 0.0


def test_the_histogram_names_its_system() -> None:
    found = score_histogram("qmf", np.array([0.0, 1.0, 2.0]), np.array([True, False, True]))
    assert found.system == "qmf"
    assert (sum(found.targets), sum(found.nontargets)) == (2, 1)
