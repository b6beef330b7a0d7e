import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, zscore

from spkret.rerank.relative import leads, ranks, z_scores
from spkret.retrieval.groups import Groups

SIZES = (4, 1, 7, 2)


def drawn(seed: int, levels: int) -> tuple[np.ndarray, Groups]:
    values = np.random.default_rng(seed).integers(0, levels, sum(SIZES)).astype(float)
    return values, Groups.of(np.zeros(len(SIZES), np.int64), [np.zeros(n, int) for n in SIZES])


def parts(values: np.ndarray, groups: Groups) -> list[np.ndarray]:
    return np.split(values, groups.offsets[1:-1])


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 1000]))
def test_ranks_equal_scipy(seed: int, levels: int) -> None:
    values, groups = drawn(seed, levels)
    expected = np.concatenate([rankdata(-part) for part in parts(values, groups)])
    np.testing.assert_allclose(ranks(values, groups), expected)


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 1000]))
def test_leads_equal_brute_force(seed: int, levels: int) -> None:
    values, groups = drawn(seed, levels)
    expected = [
        part[i] - max(np.delete(part, i)) if len(part) > 1 else np.nan
        for part in parts(values, groups)
        for i in range(len(part))
    ]
    np.testing.assert_allclose(leads(values, groups), expected)


def test_z_scores_equal_scipy_and_pass_over_the_unknown() -> None:
    values, groups = drawn(1, 1000)
    values[2] = np.nan
    got = parts(z_scores(values, groups), groups)
    expected = [zscore(part, nan_policy="omit") for part in parts(values, groups)]
    np.testing.assert_allclose(got[0], expected[0])
    np.testing.assert_allclose(got[2], expected[2])
    assert np.isnan(got[1]).all()


def test_equal_values_have_no_deviation() -> None:
    groups = Groups.of([0], [[1, 2, 3]])
    assert np.isnan(z_scores(np.ones(3), groups)).all()
