"""Pairs and their scores against every pair there is, DET and EER against scikit-learn."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from builders import altered, copied, labelled_table
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import roc_curve

from spkret.analysis.report.det import HIGHEST, LOWEST, det_curve, deviates
from spkret.analysis.report.pairs import draw_pairs, score_pairs
from spkret.retrieval.voices import Voices


def every_pair(voices: Voices) -> list[tuple[int, int, bool]]:
    labelled = [i for i, name in enumerate(voices.speakers) if name is not None]
    return [
        (a, b, voices.speakers[a] == voices.speakers[b])
        for a, b in combinations(labelled, 2)
        if voices.languages[a] == voices.languages[b]
        and voices.content_hashes[a] != voices.content_hashes[b]
    ]


def test_few_pairs_are_all_taken_and_measured(table: pa.Table) -> None:
    voices = Voices.of(copied(altered(table, 3, speaker=None), 0, "copy.wav"))
    expected = every_pair(voices)
    pairs = draw_pairs(voices, 10_000)
    drawn = sorted(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.same.tolist(), strict=True))
    assert drawn == sorted(expected)
    scores = score_pairs(voices)
    assert scores is not None
    cosines = np.array([voices.embeddings[a] @ voices.embeddings[b] for a, b, _ in expected])
    same = np.array([is_same for *_, is_same in expected])
    false_alarm, hit, _ = roc_curve(same, cosines, drop_intermediate=False)
    eer = brentq(lambda x: 1 - x - np.interp(x, false_alarm, hit), 0, 1)
    assert scores.eer == pytest.approx(eer, abs=1e-6)
    assert scores.eer_ci[0] <= scores.eer <= scores.eer_ci[1]
    assert (scores.same, scores.different) == (same.sum(), (~same).sum())
    assert sum(scores.histogram.targets) == scores.same
    missed, accepted = np.mean(cosines[same] < scores.threshold), np.mean(
        cosines[~same] >= scores.threshold
    )  # fmt: skip
    assert abs(missed - accepted) < 0.03
    counts = sum(p.same.count for p in scores.by_noise.values() if p.same is not None)
    assert counts == scores.same


def test_many_pairs_are_drawn_within_a_language_and_no_copies() -> None:
    voices = Voices.of(copied(labelled_table(30, 12, dimension=8), 5, "copy.wav"))
    pairs = draw_pairs(voices, 300, seed=4)
    expected = {(a, b): same for a, b, same in every_pair(voices)}
    drawn = list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert len(set(drawn)) == len(drawn)
    assert all(expected[pair] == same for pair, same in zip(drawn, pairs.same, strict=True))
    assert 200 < pairs.same.sum() <= 300
    assert 200 < (~pairs.same).sum() <= 300
    again = draw_pairs(voices, 300, seed=4)
    np.testing.assert_array_equal(again.left, pairs.left)


def test_one_speaker_gives_no_scores(table: pa.Table) -> None:
    assert score_pairs(Voices.of(table[:5])) is None
    assert score_pairs(Voices.of(table[:0])) is None
    assert score_pairs(Voices.of(table.take([0, 5, 10]))) is None


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=50),
    st.lists(st.integers(-9, 9), min_size=1, max_size=50),
)
def test_a_det_curve_runs_through_points_of_the_roc_curve(
    targets: list[int], nontargets: list[int]
) -> None:
    curve = det_curve(np.array(targets, float), np.array(nontargets, float))
    labels = np.repeat([1, 0], [len(targets), len(nontargets)])
    false_alarm, hit, _ = roc_curve(labels, targets + nontargets, drop_intermediate=False)
    points = {(round(x, 9), round(1 - y, 9)) for x, y in zip(false_alarm, hit, strict=True)}
    traced = zip(curve.false_alarm, curve.miss, strict=True)
    assert {(round(x, 9), round(y, 9)) for x, y in traced} <= points
    assert all(rate <= HIGHEST for rate in (*curve.false_alarm, *curve.miss))


def test_deviates_are_those_of_the_normal_law_within_the_axes() -> None:
    np.testing.assert_allclose(
        deviates([0.0, 0.05, 0.5, 1.0]), norm.ppf([LOWEST, 0.05, 0.5, HIGHEST])
    )
