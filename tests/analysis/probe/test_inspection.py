"""The features' own analysis against SciPy, scikit-learn and planted faults."""

import numpy as np
import pytest
from scipy.stats import skew
from sklearn.feature_selection import f_classif, mutual_info_classif

from spkret.analysis.probe.features import Features
from spkret.analysis.probe.inspection import feature_rows, inspect, outliers, redundant, robust_z

NAMES = ("a", "b", "c", "d")


def values(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    classes = np.arange(count) % 2
    drawn = generator.normal(size=(count, 4))
    drawn[:, 1] = generator.exponential(size=count)
    drawn[:, 2] += 2 * classes
    return drawn, classes


def test_rows_are_those_of_scipy_and_scikit_learn() -> None:
    drawn, classes = values()
    rows = {row.name: row for row in feature_rows(drawn, NAMES, classes, seed=0)}
    information = mutual_info_classif(drawn, classes, random_state=0)
    f, _ = f_classif(drawn, classes)
    for i, name in enumerate(NAMES):
        row = rows[name]
        assert (row.mean, row.sd) == pytest.approx((drawn[:, i].mean(), drawn[:, i].std()))
        assert row.skew == pytest.approx(skew(drawn[:, i]))
        assert row.anova_f == pytest.approx(f[i])
        assert row.mutual_information == pytest.approx(information[i], abs=0.05)
        assert row.missing == 0
    assert next(iter(rows)) == "c"


def test_unknown_and_constant_features_have_rows_too() -> None:
    drawn, classes = values()
    drawn[:50, 0] = np.nan
    drawn[:, 1] = 3.0
    drawn[:, 3] = np.nan
    rows = {row.name: row for row in feature_rows(drawn, NAMES, classes, seed=0)}
    assert rows["a"].missing == 0.25
    assert rows["a"].mean == pytest.approx(drawn[50:, 0].mean())
    assert (rows["b"].sd, rows["b"].anova_f, rows["b"].mutual_information) == (0, 0, 0)
    assert rows["d"].missing == 1


def test_robust_z_is_the_distance_from_the_median_in_deviations() -> None:
    column = np.array([[1.0], [2.0], [3.0], [4.0], [100.0]])
    assert robust_z(column)[:, 0] == pytest.approx((column[:, 0] - 3) / 1.4826)
    mostly_equal = np.array([[0.0], [0.0], [0.0], [5.0]])
    assert robust_z(mostly_equal)[3, 0] == pytest.approx(5 / mostly_equal.std())


def test_a_planted_outlier_is_named_with_its_feature() -> None:
    drawn, _ = values()
    drawn[17, 3] = 60
    paths = np.array([f"{i}.wav" for i in range(len(drawn))], object)
    first, *others = outliers(drawn, NAMES, paths)
    assert (first.path, first.features[0]) == ("17.wav", "d")
    assert len(others) <= 2


def test_copies_and_mirrors_of_a_feature_are_redundant() -> None:
    drawn, _ = values()
    drawn[:, 1] = -2 * drawn[:, 0] + 1
    count, (pair,) = redundant(drawn, NAMES)
    assert count == 1
    assert (pair.a, pair.b) == ("a", "b")
    assert pair.correlation == pytest.approx(np.corrcoef(drawn.T)[0, 1])


def test_inspection_of_perfect_features_divides_by_no_zero() -> None:
    classes = np.arange(20) % 2
    features = Features(("a",), classes[:, None].astype(np.float32))
    found = inspect(features, classes, np.array(["x"] * 20, object), 0)
    assert found.features[0].anova_f == np.inf
