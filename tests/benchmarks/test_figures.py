import numpy as np
import pytest
from builders import labelled_table
from quality_parts import figures
from quality_parts.drawing import Draw
from quality_parts.results import Comparison, OpenFigures, Reliability
from quality_parts.scoring import OpenScores, Scores, without_matches
from sklearn.metrics import brier_score_loss, roc_auc_score

from spkret.retrieval.groups import Groups
from spkret.retrieval.voices import Voices


def scores(cells: str, systems: dict[str, list[list[float]]]) -> Scores:
    """Groups of three whose match comes first, one letter of `cells` each."""
    voices = Voices.of(labelled_table(4, 2))
    count = len(cells)
    groups = Groups.of(np.zeros(count, int), [[1, 2, 3]] * count)
    draws = [Draw(str(n), cell, f"s{n}", "a", ("b",), (0,)) for n, cell in enumerate(cells)]
    flat = {name: np.array(values, float).ravel() for name, values in systems.items()}
    probabilities = np.tile([0.8, 0.1, 0.1], count)
    matches = groups.offsets[:-1]
    log_odds = np.tile([2.0, -1, -1], count)
    return Scores(draws, voices, groups, matches, flat, probabilities, log_odds)


RIGHT, WRONG = [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("baseline", "system", "fewer"),
    [(0.6, 0.72, 0.3), (0.5, 0.5, 0.0), (0.8, 0.7, -0.5), (0.9, 1.0, 1.0), (1.0, 1.0, None)],
)
def test_fewer_errors(baseline: float, system: float, fewer: float | None) -> None:
    assert figures.fewer_errors(baseline, system) == pytest.approx(fewer)


def test_even_weights_make_the_mean_of_cells() -> None:
    values, cells = np.array([1.0, 0, 0, 1, 0, 1]), np.array(list("aaabbc"))
    expected = np.mean([1 / 3, 1 / 2, 1])
    assert figures.even(values, cells).mean() == pytest.approx(expected)


def test_comparison_pairs_records_and_weighs_cells_evenly() -> None:
    found = figures.comparisons(
        scores(
            "aaab",
            {"cosine": [RIGHT, WRONG, WRONG, WRONG], "reranker": [RIGHT, RIGHT, WRONG, RIGHT]},
        )
    )["cosine"]
    assert found.top1 == pytest.approx((1 / 3 + 1) / 2)
    assert found.fewer_errors == pytest.approx((2 / 3) / (5 / 6))
    assert found.ci[0] <= found.top1 <= found.ci[1]
    assert found.clear == (found.ci[0] > 0)


def test_figures_of_a_system_by_hand() -> None:
    found = figures.systems(scores("aab", {"cosine": [RIGHT, WRONG, WRONG]}))["cosine"]
    assert found.top1 == pytest.approx((1 / 2 + 0) / 2)
    assert found.mrr == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert found.eer == pytest.approx(2 / 3)
    assert found.min_dcf == pytest.approx(1)


def comparison(top1: float, low: float, fewer: float | None) -> Comparison:
    return Comparison(top1, (low, 1.0), low > 0, fewer)


def test_a_good_encoder_is_held_to_its_errors() -> None:
    compared = {"cosine": comparison(0.12, 0.1, 0.3), "qmf": comparison(0.02, -0.01, 0.09)}
    met = [(target.asked, target.met) for target in figures.ranking_targets(0.6, compared)]
    assert met == [(0.0, True), (0.0, False), (0.3, True), (0.1, False)]


def test_a_weak_encoder_is_held_to_points_above_cosine() -> None:
    compared = {"cosine": comparison(0.05, 0.01, 0.06), "qmf": comparison(0.02, 0.0, 0.03)}
    met = [(target.asked, target.met) for target in figures.ranking_targets(0.2, compared)]
    assert met == [(0.0, True), (0.0, False), (0.05, True)]


def test_probabilities_are_held_to_their_targets() -> None:
    opened = OpenFigures(10, {"none": 0.949}, 0.0, 0.0)
    closed = Reliability(10_000, 0.03, 0.0, 0.0, 0.0)
    met = [target.met for target in figures.probability_targets(closed, opened)]
    assert met == [True, False]


def test_parts_add_up() -> None:
    made = scores("abab", {"cosine": [RIGHT, WRONG, WRONG, WRONG], "reranker": [RIGHT] * 4})
    found = figures.parts(made, made.cells)
    assert {name: part.records for name, part in found.items()} == {"a": 2, "b": 2}
    assert found["a"].systems["cosine"].top1 == 0.5
    assert found["b"].systems["cosine"].top1 == 0
    assert found["b"].systems["reranker"].top1 == 1
    assert found["a"].candidates == 3


def test_reliability_of_probabilities_by_hand() -> None:
    parts = [scores("aa", {"reranker": part}) for part in ([RIGHT, RIGHT], [RIGHT, WRONG])]
    found = figures.reliability(parts)
    assert found.trials == 4
    assert found.ece == pytest.approx(abs(0.75 - 0.8))
    assert found.brier == pytest.approx((3 * 0.2**2 + 0.8**2) / 4)
    expected = (np.log2(1 + np.exp(-2.0)) + np.log2(1 + np.exp(-1.0))) / 2
    assert found.cllr == pytest.approx(expected)
    assert found.min_cllr == pytest.approx(0)


def test_open_figures_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    nobody = np.arange(200) % 2 == 1
    best = {name: generator.normal(size=200) - nobody for name in ("cosine", "reranker")}
    none = generator.random(200)
    found = figures.opened(OpenScores(nobody, best, none))
    assert found.groups == 200
    for name, values in best.items():
        assert found.roc_area[name] == pytest.approx(roc_auc_score(nobody, -values))
    assert found.roc_area["none"] == pytest.approx(roc_auc_score(nobody, none))
    assert found.brier == pytest.approx(brier_score_loss(nobody, none))


def test_open_groups_lose_their_match_and_nobody_else() -> None:
    groups = Groups.of([0, 0, 0], [[1, 2, 3], [4, 5], [6, 7, 8, 9]])
    matches = np.array([1, 4, 8])
    opened = without_matches(groups, matches, np.array([True, False, True]))
    assert [opened.members(group).tolist() for group in range(3)] == [[1, 3], [4, 5], [6, 7, 8]]
