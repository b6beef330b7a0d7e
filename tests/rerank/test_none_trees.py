"""Trees of "none of them" are fitted to groups that differ by their match alone."""

from pathlib import Path

import numpy as np
import pytest

from spkret.rerank.crossval import CrossValidation
from spkret.rerank.evaluation import Evaluation
from spkret.rerank.features import NAMES, Features
from spkret.rerank.none_trees import _with_and_without
from spkret.rerank.ranker import Reranker
from spkret.rerank.winners import WINNER, describe_winners
from spkret.retrieval.groups import Groups

from .conftest import material


@pytest.mark.parametrize("shrink", [False, True])
def test_both_kinds_have_equal_sizes_and_one_kind_the_match(shrink: bool) -> None:
    made = material(records=60)
    cv = CrossValidation.of(made, 0)
    closed, opened = _with_and_without(cv, shrink, np.random.default_rng(0))
    np.testing.assert_array_equal(closed.groups.sizes, opened.groups.sizes)
    assert closed.groups.sizes.max() <= 14
    assert (closed.groups.sizes.min() < 14) == shrink
    speakers = made.voices.speakers
    for group in range(len(closed.groups)):
        anchor = speakers[closed.groups.anchors[group]]
        assert (speakers[closed.groups.members(group)] == anchor).sum() == 1
        assert (speakers[opened.groups.members(group)] != anchor).all()


def test_winners_by_hand() -> None:
    matrix = np.arange(4 * len(NAMES), dtype=np.float32).reshape(4, len(NAMES))
    groups = Groups.of([0, 0], [[1, 2, 3], [4]])
    seen = describe_winners(
        np.array([1.0, 5.0, 5.0, 2.0]), np.zeros((2, 5)), Features(matrix), groups
    )
    known = dict(zip(WINNER, seen.matrix.T, strict=True))
    asnorm, norm = (matrix[:, NAMES.index(name)] for name in ("asnorm", "norm_min"))
    np.testing.assert_allclose(known["winner_asnorm"], [asnorm[1:3].mean(), asnorm[3]])
    np.testing.assert_allclose(known["mean_norm_min"], [norm[:3].mean(), norm[3]])
    np.testing.assert_allclose(known["log_size"], np.log([3, 1]).tolist(), rtol=1e-6)
    np.testing.assert_allclose(known["score_deviation"], [float(np.std([1, 5, 5])), 0.0], rtol=1e-6)


def test_the_order_of_candidates_plays_no_part(trained: tuple[Reranker, Evaluation]) -> None:
    generator = np.random.default_rng(0)
    matrix = generator.random((6, len(NAMES))).astype(np.float32)
    matrix[1] = matrix[4]
    groups, order = Groups.of([0], [[1, 2, 3, 4, 5, 6]]), generator.permutation(6)
    said = [
        trained[0].none_probabilities(trained[0].score(features), features, groups)[0]
        for features in (Features(matrix), Features(matrix[order]))
    ]
    assert said[0] == pytest.approx(said[1], abs=1e-9)


def test_a_saved_reranker_says_the_same(trained: tuple[Reranker, Evaluation], saved: Path) -> None:
    features = Features(np.random.default_rng(1).random((4, len(NAMES))).astype(np.float32))
    groups = Groups.of([0], [[1, 2, 3, 4]])
    scores = trained[0].score(features)
    said = trained[0].none_probabilities(scores, features, groups)
    again = Reranker.load(saved).none_probabilities(scores, features, groups)
    np.testing.assert_array_equal(again, said)


def test_held_out_figures_are_those_of_the_evaluation(
    trained: tuple[Reranker, Evaluation],
) -> None:
    none = trained[1].calibration.none
    assert none is not None
    assert none.records == 300
    assert sum(one.count for one in none.bins) == 2 * none.records
    assert 0.5 < none.roc_area < 1
