"""The measures of an audit against plain references."""

import math

import numpy as np
import pytest
from builders import labelled_table
from scipy.stats import f_oneway, gumbel_r, rankdata

from spkret.analysis import similar
from spkret.analysis.outliers import fit_of
from spkret.analysis.rows import AuditRows
from spkret.analysis.similar import chance_limit, nearest_others, similar_pairs
from spkret.analysis.spread import same_group_auc, spread_between
from spkret.retrieval.normalize import Background


def test_limit_of_chance_is_the_quantile_of_the_law_that_has_the_quartiles() -> None:
    law = gumbel_r(0.6, 0.05)
    nearest = np.tanh(law.ppf((np.arange(4_001) + 0.5) / 4_001))
    assert chance_limit(nearest, 5_000) == pytest.approx(np.tanh(law.isf(0.01 / 5_000)), abs=1e-4)
    assert math.isnan(chance_limit(nearest[:19], 19))


def test_nearest_other_is_that_of_all_pairs() -> None:
    rows = AuditRows.of(labelled_table())
    cosines = rows.voices.embeddings @ rows.voices.embeddings.T
    cosines[rows.voices.speakers[:, None] == rows.voices.speakers] = -2
    assert nearest_others(rows.voices) == pytest.approx(cosines.max(axis=1), abs=1e-6)


@pytest.mark.parametrize("largest_exact", [10_000, 100])
def test_similar_pairs_are_those_of_all_pairs(
    largest_exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "_LARGEST_EXACT", largest_exact)
    monkeypatch.setattr(similar, "chance_limit", lambda *_: 0.85)
    rows = AuditRows.of(labelled_table(150, spread=0.4))
    pairs = similar_pairs(rows)
    cosines = rows.voices.embeddings @ rows.voices.embeddings.T
    expected = set(zip(*np.nonzero(np.triu(cosines, 1) >= 0.85), strict=True))
    got = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert len(expected) > 50
    assert got <= expected
    assert len(got) >= (len(expected) if largest_exact > 1_000 else 0.95 * len(expected))


def test_fit_to_a_label_leaves_the_recording_out() -> None:
    rows = AuditRows.of(labelled_table(10))
    fit = fit_of(rows)
    centred = Background.fit(rows.voices).centre(rows.voices)
    for at in (0, 7, 23):
        row = fit.rows[at]
        means = {}
        for speaker in set(rows.voices.speakers):
            own = (rows.voices.speakers == speaker) & (np.arange(len(rows)) != row)
            mean = centred[own].sum(axis=0)
            means[speaker] = float(centred[row] @ mean / np.linalg.norm(mean))
        assert fit.own[at] == pytest.approx(means.pop(rows.voices.speakers[row]), abs=1e-5)
        assert fit.nearest[at] == max(means, key=lambda name: means[name])
        assert fit.other[at] == pytest.approx(max(means.values()), abs=1e-5)


def test_spread_is_the_intraclass_correlation_of_ranks() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat([f"g{n}" for n in range(30)], 4)
    values = np.repeat(generator.normal(size=30), 4) + generator.normal(size=120)
    spread = spread_between(values, groups)
    ranks = rankdata(values).reshape(30, 4)
    f_test = f_oneway(*ranks)
    assert spread is not None
    assert spread.p_value == pytest.approx(f_test.pvalue)
    assert spread.share == pytest.approx((f_test.statistic - 1) / (f_test.statistic + 3))
    assert spread_between(np.ones(120), groups) is None


def test_auc_is_a_half_without_groups_and_one_with_perfect_ones() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat([f"g{n}" for n in range(200)], 5)
    assert same_group_auc(generator.normal(size=1_000), groups) == pytest.approx(0.5, abs=0.04)
    assert same_group_auc(np.repeat(np.arange(200.0), 5), groups) == 1.0
